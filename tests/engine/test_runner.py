"""A run from beginning to end: rounds of retry, ends of every kind, and going on afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from tests.engine.faults import Hold, hang_up, refuse
from tests.engine.harness import PlainAccess, World, blob, picture, progress, tasks, until
from tui.engine.blob_work import CHUNK
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.journal.schema import JournalError
from tui.engine.status import status
from tui.oci.access import Access
from tui.oci.errors import Unauthenticated
from tui.oci.reference import Repository

BASE = blob(1, 50_000)
BIG = blob(2, 2 * CHUNK + 1000)


def put_apps(world: World, count: int = 6) -> None:
    for number in range(count):
        world.put(picture(f"{number}", BASE, blob(100 + number, 300)), f"library/app{number}", "v1")


def arrived(world: World, count: int = 6) -> list[bool]:
    return [world.same(f"library/app{number}", "v1") for number in range(count)]


# Rounds of retry


async def test_what_failed_is_tried_again_in_rounds(world: World) -> None:
    put_apps(world)
    world.at_target.on("PUT .*/app0/manifests/", refuse(500), times=4 * 2)  # all tries of two rounds
    rounds: list[int] = []
    folder = world.make(retries=5)
    assert await world.work(folder, pause=lambda number: rounds.append(number) or 0.001) == 0  # type: ignore[func-returns-value]
    assert rounds == [1, 2]
    assert all(arrived(world))
    (task,) = [task for task in tasks(folder) if task["source_path"] == "library/app0"]
    assert (task["state"], task["attempts"], task["phase"], task["error_class"]) == ("done", 3, "retry", "")
    with JournalReader(folder.journal) as reader:
        assert [row["phase"] for row in reader.attempts(task["id"])] == ["execute", "retry"]
        assert [row["attempts"] for row in reader.tasks() if row["id"] != task["id"]] == [1] * 5


async def test_retries_end_and_say_that_it_may_go_well_another_time(world: World) -> None:
    put_apps(world, 2)
    world.at_target.on("PUT .*/app0/manifests/", hang_up, times=1000)
    outcome = await world.run(retries=2)
    assert outcome.code == 3
    assert arrived(world, 2) == [False, True]
    (task,) = [task for task in outcome.tasks() if task["state"] == "failed"]
    assert (task["attempts"], task["error_class"], task["retryable"]) == (3, "NET", 1)
    world.at_target.faults.clear()
    assert await world.work(outcome.folder, failed_too=True) == 0
    assert all(arrived(world, 2))


async def test_what_somebody_asks_for_is_tried_without_the_rest(world: World) -> None:
    put_apps(world, 2)
    world.at_target.on("PUT .*/manifests/", refuse(500), times=1000)
    outcome = await world.run(retries=1)
    assert outcome.code == 3
    world.at_target.faults.clear()
    (asked,) = [task["id"] for task in outcome.tasks() if task["source_path"] == "library/app0"]
    give_order(outcome.folder.journal, "retry", str(asked))
    assert await world.work(outcome.folder, only_asked=True) == 3
    assert arrived(world, 2) == [True, False]


async def test_what_is_denied_is_not_tried_again(world: World) -> None:
    put_apps(world, 2)
    world.at_target.on("POST .*/app0/", refuse(403, "DENIED"), times=1000)
    outcome = await world.run(retries=5)
    assert outcome.code == 1
    (task,) = [task for task in outcome.tasks() if task["state"] == "failed"]
    assert (task["attempts"], task["error_class"]) == (1, "DENIED")


async def test_no_retries_at_all(world: World) -> None:
    put_apps(world, 1)
    world.at_target.on("PUT .*/app0/manifests/", refuse(500), times=4)
    assert (await world.run(retries=0)).code == 3


async def test_a_login_that_cannot_be_read_is_said_once_for_each_task(world: World) -> None:
    put_apps(world, 2)

    class Locked(PlainAccess):
        async def access(self, repository: Repository) -> Access:
            if repository.registry == world.target.address:
                raise Unauthenticated("the keyring is locked", endpoint=repository.registry)
            return await super().access(repository)

    world.access = Locked()
    outcome = await world.run()
    assert outcome.code == 4
    assert {task["error_class"] for task in outcome.tasks()} == {"AUTH"}


async def test_an_empty_plan_is_well(world: World) -> None:
    assert (await world.run(world.rule("library/*"))).code == 0


# The rows of a run


async def test_a_finished_run_says_what_it_did(world: World) -> None:
    put_apps(world)
    outcome = await world.run()
    row = progress(outcome.folder)
    assert (row["phase"], row["state"], row["listed"], row["concurrency"]) == ("execute", "ended", 6, 10)
    assert row["requests_source"] == len(world.at_source.seen)
    assert row["requests_target"] == len(world.at_target.seen)
    for task in outcome.tasks():
        assert task["bytes_done"] == task["bytes_total"] > 0
        assert task["started"] <= task["ended"]
    with JournalReader(outcome.folder.journal) as reader:
        (session,) = reader.sessions()
        assert (session["pid"], session["exit_code"]) == (os.getpid(), 0)
        assert session["started"] <= session["heartbeat"] <= session["ended"]
        assert {placement["state"] for placement in reader.placements()} == {"uploaded", "mounted"}
        assert [row["state"] for row in reader.rules()] == ["done"]


async def test_the_journal_says_how_far_a_large_blob_is(world: World) -> None:
    world.put(picture("big", BIG), "library/big", "v1")
    hold = Hold()
    world.at_target.on("PATCH", hold, skip=1)
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    await until(lambda: [task["bytes_done"] for task in tasks(folder) if task["bytes_done"] >= CHUNK])
    assert status(folder)["state"] == "running"
    hold.release()
    assert await working == 0


# Ends and beginnings


async def test_only_generate_and_then_the_rest(world: World) -> None:
    put_apps(world)
    folder = world.make()
    assert await world.work(folder, only_generate=True) == 0
    assert world.at_target.requests("POST|PUT|PATCH") == []
    assert {task["state"] for task in tasks(folder)} == {"pending"}
    read = len(world.at_source.requests("GET .*/manifests/"))
    assert await world.work(folder) == 0
    assert all(arrived(world))
    assert len(world.at_source.requests("GET .*/manifests/")) == read  # they were in the journal
    with JournalReader(folder.journal) as reader:
        assert [row["exit_code"] for row in reader.sessions()] == [0, 0]


async def test_a_run_that_ended_well_has_nothing_left_to_do(world: World) -> None:
    put_apps(world)
    outcome = await world.run()
    before = len(world.at_target.seen)
    assert await world.work(outcome.folder) == 0
    assert len(world.at_target.seen) == before


@pytest.mark.parametrize("at", ["GET .*tags/list", "GET .*/manifests/", "GET .*/blobs/", "PATCH", "PUT .*/manifests/"])
async def test_a_killed_run_goes_on(world: World, at: str) -> None:
    put_apps(world)
    world.put(picture("big", BIG), "library/big", "v1")
    hold = Hold()
    world.at_source.on(at, hold, times=1000, skip=1)
    world.at_target.on(at, hold, times=1000, skip=0 if at == "PATCH" else 2)
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    hold.release()
    assert status(folder)["state"] == "stopped"
    assert folder.working() is None
    before = progress(folder)
    assert await world.work(folder) == 0
    assert all(arrived(world))
    assert world.same("library/big", "v1")
    assert {task["state"] for task in tasks(folder)} == {"done"}
    assert progress(folder)["requests_target"] > before["requests_target"]
    # What was on its way at that moment, and nobody heard of, is sent once more.
    assert max(world.at_target.uploads().values()) <= 2


async def test_a_run_that_is_killed_again_and_again_comes_to_its_end(world: World) -> None:
    put_apps(world)
    folder = world.make(concurrency=2)
    for count in range(1, 40, 3):
        after = len(world.at_target.seen) + count
        working = asyncio.create_task(world.work(folder))
        await until(lambda after=after, working=working: len(world.at_target.seen) >= after or working.done())  # type: ignore[misc]
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert await world.work(folder) == 0
    assert all(arrived(world))


async def test_what_was_there_when_the_process_died_is_not_sent_again(world: World) -> None:
    """The journal lags behind: a blob arrived, and nobody wrote it down."""
    put_apps(world, 1)
    folder = world.make()
    await world.work(folder, only_generate=True)
    for part in (BASE, blob(100, 300)):
        world.target.storage.put_blob("library/app0", part.body)
    assert await world.work(folder) == 0
    assert len(world.at_target.uploads()) == 1  # the config


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_where_nothing_is_lost_and_a_second_one_at_once(
    world: World, number: signal.Signals
) -> None:
    put_apps(world)
    hold = Hold()
    world.at_source.on("GET .*/blobs/", hold, times=1000)
    folder = world.make(concurrency=2)
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    os.kill(os.getpid(), number)
    await until(lambda: progress(folder)["state"] == "stopping")
    hold.release()
    assert await working == 6
    assert progress(folder)["state"] == "stopped"
    states = [task["state"] for task in tasks(folder)]
    assert "pending" in states
    assert set(states) <= {"pending", "done"}
    again = Hold()
    world.at_source.on("GET .*/blobs/", again, times=1000)
    working = asyncio.create_task(world.work(folder))
    await until(lambda: again.waiting)
    os.kill(os.getpid(), number)
    await until(lambda: progress(folder)["state"] == "stopping")
    os.kill(os.getpid(), number)
    assert await working == 128 + number
    assert progress(folder)["state"] != "ended"
    again.release()
    assert await world.work(folder) == 0
    assert all(arrived(world))


async def test_a_lost_terminal_stops_nothing(world: World) -> None:
    put_apps(world)
    hold = Hold()
    world.at_source.on("GET .*/blobs/", hold, times=1000)
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    os.kill(os.getpid(), signal.SIGHUP)
    hold.release()
    assert await working == 0


async def test_a_journal_that_takes_no_more_stops_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.engine.journal import schema

    put_apps(world)
    connect = schema.open_for_writing

    def full(path: Any) -> Any:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count = 1")  # SQLite then says that the disk is full
        return connection

    folder = world.make()
    monkeypatch.setattr(schema, "open_for_writing", full)
    for number in range(200):  # rows enough to need another page
        world.put(picture(f"many {number}", BASE), "library/many", f"v{number}")
    with pytest.raises(JournalError, match="full"):
        await world.work(folder)
    assert folder.working() is None
    monkeypatch.undo()
    assert await world.work(folder) == 0
    assert all(arrived(world))


async def test_a_bug_in_one_place_is_told_and_leaves_the_others_alone(world: World) -> None:
    put_apps(world)

    class Broken(PlainAccess):
        async def access(self, repository: Repository) -> Access:
            if repository == Repository(world.target.address, "library/app3"):
                raise RuntimeError("a bug")
            return await super().access(repository)

    folder = world.make()
    good, world.access = world.access, Broken()
    assert await world.work(folder) == 1
    with JournalReader(folder.journal) as reader:
        told = {(row["target_path"], row["error_class"], row["message"]) for row in reader.tasks("failed")}
        done = reader.counts()["done"]
    assert told == {("library/app3", "BUG", "RuntimeError: a bug")}
    assert done > 0
    assert "a bug" in folder.log.read_text()
    world.access = good
    assert await world.work(folder, failed_too=True) == 0
    assert all(arrived(world))
