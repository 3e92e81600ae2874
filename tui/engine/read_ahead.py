"""A blob read ahead of whoever writes it, its digest computed on the way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

from tui.engine.blob_source import BlobSource
from tui.oci.errors import RegistryError
from tui.oci.reference import Hash

_MARK_EVERY = 1024 * 1024
"""Bytes between two places to which reading may go back: what is read once more when a target lost some."""

Part = bytes | memoryview


class _Mark(NamedTuple):
    offset: int
    hashed: Hash | None


class ReadAhead:
    """The bytes of a blob in order, at most `ahead` of them held.

    The last bytes are given out only after the whole has the right digest and size, so that nobody can complete a blob
    that is not what it should be. Of a blob that is read from an `offset` on the beginning was somebody else's to
    check. `offset` is the place of the next byte, `breaks` how often the source broke.

    What is wrong with the source is raised by `ready` and `take`, after the good bytes before it: IntegrityError, or
    RegistryError for what did not get better by trying again. Use as an async context manager.
    """

    def __init__(self, source: BlobSource, ahead: int, offset: int = 0) -> None:
        self.offset = offset
        self.breaks = 0
        self._source = source
        self._ahead = ahead
        self._marks = [_Mark(offset, None if offset else source.new_hash())]
        self._parts: deque[Part] = deque()
        self._held = 0
        self._reading: asyncio.Task[None] | None = None
        self._ended: RegistryError | None = None
        self._came, self._room = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> ReadAhead:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def ready(self) -> None:
        """Wait until there is something to take, or nothing more will come."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(self._marks[-1]))
        while not self._parts and not self._reading.done():
            self._came.clear()
            await self._came.wait()
        if not self._parts:
            self._reading.result()
            if self._ended is not None:
                raise self._ended

    async def take(self, most: int) -> Part:
        """Return the next bytes, at least one and `most` at most; b'' at the end of the blob."""
        await self.ready()
        if not self._parts:
            return b""
        part = self._parts.popleft()
        if len(part) > most:
            self._parts.appendleft(memoryview(part)[most:])
            part = memoryview(part)[:most]
        self.offset += len(part)
        self._held -= len(part)
        self._room.set()
        return part

    def settle(self) -> None:
        """Nobody will go back to before `offset`."""
        self._forget_marks(self.offset)

    async def go_back(self, offset: int) -> None:
        """Read on from `offset`: where it stands, or between there and where it was settled last."""
        if offset == self.offset:
            return
        await self._stop()
        self._parts.clear()
        self._held, self._ended, self._reading = 0, None, None
        self._marks = [mark for mark in self._marks if mark.offset <= offset]
        self.offset = offset

    def _forget_marks(self, offset: int) -> None:
        while len(self._marks) > 1 and self._marks[1].offset <= offset:
            del self._marks[0]

    async def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, mark: _Mark) -> None:
        try:
            async with aclosing(self._pieces(mark)) as pieces:
                async for piece in pieces:
                    await self._hand_on(piece)
        except RegistryError as error:
            self._ended = error
        finally:
            self._came.set()

    async def _pieces(self, mark: _Mark) -> AsyncGenerator[Part, None]:
        """Yield what follows `self.offset`, the last of it when the blob is known to be right."""
        position, unwanted = mark.offset, self.offset - mark.offset
        hashed = mark.hashed.copy() if mark.hashed is not None else None
        behind: Part = b""
        async with aclosing(self._source.pieces(position, self._broke)) as pieces:
            async for piece in pieces:
                if behind:
                    yield behind
                position += len(piece)
                if hashed is not None:
                    hashed.update(piece)
                if position - self._marks[-1].offset >= _MARK_EVERY:
                    self._marks.append(_Mark(position, hashed.copy() if hashed is not None else None))
                behind = memoryview(piece)[unwanted:] if unwanted else piece
                unwanted = max(0, unwanted - len(piece))
        if hashed is not None:
            self._source.check(hashed)
        if behind:
            yield behind

    async def _hand_on(self, piece: Part) -> None:
        while self._held >= self._ahead:
            self._room.clear()
            await self._room.wait()
        self._parts.append(piece)
        self._held += len(piece)
        self._came.set()

    def _broke(self) -> None:
        self.breaks += 1
