"""Tencent Cloud's Access Management for the `tcr` API: which resource a call asks for, and whether a policy grants it.

Resources: Tencent Container Registry documentation, "APIs with CAM" of the Enterprise edition; what it does not list
asks for the instance. Six parts, `qcs::tcr:region:account:type/path`; an empty region or account in a policy is any.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_PATHS = {
    "DescribeNamespaces": "repository/{RegistryId}/*",
    "CreateNamespace": "repository/{RegistryId}/{NamespaceName}",
    "DescribeRepositories": "repository/{RegistryId}/{NamespaceName}/*",
    "CreateRepository": "repository/{RegistryId}/{NamespaceName}/{RepositoryName}",
    "DescribeImages": "repository/{RegistryId}/{NamespaceName}/{RepositoryName}/*",
}


def resource_of(action: str, parameters: Mapping[str, Any], region: str) -> str:
    """Return what a call asks for."""
    if action == "DescribeInstances":
        return f"qcs::tcr:{region}:uin/1:instance/{''.join(parameters.get('Registryids', ['*']))}"
    path = _PATHS.get(action, "instance/{RegistryId}")
    return f"qcs::tcr:{region}:uin/1:{path.format_map({'NamespaceName': '*', **parameters})}"


def granted(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Return whether one of the statements allows the action on the resource."""
    assert policy["version"] == "2.0"
    return any(
        each["effect"] == "allow"
        and action in each["action"]
        and any(_covers(one, resource) for one in each["resource"])
        for each in policy["statement"]
    )


def _covers(pattern: str, resource: str) -> bool:
    wanted, asked = pattern.split(":", 5), resource.split(":", 5)
    named = zip(wanted[:5], asked[:5], strict=True)
    return all(one in ("", other) for one, other in named) and fnmatchcase(asked[5], wanted[5])
