"""Manifests of a run: read once from the source, kept byte for byte in the journal, walked as trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.schedule import SingleFlight
from tui.engine.work import together
from tui.oci.client import RegistryClient
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import UnsupportedContent
from tui.oci.index import keep_platforms
from tui.oci.manifest import Manifest, parse_manifest
from tui.oci.reference import Repository
from tui.plan.model import Platform

_MAX_DEPTH = 8
_MAX_NODES = 100_000
_MAX_CONFIG = 8 * 1024 * 1024
_CONFIGS_WITH_PLATFORM = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


@dataclass(frozen=True, slots=True)
class Tree:
    """A manifest with everything below it, children first."""

    root: Manifest
    children: tuple[Tree, ...] = ()

    def walk(self) -> Iterator[Manifest]:
        """Yield every manifest, children before their parent."""
        for child in self.children:
            yield from child.walk()
        yield self.root

    def blobs(self) -> list[Descriptor]:
        """Return every blob below, each digest once."""
        return list({blob.digest: blob for manifest in self.walk() for blob in manifest.blobs}.values())


class ManifestStore:
    """Manifests by digest: from the journal when it has them, else from a registry and then into the journal.

    A short-lived cache keeps what is being read by several tasks at once; nothing is held for the whole run.
    """

    def __init__(self, journal: JournalWriter, reader: JournalReader) -> None:
        self._journal = journal
        self._reader = reader
        self._flights: SingleFlight[str] = SingleFlight()
        self._recorded: set[str] = set()

    def record(self, manifest: Manifest) -> None:
        """Keep a manifest in the journal."""
        if manifest.digest not in self._recorded:
            self._recorded.add(manifest.digest)
            self._journal.manifest(manifest.digest, manifest.media_type, manifest.body)

    def stored(self, digest: str) -> Manifest | None:
        """Return a manifest the journal has on disk."""
        found = self._reader.manifest(digest)
        return None if found is None else parse_manifest(found[1], found[0], digest)

    def stored_tree(self, digest: str) -> Tree | None:
        """Return a whole tree the journal has on disk, None when a part is missing."""
        root = self.stored(digest)
        if root is None:
            return None
        children = [self.stored_tree(child.digest) for child in root.manifests]
        whole = tuple(child for child in children if child is not None)
        return Tree(root, whole) if len(whole) == len(children) else None

    async def read_tree(self, client: RegistryClient, repository: Repository, root: Manifest) -> Tree:
        """Return the tree below `root`, reading children from the source and recording all of it.

        Raises UnsupportedContent when it is too deep or too large, and RegistryError when a child cannot be read.
        """
        seen: set[str] = set()
        return await self._grow(client, repository, root, 0, seen)

    async def _grow(
        self, client: RegistryClient, repository: Repository, manifest: Manifest, depth: int, seen: set[str]
    ) -> Tree:
        seen.update(child.digest for child in manifest.manifests)
        if depth > _MAX_DEPTH or len(seen) > _MAX_NODES:
            raise UnsupportedContent(f"the index is nested deeper than {_MAX_DEPTH} levels or has too many entries")
        self.record(manifest)
        children = await together(
            self._child(client, repository, child, depth + 1, seen) for child in manifest.manifests
        )
        return Tree(manifest, tuple(children))

    async def _child(
        self, client: RegistryClient, repository: Repository, child: Descriptor, depth: int, seen: set[str]
    ) -> Tree:
        manifest = await self._flights.run(child.digest, lambda: client.get_manifest(repository, child.digest))
        return await self._grow(client, repository, manifest, depth, seen)


async def filter_platforms(
    client: RegistryClient, repository: Repository, manifest: Manifest, platforms: tuple[Platform, ...]
) -> Manifest | None:
    """Return `manifest` reduced to `platforms`: the same one when all of it stays, None when nothing does.

    An index is rewritten; the platform of a single image is read from its config. Other artifacts always stay.
    """
    if not platforms:
        return manifest

    def wanted(platform: ImagePlatform) -> bool:
        return any(
            choice.matches(platform.os, platform.architecture, platform.variant, platform.os_version)
            for choice in platforms
        )

    if manifest.is_index:
        return keep_platforms(manifest, wanted)
    if manifest.config_type not in _CONFIGS_WITH_PLATFORM:
        return manifest
    config = await client.get_image_config(repository, manifest.blobs[0], _MAX_CONFIG)
    return manifest if wanted(config) else None
