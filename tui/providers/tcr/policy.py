"""The least a sub-account must be allowed, as a policy document to paste into the console of Access Management.

Syntax: CAM documentation, "Policy syntax". Actions and resources: Tencent Container Registry documentation, "APIs with
CAM" of the Enterprise edition (instance, namespace and repository APIs), "Example of Authorization Solution"
(PullRepository), and those of the personal edition. What none of them says is in `UNCONFIRMED`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from tui.oci.saying import N_

INSTANCE = "tcr-xxxxxxxx"
"""Stands for the id of an instance that is not known."""
UNCONFIRMED = N_(
    "not confirmed by documentation: tcr:PushRepository as a permission of a sub-account (it is documented for service "
    "accounts), and instance/… as what tcr:DescribeSecurityPolicies is asked for; if one is refused, take the "
    "statement from the console's policy generator"
)
UNCONFIRMED_PERSONAL = N_(
    "not confirmed by documentation: whether a push that creates its repository needs tcr:CreateRepositoryPersonal; it "
    "is allowed here"
)
_AT_INSTANCE = ("tcr:CreateInstanceToken", "tcr:DescribeExternalEndpointStatus", "tcr:DescribeSecurityPolicies")
_IN_NAMESPACE = (
    "tcr:PullRepository",
    "tcr:PushRepository",
    "tcr:CreateRepository",
    "tcr:DescribeRepositories",
    "tcr:DescribeImages",
)
_PERSONAL = ("tcr:PullRepositoryPersonal", "tcr:PushRepositoryPersonal", "tcr:CreateRepositoryPersonal")


def cam_policy(namespaces: Sequence[str], *, instance: str, region: str = "", account: str = "") -> str:
    """Return the policy to create `namespaces` of an Enterprise instance, push to and pull from them, as JSON text.

    An empty region means all regions, an empty account (`uin/` and its number) the one that owns the policy.
    """
    place = f"qcs::tcr:{region}:{account}"
    repositories = f"{place}:repository/{instance}"
    names = sorted(set(namespaces))
    spaces = [f"{repositories}/{name}" for name in names]
    return _document(
        # The instance is looked for by its name, in all regions at once.
        (("tcr:DescribeInstances",), [f"qcs::tcr::{account}:instance/*"]),
        (_AT_INSTANCE, [f"{place}:instance/{instance}"]),
        (("tcr:DescribeNamespaces",), [f"{repositories}/*"]),
        (("tcr:CreateNamespace",), spaces),
        (_IN_NAMESPACE, [each for space in spaces for each in (space, f"{space}/*")]),
    )


def personal_policy(namespaces: Sequence[str], *, account: str = "") -> str:
    """Return the policy to push to and pull from `namespaces` of the personal edition, as JSON text."""
    spaces = [f"qcs::tcr::{account}:repo/{name}" for name in sorted(set(namespaces))]
    return _document((_PERSONAL, [each for space in spaces for each in (space, f"{space}/*")]))


def _document(*statements: tuple[Sequence[str], Sequence[str]]) -> str:
    listed = [{"effect": "allow", "action": [*actions], "resource": [*resources]} for actions, resources in statements]
    return json.dumps({"version": "2.0", "statement": listed}, indent=2)
