"""The least a RAM user must be allowed, as a policy document to paste into the RAM console.

RAM documentation, "Policy structure and syntax"; actions and resources: Container Registry documentation, "RAM
authorization". What they do not say is in `UNCONFIRMED`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tui.oci.saying import N_

UNCONFIRMED = N_(
    "not confirmed by documentation: whether the automatic creation of repositories needs cr:CreateRepository; it is "
    "allowed here"
)
UNCONFIRMED_DEFAULT = N_(
    "not confirmed by documentation: how resources of the default edition are written (repository/namespace/*), and "
    "whether the automatic creation of repositories needs cr:CreateRepository; it is allowed here"
)
_ON_NAMESPACE = ("cr:PullRepository", "cr:PushRepository", "cr:GetRepository", "cr:ListRepositoryTag")
_LOOKING = ("cr:GetNamespace", "cr:ListNamespace", "cr:ListRepository")
_CREATING = ("cr:CreateNamespace", "cr:UpdateNamespace")


def ram_policy(
    namespaces: Sequence[str], *, instance: str = "", region: str = "*", account: str = "*", create: bool = False
) -> str:
    """Return the policy to pull from and push to `namespaces`, as JSON text.

    `instance` is the id of an Enterprise instance, '' for the default edition. `create` adds what regferry needs to
    create namespaces and to switch on auto-create. `*` for region and account means any.
    """
    place = f"acs:cr:{region}:{account}"
    repository = f"{place}:repository/{instance}/" if instance else f"{place}:repository/"
    statements = [
        _allow(("cr:GetAuthorizationToken",), [f"{place}:instance/{instance}" if instance else "*"]),
        _allow((*_ON_NAMESPACE, "cr:CreateRepository"), [f"{repository}{name}/*" for name in sorted(set(namespaces))]),
        _allow((*_LOOKING, *(_CREATING if create else ())), [f"{repository}*"]),
    ]
    if instance:
        # Both are only asked for where they are allowed: the id is known from the registry as well.
        reading = ("cr:ListInstance", "cr:GetInstance", "cr:ListInstanceEndpoint", "cr:GetInstanceEndpoint")
        statements.append(_allow(reading, [f"{place}:instance/*"]))
    return json.dumps({"Version": "1", "Statement": statements}, indent=2)


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
