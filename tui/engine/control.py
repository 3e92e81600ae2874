"""Pause, resume, stop and how much at once: what a person or a signal asks of a running run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class StopRequested(Exception):
    """Work ends here because somebody asked for it; what was reached stays."""


class Gate:
    """Lets in as many as `limit` at once; the limit may change at any time. One caller enters, many leave."""

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._inside = 0
        self._changed = asyncio.Event()

    @property
    def limit(self) -> int:
        """How many may be inside."""
        return self._limit

    @limit.setter
    def limit(self, value: int) -> None:
        self._limit = max(1, value)
        self._changed.set()

    async def enter(self) -> None:
        """Wait for a place and take it."""
        while self._inside >= self._limit:
            self._changed.clear()
            await self._changed.wait()
        self._inside += 1

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1
        self._changed.set()


class Control:
    """The switches of a run. Work passes `checkpoint` wherever it can stop without losing anything."""

    def __init__(self, concurrency: int) -> None:
        self.copies = Gate(concurrency)
        self.stopping = False
        self.on_stop: list[Callable[[], None]] = []
        """Called once when a stop is asked for."""
        self.on_pause: list[Callable[[], None]] = []
        """Called whenever a pause begins, by what cannot wait at a checkpoint of its own."""
        self._going = asyncio.Event()
        self._going.set()
        self._stopped = asyncio.Event()

    @property
    def paused(self) -> bool:
        """Whether work waits for `resume`."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Let work wait at its next checkpoint; what is stopping already is not held up."""
        if self.stopping or self.paused:
            return
        self._going.clear()
        for told in self.on_pause:
            told()

    def resume(self) -> None:
        """Let work go on."""
        self._going.set()

    def stop(self) -> None:
        """Let work end at its next checkpoint."""
        for told in [] if self.stopping else self.on_stop:
            told()
        self.stopping = True
        self._going.set()
        self._stopped.set()

    async def checkpoint(self) -> None:
        """Wait while paused. Raises StopRequested once a stop was asked for."""
        await self._going.wait()
        if self.stopping:
            raise StopRequested

    async def wait(self, seconds: float) -> None:
        """Wait so long. Raises StopRequested at once when a stop is asked for."""
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            await self.checkpoint()
        else:
            raise StopRequested
