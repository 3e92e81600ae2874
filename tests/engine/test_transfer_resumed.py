"""A blob goes on in another process where the first one stopped, when the target still has what it said."""

from __future__ import annotations

import pytest

from tests.engine.faults import hang_up
from tests.engine.wire import LARGE, Wire
from tui.engine.blob_work import CHUNK, SavedUpload
from tui.engine.control import StopRequested


async def stopped_after_one_chunk(wire: Wire) -> SavedUpload:
    """Copy until the first chunk is there, and return what was remembered last."""
    kept: list[SavedUpload | None] = []

    def remember(saved: SavedUpload | None) -> None:
        kept.append(saved)
        wire.control.stop()

    with pytest.raises(StopRequested):
        await wire.copy(LARGE, remember=remember)
    wire.control.stopping = False
    (saved,) = kept
    assert saved is not None
    assert saved.offset == CHUNK
    assert sum(wire.steps) == 0
    return saved


async def test_what_the_target_has_is_neither_read_nor_sent_again(wire: Wire) -> None:
    saved = await stopped_after_one_chunk(wire)
    wire.world.at_source.seen.clear()
    wire.world.at_target.seen.clear()
    kept: list[SavedUpload | None] = []
    await wire.copy(LARGE, saved=saved, remember=kept.append)
    assert wire.arrived(LARGE)
    assert [seen.range for seen in wire.world.at_source.requests("GET .*/blobs/")] == [f"bytes={CHUNK}-"]
    starts = [seen.content_range.partition("-")[0] for seen in wire.world.at_target.requests("PATCH")]
    assert starts == [str(CHUNK), str(2 * CHUNK)]
    assert wire.world.at_target.requests("POST") == []
    assert kept[-1] is None


async def test_a_session_that_is_gone_is_begun_anew(wire: Wire) -> None:
    saved = await stopped_after_one_chunk(wire)
    gone = SavedUpload(saved.location[:-8] + "00000000", saved.offset)
    await wire.copy(LARGE, saved=gone)
    assert wire.arrived(LARGE)


async def test_a_session_that_stands_elsewhere_is_begun_anew(wire: Wire) -> None:
    saved = await stopped_after_one_chunk(wire)
    await wire.copy(LARGE, saved=SavedUpload(saved.location, CHUNK + 1))
    assert wire.arrived(LARGE)
    assert wire.world.target.storage.uploads() == 0


async def test_a_location_at_another_host_is_not_followed(wire: Wire) -> None:
    await wire.copy(LARGE, saved=SavedUpload("http://169.254.169.254/latest/meta-data", CHUNK))
    assert wire.arrived(LARGE)


async def test_a_break_after_taking_up_begins_anew_if_it_must(wire: Wire) -> None:
    saved = await stopped_after_one_chunk(wire)
    wire.world.at_target.on("PUT .*/uploads/", hang_up)
    await wire.copy(LARGE, saved=saved)
    assert wire.arrived(LARGE)
