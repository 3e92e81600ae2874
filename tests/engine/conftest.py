"""A source and a target for every test of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.harness import World, new_world
from tests.engine.wire import Wire, open_wire


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two empty registries; a manifest never came before its content, whatever the test did."""
    async with new_world(tmp_path / "state") as world:
        yield world
        assert world.at_target.violations == []


@pytest.fixture
async def wire(world: World) -> AsyncIterator[Wire]:
    """A source that has three blobs and a target that has none."""
    async with open_wire(world) as wire:
        yield wire
