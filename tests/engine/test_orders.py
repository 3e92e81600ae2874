"""Orders through the journal while a run is under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.engine.faults import Hold, refuse
from tests.engine.harness import World, blob, picture, progress, tasks, until
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.runs import RunFolder

BASE = blob(1, 5000)
COUNT = 8


@dataclass
class Running:
    """A run under way whose blobs wait at the source."""

    world: World
    folder: RunFolder
    hold: Hold
    working: asyncio.Task[int]

    def order(self, verb: str, argument: str = "") -> None:
        give_order(self.folder.journal, verb, argument)

    async def obeyed(self) -> None:
        def seen() -> bool:
            with JournalReader(self.folder.journal) as reader:
                return all(row["seen"] for row in reader._connection.execute("SELECT seen FROM control"))

        await until(seen)

    def states(self) -> list[str]:
        return [task["state"] for task in tasks(self.folder)]

    def number(self, path: str) -> str:
        return next(str(task["id"]) for task in tasks(self.folder) if task["source_path"] == path)

    async def end(self) -> int:
        self.hold.release()
        return await self.working


@pytest.fixture
async def running(world: World) -> AsyncIterator[Running]:
    for number in range(COUNT):
        world.put(picture(f"{number}", blob(100 + number, 300)), f"library/app{number}", "v1")
    hold = Hold()
    world.at_source.on("GET .*/blobs/", hold, times=10_000)
    folder = world.make(concurrency=2)
    working = asyncio.create_task(world.work(folder))
    running = Running(world, folder, hold, working)
    await until(lambda: running.states().count("running") == 2)
    yield running
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_pause_and_resume(running: Running) -> None:
    running.order("pause")
    await until(lambda: progress(running.folder)["state"] == "paused")
    running.hold.release()
    await asyncio.sleep(0.3)
    assert "pending" in running.states()
    assert "done" not in running.states()  # a checkpoint lies before every manifest
    running.order("resume")
    assert await running.end() == 0
    assert running.states() == ["done"] * COUNT


async def test_stop_and_go_on(running: Running) -> None:
    running.order("stop")
    await until(lambda: progress(running.folder)["state"] == "stopping")
    assert await running.end() == 6
    assert progress(running.folder)["state"] == "stopped"
    assert set(running.states()) <= {"pending", "done"}
    assert running.world.target.storage.uploads() == 0
    assert await running.world.work(running.folder) == 0
    assert running.states() == ["done"] * COUNT


async def test_a_stop_that_nobody_saw_does_not_stop_the_next_process(running: Running) -> None:
    running.order("stop")
    await until(lambda: progress(running.folder)["state"] == "stopping")
    running.order("stop")
    assert await running.end() == 6
    running.order("stop")
    assert await running.world.work(running.folder) == 0


async def test_a_paused_run_can_be_stopped(running: Running) -> None:
    running.order("pause")
    await until(lambda: progress(running.folder)["state"] == "paused")
    running.order("stop")
    assert await running.end() == 6


async def test_more_and_fewer_at_once(running: Running) -> None:
    running.order("concurrency", "5")
    await until(lambda: running.states().count("running") == 5)
    assert progress(running.folder)["concurrency"] == 5
    running.order("concurrency", "0")
    await until(lambda: progress(running.folder)["concurrency"] == 1)
    running.order("concurrency", "100000")
    await until(lambda: progress(running.folder)["concurrency"] == 256)
    assert await running.end() == 0


async def test_how_many_at_once_stays_when_the_run_goes_on(running: Running) -> None:
    running.order("concurrency", "3")
    running.order("stop")
    await until(lambda: progress(running.folder)["state"] == "stopping")
    assert await running.end() == 6
    again = Hold()
    running.world.at_source.faults.clear()
    running.world.at_source.on("GET .*/blobs/", again, times=10_000)
    working = asyncio.create_task(running.world.work(running.folder))
    await until(lambda: running.states().count("running") == 3)
    await asyncio.sleep(0.2)
    assert running.states().count("running") == 3
    again.release()
    assert await working == 0


async def test_skip(running: Running) -> None:
    number = running.number("library/app7")
    under_way = next(str(task["id"]) for task in tasks(running.folder) if task["state"] == "running")
    running.order("skip", f"{number},{under_way},999")
    await running.obeyed()
    assert await running.end() == 0
    states = {str(task["id"]): (task["state"], task["message"]) for task in tasks(running.folder)}
    assert states[number] == ("skipped", "skipped on request")
    assert states[under_way][0] == "done"  # what is under way is not torn out
    assert not running.world.target.storage.tags("library/app7")


@pytest.mark.parametrize(
    ("verb", "argument"), [("dance", ""), ("concurrency", "many"), ("skip", "app7"), ("retry", "")]
)
async def test_what_is_not_understood_changes_nothing_and_is_noted(running: Running, verb: str, argument: str) -> None:
    running.order(verb, argument)
    await running.obeyed()
    assert await running.end() == 0
    with JournalReader(running.folder.journal) as reader:
        (notice,) = reader.notices()
        assert repr(verb) in notice["text"]


async def test_retry_tries_once_more_what_would_not_be_tried_again(running: Running) -> None:
    denied = running.world.at_target.on("POST .*/app7/", refuse(403, "DENIED"), times=1)
    number = running.number("library/app7")
    running.order("retry", number)
    await running.obeyed()
    assert await running.end() == 0
    assert denied.happened == 1
    (task,) = [task for task in tasks(running.folder) if str(task["id"]) == number]
    assert (task["state"], task["attempts"]) == ("done", 2)


async def test_skip_while_it_waits_to_try_again(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    world.at_target.on("PUT .*/manifests/v1", refuse(500), times=8)
    folder = world.make()
    working = asyncio.create_task(world.work(folder, pause=lambda _: 1.0))
    await until(lambda: progress(folder)["state"] == "waiting")
    number = next(str(task["id"]) for task in tasks(folder) if task["source_path"] == "library/a")
    give_order(folder.journal, "skip", number)
    assert await working == 0
    assert {task["source_path"]: task["state"] for task in tasks(folder)} == {
        "library/a": "skipped",
        "library/b": "done",
    }


async def test_a_stop_while_it_waits_to_try_again(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.at_target.on("PUT .*/manifests/v1", refuse(500), times=4)
    folder = world.make()
    working = asyncio.create_task(world.work(folder, pause=lambda _: 3600.0))
    await until(lambda: progress(folder)["state"] == "waiting")
    give_order(folder.journal, "stop")
    assert await working == 6
    assert await world.work(folder) == 0  # the rounds begin anew
    assert [task["state"] for task in tasks(folder)] == ["done"]
