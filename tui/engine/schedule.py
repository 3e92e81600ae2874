"""Who may do what when: single-flight, the memory budget, and which shared blobs go first."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tui.oci.reference import Repository

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SingleFlight(Generic[Key]):
    """Runs work once per key at a time; who comes while it runs gets the same result, or the same error.

    For writes this is a rule of correctness: two mounts of one blob into one repository at the same time break
    manifest pushes on distribution 2.8, whose files are not replaced atomically.
    """

    def __init__(self) -> None:
        self._running: dict[Key, asyncio.Task[Any]] = {}

    async def run(self, key: Key, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of `work` for `key`, of a run under way if there is one."""
        running = self._running.get(key)
        if running is None:
            running = asyncio.ensure_future(_as_coroutine(work))
            self._running[key] = running
            running.add_done_callback(lambda done: self._ended(key, done))
        # One caller going away must not take the work from the others.
        result: Result = await asyncio.shield(running)
        return result

    def _ended(self, key: Key, done: asyncio.Task[Any]) -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody waits any more after a cancellation

    async def cancel(self) -> None:
        """Cancel what is under way and wait for its end."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _as_coroutine(work: Callable[[], Awaitable[Result]]) -> Result:
    return await work()


class MemoryBudget:
    """Bytes that buffers may take together; who asks first is served first, a wish above all of it is capped."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def take(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes of the budget."""
        size = min(size, self._total)
        await self._acquire(size)
        try:
            yield
        finally:
            self._free += size
            self._serve()

    async def _acquire(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free += size
            self._serve()  # who waited behind may go now
            raise

    def _serve(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.cancelled():
                self._waiting.popleft()
                continue
            if size > self._free:
                return
            self._waiting.popleft()
            self._free -= size
            turn.set_result(None)


@dataclass(frozen=True, slots=True)
class BlobNeed:
    """One blob to be placed in one target repository; it can be read from `source`."""

    target: Repository
    digest: str
    size: int
    source: Repository


def seeds(needs: Iterable[BlobNeed]) -> list[BlobNeed]:
    """Return the blobs that several target repositories of one registry need, the most saving first.

    Each once, for the first repository that needs it; once there, it is mounted everywhere else.
    """
    wanted: dict[tuple[str, str], list[BlobNeed]] = defaultdict(list)
    for need in needs:
        wanted[need.target.registry, need.digest].append(need)
    shared = [group for group in wanted.values() if len(group) > 1]
    shared.sort(key=lambda group: len(group) * group[0].size, reverse=True)
    return [group[0] for group in shared]
