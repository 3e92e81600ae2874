"""Many things at once: nothing is left running, whatever ends them."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.harness import until
from tui.engine.control import Control, Gate, StopRequested
from tui.engine.work import for_each, together


class Worker:
    """Does items that wait until let go, and keeps account."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self.go = asyncio.Event()

    async def __call__(self, item: int) -> None:
        self.begun.append(item)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        self.ended.append(item)


async def test_everything_is_done_with_as_many_at_once_as_the_gate_lets_in() -> None:
    worker, gate = Worker(), Gate(3)
    doing = asyncio.create_task(for_each(range(10), gate, worker))
    await until(lambda: len(worker.begun) == 3)
    await asyncio.sleep(0)
    assert worker.begun == [0, 1, 2]
    worker.go.set()
    await doing
    assert worker.ended == list(range(10))


async def test_nothing_to_do() -> None:
    await for_each([], Gate(1), Worker())


async def test_the_limit_may_change_while_it_works() -> None:
    worker, gate = Worker(), Gate(1)
    doing = asyncio.create_task(for_each(range(6), gate, worker))
    await until(lambda: worker.begun == [0])
    gate.limit = 4
    await until(lambda: worker.begun == [0, 1, 2, 3])
    gate.limit = 0
    assert gate.limit == 1
    worker.go.set()
    await doing
    assert worker.ended == list(range(6))


async def test_an_error_cancels_the_others_and_is_raised() -> None:
    worker = Worker()

    async def work(item: int) -> None:
        if item == 2:
            raise ValueError("two")
        await worker(item)

    gate = Gate(3)
    with pytest.raises(ValueError, match="two"):
        await for_each(range(10), gate, work)
    assert sorted(worker.cancelled) == [0, 1]
    assert worker.begun == [0, 1]
    worker.go.set()
    await for_each(range(3, 6), gate, worker)  # every place was given back
    assert worker.ended == [3, 4, 5]


async def test_work_that_was_cancelled_before_it_began_gives_its_place_back() -> None:
    gate = Gate(4)

    async def work(item: int) -> None:
        gate.limit = 1
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        await for_each(range(10), gate, work)
    worker = Worker()
    worker.go.set()
    await for_each([1], gate, worker)
    assert worker.ended == [1]


async def test_a_stop_lets_what_is_under_way_come_to_its_end() -> None:
    worker = Worker()
    stop = asyncio.Event()

    async def work(item: int) -> None:
        if item == 0:
            await stop.wait()
            raise StopRequested
        await worker(item)

    doing = asyncio.create_task(for_each(range(10), Gate(3), work))
    await until(lambda: worker.begun == [1, 2])
    stop.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not doing.done()
    worker.go.set()
    with pytest.raises(StopRequested):
        await doing
    assert (worker.begun, worker.ended, worker.cancelled) == ([1, 2], [1, 2], [])


async def test_cancelling_it_cancels_all_and_waits_for_them() -> None:
    worker = Worker()
    doing = asyncio.create_task(for_each(range(10), Gate(3), worker))
    await until(lambda: len(worker.begun) == 3)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert sorted(worker.cancelled) == [0, 1, 2]


async def test_together_gives_results_in_order() -> None:
    async def later(value: int) -> int:
        await asyncio.sleep(0.001 * (3 - value))
        return value

    assert await together(later(value) for value in range(3)) == [0, 1, 2]
    nothing: list[int] = await together([])
    assert nothing == []


async def test_together_lets_the_rest_end_and_an_error_goes_before_a_stop() -> None:
    ended = []

    async def stopped() -> None:
        raise StopRequested

    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    async def broken_too() -> None:
        await asyncio.sleep(0)
        raise KeyError("second")

    async def slow() -> None:
        await asyncio.sleep(0.01)
        ended.append("slow")

    with pytest.raises(ValueError, match="first"):
        await together([stopped(), broken(), broken_too(), slow()])
    assert ended == ["slow"]
    with pytest.raises(StopRequested):
        await together([slow(), stopped()])


# The switches


async def passes(control: Control) -> bool:
    """Whether work passes its checkpoint now."""
    passing = asyncio.create_task(control.checkpoint())
    for _ in range(3):
        await asyncio.sleep(0)
    if passing.done():
        await passing
        return True
    passing.cancel()
    return False


async def test_pause_and_resume() -> None:
    control = Control(2)
    assert await passes(control)
    control.pause()
    assert control.paused
    assert not await passes(control)
    control.resume()
    assert not control.paused
    assert await passes(control)


async def test_a_stop_ends_work_at_its_checkpoint_also_paused_work() -> None:
    control = Control(2)
    control.pause()
    waiting = asyncio.create_task(control.checkpoint())
    await asyncio.sleep(0)
    control.stop()
    with pytest.raises(StopRequested):
        await waiting
    with pytest.raises(StopRequested):
        await control.checkpoint()


async def test_a_pause_after_a_stop_does_not_hold_the_run() -> None:
    control = Control(2)
    control.stop()
    control.pause()
    with pytest.raises(StopRequested):
        await asyncio.wait_for(control.checkpoint(), 5)


async def test_waiting_ends_by_itself_or_at_a_stop() -> None:
    control = Control(2)
    await control.wait(0.001)
    waiting = asyncio.create_task(control.wait(3600))
    await asyncio.sleep(0)
    control.stop()
    with pytest.raises(StopRequested):
        await waiting


async def test_a_wait_does_not_end_while_paused() -> None:
    control = Control(2)
    control.pause()
    waiting = asyncio.create_task(control.wait(0))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    control.resume()
    await waiting
