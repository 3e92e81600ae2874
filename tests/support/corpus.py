"""The images the suites copy: every shape a registry holds, small, and the larger corpus of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.support import images
from tests.support.images import Manifest
from tests.support.pusher import Pusher
from tests.support.registry import RealRegistry


@dataclass(frozen=True)
class Entry:
    """A manifest and where it is: one repository, one or more tags."""

    repository: str
    manifest: Manifest
    tags: tuple[str, ...]


def every_shape() -> list[Entry]:
    """Return one image of each kind, about 1 MB together.

    Single OCI and Docker images, OCI index and Docker list, a nested index, layers shared over repositories, an image
    without layers, one with a sha512 layer, the same image under two tags, a Helm chart, an artifact, a cosign
    signature, a deep name.
    """
    base = images.layer("base", 60_000)
    app = images.image([base, images.layer("app", 30_000)], label="app")
    docker = images.image([base, images.layer("docker")], docker=True)
    multi = images.index([(platform, _for_platform(platform)) for platform in PLATFORMS])
    docker_multi = images.index(
        [(platform, _for_platform(platform, docker=True)) for platform in PLATFORMS], docker=True
    )
    nested = images.index([("", multi), ("linux/riscv64", _for_platform("linux/riscv64"))])
    signature_tag, signature = images.signature(app)
    empty = images.blob(b"{}", images.OCI_EMPTY)
    sbom = images.artifact(empty, [images.blob(b'{"sbom": 1}', "text/spdx+json")], artifact_type="text/spdx+json")
    return [
        Entry("library/app", app, ("v1", "latest")),
        Entry("library/app", images.image([base, images.layer("app2")], label="v2"), ("v2",)),
        Entry("library/app", signature, (signature_tag,)),
        Entry("library/docker", docker, ("v1",)),
        Entry("library/multi", multi, ("v1",)),
        Entry("library/docker-multi", docker_multi, ("v1",)),
        Entry("library/nested", nested, ("v1",)),
        Entry("library/empty", images.image([], label="empty"), ("v1",)),
        Entry("library/sha512", images.image([images.with_sha512(images.layer("sha512"))]), ("v1",)),
        Entry("charts/web", images.chart("web"), ("1.0.0",)),
        Entry("artifacts/sbom", sbom, ("v1",)),
        Entry("deep/er/and/deep-er/still__deeper/name.d", images.image([base], label="deep"), ("v1.0_x",)),
    ]


PLATFORMS = ("linux/amd64", "linux/arm64/v8", "windows/amd64")
"""The platforms of the multi-arch images of `every_shape`."""


def many_tags(repository: str = "library/many", count: int = 300) -> Iterator[Entry]:
    """Yield `count` tags in one repository: the same layers, a config of their own."""
    base = images.layer("many", 5_000)
    for number in range(count):
        yield Entry(repository, images.image([base], label=str(number)), (f"t{number:03}",))


def shared_layers(repositories: int, tags: int, *, base_size: int, own_size: int) -> Iterator[Entry]:
    """Yield `repositories` x `tags` images: three base layers common to all, one per repository, one per image."""
    base = [images.layer(f"base{number}", base_size) for number in range(3)]
    for repository in range(repositories):
        middle = images.layer(f"repository{repository}", own_size)
        for tag in range(tags):
            top = images.layer(f"image{repository}-{tag}", own_size)
            image = images.image([*base, middle, top], label=f"{repository}-{tag}")
            yield Entry(f"team{repository % 4}/app{repository:02}", image, (f"v{tag}",))


def push_all(registry: RealRegistry, entries: Iterable[Entry]) -> list[Entry]:
    """Push all entries and return them."""
    pushed = []
    pusher = Pusher(registry)
    try:
        for entry in entries:
            pusher.manifest(entry.repository, entry.manifest, entry.tags)
            pushed.append(entry)
    finally:
        pusher.close()
    return pushed


def repositories(entries: Iterable[Entry]) -> list[str]:
    """Return the repositories of `entries`, each once, in their order."""
    return list(dict.fromkeys(entry.repository for entry in entries))


def tag_count(entries: Iterable[Entry]) -> int:
    """Return how many tags `entries` have together: the number of tasks of a copy."""
    return sum(len(entry.tags) for entry in entries)


def _for_platform(platform: str, *, docker: bool = False) -> Manifest:
    layers = [images.layer("base", 60_000), images.layer(f"for {platform}", 10_000)]
    return images.image(layers, platform=platform, docker=docker)
