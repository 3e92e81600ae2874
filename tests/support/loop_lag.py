"""Whether something blocks the event loop, and for how long: time the loop's thread waited for a processor is none."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType

TICK = 0.02
"""Seconds between two looks."""


class LoopLag:
    """Watches the running loop while its `async with` body runs.

    The loop is blocked while it does not come round although it does not wait for events: its thread then sits in some
    callback. What its thread waited for a processor meanwhile, as Linux counts it (Documentation/scheduler,
    "sched-stats", /proc/PID/schedstat), is the machine's doing and is taken off; elsewhere it is not known.
    `longest_seconds` is the longest block, to compare with what the product promises, `culprit` the stack in it.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.longest_seconds = 0.0
        self.culprit = ""
        self._rounds = 0
        self._ended = threading.Event()

    async def __aenter__(self) -> LoopLag:
        self._loop_thread = threading.get_ident()
        self._waits = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._beat = asyncio.create_task(self._count_rounds())
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        await asyncio.sleep(0)
        self._watcher.start()
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        self._beat.cancel()
        self._watcher.join()

    async def _count_rounds(self) -> None:
        while True:
            self._rounds += 1
            await asyncio.sleep(TICK / 4)

    def _watch(self) -> None:
        rounds, free, stack = -1, self._moment(), ""
        while not self._ended.wait(TICK):
            self.ticks += 1
            frame, seen = sys._current_frames().get(self._loop_thread), self._rounds
            if seen == rounds and frame is not None and not frame.f_code.co_filename.endswith("selectors.py"):
                stack = "".join(traceback.format_stack(frame))
                continue
            self._keep(free, stack)
            rounds, free, stack = seen, self._moment(), ""
        self._keep(free, stack)

    def _keep(self, free: float, stack: str) -> None:
        seconds = self._moment() - free
        if stack and seconds > self.longest_seconds:
            self.longest_seconds, self.culprit = seconds, stack

    def _moment(self) -> float:
        """Return the time in seconds without what the loop's thread has waited for a processor so far."""
        try:
            return time.monotonic() - int(self._waits.read_text().split()[1]) / 1e9
        except FileNotFoundError:
            return time.monotonic()


async def blocked_on_purpose(seconds: float) -> None:
    """Block the loop, to see that the watch sees it."""
    time.sleep(seconds)  # noqa: ASYNC251
