"""Running a plan at its times: one run at a time, what is missed is made up for once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from tui.repeat.clock import Clock
from tui.repeat.times import Times, jittered

Run = Callable[[], Awaitable[int]]
"""Runs the plan to its end and returns the exit code."""
Say = Callable[[str], None]


async def keep_to(
    times: Times, run: Run, say: Say, clock: Clock, *, jitter: float = 0.0, last: datetime | None = None
) -> None:
    """Run at every moment of `times` until cancelled; a cancellation ends the run that is going, and waits for it.

    `last` is when the plan ran before this process, None for never or to make up for nothing. A moment at which a run
    is still going is skipped; moments that passed while nobody looked (the machine slept) are made up for by one run.
    """
    going: asyncio.Task[int] | None = None
    seen = clock.now()

    def begin() -> asyncio.Task[int]:
        return asyncio.create_task(_told(run, say))

    try:
        if last is not None and (missed := times.between(last, seen)):
            say(f"missed {_times(missed)} since {_when(times, last)}; running once now")
            going = begin()
        while True:
            due = times.after(seen)
            say(f"next run at {_when(times, due)}")
            await clock.until(jittered(times, due, jitter))
            seen = max(clock.now(), due)
            if going is not None and not going.done():
                say(f"skipped {_when(times, due)}: the last run is still going")
                continue
            if missed := times.between(due, seen):
                say(f"missed {_times(missed)} more since {_when(times, due)}; running once")
            going = begin()
            await asyncio.sleep(0)
    finally:
        if going is not None and not going.done():
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)


async def _told(run: Run, say: Say) -> int:
    code = await run()
    say(f"the run ended with exit code {code}")
    return code


def _when(times: Times, moment: datetime) -> str:
    return f"{times.local(moment):%Y-%m-%d %H:%M:%S %Z}"


def _times(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs"
