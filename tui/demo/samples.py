"""What the demo registry is filled with: a small company's images, and many tiny ones for benchmarks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.demo.images import (
    CONFIG,
    EMPTY,
    Artifact,
    Content,
    archive,
    artifact,
    content,
    image,
    index,
    json_content,
    layer,
)

if TYPE_CHECKING:  # samples need the storage alone; the server costs the import of aiohttp
    from tui.demo.registry import EmbeddedRegistry

_KIB = 1024
_LAYERS = {  # name: KiB before compression, at scale 1
    "debian-12.5": 7000,
    "debian-12.6": 7200,
    "debian-12.6-arm64": 6800,
    "openssl": 1500,
    "nginx-1.24.0": 2400,
    "nginx-1.25.3": 2500,
    "nginx-1.25.3-arm64": 2400,
    "redis-7.0.15": 1800,
    "redis-7.2.4": 1900,
    "python-3.12": 9000,
    "app-1.3.0": 600,
    "app-1.4.1": 640,
    "app-1.4.2": 650,
    "worker-2024.05": 900,
    "worker-2024.06": 950,
    "tool-0.3.1": 300,
    "portal-3.1": 1200,
    "portal-4.0": 1300,
    "portal-4.0-arm64": 1250,
}
_ARM64 = "linux/arm64/v8"
_SBOM = "application/spdx+json"
_HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


@dataclass(frozen=True, slots=True)
class Sample:
    """One tag that was put into the registry."""

    repository: str
    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class Samples:
    """What `load_samples` put in: every tag, and how many bytes of blobs and manifests that is without repetition."""

    tags: tuple[Sample, ...]
    size: int


async def load_samples(registry: EmbeddedRegistry, scale: float = 1) -> Samples:
    """Fill `registry` with the sample images, past its network side.

    Layers are `scale` times their usual size (about 35 MB in all at 1), made in threads, all of them in memory at
    once. The content depends on `scale` alone.
    """
    made = await asyncio.gather(
        *(asyncio.to_thread(layer, name, int(size * _KIB * scale), _files(name)) for name, size in _LAYERS.items())
    )
    layers = dict(zip(_LAYERS, made, strict=True))
    tags: list[Sample] = []
    sizes: dict[str, int] = {}
    for repository, names, sample in _catalog(layers):
        digest = sample.put(registry.storage, repository, *names)
        tags += [Sample(repository, name, digest) for name in names]
        sizes.update(_sizes(sample))
    return Samples(tuple(tags), sum(sizes.values()))


async def load_many(registry: EmbeddedRegistry, tags: int = 10_000, repositories: int = 100) -> Samples:
    """Fill `registry` with `tags` tiny images spread evenly over `repositories` (`bench/repo-0000`, ...).

    Every tag has a manifest of its own; the config is one per repository and the layer one for all.
    """
    storage = registry.storage
    shared = layer("bench", 4 * _KIB)
    made: list[Sample] = []
    sizes: dict[str, int] = {}
    for number in range(repositories):
        repository = f"bench/repo-{number:04}"
        base = image([shared], labels={"repository": repository})
        fields = json.loads(base.manifest.body)
        sizes.update(_sizes(base))
        for blob in base.blobs:
            storage.put_blob(repository, blob.body, blob.digest)
        for count in range(number, tags, repositories):
            nth = count // repositories
            tag = f"1.{nth // 10}.{nth % 10}"
            fields["annotations"] = {"org.opencontainers.image.version": tag}
            manifest = json_content(base.manifest.media_type, fields)
            storage.put_manifest(repository, manifest.body, manifest.media_type, digest=manifest.digest, tags=[tag])
            sizes[manifest.digest] = len(manifest.body)
            made.append(Sample(repository, tag, manifest.digest))
        await asyncio.sleep(0)  # the registry goes on serving meanwhile
    return Samples(tuple(made), sum(sizes.values()))


def _catalog(layers: dict[str, Content]) -> Iterator[tuple[str, tuple[str, ...], Artifact]]:
    """Yield repository, tags and artifact of every sample."""

    def of(*names: str, platform: str = "linux/amd64", docker: bool = False) -> Artifact:
        return image([layers[name] for name in names], platform, docker=docker, labels={"maintainer": "demo"})

    old, base, arm_base, python = "debian-12.5", "debian-12.6", "debian-12.6-arm64", "python-3.12"

    yield "library/base", ("12.5",), of(old)
    yield "library/base", ("12.6", "12", "latest"), index([of(base), of(arm_base, platform=_ARM64)])

    yield "library/nginx", ("1.24.0",), of(old, "openssl", "nginx-1.24.0")
    nginx = of(base, "openssl", "nginx-1.25.3")
    nginx_arm = of(arm_base, "nginx-1.25.3-arm64", platform=_ARM64)
    yield "library/nginx", ("1.25.3-amd64",), nginx
    yield "library/nginx", ("1.25.3", "1.25", "stable", "latest"), index([nginx, nginx_arm])
    yield "library/redis", ("7.0.15",), of(old, "redis-7.0.15")
    yield "library/redis", ("7.2.4", "7.2", "latest"), of(base, "openssl", "redis-7.2.4")

    yield "team/app", ("1.3.0",), of(base, python, "app-1.3.0")
    yield "team/app", ("1.4.1",), of(base, python, "app-1.4.1")
    app = of(base, python, "app-1.4.2")
    yield "team/app", ("1.4.2", "latest"), app
    yield "team/app", ("1.5.0-rc1",), of(base, python, "app-1.4.2", "openssl")
    yield "team/app", (app.digest.replace(":", "-") + ".sig",), _signature(app.manifest)
    yield "team/app", (), _sbom(app.manifest)
    yield "team/worker", ("2024.05.1",), of(base, python, "worker-2024.05")
    yield "team/worker", ("2024.06.0", "latest"), of(base, python, "worker-2024.06")
    yield "team/deep/nested/tool", ("0.3.1", "latest"), of(base, "tool-0.3.1")

    yield "charts/web", ("1.2.0",), _chart("web", "1.2.0", "1.24.0")
    yield "charts/web", ("1.3.0",), _chart("web", "1.3.0", "1.25.3")

    yield "legacy/portal", ("3.1",), of(old, "portal-3.1", docker=True)
    portal = of(base, "portal-4.0", docker=True)
    portal_arm = of(arm_base, "portal-4.0-arm64", platform=_ARM64, docker=True)
    yield "legacy/portal", ("4.0", "latest"), index([portal, portal_arm], docker=True)


def _files(name: str) -> dict[str, bytes]:
    """Return the small files of a layer that make it look like what it is called."""
    product, _, version = name.partition("-")
    files = {f"usr/share/doc/{product}/copyright": f"{product} {version}, sample content\n".encode()}
    if product == "debian":
        release = f'PRETTY_NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="{version}"\n'
        files["etc/os-release"] = release.encode()
    return files


def _signature(signed: Content) -> Artifact:
    """Return what cosign stores under `sha256-<hex>.sig`. The signature itself is made up."""
    payload = {
        "critical": {
            "identity": {"docker-reference": ""},
            "image": {"docker-manifest-digest": signed.digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    body = json_content(_SIMPLE_SIGNING, payload)
    made_up = base64.b64encode(hashlib.sha512(body.body).digest()).decode()
    config = {
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [body.digest]},
        "config": {},
    }
    return artifact(
        json_content(CONFIG, config), [body], layer_annotations={"dev.cosignproject.cosign/signature": made_up}
    )


def _sbom(subject: Content) -> Artifact:
    """Return an SPDX document as an OCI 1.1 referrer of `subject`."""
    document = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "team/app",
        "dataLicense": "CC0-1.0",
        "packages": [
            {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION"}
            for name, version in (("debian", "12.6"), ("python", "3.12"), ("app", "1.4.2"))
        ],
    }
    return artifact(
        content(EMPTY, b"{}"),
        [json_content(_SBOM, document)],
        artifact_type=_SBOM,
        subject=subject,
        annotations={"org.opencontainers.image.created": "2024-03-01T09:00:00Z"},
    )


def _chart(name: str, version: str, app_version: str) -> Artifact:
    """Return a Helm chart as `helm push` stores it."""
    about = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "appVersion": app_version,
        "description": "The web front of the sample company",
        "type": "application",
    }
    # JSON is YAML: no quoting rules to get wrong
    values = {"image": {"repository": "library/nginx", "tag": app_version}, "replicas": 2}
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n"
        "  replicas: {{ .Values.replicas }}\n"
    )
    files = {
        f"{name}/Chart.yaml": json.dumps(about, indent=2).encode(),
        f"{name}/values.yaml": json.dumps(values, indent=2).encode(),
        f"{name}/templates/deployment.yaml": deployment.encode(),
    }
    return artifact(json_content(_HELM_CONFIG, about), [content(_HELM_CHART, archive(files))])


def _sizes(sample: Artifact) -> dict[str, int]:
    """Return the size of everything in `sample`, by digest."""
    found = {part.digest: len(part.body) for part in (sample.manifest, *sample.blobs)}
    for child in sample.children:
        found.update(_sizes(child))
    return found
