"""Two embedded registries with a script each, and runs of the engine between them in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.engine.harness import QUICK, Outcome, PlainAccess, is_whole
from tests.support.faults import Script
from tui.demo.images import Artifact
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.engine.manner import Manner
from tui.engine.runner import make_run, work_on
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Plan, Rule

CHUNK = 2000
"""Bytes in one PATCH with the fixture `small_chunks`, so that small blobs are large ones."""


@dataclass
class Scene:
    """A source, a target, what is scripted at each, and runs between them."""

    state: Path
    source: EmbeddedRegistry
    target: EmbeddedRegistry
    at_source: Script
    at_target: Script

    def put(self, artifact: Artifact, repository: str, *tags: str) -> str:
        """Put an image into the source and return its digest."""
        return artifact.put(self.source.storage, repository, *tags)

    async def run(self, path: str = "*", *, target: str = "{path}", **options: Any) -> Outcome:
        """Copy `path` (a repository or a pattern) and return what came of it."""
        rule = Rule(self.source.address, path, f"{self.target.address}/{target}")
        plan = Plan("test", (rule,), Options(**{"retries": 2, **options}))
        return await self.work(make_run(self.state, plan, {}))

    async def work(self, folder: RunFolder, **manner: Any) -> Outcome:
        """Work on a run that was made before."""
        how = Manner(**{"requests": replace(QUICK), "pause": lambda _: 0.001, **manner})
        return Outcome(folder, await work_on(folder, PlainAccess(), PlainAccess(), how))

    def whole(self, repository: str, tag: str, target: str = "") -> bool:
        """Whether the target has the source's image, whole and byte for byte."""
        stored = self.source.storage.manifest(repository, tag)
        found = self.target.storage.manifest(target or repository, tag)
        if stored is None or found is None:
            return False
        return found.digest == stored.digest and is_whole(self.target, target or repository, tag)


@asynccontextmanager
async def scene(state: Path, at_source: Script | None = None, at_target: Script | None = None) -> AsyncIterator[Scene]:
    """Start two empty registries with these scripts; at the end no client may have sent what it must not."""
    scripts = at_source or Script(), at_target or Script()
    source, target = (script.attach(EmbeddedRegistry(MemoryStorage())) for script in scripts)
    async with source, target:
        yield Scene(state, source, target, *scripts)
    assert [complaint for script in scripts for complaint in script.complaints] == []
