"""What a repository holds, in words for a screen: a tag in short, a manifest with everything below it, a config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.manifest import OCI_ARTIFACT, Manifest
from tui.oci.saying import phrase
from tui.providers.content_kinds import ContentKind


@dataclass(frozen=True, slots=True)
class TagInfo:
    """A tag in one line.

    `size` is that of all unique blobs and manifests below it, in bytes; `platforms` like `linux/arm64/v8`, without
    those of attestations; `created` is what the config (of an index: of its first image) says, None when it says
    nothing or the zero of reproducible builds. `signed` is None when it could not be found out. `problem` says why
    the other figures are incomplete, '' when they are not.
    """

    tag: str
    digest: str
    media_type: str
    kind: ContentKind
    size: int
    platforms: tuple[str, ...] = ()
    created: datetime | None = None
    signed: bool | None = None
    problem: str = ""
    pushed: datetime | None = None
    """When the tag was set, where a vendor's API tells."""
    labels: tuple[str, ...] = ()
    """What the vendor's own labels on it are called; remote text, not escaped."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image's config says about running it (image-spec, "Image Configuration"); remote text, not escaped."""

    created: datetime | None = None
    platform: str = ""
    author: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """A blob of a manifest besides its config; `foreign` ones are not at the registry but at a URL. Size in bytes."""

    digest: str
    media_type: str
    size: int
    foreign: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ManifestNode:
    """A manifest or index with what is below it; names, annotations and `raw` are remote text, not escaped.

    `size` is that of the manifest itself, in bytes. `platform` is what the index says, else the config, '' for
    neither. `problem` says why a child could not be read (then `raw` is empty), `left_out` how many children were
    not read because of the limits.
    """

    digest: str
    media_type: str
    size: int
    kind: ContentKind
    platform: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    config_digest: str = ""
    config_size: int = 0
    config: ImageConfig | None = None
    layers: tuple[Layer, ...] = ()
    children: tuple[ManifestNode, ...] = ()
    subject: str = ""
    raw: bytes = field(default=b"", repr=False)
    problem: str = ""
    left_out: int = 0

    def contents(self) -> dict[str, int]:
        """Return digest and size of every manifest and blob at the registry from here down, each once."""
        found = {self.digest: self.size}
        if self.config_digest:
            found[self.config_digest] = self.config_size
        found |= {layer.digest: layer.size for layer in self.layers if not layer.foreign}
        for child in self.children:
            found |= child.contents()
        return found

    def images(self) -> list[ManifestNode]:
        """Return the images from here down, in order, without attestations and other company."""
        if self.kind == "image":
            return [self]
        return [image for child in self.children for image in child.images()]

    def first_problem(self) -> str:
        """Return why something from here down was not read, '' when all was."""
        own = self.problem or (
            phrase("{left_out} manifests were not looked at", left_out=self.left_out) if self.left_out else ""
        )
        return own or next((said for child in self.children if (said := child.first_problem())), "")


@dataclass(frozen=True, slots=True)
class Referrer:
    """Something attached to a manifest; `tag` is the one cosign keeps it under, '' for the referrers API."""

    digest: str
    media_type: str
    kind: ContentKind
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""


def layers_of(manifest: Manifest) -> tuple[Layer, ...]:
    """Return the layers of a manifest (blobs of an artifact, layers in an index of a build cache) in order."""
    document = json.loads(manifest.body)
    if manifest.is_index:
        entries = list(manifest.blobs)
    else:
        listed = document.get("blobs" if manifest.media_type == OCI_ARTIFACT else "layers") or []
        entries = [Descriptor.from_json(entry, "layers") for entry in listed]
    return tuple(
        Layer(entry.digest, entry.media_type, entry.size, bool(entry.urls), entry.annotations) for entry in entries
    )


def config_of(manifest: Manifest) -> Descriptor | None:
    """Return the descriptor of a manifest's config, None when it has none."""
    config = json.loads(manifest.body).get("config")
    return Descriptor.from_json(config, "config") if isinstance(config, dict) and not manifest.is_index else None


def annotations_of(manifest: Manifest) -> dict[str, str]:
    """Return the annotations of a manifest."""
    return _texts(json.loads(manifest.body).get("annotations"))


def parse_config(body: bytes) -> ImageConfig | None:
    """Return what an image config says, None when it is not one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    inner = document.get("config")
    run: dict[str, Any] = inner if isinstance(inner, dict) else {}
    ports = run.get("ExposedPorts")
    platform = ImagePlatform.from_json(document)
    return ImageConfig(
        created=parse_time(document.get("created")),
        platform=str(platform) if platform.os or platform.architecture else "",
        author=_text(document.get("author")),
        entrypoint=_list(run.get("Entrypoint")),
        command=_list(run.get("Cmd")),
        user=_text(run.get("User")),
        working_dir=_text(run.get("WorkingDir")),
        ports=tuple(ports) if isinstance(ports, dict) else (),
        labels=_texts(run.get("Labels")),
    )


def parse_time(value: object) -> datetime | None:
    """Return an RFC 3339 time, None for anything else and for the zeros (year 1, 1970) of reproducible builds."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    # Year 1 and 9999 cannot be moved to another zone.
    if not 1970 <= time.year < 9999:
        return None
    return None if time.timestamp() == 0 else time


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}
