"""The ways a blob goes into an upload session: in one request, or chunk by chunk.

Chunks are long and sent while they are read, because distribution 2 ends every one of them in an fsync. After the
first break of either link they are short and read before they are sent: then a source that stalls does not hold the
target up, and a target that breaks loses little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from tui.engine.blob_work import BlobWork, SavedUpload
from tui.engine.chunk_bodies import Flow, held
from tui.engine.read_ahead import ReadAhead
from tui.oci.errors import ChunkNotAppended, RegistryError, Throttled, UploadSessionLost
from tui.oci.registry import UploadSession
from tui.oci.saying import phrase

LONGEST_CHUNK = 64 * 1024 * 1024
_QUICK = 1.0
_SLOW = 4.0
"""Seconds that one chunk takes: a pause or a stop waits for its end."""
_NO_CHUNKS = frozenset({405, 501})
_TOO_LARGE = 413


class SessionUnsure(Exception):
    """Nobody knows what the upload session holds now, if it is there at all: only a new one can go on."""

    def __init__(self, error: RegistryError) -> None:
        super().__init__(str(error))
        self.error = error


class ChunksRefused(Exception):
    """The registry does not take a blob in chunks, or makes something else of them."""


class LongChunksRefused(Exception):
    """The registry, or a proxy before it, does not take chunks of this length."""


class Written:
    """How much of a blob is written, acknowledged or on its way, told to whoever watches as it changes."""

    def __init__(self, advanced: Callable[[int], None]) -> None:
        self._advanced = advanced
        self._count = 0

    def stands(self, count: int) -> None:
        """So much is written now; less than before after a break."""
        if count != self._count:
            self._advanced(count - self._count)
            self._count = count

    def take_back(self) -> None:
        """Nothing is written."""
        self.stands(0)


async def in_chunks(work: BlobWork, upload: UploadSession, written: Written, *, careful: bool) -> None:
    """Upload the blob from where the session stands with PATCH after PATCH, then make a blob of it.

    `careful` begins with short chunks, as after a break.
    """
    taken_up = upload.offset
    # Of a session taken up the beginning was read by another process: the target's own check has to do for it.
    async with upload.own_connection(), ReadAhead(work.reading, work.chunk, taken_up) as reading:
        length = work.chunk
        while upload.offset < work.size:
            written.stands(upload.offset)
            await work.checkpoint()
            careful = careful or reading.breaks > 0 or not work.target.host.takes_long_chunks
            began = time.monotonic()
            if careful:
                await _short_chunk(work, upload, reading, written)
            else:
                careful = not await _long_chunk(work, upload, reading, written, min(length, work.size - upload.offset))
                length = _next_length(length, time.monotonic() - began, work.chunk)
            reading.settle()
            work.remember(SavedUpload(upload.location, upload.offset))
        # Nothing is left to take: this raises when the source had more or something else.
        await reading.take(1)
        written.stands(work.size)
        try:
            await finish(work, upload)
        except SessionUnsure as unsure:
            if unsure.error.code == "DIGEST_INVALID" and not taken_up:
                # What was sent had the right digest; some registries keep only the last chunk.
                raise ChunksRefused from unsure
            raise
    work.remember(None)


async def in_one_request(work: BlobWork, upload: UploadSession, written: Written) -> None:
    """Send the blob with one PUT as it is read. A break on either side means to begin anew, in another session."""
    async with upload.own_connection(), ReadAhead(work.reading, work.chunk) as reading:
        await reading.ready()
        body = Flow(reading, work.size, written.stands, work)
        try:
            await upload.stream(work.digest, work.size, body)
        except RegistryError as error:
            if body.ended_by is not None:
                raise body.ended_by from None
            if error.retryable:
                raise SessionUnsure(error) from error
            raise


async def finish(work: BlobWork, upload: UploadSession, rest: bytes = b"") -> None:
    """Make a blob of the session; after a break look whether it is one, and ask again when it is not.

    With bytes in the request a second one could append them twice, so then the session is given up.
    """
    attempts = work.target.attempts()
    while True:
        try:
            await upload.finish(work.digest, rest)
            return
        except RegistryError as error:
            if error.retryable and (rest or isinstance(error, UploadSessionLost)):
                raise SessionUnsure(error) from error
            if not await attempts.again(error):
                raise
        if await work.target.has_blob(work.target_repository, work.digest):
            return
        work.target.traffic.retried += 1


async def give_up(upload: UploadSession) -> None:
    """Let the target drop what it holds; a registry that refuses to will purge it itself one day."""
    with suppress(RegistryError):
        await upload.cancel()


async def _long_chunk(work: BlobWork, upload: UploadSession, reading: ReadAhead, written: Written, length: int) -> bool:
    """Write one chunk as it is read. Return False when a link broke; `upload` and `reading` stand where it did then."""
    await reading.ready()
    host, end = work.target.host, upload.offset + length
    body = Flow(reading, length, written.stands, filled=True)
    attempts = work.target.attempts()
    try:
        await upload.append(length, body)
    except RegistryError as error:
        if body.ended_by is not None:
            raise body.ended_by from error
        if isinstance(error, ChunkNotAppended):
            raise ChunksRefused from error
        if error.status == _TOO_LARGE and length > work.chunk:
            raise LongChunksRefused from error
        _raise_if_refused(error)
        throttled = isinstance(error, Throttled)
        if not throttled:
            host.long_chunk(arrived=False)
        if isinstance(error, UploadSessionLost):
            raise SessionUnsure(error) from error
        if not await attempts.again(error):
            raise
        await _ask_where_it_stands(upload, end)
        work.target.traffic.retried += 1
        await reading.go_back(upload.offset)
        return throttled
    if body.ended_by is not None:
        raise body.ended_by
    host.long_chunk(arrived=True)
    return True


async def _short_chunk(work: BlobWork, upload: UploadSession, reading: ReadAhead, written: Written) -> None:
    """Write one chunk that was read before, as often as it takes."""
    chunk = await held(reading, work.chunk, written.stands)
    attempts = work.target.attempts()
    while chunk.length:
        before = upload.offset
        try:
            await upload.append(chunk.length, chunk)
            return
        except ChunkNotAppended as error:
            raise ChunksRefused from error
        except UploadSessionLost as error:
            raise SessionUnsure(error) from error
        except RegistryError as error:
            _raise_if_refused(error)
            if not await attempts.again(error):
                raise
        await _ask_where_it_stands(upload, before + chunk.length)
        if upload.offset < before + chunk.length:
            work.target.traffic.retried += 1
        chunk = chunk.without(upload.offset - before)
        written.stands(upload.offset)


async def _ask_where_it_stands(upload: UploadSession, end: int) -> None:
    """Move `upload` to what the target has of a chunk that broke: the same bytes must not be appended twice.

    distribution 3 keeps what arrived of it, and says how much.
    """
    before = upload.offset
    try:
        kept = await upload.status()
    except UploadSessionLost as error:
        raise SessionUnsure(error) from error
    if not before <= kept <= end:
        lost = UploadSessionLost(
            phrase("the registry kept {kept} of a chunk of {end} bytes", kept=kept - before, end=end - before)
        )
        raise SessionUnsure(lost)


def _raise_if_refused(error: RegistryError) -> None:
    if error.status in _NO_CHUNKS or error.code == "UNSUPPORTED":
        raise ChunksRefused from error


def _next_length(length: int, seconds: float, least: int) -> int:
    """Return how long the next chunk may be after one that took so long."""
    if seconds < _QUICK:
        length *= 4
    elif seconds > _SLOW:
        length //= 2
    return max(least, min(LONGEST_CHUNK, length))
