"""Images made from nothing: real gzip layers, real configs, manifests and indexes with known bytes.

The layers are gzip because skopeo compresses plain ones and so changes their digests. Everything is a pure function
of its arguments, so two processes make the same digests.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import random
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
COSIGN_SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"

_ZEROS = bytes(1 << 20)


@dataclass(frozen=True)
class Blob:
    """Content by digest. `body` None means `size` zero bytes, made while they are sent."""

    digest: str
    size: int
    media_type: str
    body: bytes | None = field(repr=False, default=None)
    diff_id: str = ""

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces of at most 1 MiB."""
        if self.body is not None:
            for start in range(0, len(self.body), len(_ZEROS)):
                yield self.body[start : start + len(_ZEROS)]
            return
        whole, rest = divmod(self.size, len(_ZEROS))
        for _ in range(whole):
            yield _ZEROS
        yield _ZEROS[:rest]


@dataclass(frozen=True)
class Manifest:
    """A manifest or index with all it needs: blobs first, then children, then itself."""

    media_type: str
    body: bytes = field(repr=False)
    blobs: tuple[Blob, ...] = field(repr=False, default=())
    children: tuple[Manifest, ...] = field(repr=False, default=())

    @property
    def digest(self) -> str:
        """The sha256 digest of the exact bytes."""
        return sha256(self.body)

    def all_blobs(self) -> dict[str, Blob]:
        """Return the blobs of this manifest and of everything below it, by digest."""
        found = {blob.digest: blob for blob in self.blobs}
        for child in self.children:
            found |= child.all_blobs()
        return found


def sha256(body: bytes) -> str:
    """Return the sha256 digest of `body`."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def blob(body: bytes, media_type: str) -> Blob:
    """Return a blob of these bytes."""
    return Blob(sha256(body), len(body), media_type, body)


@functools.lru_cache(maxsize=512)
def layer(seed: str, size: int = 20_000, media_type: str = OCI_LAYER) -> Blob:
    """Return a gzip'd tar with one file of `size` random bytes (they do not compress, so it is about that large)."""
    content = random.Random(seed).randbytes(size)
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        entry = tarfile.TarInfo(f"data/{seed.replace('/', '-')}")
        entry.size = size
        tar.addfile(entry, io.BytesIO(content))
    plain = tarred.getvalue()
    body = gzip.compress(plain, compresslevel=1, mtime=0)
    return Blob(sha256(body), len(body), media_type, body, diff_id=sha256(plain))


def with_sha512(part: Blob) -> Blob:
    """Return the same content under its sha512 digest."""
    assert part.body is not None
    return replace(part, digest=f"sha512:{hashlib.sha512(part.body).hexdigest()}")


def zeros(size: int, media_type: str = OCI_LAYER) -> Blob:
    """Return `size` zero bytes which are never in memory as a whole; only their digest is computed."""
    hashed = hashlib.sha256()
    for chunk in Blob("", size, media_type).chunks():
        hashed.update(chunk)
    digest = f"sha256:{hashed.hexdigest()}"
    return Blob(digest, size, media_type, diff_id=digest)


def image(
    layers: Sequence[Blob],
    *,
    platform: str = "linux/amd64",
    docker: bool = False,
    label: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Return an OCI image, or a Docker schema 2 one, over `layers`; `label` makes otherwise equal images differ."""
    config_body: dict[str, Any] = {
        **platform_fields(platform),
        "config": {"Labels": {"test": label}},
        "rootfs": {"type": "layers", "diff_ids": [part.diff_id or part.digest for part in layers]},
        "history": [{"created_by": "tests"} for _ in layers],
    }
    config = blob(_json(config_body), DOCKER_CONFIG if docker else OCI_CONFIG)
    layer_type = DOCKER_LAYER if docker else OCI_LAYER
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": descriptor(config),
        "layers": [descriptor(part) | {"mediaType": layer_type} for part in layers],
    }
    if annotations:
        body["annotations"] = dict(annotations)
    return Manifest(body["mediaType"], _json(body), (config, *layers))


def artifact(
    config: Blob, parts: Sequence[Blob], *, artifact_type: str = "", subject: Manifest | None = None
) -> Manifest:
    """Return an OCI manifest with any config and layers: a chart, a signature, an attestation; of `subject`."""
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    if subject is not None:
        body["subject"] = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.body)}
    if artifact_type:
        body["artifactType"] = artifact_type
    body |= {"config": descriptor(config), "layers": [descriptor(part) for part in parts]}
    return Manifest(OCI_MANIFEST, _json(body), (config, *parts))


def index(
    children: Sequence[tuple[str, Manifest]], *, docker: bool = False, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Return an OCI index, or a Docker manifest list, over `(platform, manifest)` pairs ('' has no platform)."""
    entries = []
    for platform, child in children:
        entry: dict[str, Any] = {
            "mediaType": child.media_type,
            "digest": child.digest,
            "size": len(child.body),
        }
        if platform:
            entry["platform"] = platform_fields(platform)
        entries.append(entry)
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if docker else OCI_INDEX,
        "manifests": entries,
    }
    if annotations:
        body["annotations"] = dict(annotations)
    return Manifest(body["mediaType"], _json(body), (), tuple(child for _, child in children))


def chart(name: str) -> Manifest:
    """Return a Helm 3 chart as OCI artifact."""
    config = blob(_json({"name": name, "version": "1.0.0", "apiVersion": "v2"}), HELM_CONFIG)
    return artifact(config, [layer(f"chart/{name}", 3_000, HELM_CHART)])


def signature(of: Manifest) -> tuple[str, Manifest]:
    """Return the tag and the manifest of a cosign signature of `of`."""
    payload = blob(_json({"critical": {"image": {"docker-manifest-digest": of.digest}}}), COSIGN_SIGNATURE)
    config = blob(_json({"architecture": "", "os": "", "rootfs": {"type": "layers"}}), OCI_CONFIG)
    return of.digest.replace(":", "-") + ".sig", artifact(config, [payload])


def descriptor(part: Blob) -> dict[str, Any]:
    """Return the descriptor of a blob as it stands in a manifest."""
    return {"mediaType": part.media_type, "digest": part.digest, "size": part.size}


def platform_fields(platform: str) -> dict[str, str]:
    """Return `os/architecture[/variant]` as the fields of a platform object."""
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _json(value: object) -> bytes:
    """Serialise with spaces of our own, so that a copy which serialises anew does not hit the same bytes by chance."""
    return json.dumps(value, indent=1).encode()
