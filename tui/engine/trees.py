"""Manifests of a run: read once from the source, kept byte for byte in the journal, walked as trees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.schedule import SingleFlight
from tui.engine.work import together
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import UnsupportedContent
from tui.oci.index import keep_platforms
from tui.oci.manifest import Manifest, parse_manifest, unique
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import phrase
from tui.plan.model import Platform

_MAX_DEPTH = 8
_MAX_NODES = 20_000
_MAX_CONFIG = 8 * 1024 * 1024
_CONFIGS_WITH_PLATFORM = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


FindReferrers = Callable[[str], Awaitable[list[Descriptor]]]
"""Returns what refers to the manifest with a digest."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A manifest with everything below it, and with what refers to it: signatures, SBOMs, attestations."""

    root: Manifest
    children: tuple[Tree, ...] = ()
    referrers: tuple[Tree, ...] = ()

    def walk(self) -> Iterator[Manifest]:
        """Yield every manifest, children before their parent, and what refers to it after it."""
        for child in self.children:
            yield from child.walk()
        yield self.root
        for referrer in self.referrers:
            yield from referrer.walk()

    def blobs(self) -> list[Descriptor]:
        """Return every blob below, each digest once."""
        return list({blob.digest: blob for manifest in self.walk() for blob in manifest.blobs}.values())

    def attached(self) -> Iterator[Tree]:
        """Yield the trees of what refers to any part, each before what refers to it in turn."""
        for child in self.children:
            yield from child.attached()
        for referrer in self.referrers:
            yield referrer
            yield from referrer.attached()


def blobs_of(trees: Iterable[Tree]) -> list[Descriptor]:
    """Return every blob below some trees, each digest once."""
    return list({blob.digest: blob for tree in trees for blob in tree.blobs()}.values())


@dataclass(slots=True)
class _Growing:
    """A tree that is being read. `nodes` counts a manifest everywhere it hangs: that is the work the tree makes."""

    client: Registry
    repository: Repository
    find: FindReferrers | None
    nodes: int = 0
    manifests: dict[str, Manifest] = field(default_factory=dict)
    referrers: dict[str, list[Descriptor]] = field(default_factory=dict)


class StoredManifests:
    """Manifests by digest, as far as the journal has them on disk."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    def stored(self, digest: str) -> Manifest | None:
        """Return a manifest the journal has on disk."""
        found = self._reader.manifest(digest)
        return None if found is None else parse_manifest(found[1], found[0], digest)

    def referrers_of(self, repository: Repository, digest: str) -> list[str]:
        """Return the digests of what refers to a manifest in a source repository, as far as it was planned."""
        return [found for found, _ in self._reader.referrers(repository.registry, repository.path, digest)]

    def attached_to(self, repository: Repository, digest: str) -> list[str]:
        """Return the digests of all that is known to refer to a manifest, also where the target had it before."""
        return self._reader.refers(repository.registry, repository.path, digest)

    def added_by(self, task_id: int) -> dict[str, int]:
        """Return the kinds that a task adds to an image the target has, with their counts."""
        return dict(self._reader.detail(task_id).get("adds", {}))

    def stored_tree(self, repository: Repository, digest: str) -> Tree | None:
        """Return a whole tree of a source repository the journal has on disk, None when a part is missing."""
        root = self.stored(digest)
        if root is None:
            return None
        found = self.referrers_of(repository, digest)
        children = [self.stored_tree(repository, child.digest) for child in unique(root.manifests)]
        referrers = [self.stored_tree(repository, referrer) for referrer in found]
        whole = [tree for tree in (*children, *referrers) if tree is not None]
        if len(whole) < len(children) + len(referrers):
            return None
        return Tree(root, tuple(whole[: len(children)]), tuple(whole[len(children) :]))

    def referrer_entries(self, repository: Repository, digest: str) -> list[dict[str, Any]]:
        """Return what refers to a manifest in a source repository as entries of a list of referrers."""
        return [entry for _, entry in self._reader.referrers(repository.registry, repository.path, digest)]


class ManifestStore(StoredManifests):
    """Manifests by digest: from the journal when it has them, else from a registry and then into the journal.

    A short-lived cache keeps what is being read by several tasks at once; nothing is held for the whole run.
    """

    def __init__(self, journal: JournalWriter, reader: JournalReader) -> None:
        super().__init__(reader)
        self._journal = journal
        self._flights: SingleFlight[tuple[Repository, str]] = SingleFlight()
        self._referrer_flights: SingleFlight[tuple[Repository, str]] = SingleFlight()
        self._recorded: set[str] = set()

    def record(self, manifest: Manifest) -> None:
        """Keep a manifest in the journal."""
        if manifest.digest not in self._recorded:
            self._recorded.add(manifest.digest)
            self._journal.manifest(manifest.digest, manifest.media_type, manifest.body)

    async def read_tree(
        self, client: Registry, repository: Repository, root: Manifest, referrers: FindReferrers | None = None
    ) -> Tree:
        """Return the tree below `root`, reading the rest from the source and recording all of it.

        `referrers` finds what refers to a manifest; None takes nothing of it along. Raises UnsupportedContent
        when it is too deep or too large, and RegistryError when a child cannot be read.
        """
        return await self._grow(_Growing(client, repository, referrers), root, 0)

    async def _grow(self, growing: _Growing, manifest: Manifest, depth: int) -> Tree:
        found = await self._referrers(growing, manifest.digest)
        children = unique(manifest.manifests)
        growing.nodes += len(children) + len(found)
        if depth > _MAX_DEPTH or growing.nodes > _MAX_NODES:
            raise UnsupportedContent(
                phrase(
                    "the index is nested deeper than {max_depth} levels or has more than {max_nodes} entries",
                    max_depth=_MAX_DEPTH,
                    max_nodes=_MAX_NODES,
                ),
                endpoint=growing.repository.registry,
                reference=f"{growing.repository}@{manifest.digest}",
            )
        self.record(manifest)
        for referrer in found:
            place = growing.repository
            entry = referrer.as_referrer()
            self._journal.referrer(place.registry, place.path, manifest.digest, referrer.digest, entry)
        trees = await together(self._child(growing, child, depth + 1) for child in (*children, *found))
        return Tree(manifest, tuple(trees[: len(children)]), tuple(trees[len(children) :]))

    async def _child(self, growing: _Growing, child: Descriptor, depth: int) -> Tree:
        if child.digest not in growing.manifests:
            client, repository = growing.client, growing.repository
            key = (repository, child.digest)
            read = await self._flights.run(key, lambda: client.get_manifest(repository, child.digest))
            growing.manifests[child.digest] = read
        return await self._grow(growing, growing.manifests[child.digest], depth)

    async def _referrers(self, growing: _Growing, digest: str) -> list[Descriptor]:
        find = growing.find
        if find is None:
            return []
        if digest not in growing.referrers:
            key = (growing.repository, digest)
            growing.referrers[digest] = await self._referrer_flights.run(key, lambda: find(digest))
        return growing.referrers[digest]


def platforms_of(whole: Manifest, root: Manifest) -> dict[str, list[str]]:
    """Return which platforms of an index are `kept` and `dropped` in the one that is copied; nothing if all are kept.

    What BuildKit attests of an image is not counted: it goes where its image goes.
    """
    if root is whole:
        return {}
    kept = {entry.digest for entry in root.manifests}
    named = [(entry.digest in kept, str(entry.platform)) for entry in whole.manifests if entry.platform]
    named = [(stays, name) for stays, name in named if name != "unknown/unknown"]
    return {"kept": [name for stays, name in named if stays], "dropped": [name for stays, name in named if not stays]}


async def filter_platforms(
    client: Registry, repository: Repository, manifest: Manifest, platforms: tuple[Platform, ...]
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
    config = next((blob for blob in manifest.blobs if blob.media_type == manifest.config_type), None)
    if config is None:  # it lives elsewhere, by a URL
        return manifest
    return manifest if wanted(await client.get_image_config(repository, config, _MAX_CONFIG)) else None
