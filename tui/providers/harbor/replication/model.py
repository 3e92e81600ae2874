"""The things of Harbor's replication: registries it knows, policies, executions and their tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tui.providers.harbor.names import Version

Direction = Literal["push", "pull"]
"""`push` is from this Harbor to a registry it knows, `pull` the other way."""
FilterKind = Literal["name", "tag", "label", "resource"]
TriggerKind = Literal["manual", "scheduled", "event_based"]
ExecutionStatus = Literal["InProgress", "Succeed", "Failed", "Stopped"]
TaskStatus = Literal["Pending", "InProgress", "Succeed", "Failed", "Stopped"]

SINCE: Mapping[str, Version] = {
    "quay": Version(2, 1),
    "tencent-tcr": Version(2, 2),
    "github-ghcr": Version(2, 2),
    "dtr": Version(2, 2),
    "volcengine-cr": Version(2, 12),
}
"""The release that first knew a type of registry; the others are older than 1.10."""
MOST_OF_NAME = 64
"""Characters in the name of a registry."""


@dataclass(frozen=True, slots=True)
class RegistrySpec:
    """A registry as Harbor shall know it.

    `access_key` and `access_secret` are user name and password for most types; for `ali-acr` and `tencent-tcr` the
    AccessKey or SecretId pair of the cloud, not the docker login. `ca_certificate` is PEM (Harbor 2.15).
    """

    name: str
    type: str
    url: str
    access_key: str = ""
    access_secret: str = field(default="", repr=False)
    insecure: bool = False
    description: str = ""
    ca_certificate: str = ""


@dataclass(frozen=True, slots=True)
class RemoteRegistry:
    """A registry as Harbor knows it; it never gives a secret back. `status` is its health in Harbor's word."""

    id: int
    name: str
    type: str
    url: str
    access_key: str = ""
    insecure: bool = False
    description: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class RegistryAbilities:
    """What a policy to or from a registry may have."""

    type: str
    filters: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    by_chunk: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What a policy takes; several must all agree. Globs are those of `tui.providers.harbor.globs`.

    A `label` filter has the labels that an artifact must all have, the others one value. `excludes` (tags and labels,
    Harbor 2.2) turns it round.
    """

    kind: FilterKind
    values: tuple[str, ...]
    excludes: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts a policy. `cron` has six fields, seconds first, which must be 0; the minutes must not be `*`."""

    kind: TriggerKind = "manual"
    cron: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of Harbor's replication.

    `destination` is the namespace ('' keeps the path), `flatten` how many leading parts of the source path it takes
    the place of: 0 none, None all but the last (the only way before Harbor 2.3). `speed` is in KiB a second for each
    task, 0 without limit. Deletions at the source are not repeated unless `deletion` says so.
    """

    name: str
    registry: int
    """The id of the registry at the other side."""
    direction: Direction = "push"
    description: str = ""
    filters: tuple[Filter, ...] = ()
    destination: str = ""
    flatten: int | None = None
    trigger: Trigger = Trigger()
    override: bool = True
    deletion: bool = False
    enabled: bool = True
    speed: int = 0
    by_chunk: bool = False
    single: bool = False
    """Whether an execution is skipped while another of the policy runs (Harbor 2.14)."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a policy. `status` may be a word not listed here; `ended` is None while it runs."""

    id: int
    policy: int
    status: str
    text: str = ""
    trigger: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    running: int = 0
    stopped: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in ("InProgress", "Pending", "Running", "Initialized", "")


@dataclass(frozen=True, slots=True)
class ReplicationTask:
    """What an execution does about one repository. `source` and `target` are Harbor's texts, see `outcome`."""

    id: int
    execution: int
    status: str
    operation: str = ""
    resource_type: str = ""
    source: str = ""
    target: str = ""
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ("Succeed", "Failed", "Stopped")
