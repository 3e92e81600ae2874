"""A blob that is being written into a layout; the same to the engine as an upload session at a registry."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING

from tui.oci.errors import IntegrityError, UploadSessionLost
from tui.oci.layout.disk import telling, write_all
from tui.oci.layout.writer import LayoutWriter
from tui.oci.reference import new_hash
from tui.oci.saying import N_, phrase

if TYPE_CHECKING:
    from tui.oci.bodies import Parts

_PIECE = 1 << 20


class LayoutUpload:
    """A growing file. `location` is its name among those of the layout, `offset` the bytes in it.

    What another process wrote of it is read and hashed again before it becomes a blob. `told` is awaited with the
    number of bytes of every write.
    """

    def __init__(
        self,
        writer: LayoutWriter,
        location: str,
        descriptor: int,
        told: Callable[[int], Awaitable[None]],
        *,
        taken_up: bool = False,
    ) -> None:
        self._writer = writer
        self._told = told
        self._descriptor = descriptor
        self._hash = None if taken_up else hashlib.sha256()
        self._taken_up = taken_up
        self._busy = Lock()
        self.location = location
        self.offset = 0
        self.minimum_chunk = 0
        self.one_chunk_per_connection = False

    def own_connection(self) -> AbstractAsyncContextManager[None]:
        """Do nothing: a file is nobody else's."""
        return nullcontext()

    async def append(self, length: int, body: Parts) -> None:
        """Append what `body` gives. Raises LocalError, UploadSessionLost when it was closed."""
        async for part in body:
            await self.patch(part)

    async def patch(self, chunk: bytes | memoryview) -> None:
        """Append one chunk. Raises like `append`."""
        await asyncio.to_thread(self._append, chunk)
        await self._told(len(chunk))

    async def finish(self, digest: str, rest: bytes = b"") -> None:
        """Append `rest`, and make a blob of the file when it has this digest.

        Raises UploadSessionLost when what an earlier process wrote has not, IntegrityError when what this one wrote
        has not, LocalError.
        """
        await asyncio.to_thread(self._finish, digest, rest)
        await self._told(len(rest))

    async def stream(self, digest: str, size: int, body: Parts) -> None:
        """Write a whole blob as `body` gives it. Raises like `finish`."""
        await self.append(size, body)
        await self.finish(digest)

    async def status(self) -> int:
        """Return how many bytes are in the file, and go on there. Raises UploadSessionLost."""
        with self._busy, telling(N_("write to"), self._writer.path):
            self.offset = os.fstat(self._open()).st_size
        return self.offset

    async def cancel(self) -> None:
        """Remove what was written. Raises LocalError."""
        self.close()
        with telling(N_("write to"), self._writer.path):
            self._writer.session_path(self.location).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; what is in it stays for who goes on with it."""
        with self._busy:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    @property
    def is_open(self) -> bool:
        """Whether it holds a file."""
        return self._descriptor >= 0

    def _append(self, chunk: bytes | memoryview) -> None:
        # Who was cancelled closes the file while a thread still writes: its number may be another file's then.
        with self._busy, telling(N_("write to"), self._writer.path):
            write_all(self._open(), chunk, self.offset)
            if self._hash is not None:
                self._hash.update(chunk)
            self.offset += len(chunk)

    def _finish(self, digest: str, rest: bytes) -> None:
        if rest:
            self._append(rest)
        with self._busy, telling(N_("write to"), self._writer.path):
            descriptor = self._open()
            os.ftruncate(descriptor, self.offset)
            found = self._digest(digest, descriptor)
            if found != digest:
                raise self._wrong(found)
            os.fsync(descriptor)
            self._writer.keep(self.location, digest)
            os.close(descriptor)
            self._descriptor = -1

    def _digest(self, digest: str, descriptor: int) -> str:
        algorithm = digest.partition(":")[0]
        if self._hash is not None and algorithm == self._hash.name:
            return f"{algorithm}:{self._hash.hexdigest()}"
        hashed = new_hash(digest)
        offset = 0
        while piece := os.pread(descriptor, _PIECE, offset):
            hashed.update(piece)
            offset += len(piece)
        return f"{algorithm}:{hashed.hexdigest()}"

    def _wrong(self, found: str) -> UploadSessionLost | IntegrityError:
        where = str(self._writer.path)
        if self._taken_up:
            message = N_("what was written before the interruption is not whole")
            return UploadSessionLost(message, endpoint=where, code="DIGEST_INVALID")
        return IntegrityError(phrase("the blob was to be written and became {found}", found=found), endpoint=where)

    def _open(self) -> int:
        if self._descriptor < 0:
            raise UploadSessionLost(N_("the file was closed"), endpoint=str(self._writer.path))
        return self._descriptor
