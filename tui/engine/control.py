"""Pause, resume and stop: what a person or a signal asks of a running run."""

from __future__ import annotations

import asyncio


class StopRequested(Exception):
    """Work ends here because somebody asked for it; what was reached stays."""


class Control:
    """The switches of a run. Work passes `checkpoint` wherever it can stop without losing anything."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self.stopping = False
        self._going = asyncio.Event()
        self._going.set()

    @property
    def paused(self) -> bool:
        """Whether work waits for `resume`."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Let work wait at its next checkpoint."""
        self._going.clear()

    def resume(self) -> None:
        """Let work go on."""
        self._going.set()

    def stop(self) -> None:
        """Let work end at its next checkpoint."""
        self.stopping = True
        self._going.set()

    async def checkpoint(self) -> None:
        """Wait while paused. Raises StopRequested once a stop was asked for."""
        await self._going.wait()
        if self.stopping:
            raise StopRequested
