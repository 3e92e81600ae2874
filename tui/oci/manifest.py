"""Manifests and indexes: bytes with a media type, parsed only to find what they refer to.

The bytes are never written anew, so digests never change; `index.py` holds the one exception. Media types are
those of the OCI image specification and of Docker's image manifest version 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tui.oci.descriptor import Descriptor
from tui.oci.errors import IntegrityError, UnsupportedContent
from tui.oci.reference import digest_of
from tui.oci.saying import N_, phrase

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES = INDEX_TYPES | {
    OCI_MANIFEST,
    DOCKER_MANIFEST,
    OCI_ARTIFACT,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
}

ACCEPT = ", ".join(
    (
        OCI_INDEX,
        DOCKER_LIST,
        OCI_MANIFEST,
        DOCKER_MANIFEST,
        OCI_ARTIFACT,
        DOCKER_SCHEMA1_SIGNED,
        DOCKER_SCHEMA1,
    )
)
"""All of the types on every manifest request, or some registries convert or pick a platform for us."""

MAX_MANIFEST = 4 * 1024 * 1024
"""Bytes; the size that servers and clients should support at least (distribution spec, "Pushing Manifests")."""
_MAX_CHILDREN = 10_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest or index as the registry gave it, and what it refers to.

    `manifests` are the children to push before it, `blobs` config and layers in order (without those to be fetched
    from a foreign URL, which are in `foreign`), `subject` what it is attached to.
    """

    body: bytes
    media_type: str
    digest: str
    manifests: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    foreign: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    config_type: str = ""
    artifact_type: str = ""

    @property
    def size(self) -> int:
        """Bytes of the manifest itself."""
        return len(self.body)

    @property
    def is_index(self) -> bool:
        """Whether this lists other manifests."""
        return self.media_type in INDEX_TYPES


def parse_manifest(body: bytes, content_type: str = "", expected_digest: str = "") -> Manifest:
    """Parse a manifest of any type we copy.

    `content_type` is the registry's header; the `mediaType` in the body wins when they differ. Raises
    IntegrityError when the bytes do not have `expected_digest`, and UnsupportedContent for schema 1, malformed,
    oversized or unknown documents.
    """
    algorithm = expected_digest.partition(":")[0] or "sha256"
    digest = digest_of(body, algorithm)
    if expected_digest and digest != expected_digest:
        raise IntegrityError(
            phrase(
                "the manifest has digest {digest}, promised was {expected_digest}",
                digest=digest,
                expected_digest=expected_digest,
            )
        )
    if len(body) > MAX_MANIFEST:
        raise UnsupportedContent(
            phrase(
                "the manifest has {count} bytes, more than the {max_manifest} registries take",
                count=len(body),
                max_manifest=MAX_MANIFEST,
            )
        )
    document = _load(body)
    header_type = content_type.partition(";")[0].strip().lower()
    media_type = _media_type(document, header_type)
    _check_unambiguous(document, media_type)
    if media_type in INDEX_TYPES:
        return _index(document, body, media_type, digest)
    return _image(document, body, media_type, digest)


def _load(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UnsupportedContent(phrase("the manifest is not valid JSON: {error}", error=error)) from error
    if not isinstance(document, dict):
        raise UnsupportedContent(N_("the manifest is not a JSON object"))
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


def _media_type(document: dict[str, Any], header_type: str) -> str:
    if document.get("schemaVersion") == 1 or header_type in (DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED):
        raise UnsupportedContent(N_("Docker image manifest schema 1 is not supported: it is obsolete and unverifiable"))
    declared = document.get("mediaType")
    if isinstance(declared, str) and declared:
        media_type = declared
    elif header_type in MANIFEST_TYPES:
        media_type = header_type
    elif isinstance(document.get("manifests"), list):
        media_type = OCI_INDEX
    else:
        media_type = OCI_MANIFEST
    if media_type not in MANIFEST_TYPES:
        raise UnsupportedContent(
            phrase("manifest type {media_type} is not one we know how to copy", media_type=repr(media_type))
        )
    return media_type


def _check_unambiguous(document: dict[str, Any], media_type: str) -> None:
    """Refuse what another reader may take for an index where we see an image, or the other way (CVE-2021-41190)."""
    foreign = ("config", "layers", "fsLayers") if media_type in INDEX_TYPES else ("manifests", "fsLayers")
    both = [key for key in foreign if document.get(key)]
    if both:
        raise UnsupportedContent(
            phrase(
                "the manifest is ambiguous: a {media_type} does not have {both}",
                media_type=media_type,
                both=", ".join(both),
            )
        )


def _index(document: dict[str, Any], body: bytes, media_type: str, digest: str) -> Manifest:
    entries = _descriptors(document.get("manifests"), "manifests")
    return Manifest(
        body=body,
        media_type=media_type,
        digest=digest,
        manifests=tuple(entry for entry in entries if _is_manifest(entry)),
        # An old BuildKit cache is an index whose entries are layers.
        blobs=tuple(entry for entry in entries if not _is_manifest(entry)),
        subject=_subject(document),
        artifact_type=_string(document.get("artifactType")),
    )


def _image(document: dict[str, Any], body: bytes, media_type: str, digest: str) -> Manifest:
    descriptors: list[Descriptor] = []
    config_type = ""
    if media_type == OCI_ARTIFACT:
        descriptors += _descriptors(document.get("blobs"), "blobs")
    else:
        config = Descriptor.from_json(document.get("config"), "config")
        config_type = config.media_type
        descriptors += [config, *_descriptors(document.get("layers"), "layers")]
    return Manifest(
        body=body,
        media_type=media_type,
        digest=digest,
        blobs=tuple(entry for entry in descriptors if not entry.urls),
        foreign=tuple(entry for entry in descriptors if entry.urls),
        subject=_subject(document),
        config_type=config_type,
        artifact_type=_string(document.get("artifactType")),
    )


def _is_manifest(entry: Descriptor) -> bool:
    return entry.media_type in MANIFEST_TYPES or not entry.media_type


def _descriptors(value: Any, where: str) -> list[Descriptor]:
    # An empty list of Go's is written as null by some tools.
    value = [] if value is None else value
    if not isinstance(value, list):
        raise UnsupportedContent(phrase("{where}: a list was expected", where=where))
    if len(value) > _MAX_CHILDREN:
        raise UnsupportedContent(
            phrase(
                "{where}: {count} entries, more than {max_children}",
                where=where,
                count=len(value),
                max_children=_MAX_CHILDREN,
            )
        )
    return [Descriptor.from_json(entry, f"{where}[{number}]") for number, entry in enumerate(value)]


def _subject(document: dict[str, Any]) -> Descriptor | None:
    subject = document.get("subject")
    return None if subject is None else Descriptor.from_json(subject, "subject")


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def unique(descriptors: Iterable[Descriptor]) -> list[Descriptor]:
    """Return the descriptors in order, each digest once."""
    return list({descriptor.digest: descriptor for descriptor in descriptors}.values())
