"""Whether something blocks the event loop: by what it does, not by how long a busy machine takes over it."""

from __future__ import annotations

import asyncio
import gc
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
    callback. Counted is the time that thread works, and the time it stays in one and the same call. Not counted is
    what it waits for a processor (Linux, Documentation/scheduler/sched-stats, /proc/PID/schedstat) or for another
    thread to let go of the interpreter. What the tests before left in memory is set aside meanwhile, or the collector
    would look through all of it. `longest_seconds` is the longest block, `culprit` the last stack in it.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.longest_seconds = 0.0
        self.culprit = ""
        self._rounds = 0
        self._ended = threading.Event()

    async def __aenter__(self) -> LoopLag:
        gc.collect()
        gc.freeze()
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
        gc.unfreeze()

    async def _count_rounds(self) -> None:
        while True:
            self._rounds += 1
            await asyncio.sleep(TICK / 4)

    def _watch(self) -> None:
        processor = time.pthread_getcpuclockid(self._loop_thread)
        rounds, place, blocked = -1, (0, 0), 0.0
        at, worked = self._without_waits(), time.clock_gettime(processor)
        while not self._ended.wait(TICK):
            self.ticks += 1
            frame, rounds_now = sys._current_frames().get(self._loop_thread), self._rounds
            at_now, worked_now = self._without_waits(), time.clock_gettime(processor)
            if frame is None or rounds_now != rounds or frame.f_code.co_filename.endswith("selectors.py"):
                place, blocked = (0, 0), 0.0
            else:
                before, place = place, (id(frame), frame.f_lasti)
                blocked += at_now - at if place == before else worked_now - worked
                if blocked > self.longest_seconds:
                    self.longest_seconds, self.culprit = blocked, "".join(traceback.format_stack(frame))
            rounds, at, worked = rounds_now, at_now, worked_now

    def _without_waits(self) -> float:
        """Return the time in seconds, without what the loop's thread has waited for a processor so far."""
        try:
            return time.monotonic() - int(self._waits.read_text().split()[1]) / 1e9
        except FileNotFoundError:
            return time.monotonic()


async def blocked_on_purpose(seconds: float) -> None:
    """Block the loop, to see that the watch sees it."""
    time.sleep(seconds)  # noqa: ASYNC251
