"""Doing work once per key: whoever asks while it runs waits for it, whoever asks later gets what it came to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from tui.engine.schedule import SingleFlight

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Once(Generic[Key, Result]):
    """Keeps the results of work by key; work that raises is done anew by the next who asks."""

    def __init__(self) -> None:
        self._results: dict[Key, Result] = {}
        self._flights: SingleFlight[Key] = SingleFlight()

    async def get(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result for a key."""

        async def kept() -> Result:
            # Kept before the flight is over: between its end and the turn of who waits for it somebody may ask.
            self._results[key] = await work()
            return self._results[key]

        if key in self._results:
            return self._results[key]
        return await self._flights.run(key, kept)

    async def close(self) -> None:
        """End what is under way."""
        await self._flights.cancel()
