"""Content descriptors (OCI image specification, "Descriptors")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.oci.errors import UnsupportedContent
from tui.oci.reference import is_digest
from tui.oci.saying import phrase

_MAX_SIZE = 2**53


@dataclass(frozen=True, slots=True)
class ImagePlatform:
    """The platform an index entry is for; every field may be empty."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ImagePlatform:
        """Read the fields of an index entry's `platform`, or of an image config; what is no text is taken as empty."""
        return cls(
            os=_text(value.get("os")),
            architecture=_text(value.get("architecture")),
            variant=_text(value.get("variant")),
            os_version=_text(value.get("os.version")),
        )

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part) or "any"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to content: media type, digest, and size in bytes."""

    media_type: str
    digest: str
    size: int
    platform: ImagePlatform | None = None
    urls: tuple[str, ...] = ()
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Any, where: str) -> Descriptor:
        """Read a descriptor out of parsed JSON. Raises UnsupportedContent that names `where` it is broken."""
        if not isinstance(value, dict):
            raise UnsupportedContent(
                phrase("{where}: a descriptor was expected, found {kind}", where=where, kind=type(value).__name__)
            )
        digest, size, media_type = value.get("digest"), value.get("size"), value.get("mediaType", "")
        if not isinstance(digest, str) or not is_digest(digest):
            raise UnsupportedContent(
                phrase("{where}: {digest} is not a sha256 or sha512 digest", where=where, digest=repr(digest))
            )
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MAX_SIZE:
            raise UnsupportedContent(phrase("{where}: {size} is not a size in bytes", where=where, size=repr(size)))
        if not isinstance(media_type, str):
            raise UnsupportedContent(phrase("{where}: mediaType is no text", where=where))
        return cls(
            media_type=media_type,
            digest=digest,
            size=size,
            platform=ImagePlatform.from_json(platform) if isinstance(platform := value.get("platform"), dict) else None,
            urls=tuple(url for url in _list(value.get("urls")) if isinstance(url, str)),
            artifact_type=_text(value.get("artifactType")),
            annotations=_annotations(value.get("annotations")),
        )

    def as_referrer(self) -> dict[str, Any]:
        """Return it as an entry of a list of referrers: type, digest, size, artifact type and annotations."""
        entry: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.artifact_type:
            entry["artifactType"] = self.artifact_type
        if self.annotations:
            entry["annotations"] = dict(self.annotations)
        return entry


def _annotations(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
