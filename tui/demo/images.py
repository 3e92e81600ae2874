"""Images made on the spot: real gzip tar layers, configs, manifests and indexes, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tui.demo.content import INDEX, Descriptor
from tui.demo.index import Storage
from tui.oci.reference import digest_of

IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

CREATED = "2024-03-01T09:00:00Z"
_MTIME = 1709283600  # CREATED in seconds: every file of every layer has it, so digests never change
_FILE_BYTES = 1 << 20
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n"


@dataclass(frozen=True, slots=True)
class Content:
    """Some bytes with their media type and digest; `diff_id` is a layer's digest before compression."""

    media_type: str
    body: bytes
    digest: str
    diff_id: str = ""

    def descriptor(self, **more: object) -> Descriptor:
        """Return the content descriptor, with fields such as `annotations` or `platform` added."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **more}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest with everything it needs: `blobs` of an image or artifact, `children` of an index."""

    manifest: Content
    blobs: tuple[Content, ...] = ()
    children: tuple[Artifact, ...] = ()
    platform: str = ""

    @property
    def digest(self) -> str:
        """The manifest's digest."""
        return self.manifest.digest

    def put(self, storage: Storage, repository: str, *tags: str) -> str:
        """Put blobs, then children, then the manifest under `tags` into `repository`; returns the digest."""
        for blob in self.blobs:
            storage.put_blob(repository, blob.body, blob.digest)
        for child in self.children:
            child.put(storage, repository)
        manifest = self.manifest
        return storage.put_manifest(repository, manifest.body, manifest.media_type, digest=manifest.digest, tags=tags)


def content(media_type: str, body: bytes) -> Content:
    """Return `body` as content of `media_type`."""
    return Content(media_type, body, digest_of(body))


def json_content(media_type: str, fields: Mapping[str, Any]) -> Content:
    """Return `fields` as compact JSON of `media_type`."""
    return content(media_type, json.dumps(fields, separators=(",", ":")).encode())


def layer(name: str, size: int, files: Mapping[str, bytes] | None = None) -> Content:
    """Return a gzip tar layer with `files` and about `size` bytes of text, a function of `name` and `size` alone.

    The text compresses to about three quarters.
    """
    everything = dict(files or {})
    text = _text(name, size)
    for at in range(0, size, _FILE_BYTES):
        everything[f"usr/share/{name}/part-{at // _FILE_BYTES:03}.txt"] = text[at : at + _FILE_BYTES]
    tar = _tar(everything)
    return replace(content(LAYER, _gzip(tar)), diff_id=digest_of(tar))


def image(
    layers: Sequence[Content],
    platform: str = "linux/amd64",
    *,
    docker: bool = False,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    command: Sequence[str] = ("/bin/sh",),
) -> Artifact:
    """Return an image of `layers` for `platform` (`os/architecture[/variant]`), in OCI or Docker schema 2 types."""
    os_name, architecture, *variant = platform.split("/")
    config = {
        "created": CREATED,
        "architecture": architecture,
        **({"variant": variant[0]} if variant else {}),
        "os": os_name,
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": list(command),
            "Labels": dict(labels or {}),
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": CREATED, "created_by": f"COPY layer {number} /"} for number in range(len(layers))],
    }
    if docker:
        layers = [replace(layer, media_type=DOCKER_LAYER) for layer in layers]
    return artifact(
        json_content(DOCKER_CONFIG if docker else CONFIG, config),
        layers,
        media_type=DOCKER_IMAGE if docker else IMAGE,
        annotations=annotations,
        platform=platform,
    )


def artifact(
    config: Content,
    layers: Sequence[Content],
    *,
    media_type: str = IMAGE,
    artifact_type: str = "",
    subject: Content | None = None,
    annotations: Mapping[str, str] | None = None,
    layer_annotations: Mapping[str, str] | None = None,
    platform: str = "",
) -> Artifact:
    """Return a manifest of any kind: chart, signature, SBOM. `layer_annotations` go on every layer's descriptor."""
    on_layers = {"annotations": dict(layer_annotations)} if layer_annotations else {}
    fields: dict[str, Any] = {"schemaVersion": 2, "mediaType": media_type}
    if artifact_type:
        fields["artifactType"] = artifact_type
    fields["config"] = config.descriptor()
    fields["layers"] = [layer.descriptor(**on_layers) for layer in layers]
    if subject is not None:
        fields["subject"] = subject.descriptor()
    if annotations:
        fields["annotations"] = dict(annotations)
    return Artifact(json_content(media_type, fields), (config, *layers), platform=platform)


def index(images: Sequence[Artifact], *, docker: bool = False) -> Artifact:
    """Return a multi-platform index (OCI) or manifest list (Docker) of `images`."""
    media_type = DOCKER_LIST if docker else INDEX
    entries = [image.manifest.descriptor(platform=_platform(image.platform)) for image in images]
    fields = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}
    return Artifact(json_content(media_type, fields), children=tuple(images))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return `files` as a gzip tar (a .tgz), always the same bytes."""
    return _gzip(_tar(files))


def _platform(platform: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _text(name: str, size: int) -> bytes:
    """Return `size` bytes of one 64-letter alphabet, different for every name.

    A megabyte of it is drawn once; each further megabyte is the same with the letters exchanged, which is as good
    as new to a compressor and twenty times faster to make.
    """
    draw = random.Random(hashlib.sha256(name.encode()).digest())
    base = draw.randbytes(min(size, _FILE_BYTES))
    parts = []
    for at in range(0, size, _FILE_BYTES):
        letters = bytes(draw.sample(_ALPHABET, len(_ALPHABET)))
        parts.append(base[: size - at].translate(letters * 4))
    return b"".join(parts)


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, body in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(body), _MTIME, 0o644
            tar.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def _gzip(body: bytes) -> bytes:
    # Letters drawn at random do not repeat, so looking for repetitions would cost five times as long for nothing.
    # 31: a gzip header, in which zlib leaves the time 0.
    compressor = zlib.compressobj(1, zlib.DEFLATED, 31, 9, zlib.Z_HUFFMAN_ONLY)
    return compressor.compress(body) + compressor.flush()
