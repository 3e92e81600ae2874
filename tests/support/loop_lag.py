"""Whether something blocks the event loop: counted in ticks of a watching thread, not in time on a busy machine."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from types import TracebackType

TICK = 0.02
"""Seconds between two looks."""


class LoopLag:
    """Watches the running loop while its `async with` body runs.

    A tick counts as blocked when the loop has not come round since the tick before although it was not waiting for
    events: its thread then sits in some callback. A machine too busy to run either thread therefore counts nothing.
    `longest` is the longest row of blocked ticks, `culprit` the stack of that row.
    """

    def __init__(self) -> None:
        self.ticks = 0
        self.longest = 0
        self.culprit = ""
        self._rounds = 0
        self._ended = threading.Event()

    @property
    def longest_seconds(self) -> float:
        """The longest block in seconds, to compare with what the product promises."""
        return self.longest * TICK

    async def __aenter__(self) -> LoopLag:
        self._loop_thread = threading.get_ident()
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
        seen, row = -1, 0
        while not self._ended.wait(TICK):
            self.ticks += 1
            stack = sys._current_frames().get(self._loop_thread)
            waiting = stack is None or stack.f_code.co_filename.endswith("selectors.py")
            row = 0 if waiting or self._rounds != seen else row + 1
            seen = self._rounds
            if row > self.longest:
                self.longest = row
                self.culprit = "".join(traceback.format_stack(stack))


async def blocked_on_purpose(seconds: float) -> None:
    """Block the loop, to see that the watch sees it."""
    time.sleep(seconds)  # noqa: ASYNC251
