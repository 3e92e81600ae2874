"""What a Harbor holds, read out of its JSON: projects, repositories, artifacts with their tags and labels.

Names are remote text, not escaped. What is missing or of another type than the API promises becomes '', 0 or None.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tui.oci.reference import is_digest
from tui.providers.content_kinds import ContentKind, kind_of_type
from tui.providers.harbor.fields import inner, inners, number, text, time

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_TYPES: dict[str, ContentKind] = {"CHART": "chart", "SBOM": "sbom"}
_SIGNATURE = "signature."
_ROLES = {1: "project admin", 2: "developer", 3: "guest", 4: "maintainer", 5: "limited guest"}
_PULL_ONLY = frozenset({3, 5})


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `repositories` are how many it holds, `charts` how many Helm charts outside of the registry."""

    id: int
    name: str
    public: bool = False
    owner: str = ""
    repositories: int = 0
    charts: int = 0
    proxy_cache: bool = False
    """Whether it is a cache of another registry, which takes no pushes."""
    roles: tuple[int, ...] = ()
    created: datetime | None = None
    blocks_vulnerable: bool = False
    """Whether images with known vulnerabilities cannot be pulled."""
    blocks_unsigned: bool = False

    @property
    def pull_only(self) -> bool:
        """Whether the account is a member who may not push; False when the roles are not told."""
        return bool(self.roles) and set(self.roles) <= _PULL_ONLY

    @property
    def role_names(self) -> tuple[str, ...]:
        """The account's roles in Harbor's words."""
        return tuple(_ROLES.get(role, str(role)) for role in self.roles)


@dataclass(frozen=True, slots=True)
class HarborRepository:
    """A repository: `path` includes the project; `artifacts` counts manifests with their tags (1.x: tags)."""

    path: str
    artifacts: int = 0
    pulls: int = 0
    created: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label on an artifact; `scope` is `g` for one of the whole Harbor, `p` for one of a project."""

    name: str
    scope: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag and when it was set; `immutable` is None where it was not asked for."""

    name: str
    pushed: datetime | None = None
    pulled: datetime | None = None
    immutable: bool | None = None


@dataclass(frozen=True, slots=True)
class Accessory:
    """Something attached to an artifact: a signature, an SBOM, a Nydus image. `type` is Harbor's word."""

    digest: str
    type: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest with everything below it as one thing. `size` in bytes, layers included.

    `signed` is None where it was not asked for. `children` are the digests of an index.
    """

    digest: str
    kind: ContentKind
    media_type: str = ""
    size: int = 0
    pushed: datetime | None = None
    pulled: datetime | None = None
    tags: tuple[Tag, ...] = ()
    labels: tuple[Label, ...] = ()
    platforms: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    created: datetime | None = None
    """What the config of an image says."""
    accessories: tuple[Accessory, ...] = ()
    signed: bool | None = None


def project_of(document: dict[str, Any]) -> Project:
    """Return a project of either API version."""
    metadata = inner(document, "metadata")
    roles = document.get("current_user_role_ids") or [document.get("current_user_role_id")]
    return Project(
        id=number(document, "project_id"),
        name=text(document, "name"),
        public=_said(metadata, "public"),
        owner=text(document, "owner_name"),
        repositories=number(document, "repo_count"),
        charts=number(document, "chart_count"),
        proxy_cache=number(document, "registry_id") != 0,
        roles=tuple(role for role in roles if isinstance(role, int) and role > 0) if isinstance(roles, list) else (),
        created=time(document, "creation_time"),
        blocks_vulnerable=_said(metadata, "prevent_vul"),
        blocks_unsigned=_said(metadata, "enable_content_trust") or _said(metadata, "enable_content_trust_cosign"),
    )


def repository_of(document: dict[str, Any]) -> HarborRepository:
    """Return a repository of either API version."""
    return HarborRepository(
        path=text(document, "name"),
        artifacts=number(document, "artifact_count") or number(document, "tags_count"),
        pulls=number(document, "pull_count"),
        created=time(document, "creation_time"),
        updated=time(document, "update_time"),
    )


def artifact_of(document: dict[str, Any], *, with_accessories: bool) -> Artifact:
    """Return an artifact of API 2.0; `with_accessories` says whether they were asked for."""
    references = inners(document, "references")
    accessories = tuple(
        Accessory(_digest(each), text(each, "type"), number(each, "size")) for each in inners(document, "accessories")
    )
    platforms = [_platform(inner(each, "platform")) for each in references] or [
        _platform(inner(document, "extra_attrs"))
    ]
    return Artifact(
        digest=_digest(document),
        kind=_kind(document, bool(references)),
        media_type=text(document, "manifest_media_type"),
        size=number(document, "size"),
        pushed=time(document, "push_time"),
        pulled=time(document, "pull_time"),
        tags=tuple(_tag(each) for each in inners(document, "tags")),
        labels=_labels(document),
        platforms=tuple(dict.fromkeys(platform for platform in platforms if platform)),
        children=tuple(text(each, "child_digest") for each in references),
        created=time(inner(document, "extra_attrs"), "created"),
        accessories=accessories,
        signed=any(each.type.startswith(_SIGNATURE) for each in accessories) if with_accessories else None,
    )


def artifacts_of_tags(tags: list[dict[str, Any]]) -> list[Artifact]:
    """Return what the tags of API 1 stand for, one artifact for each digest, in order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for tag in tags:
        found.setdefault(_digest(tag), []).append(tag)
    return [_artifact_of_tags(digest, its) for digest, its in found.items() if digest]


def _artifact_of_tags(digest: str, tags: list[dict[str, Any]]) -> Artifact:
    first = tags[0]
    platform = _platform(first)
    labels = dict.fromkeys(label for tag in tags for label in _labels(tag))
    return Artifact(
        digest=digest,
        kind="image",
        size=number(first, "size"),
        pushed=time(first, "push_time") or time(first, "created"),
        pulled=time(first, "pull_time"),
        tags=tuple(_tag(tag) for tag in tags),
        labels=tuple(labels),
        platforms=(platform,) if platform else (),
        # Notary's signature is one of the tag.
        signed=all(isinstance(tag.get("signature"), dict) for tag in tags),
    )


def _tag(document: dict[str, Any]) -> Tag:
    immutable = document.get("immutable")
    return Tag(
        name=text(document, "name"),
        pushed=time(document, "push_time"),
        pulled=time(document, "pull_time"),
        immutable=immutable if isinstance(immutable, bool) else None,
    )


def _kind(document: dict[str, Any], has_children: bool) -> ContentKind:
    said = text(document, "type").upper()
    if has_children or text(document, "manifest_media_type") in _INDEXES:
        return "index"
    if said in ("", "IMAGE"):
        return "image"
    return _TYPES.get(said) or kind_of_type(text(document, "artifact_type") or text(document, "media_type"))


def _labels(document: dict[str, Any]) -> tuple[Label, ...]:
    return tuple(
        Label(text(each, "name"), text(each, "scope"), text(each, "color")) for each in inners(document, "labels")
    )


def _platform(document: dict[str, Any]) -> str:
    parts = (text(document, "os"), text(document, "architecture"), text(document, "variant"))
    return "" if "unknown" in parts else "/".join(part for part in parts if part)


def _digest(document: dict[str, Any]) -> str:
    digest = text(document, "digest")
    return digest if is_digest(digest) else ""


def _said(document: dict[str, Any], key: str) -> bool:
    # Harbor's metadata are texts, and booleans with some versions.
    return str(document.get(key)).lower() == "true"
