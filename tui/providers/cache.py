"""What was read and never changes, kept within a bound; who asks for the same at the same time waits for one answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class DigestCache(Generic[Value]):
    """Values by digest, the least recently used dropped first.

    `weigh` says what a value counts, `limit` is the most they may count together; one that is larger than that by
    itself is handed out and not kept.
    """

    def __init__(self, limit: int, weigh: Callable[[Value], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._turns: dict[str, _Turn] = {}

    @property
    def weight(self) -> int:
        """What the kept values count together."""
        return self._weight

    def peek(self, digest: str) -> Value | None:
        """Return the value when it is here."""
        return self._values.get(digest)

    def keep(self, digest: str, value: Value) -> None:
        """Keep a value that was read another way."""
        old = self._values.pop(digest, None)
        self._weight -= self._weigh(old) if old is not None else 0
        weight = self._weigh(value)
        if weight > self._limit:
            return
        self._values[digest] = value
        self._weight += weight
        while self._weight > self._limit:
            _, dropped = self._values.popitem(last=False)
            self._weight -= self._weigh(dropped)

    async def get(self, digest: str, read: Callable[[], Awaitable[Value]]) -> Value:
        """Return the value, read by one of those who want it; when that one is cancelled or fails the next reads."""
        if digest in self._values:
            self._values.move_to_end(digest)
            return self._values[digest]
        turn = self._turns.setdefault(digest, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                if digest in self._values:
                    return self._values[digest]
                value = await read()
                self.keep(digest, value)
                return value
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[digest]
