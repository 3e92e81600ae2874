"""The room that is kept for the end of a run, on a disk that somebody else fills while it works."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from aiohttp import web

from tests.engine.harness import blob, new_world, picture, progress, until
from tests.faults.test_local import small_disk
from tui.demo.registry import EmbeddedRegistry
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.reserve import Reserve
from tui.engine.journal.schema import JournalError
from tui.engine.outcome import LOCAL

TAGS = [f"v{number}" for number in range(12)]


def fill(disk: Path) -> Path:
    """Write a file until there is no room left, and return it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for piece in (1 << 16, 1 << 12):
            try:
                while file.write(bytes(piece)) == piece:
                    pass
            except OSError:
                continue
    return filler


async def test_a_disk_that_fills_up_stops_the_run_where_nothing_is_lost(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, 24 * 1024):
        async with new_world(disk) as world:
            for number, tag in enumerate(TAGS):
                world.put(picture(tag, blob(number, 9_000)), "library/a", tag)
            folder = world.make(concurrency=1)
            reserve = Reserve(folder.journal).path
            held: list[int] = []

            async def filled(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
                status = reserve.stat()
                held.append(status.st_blocks * 512)
                assert stat.S_IMODE(status.st_mode) == 0o600
                fill(disk)
                await until(lambda: progress(folder)["state"] == "stopping")
                assert not reserve.exists()
                return None

            world.at_target.on("PUT .*/manifests/", filled)
            with pytest.raises(JournalError, match="is full: the run was stopped") as caught:
                await world.work(folder)
            assert "free 16 MB" in caught.value.hint
            assert held[0] > 1_000_000, "its blocks were taken, not promised"
            assert not reserve.exists()
            with JournalReader(folder.journal) as reader:
                assert [row["exit_code"] for row in reader.sessions()] == [LOCAL]
                assert reader.progress()["state"] == "stopped"
                states = {row["state"] for row in reader.tasks()}
                done = [row for row in reader.tasks() if row["state"] == "done"]
            assert states == {"done", "pending"}
            (disk / "filler").unlink()
            assert await world.work(folder) == 0
            assert len(done) < len(world.at_target.requests("PUT .*/manifests/")) == len(TAGS)
            assert all(world.same("library/a", tag) for tag in TAGS)
            assert set(world.at_target.uploads().values()) == {1}
            assert not reserve.exists()


def test_a_disk_without_room_for_it_has_no_reserve(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, 64):
        fill(disk)
        reserve = Reserve(disk / "journal.sqlite")
        reserve.hold()
        assert not reserve.release()
    absent = Reserve(tmp_path / "nowhere" / "journal.sqlite")
    absent.hold()
    assert not absent.release()
