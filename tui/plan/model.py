"""A plan: rules that say what is copied where, and the options of the run. Plain, picklable values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from tui.oci.reference import Repository, is_digest
from tui.oci.saying import phrase
from tui.plan.mirror.settings import Mirror
from tui.plan.notify import Notify
from tui.plan.replication import Replication, replication_of

OnConflict = Literal["overwrite", "skip", "fail", "backup"]
OnDrift = Literal["keep", "latest", "fail"]
Order = Literal["any", "oldest-first", "version"]
NewestBy = Literal["version", "time"]

_PLATFORM = re.compile(
    r"(?P<os>[\w.-]+|\*)(?:\((?P<os_version>[\w.-]+)\))?"
    r"(?:/(?P<architecture>[\w.-]+|\*)(?:/(?P<variant>[\w.-]+))?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A filter on the platform of an image, in the words of the OCI image index; '' matches anything."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse `os[(os version)][/architecture[/variant]]`, with `*` for any.

        Examples: `linux/arm64/v8`, `windows(10.0.17763)/amd64`. Raises ValueError.
        """
        match = _PLATFORM.fullmatch(text)
        if match is None:
            raise ValueError(phrase("{text!r} does not read as os/architecture[/variant]", text=text))
        field = {key: "" if value in (None, "*") else value for key, value in match.groupdict().items()}
        return cls(field["os"], field["architecture"], field["variant"], field["os_version"])

    def matches(self, os: str, architecture: str, variant: str = "", os_version: str = "") -> bool:
        """Return whether an image passes; what an image does not say passes every filter."""
        filters = (self.os, self.architecture, self.variant, self.os_version)
        image = (os, architecture, variant, os_version)
        return all(not want or not have or want == have for want, have in zip(filters, image, strict=True))

    def __str__(self) -> str:
        version = f"({self.os_version})" if self.os_version else ""
        variant = f"/{self.variant}" if self.variant else ""
        architecture = f"/{self.architecture or '*'}{variant}" if self.architecture or variant else ""
        return f"{self.os or '*'}{version}{architecture}"


@dataclass(frozen=True, slots=True)
class TagSelection:
    """Which of the listed tags to take; every part given must agree, and an empty one takes all.

    The parts in the order in which they are applied (`tui.plan.selection`): `include` and `exclude` are globs
    (case-sensitive), `regex` and `exclude_regex` RE2 expressions that may match anywhere in the tag, `semver` a
    version range; `labels` are all to be on the artifact and none of `exclude_labels`; `newer_than` is an age such as
    `90d` or a date; `newest` how many to keep of what is left, by `newest_by`: the highest versions, or the latest.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    regex: str = ""
    semver: str = ""
    newest: int | None = None
    exclude_regex: str = ""
    labels: tuple[str, ...] = ()
    exclude_labels: tuple[str, ...] = ()
    newer_than: str = ""
    newest_by: NewestBy = "version"

    @property
    def needs_time(self) -> bool:
        """Whether it has to be known when the tags were pushed or made."""
        return bool(self.newer_than) or (self.newest is not None and self.newest_by == "time")

    @property
    def needs_labels(self) -> bool:
        """Whether the labels of the tags have to be known."""
        return bool(self.labels or self.exclude_labels)


@dataclass(frozen=True, slots=True)
class RepositorySelection:
    """Which repositories of a project or registry to take, by whole path without the registry; as with tags."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    regex: str = ""
    exclude_regex: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactSelection:
    """Which kinds of artifact to take: words of `tui.plan.artifacts`, or globs on the artifact type."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a plan: a repository, a project or a whole registry, and its name at the target."""

    source_registry: str
    source_path: str
    """A repository path, `project/*` for every repository below a project, or `*` for the whole registry."""
    target: str
    """A template `registry/path/{name}[:tag]`; the fields are those of `tui.plan.naming`."""
    references: tuple[str, ...] = ()
    """Tags and digests to take, in order; empty lists the tags and applies `tags`."""
    target_references: tuple[str, ...] = ()
    """Their names at the target, by position; empty takes the template's tag, else the same names."""
    tags: TagSelection = TagSelection()
    platforms: tuple[Platform, ...] = ()
    """Empty takes every platform; otherwise an image passes when one of these matches."""
    repositories: RepositorySelection = RepositorySelection()
    """Of a pattern: which of the repositories it names."""
    artifacts: ArtifactSelection = ArtifactSelection()
    origin: str = ""
    """Where the rule was read, for messages: `images.yaml:12`."""

    @property
    def is_pattern(self) -> bool:
        """Whether the rule names many repositories, to be found in the registry's catalog."""
        return self.source_path.endswith("*")

    @property
    def needs_tags(self) -> bool:
        """Whether the tags of the repository have to be listed."""
        return not self.references

    @property
    def source(self) -> Repository:
        """The one repository the rule names. Raises ValueError for a pattern."""
        if self.is_pattern:
            raise ValueError(f"{self.source_registry}/{self.source_path} names many repositories, not one")
        return Repository(self.source_registry, self.source_path)

    def __str__(self) -> str:
        source = f"{self.source_registry}/{self.source_path}"
        return f"{source}{_suffix(self.references)} -> {self.target}{_suffix(self.target_references)}"


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is run: `retries` counts rounds over what failed, `force` copies what looks unchanged.

    `referrers` go along with their image; with `check_referrers` those of images that are unchanged are compared too.

    `create_missing` creates projects and namespaces that targets lack, where an API can.

    `on_conflict` is about a tag that is at the target with other content; "backup" keeps that under the name `backup`
    makes (`tui.plan.backups`) before it is overwritten. `order` is how the tags of one target repository are written:
    "oldest-first" by push or creation time, "version" from the lowest.

    `on_drift` is about a tag that moved at the source between generate and execute: "keep" copies what was planned,
    "latest" what it is now, "fail" fails the task.

    `limit_rate` are bytes a second read, and written, at most over all registries, `limit_requests` requests a second
    to each registry; 0 is no limit.

    `split` cuts a tar that is written into parts of at most so many bytes, 0 does not.

    `since` are paths of earlier exports (folders, tars, inventories): what they have is not exported again, and what
    an export left out is read from them.
    """

    concurrency: int = 10
    retries: int = 10
    on_conflict: OnConflict = "overwrite"
    referrers: bool = True
    check_referrers: bool = False
    force: bool = False
    create_missing: bool = False
    limit_rate: int = 0
    limit_requests: int = 0
    backup: str = "{tag}-before-{date}"
    order: Order = "any"
    on_drift: OnDrift = "keep"
    since: tuple[str, ...] = ()
    split: int = 0


SMALLEST_PART = 1024 * 1024
"""Bytes a part of a tar has at least, when it is split."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "on_conflict": get_args(OnConflict),
    "on_drift": get_args(OnDrift),
    "order": get_args(Order),
}
"""The options that are one of a few words."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A named file of rules; with a `replication` a Harbor carries out what it can of them."""

    name: str
    rules: tuple[Rule, ...]
    options: Options = Options()
    replication: Replication | None = None
    mirror: Mirror = field(default_factory=Mirror)
    notify: Notify = field(default_factory=Notify)


def to_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as values JSON can carry."""
    return asdict(plan)


def from_document(document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document that `to_document` made, before or after a trip through JSON.

    Raises ValueError when the document is not one of ours.
    """
    try:
        options = Options(**_tuples(document["options"]))
        for name, words in CHOICES.items():
            if getattr(options, name) not in words:
                raise ValueError(f"{name}: {getattr(options, name)!r}")
        rules = tuple(_rule(rule) for rule in document["rules"])
        # Runs of earlier versions do not say the rest.
        mirror = Mirror(**_tuples(document.get("mirror", {})))
        notify = Notify(**document.get("notify", {}))
        replication = replication_of(document.get("replication"))
        return Plan(document["name"], rules, options, replication, mirror, notify)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a plan document: {error!r}") from error


def _rule(document: Mapping[str, Any]) -> Rule:
    fields = _tuples(document)
    fields["tags"] = TagSelection(**_tuples(document["tags"]))
    fields["repositories"] = RepositorySelection(**_tuples(document.get("repositories") or {}))
    fields["artifacts"] = ArtifactSelection(**_tuples(document.get("artifacts") or {}))
    fields["platforms"] = tuple(Platform(**platform) for platform in document["platforms"])
    return Rule(**fields)


def _tuples(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}


def _suffix(references: tuple[str, ...]) -> str:
    if not references:
        return ""
    return ("@" if is_digest(references[0]) else ":") + ",".join(references)
