"""What is known of tags besides their names: when they were pushed, or made, and their labels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from tui.engine.registries import Registries
from tui.engine.schedule import SingleFlight
from tui.engine.work import together
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError, UnsupportedContent
from tui.oci.manifest import Manifest
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.plan.selection import TagFacts

if TYPE_CHECKING:
    from tui.providers.tree import TreeReader

AT_ONCE = 8
"""Tags of one repository whose configs are read together."""
_CREATED = "org.opencontainers.image.created"


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts by tag. `time` says what their times are, '' when nobody asked; `asked` of how many tags it was read."""

    by_tag: dict[str, TagFacts]
    time: Literal["", "pushed", "created"] = ""
    asked: int = 0


class LabelsUnknown(RegistryError):
    """Labels are asked for where the registry has none, or none for this account."""

    kind = "UNSUPPORTED"
    default_hint = N_("labels are Harbor's: choose by name at other registries")


class FactFinder:
    """Asks the sources of a run. A Harbor tells everything in one list; elsewhere the image configs are read."""

    def __init__(self, registries: Registries) -> None:
        self._registries = registries
        self._kinds: dict[str, str] = {}
        self._flights: SingleFlight[str] = SingleFlight()

    async def of(self, repository: Repository, tags: Iterable[str], *, labels: bool) -> Facts:
        """Return the facts of tags; `labels` are wanted besides the times.

        Costs one request for every hundred artifacts at a Harbor, elsewhere two for each image and three for each
        index. Raises RegistryError, LabelsUnknown among them.
        """
        wanted = list(tags)
        if not wanted:
            return Facts({})
        if await self._kind(repository) == "harbor":
            try:
                return await self._of_harbor(repository)
            except (Denied, NotFound, PolicyRefused) as error:
                if labels:
                    raise LabelsUnknown(
                        phrase("Harbor does not tell the labels: {message}", message=error.message),
                        endpoint=repository.registry,
                        reference=str(repository),
                        hint=error.hint,
                    ) from error
        elif labels:
            raise LabelsUnknown(
                N_("the registry knows no labels"), endpoint=repository.registry, reference=str(repository)
            )
        return await self._of_configs(repository, wanted)

    async def _kind(self, repository: Repository) -> str:
        registry = repository.registry
        if not isinstance(await self._registries.source(repository), RegistryClient):
            return "generic"  # images on a disk: nobody to ask
        if registry not in self._kinds:
            from tui.providers.detect import detect

            access = await self._registries.access("source", repository)
            found = await self._flights.run(registry, lambda: detect(access.connection))
            self._kinds[registry] = found.kind
        return self._kinds[registry]

    async def _of_harbor(self, repository: Repository) -> Facts:
        from tui.providers.harbor.client import Harbor
        from tui.providers.harbor.source import HarborSource

        client = await self._registries.source(repository)
        access = await self._registries.access("source", repository)
        found: dict[str, TagFacts] = {}
        async with (
            Harbor(access, host=client.host) as harbor,
            aclosing(HarborSource(harbor).tags(repository.path)) as pages,
        ):
            async for page in pages:
                for tag, artifact in page:
                    labels = frozenset(label.name for label in artifact.labels) if artifact else frozenset()
                    pushed = tag.pushed or (artifact.pushed if artifact else None)
                    found[tag.name] = TagFacts(pushed, labels)
        return Facts(found, "pushed", len(found))

    async def _of_configs(self, repository: Repository, tags: list[str]) -> Facts:
        from tui.providers.tree import TreeReader

        client = await self._registries.source(repository)
        reader = TreeReader(client, AT_ONCE)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(tag: str) -> TagFacts:
            async with gate:
                return TagFacts(await _created(reader, repository, tag))

        times = await together(one(tag) for tag in tags)
        return Facts(dict(zip(tags, times, strict=True)), "created", len(tags))


async def _created(reader: TreeReader, repository: Repository, tag: str) -> datetime | None:
    """Return when what is under a tag was made; of an index its first image. None when that is not said."""
    from tui.providers.content import parse_time

    try:
        manifest: Manifest = await reader.manifest(repository, tag)
        if manifest.is_index:
            if not manifest.manifests:
                return None
            manifest = await reader.manifest(repository, manifest.manifests[0].digest)
        node = await reader.tree(repository, manifest, configs=True)
    except (NotFound, UnsupportedContent):
        return None  # gone meanwhile, or nothing we copy: its own task says so
    return (node.config.created if node.config else None) or parse_time(node.annotations.get(_CREATED))
