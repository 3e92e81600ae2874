"""Every task that waits for a blob on its way is told how far it is."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.faults import Hold
from tests.engine.harness import World, blob, picture, tasks, until
from tui.engine.blob_work import CHUNK
from tui.engine.schedule import BlobNeed
from tui.engine.shares import Shares
from tui.engine.tasks import Task
from tui.oci.reference import Reference, Repository

HERE, THERE = Repository("s.io", "a"), Repository("t.io", "a")
NEED = BlobNeed(THERE, f"sha256:{'1' * 64}", 100, HERE)
ELSEWHERE = BlobNeed(Repository("t.io", "b"), NEED.digest, 100, HERE)


class Told:
    """What tasks were told, added up by their numbers."""

    def __init__(self) -> None:
        self.sums: dict[int, int] = {}
        self.shares = Shares(self.told)

    def told(self, task: Task, count: int) -> None:
        self.sums[task.id] = self.sums.get(task.id, 0) + count


def task(number: int) -> Task:
    return Task(number, 1, Reference(HERE, tag="v1"), Reference(THERE, tag="v1"))


def test_all_who_wait_hear_of_it_also_those_who_come_late() -> None:
    it = Told()
    with it.shares.waiting(task(1), NEED):
        it.shares.advanced(NEED, 30)
        with it.shares.waiting(task(2), ELSEWHERE):
            assert it.sums == {1: 30, 2: 30}
            it.shares.advanced(NEED, 70)
            it.shares.ended(NEED)
        assert it.sums == {1: 100, 2: 100}
    with it.shares.waiting(task(3), NEED):
        pass
    assert 3 not in it.sums  # nothing was on its way


def test_a_break_is_told_as_well_and_never_more_than_there_is() -> None:
    it = Told()
    with it.shares.waiting(task(1), NEED):
        it.shares.advanced(NEED, 60)
        it.shares.advanced(NEED, -60)
        assert it.sums == {1: 0}
        it.shares.advanced(NEED, 250)
        assert it.sums == {1: 100}


def test_what_did_not_arrive_is_taken_back() -> None:
    it = Told()

    def breaks() -> None:
        with it.shares.waiting(task(1), NEED):
            it.shares.advanced(NEED, 60)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        breaks()
    assert it.sums == {1: 0}


def test_a_blob_that_a_task_needs_twice_is_counted_once() -> None:
    it = Told()
    one = task(1)
    with it.shares.waiting(one, NEED):
        it.shares.advanced(NEED, 40)
        with it.shares.waiting(one, NEED):
            it.shares.advanced(NEED, 60)
    assert it.sums == {1: 100}


def test_another_upload_after_a_failed_one_begins_at_nothing() -> None:
    it = Told()
    with it.shares.waiting(task(1), NEED):
        it.shares.advanced(NEED, 40)
        it.shares.ended(NEED)
        it.shares.advanced(NEED, 10)
        assert it.sums == {1: 10}


async def test_tasks_that_share_a_layer_all_show_how_far_it_is(world: World) -> None:
    layer = blob(9, 2 * CHUNK)
    for name in ("one", "two", "three"):
        world.put(picture(name, layer), f"library/{name}", "v1")
    hold = Hold()
    world.at_target.on("PATCH", hold, skip=1)
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    await until(lambda: [row["bytes_done"] >= CHUNK for row in tasks(folder)] == [True] * 3)
    hold.release()
    assert await working == 0
    assert [row["bytes_done"] == row["bytes_total"] for row in tasks(folder)] == [True] * 3
