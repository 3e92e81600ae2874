"""Chunks of a blob as bodies of requests: sent while they are read, or read before they are sent.

`stands` is told how much of the blob has gone out, whenever that changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from tui.engine.blob_work import BlobWork
from tui.engine.control import StopRequested
from tui.engine.read_ahead import Part, ReadAhead
from tui.oci.errors import RegistryError

_ZEROS = bytes(256 * 1024)


class Flow:
    """The next `length` bytes of a blob as they are read; begins anew whenever somebody iterates.

    `ended_by` is why it ended early. With `filled` zeros follow then, so that the request ends as it should: its
    session is cancelled, where a broken one would stay on the disk of distribution 2 for a week.
    """

    def __init__(
        self,
        reading: ReadAhead,
        length: int,
        stands: Callable[[int], None],
        work: BlobWork | None = None,
        *,
        filled: bool = False,
    ) -> None:
        self.ended_by: RegistryError | StopRequested | None = None
        self._reading = reading
        self._start = reading.offset
        self._length = length
        self._stands = stands
        self._work = work
        self._filled = filled

    async def __aiter__(self) -> AsyncIterator[Part]:
        await self._reading.go_back(self._start)
        left = self._length
        while left:
            try:
                if self._work is not None:
                    await self._work.checkpoint()
                part = await self._reading.take(left)
            except (RegistryError, StopRequested) as error:
                self.ended_by = error
                if not self._filled:
                    raise
                break
            yield part
            left -= len(part)
            self._stands(self._start + self._length - left)
        while left:
            zeros = memoryview(_ZEROS)[:left]
            yield zeros
            left -= len(zeros)


class Held:
    """Bytes of a blob that were read before they are sent."""

    def __init__(self, parts: list[Part], start: int, stands: Callable[[int], None]) -> None:
        self._parts = parts
        self._start = start
        self._stands = stands

    @property
    def length(self) -> int:
        """Bytes that are left."""
        return sum(map(len, self._parts))

    def without(self, count: int) -> Held:
        """Return what is left when the first `count` bytes are done with."""
        parts, start = list(self._parts), self._start + count
        while parts and count >= len(parts[0]):
            count -= len(parts.pop(0))
        if count:
            parts[0] = memoryview(parts[0])[count:]
        return Held(parts, start, self._stands)

    async def __aiter__(self) -> AsyncIterator[Part]:
        at = self._start
        for part in self._parts:
            yield part
            at += len(part)
            self._stands(at)


async def held(reading: ReadAhead, length: int, stands: Callable[[int], None]) -> Held:
    """Read `length` bytes, fewer at the end of the blob. Raises like `ReadAhead.take`."""
    start, parts = reading.offset, list[Part]()
    while length and (part := await reading.take(length)):
        parts.append(part)
        length -= len(part)
    return Held(parts, start, stands)
