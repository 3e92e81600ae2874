"""What the stand-in knows besides the content of the registry behind it: accounts, projects, replication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

READ = frozenset({"project:read", "repository:list", "repository:pull", "artifact:list", "tag:list", "quota:read"})
ROLES: dict[int, frozenset[str]] = {
    1: READ | {"repository:push", "immutable-tag:list", "tag:delete"},
    4: READ | {"repository:push", "immutable-tag:list", "tag:delete"},
    2: READ | {"repository:push"},
    3: READ,
    5: READ - {"quota:read"},
}
"""Permissions by role: project admin, maintainer, developer, guest, limited guest."""
CLI_SECRET = frozenset({"systeminfo", "projects", "repositories", "artifacts", "create-project"})
"""What a CLI secret is taken for besides pulling and pushing; everything else is 401."""
NEVER = "0001-01-01T00:00:00.000Z"


def now() -> str:
    """Return the time in Harbor's way."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass
class HarborAccount:
    """A user or robot: its role in projects by name, or permissions by project name (`*` for every project)."""

    name: str
    password: str
    admin: bool = False
    roles: dict[str, int] = field(default_factory=dict)
    permissions: dict[str, frozenset[str]] = field(default_factory=dict)
    cli_secret: bool = False

    def may(self, project: str, permission: str) -> bool:
        """Return whether the account has a permission on a project."""
        if self.admin:
            return True
        if project in self.roles and permission in ROLES[self.roles[project]]:
            return True
        return any(permission in self.permissions.get(key, ()) for key in (project, "*"))

    def knows(self, project: str) -> bool:
        """Return whether a private project is there for this account."""
        return self.admin or project in self.roles or project in self.permissions or "*" in self.permissions


@dataclass
class HarborProject:
    """A project; limits are -1 for none, `immutable` are rules in Harbor's JSON."""

    id: int
    name: str
    public: bool = False
    storage_limit: int = -1
    count_limit: int = -1
    registry_id: int = 0
    immutable: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    charts: int = 0
    created: str = field(default_factory=now)


@dataclass
class Outside:
    """A registry that this Harbor can reach: what it must be called and logged in with, and the docker login there.

    `address` is where it is in truth, `url` what Harbor is told; for the clouds the keys are not the docker login.
    """

    url: str
    type: str
    address: str
    access_key: str = ""
    access_secret: str = ""
    docker_login: tuple[str, str] | None = None
    namespaces: frozenset[str] | None = None
    """What is there; None for any."""
    create_namespace: Callable[[str], None] = lambda name: None
    """How the adapter of Tencent Cloud makes a private namespace."""


@dataclass
class KnownRegistry:
    """A registry as it was made over the API."""

    id: int
    name: str
    type: str
    url: str
    access_key: str
    access_secret: str
    insecure: bool
    description: str
    created: str = field(default_factory=now)


@dataclass
class Task:
    """One repository of an execution."""

    id: int
    execution: int
    source: str
    target: str
    tags: list[str]
    status: str = "Pending"
    started: str = NEVER
    ended: str = NEVER
    log: list[str] = field(default_factory=list)


@dataclass
class Execution:
    """One run of a policy."""

    id: int
    policy: int
    status: str = "InProgress"
    text: str = ""
    started: str = field(default_factory=now)
    ended: str = NEVER
    tasks: list[Task] = field(default_factory=list)
    stopping: bool = False


def immutable_rule(tags: str, repositories: str = "**", *, number: int = 1, disabled: bool = False) -> dict[str, Any]:
    """Return a rule for immutable tags in Harbor's JSON."""
    return {
        "id": number,
        "priority": 0,
        "disabled": disabled,
        "action": "immutable",
        "template": "immutable_template",
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": tags}],
        "scope_selectors": {
            "repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": repositories}]
        },
    }
