"""Manifests with everything below them, read within limits and kept by digest."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.oci.descriptor import Descriptor
from tui.oci.errors import IntegrityError, RegistryError
from tui.oci.manifest import Manifest
from tui.oci.reference import Repository, digest_of, is_digest
from tui.oci.saying import N_
from tui.providers.cache import DigestCache
from tui.providers.content import (
    ImageConfig,
    ManifestNode,
    annotations_of,
    config_of,
    layers_of,
    parse_config,
)
from tui.providers.content_kinds import IMAGE_CONFIGS, kind_of_manifest, kind_of_type

if TYPE_CHECKING:
    from tui.oci.registry import Registry

MAX_DEPTH = 4
"""Indexes within indexes."""
MAX_MANIFESTS = 200
"""Manifests read for one tree."""
MAX_CONFIG = 4 * 1024 * 1024
"""Bytes of the largest config that is read."""
_KEPT_MANIFESTS = 32 * 1024 * 1024
_KEPT_CONFIGS = 5000
_MOST_TAGS = 50_000

_ATTESTATION = "vnd.docker.reference.type"


@dataclass(slots=True)
class _Budget:
    left: int = MAX_MANIFESTS


class TreeReader:
    """Reads manifests and configs of one registry, `at_once` blobs at a time (the client gates everything else)."""

    def __init__(self, client: Registry, at_once: int) -> None:
        self._client = client
        self._blobs = asyncio.Semaphore(at_once)
        self._manifests: DigestCache[Manifest] = DigestCache(_KEPT_MANIFESTS, lambda manifest: manifest.size)
        self._configs: DigestCache[ImageConfig | None] = DigestCache(_KEPT_CONFIGS, lambda _: 1)
        self._known_tags: dict[tuple[Repository, str], str] = {}

    async def manifest(self, repository: Repository, target: str) -> Manifest:
        """Return the manifest under a tag or digest. A tag that was seen before costs a HEAD. Raises RegistryError."""
        if is_digest(target):
            return await self._manifests.get(target, lambda: self._client.get_manifest(repository, target))
        if self._manifests.peek(self._known_tags.get((repository, target), "")) is not None:
            head = await self._client.head_manifest(repository, target)
            kept = self._manifests.peek(head.digest) if head is not None else None
            if kept is not None:
                return kept
        manifest = await self._client.get_manifest(repository, target)
        if len(self._known_tags) >= _MOST_TAGS:
            self._known_tags.clear()
        self._known_tags[repository, target] = manifest.digest
        self._manifests.keep(manifest.digest, manifest)
        return manifest

    async def tree(self, repository: Repository, manifest: Manifest, *, configs: bool) -> ManifestNode:
        """Return a manifest with everything below it, with what the configs say if `configs`.

        A child that cannot be read becomes a node with a `problem`; nothing is raised for it.
        """
        return await self._node(repository, manifest, "", configs, MAX_DEPTH, _Budget())

    async def config(self, repository: Repository, node: ManifestNode) -> ImageConfig | None:
        """Return what the config of an image says; None when there is none, or it is no JSON. Raises RegistryError."""
        digest, size = node.config_digest, node.config_size
        if node.kind != "image" or not digest or size > MAX_CONFIG:
            return None
        return await self._configs.get(digest, lambda: self._read_config(repository, digest, size))

    async def _node(
        self, repository: Repository, manifest: Manifest, platform: str, configs: bool, depth: int, budget: _Budget
    ) -> ManifestNode:
        config = config_of(manifest)
        entries = manifest.manifests if depth > 0 else ()
        entries = entries[: max(0, budget.left)]
        budget.left -= len(entries)
        children = await asyncio.gather(
            *(self._child(repository, entry, configs, depth - 1, budget) for entry in entries)
        )
        node = ManifestNode(
            digest=manifest.digest,
            media_type=manifest.media_type,
            size=manifest.size,
            kind=kind_of_manifest(manifest),
            platform=platform,
            artifact_type=manifest.artifact_type or (_artifact_type(manifest) if not manifest.is_index else ""),
            annotations=annotations_of(manifest),
            config_digest=config.digest if config else "",
            config_size=config.size if config else 0,
            layers=layers_of(manifest),
            children=tuple(children),
            subject=manifest.subject.digest if manifest.subject else "",
            raw=manifest.body,
            left_out=len(manifest.manifests) - len(entries),
        )
        return await self._with_config(repository, node) if configs else node

    async def _child(
        self, repository: Repository, entry: Descriptor, configs: bool, depth: int, budget: _Budget
    ) -> ManifestNode:
        platform = str(entry.platform) if entry.platform else ""
        try:
            manifest = await self.manifest(repository, entry.digest)
        except RegistryError as error:
            kind = kind_of_type(entry.artifact_type)
            return ManifestNode(
                entry.digest, entry.media_type, entry.size, kind, platform, problem=error.message, raw=b""
            )
        node = await self._node(repository, manifest, platform, configs, depth, budget)
        if entry.annotations.get(_ATTESTATION) == "attestation-manifest":
            node = replace(node, kind="attestation")
        return replace(node, annotations={**entry.annotations, **node.annotations})

    async def _with_config(self, repository: Repository, node: ManifestNode) -> ManifestNode:
        try:
            config = await self.config(repository, node)
        except RegistryError as error:
            return replace(node, problem=error.message)
        if config is None:
            return node
        return replace(node, config=config, platform=node.platform or config.platform)

    async def _read_config(self, repository: Repository, digest: str, size: int) -> ImageConfig | None:
        body = bytearray()
        async with self._blobs, self._client.read_blob(repository, digest) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > size:
                    break
        if digest_of(bytes(body), digest.partition(":")[0]) != digest:
            raise IntegrityError(
                N_("the image config is not what the manifest promises"),
                endpoint=repository.registry,
                reference=f"{repository}@{digest}",
            )
        return parse_config(bytes(body))


def _artifact_type(manifest: Manifest) -> str:
    return "" if manifest.config_type in IMAGE_CONFIGS else manifest.config_type
