"""Keeping to the times, by a clock that the test moves: overlaps, missed times, the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tui.repeat.schedule import keep_to
from tui.repeat.times import Times

HOURLY = Times.parse("0 * * * *", "UTC")
START = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)


class FakeClock:
    """Jumps to every moment that is waited for; `sleeps` are hours by which it wakes up late, one for each wait."""

    def __init__(self, waits: int, *sleeps: int) -> None:
        self.time = START
        self.left = waits
        self.sleeps = list(sleeps)
        self.before: Callable[[int], None] = lambda wait: None

    def now(self) -> datetime:
        return self.time

    async def until(self, moment: datetime) -> None:
        self.before(self.left)
        for _ in range(5):
            await asyncio.sleep(0)
        if not self.left:
            raise asyncio.CancelledError
        self.left -= 1
        self.time = moment + timedelta(hours=self.sleeps.pop(0) if self.sleeps else 0)


class Runs:
    """Counts runs; `hold` keeps them going."""

    def __init__(self) -> None:
        self.begun: list[datetime] = []
        self.clock: FakeClock
        self.hold = asyncio.Event()
        self.hold.set()
        self.stopped = 0

    async def __call__(self) -> int:
        self.begun.append(self.clock.now())
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return 0


async def kept(clock: FakeClock, runs: Runs, last: datetime | None = None) -> list[str]:
    said: list[str] = []
    runs.clock = clock
    with pytest.raises(asyncio.CancelledError):
        await keep_to(HOURLY, runs, said.append, clock, last=last)
    return said


async def test_it_runs_at_every_time() -> None:
    runs = Runs()
    said = await kept(FakeClock(3), runs)
    assert [each.hour for each in runs.begun] == [13, 14, 15]
    assert said[0] == "next run at 2026-11-21 13:00:00 UTC"
    assert said.count("the run ended with exit code 0") == 3


async def test_a_time_at_which_a_run_is_going_is_skipped_and_said() -> None:
    runs, clock = Runs(), FakeClock(3)
    runs.hold.clear()
    clock.before = lambda left: runs.hold.set() if left == 1 else None
    said = await kept(clock, runs)
    assert [each.hour for each in runs.begun] == [13, 15]
    assert "skipped 2026-11-21 14:00:00 UTC: the last run is still going" in said


async def test_times_that_passed_in_sleep_are_made_up_for_once() -> None:
    runs = Runs()
    said = await kept(FakeClock(2, 5), runs)
    assert [each.hour for each in runs.begun] == [18, 19]
    assert "missed 5 runs more since 2026-11-21 13:00:00 UTC; running once" in said


async def test_times_missed_before_the_start_are_made_up_for_once() -> None:
    runs = Runs()
    said = await kept(FakeClock(1), runs, last=START - timedelta(hours=10))
    assert runs.begun == [START, START.replace(hour=13, minute=0)]
    assert said[0] == "missed 10 runs since 2026-11-21 02:30:00 UTC; running once now"


@pytest.mark.parametrize("last", [None, START - timedelta(minutes=10)])
async def test_nothing_is_made_up_for_when_nothing_was_missed(last: datetime | None) -> None:
    runs = Runs()
    await kept(FakeClock(0), runs, last=last)
    assert runs.begun == []


async def test_the_end_stops_the_run_that_is_going_and_waits_for_it() -> None:
    runs = Runs()
    runs.hold.clear()
    await kept(FakeClock(1), runs)
    assert runs.stopped == 1
