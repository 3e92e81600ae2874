"""Two clients and the blobs to move between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.engine.harness import QUICK, PlainAccess, World, blob
from tui.demo.images import Content
from tui.engine.blob_work import CHUNK, BlobWork
from tui.engine.control import Control
from tui.engine.transfer import copy_blob
from tui.oci.client import RegistryClient
from tui.oci.reference import Repository

SMALL = blob(1, 1000)
LARGE = blob(2, 2 * CHUNK + 1000)
EXACT = blob(3, 2 * CHUNK)
PATH = "library/app"


@dataclass
class Wire:
    """Clients of a source that has the blobs and of a target that has not, and what was told of the progress."""

    world: World
    source: RegistryClient
    target: RegistryClient
    control: Control = field(default_factory=lambda: Control(1))
    steps: list[int] = field(default_factory=list)

    def work(self, part: Content, **other: Any) -> BlobWork:
        values: dict[str, Any] = {
            "digest": part.digest,
            "size": len(part.body),
            "source": self.source,
            "source_repository": Repository(self.world.source.address, PATH),
            "target": self.target,
            "target_repository": Repository(self.world.target.address, PATH),
            "advanced": self.steps.append,
            "checkpoint": self.control.checkpoint,
        }
        return BlobWork(**{**values, **other})

    async def copy(self, part: Content, **other: Any) -> None:
        await copy_blob(self.work(part, **other))

    def arrived(self, part: Content) -> bool:
        """Whether the target has the blob, whole, and progress was told to the byte, and nothing is left open."""
        storage = self.world.target.storage
        there = storage.has_blob(PATH, part.digest) and storage.read(part.digest) == part.body
        return there and sum(self.steps) == len(part.body)

    def nothing_left(self) -> bool:
        """Whether the target has neither a blob nor an open session, and progress was taken back."""
        storage = self.world.target.storage
        blobs = [part for part in (SMALL, LARGE, EXACT) if storage.has_blob(PATH, part.digest)]
        return not blobs and storage.uploads() == 0 and sum(self.steps) == 0


@asynccontextmanager
async def open_wire(world: World) -> AsyncIterator[Wire]:
    """Put the blobs into the source and open a client on each side."""
    for part in (SMALL, LARGE, EXACT):
        world.source.storage.put_blob(PATH, part.body)
    access = PlainAccess()
    sides = [await access.access(Repository(registry.address, PATH)) for registry in (world.source, world.target)]
    async with RegistryClient(sides[0], retry=QUICK) as source, RegistryClient(sides[1], retry=QUICK) as target:
        yield Wire(world, source, target)
