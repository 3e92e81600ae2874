"""What a manifest refers to, read from its bytes without knowing every media type there is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tui.oci.reference import is_digest

Descriptor = dict[str, Any]
"""A content descriptor as JSON (image-spec v1.1, "Content Descriptors"): mediaType, digest, size, ..."""

INDEX = "application/vnd.oci.image.index.v1+json"


class InvalidManifest(ValueError):
    """The bytes are no manifest a registry can keep; the message says why."""


@dataclass(frozen=True, slots=True)
class ManifestContent:
    """The references of one manifest: `blobs` and `children` must be there before it, `subject` need not."""

    media_type: str
    blobs: tuple[str, ...]
    children: tuple[str, ...]
    subject: str
    artifact_type: str
    annotations: dict[str, str]


def read_manifest(body: bytes, media_type: str) -> ManifestContent:
    """Read the references out of `body`, sent with `media_type` as its Content-Type ('' when there was none).

    Children are found by field (`manifests`, `config`, `layers`, `blobs`) and not by media type, so that types of
    tomorrow work as well. Layers that carry `urls` live elsewhere and are not counted. Raises InvalidManifest for
    what is not JSON of this shape, contradicts its Content-Type, is schema 1, or has a descriptor without a proper
    digest.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidManifest("not a JSON object")
    stated = fields.get("mediaType") or ""
    if stated and media_type and stated != media_type:
        raise InvalidManifest(f"Content-Type is {media_type} but mediaType is {stated}")
    media_type = media_type or stated
    if not media_type:
        raise InvalidManifest("neither a Content-Type nor a mediaType")
    if fields.get("schemaVersion") == 1 or "fsLayers" in fields:
        raise InvalidManifest("schema 1 is not supported")
    config = fields.get("config")
    payload = _descriptors(fields, "layers") + _descriptors(fields, "blobs")
    blobs = [_digest(config)] if config is not None else []
    blobs += [_digest(blob) for blob in payload if not blob.get("urls")]
    subject = fields.get("subject")
    annotations = fields.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        raise InvalidManifest("annotations are not an object")
    config_type = str(config.get("mediaType") or "") if config is not None else ""
    return ManifestContent(
        media_type=media_type,
        blobs=tuple(blobs),
        children=tuple(_digest(child) for child in _descriptors(fields, "manifests")),
        subject=_digest(subject) if subject is not None else "",
        artifact_type=str(fields.get("artifactType") or config_type),
        annotations=annotations or {},
    )


def referrer_descriptor(content: ManifestContent, digest: str, size: int) -> Descriptor:
    """Return the entry of a referrers list for a manifest (distribution-spec v1.1.1, "Listing Referrers")."""
    descriptor: Descriptor = {"mediaType": content.media_type, "digest": digest, "size": size}
    if content.artifact_type:
        descriptor["artifactType"] = content.artifact_type
    if content.annotations:
        descriptor["annotations"] = content.annotations
    return descriptor


def _descriptors(fields: dict[str, Any], name: str) -> list[Descriptor]:
    found = fields.get(name)
    if found is None:  # Go writes an empty list as null
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InvalidManifest(f"{name} is not a list of descriptors")
    return found


def _digest(descriptor: object) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    if not isinstance(digest, str) or not is_digest(digest):
        raise InvalidManifest(f"a descriptor has no digest we know: {digest!r}")
    return digest
