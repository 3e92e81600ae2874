"""One blob from one registry to another.

The source is read into bounded buffers and goes on with `Range` after a break; the target gets one PUT for a small
blob and PATCH after PATCH for a large one, the next chunk being read while one is written. A source that breaks never
touches the target's session. The digest is computed here, and only a right one is committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from tui.engine.blob_source import BlobSource
from tui.engine.control import StopRequested
from tui.oci.errors import ChunkNotAppended, RegistryError, UploadSessionLost
from tui.oci.reference import Repository
from tui.oci.registry import Registry, UploadSession

CHUNK = 8 * 1024 * 1024
"""Bytes in one PATCH; two chunks are held per blob under way. Every PATCH costs an fsync on distribution 2."""
_NO_CHUNKS = frozenset({405, 501})


@dataclass(frozen=True, slots=True)
class SavedUpload:
    """An upload session as an earlier process left it: where it is, and how many bytes the target acknowledged."""

    location: str
    offset: int


@dataclass(slots=True)
class BlobWork:
    """What to move, and whom to tell.

    `advanced` gets bytes as they are written, negative when a restart loses them. `remember` gets the session after
    every chunk, None when there is none to go on with; `saved` is what it was given before.
    """

    digest: str
    size: int
    source: Registry
    source_repository: Repository
    target: Registry
    target_repository: Repository
    advanced: Callable[[int], None]
    checkpoint: Callable[[], Awaitable[None]]
    remember: Callable[[SavedUpload | None], None] = lambda saved: None
    saved: SavedUpload | None = None

    @property
    def reading(self) -> BlobSource:
        """The blob at its source."""
        return BlobSource(self.source, self.source_repository, self.digest, self.size)

    @property
    def buffer(self) -> int:
        """Bytes of memory the work takes at most."""
        return min(self.size, 2 * CHUNK) + 1


async def copy_blob(work: BlobWork, session: UploadSession | None = None) -> None:
    """Copy one blob, in `session` if the target opened one already.

    Raises IntegrityError when the source does not give what its digest promises, StopRequested between chunks when
    asked to stop, and RegistryError for what did not get better by trying again. No session is left open then, but for
    the one that was remembered when a stop was asked for.
    """
    try:
        whole = await work.reading.whole() if work.size <= CHUNK else None
    except RegistryError:
        if session is not None:
            await _give_up(session)
        raise
    attempts = work.target.attempts()
    session = session or await _taken_up(work)
    broken = False
    while True:
        upload, session = session or await work.target.start_upload(work.target_repository), None
        upload.one_chunk_per_connection = broken
        written = _Written(work.advanced)
        try:
            if whole is not None:
                await _finish(work, upload, whole)
                written.add(len(whole))
            elif work.target.host.takes_chunks and upload.minimum_chunk <= CHUNK:
                await _copy_in_chunks(work, upload, written.add)
            else:
                await _copy_in_one_request(work, upload, written.add)
            return
        except _ChunksRefused:
            written.take_back()
            await _give_up(upload)
            work.target.host.takes_chunks = False
        except _SessionUnsure as unsure:
            written.take_back()
            # The answer may be lost and the blob there all the same.
            if await work.target.has_blob(work.target_repository, work.digest):
                written.add(work.size)
                return
            await _give_up(upload)
            if not await attempts.again(unsure.error):
                raise unsure.error from unsure
            broken = True
            work.target.traffic.retried += 1
        except StopRequested:
            written.take_back()
            if not upload.offset:
                await _give_up(upload)
            raise
        except RegistryError:
            written.take_back()
            await _give_up(upload)
            work.remember(None)
            raise


async def _taken_up(work: BlobWork) -> UploadSession | None:
    """Return the session an earlier process left, when the target still has as much of it as it said."""
    if work.saved is None or not work.target.host.takes_chunks:
        return None
    try:
        upload = await work.target.resume_upload(work.target_repository, work.saved.location, work.saved.offset)
    except RegistryError:
        return None
    if upload.offset == work.saved.offset < work.size:
        return upload
    await _give_up(upload)
    return None


class _SessionUnsure(Exception):
    """Nobody knows what the upload session holds now, if it is there at all: only a new one can go on."""

    def __init__(self, error: RegistryError) -> None:
        super().__init__(str(error))
        self.error = error


class _ChunksRefused(Exception):
    """The registry does not take a blob in chunks, or makes something else of them."""


class _Written:
    """How much of a blob was written in one session, told to whoever watches."""

    def __init__(self, advanced: Callable[[int], None]) -> None:
        self._advanced = advanced
        self._count = 0

    def add(self, count: int) -> None:
        self._count += count
        self._advanced(count)

    def take_back(self) -> None:
        self.add(-self._count)


async def _give_up(upload: UploadSession) -> None:
    """Let the target drop what it holds; a registry that refuses to will purge it itself one day."""
    with suppress(RegistryError):
        await upload.cancel()


async def _copy_in_chunks(work: BlobWork, upload: UploadSession, advanced: Callable[[int], None]) -> None:
    taken_up = upload.offset
    if taken_up:
        advanced(taken_up)
    # Of a session taken up the beginning was read by another process: the target's own check has to do for it.
    chunks = work.reading.chunks_from(taken_up, CHUNK) if taken_up else work.reading.checked_chunks(CHUNK)
    chunk = await anext(chunks, b"")
    try:
        while chunk:
            await work.checkpoint()
            reading = asyncio.ensure_future(anext(chunks, b""))
            try:
                await _patch(work, upload, chunk)
            except BaseException:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                raise
            advanced(len(chunk))
            work.remember(SavedUpload(upload.location, upload.offset))
            chunk = await reading
    finally:
        await chunks.aclose()
    try:
        await _finish(work, upload)
    except _SessionUnsure as unsure:
        if unsure.error.code == "DIGEST_INVALID" and not taken_up:
            # What was sent had the right digest; some registries keep only the last chunk.
            raise _ChunksRefused from unsure
        raise
    work.remember(None)


async def _copy_in_one_request(work: BlobWork, upload: UploadSession, advanced: Callable[[int], None]) -> None:
    """Send the blob with one PUT as it is read. A break on either side means to begin anew, in another session."""
    ended_by: list[RegistryError | StopRequested] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            async with aclosing(work.reading.checked_chunks(CHUNK)) as chunks:
                async for chunk in chunks:
                    await work.checkpoint()
                    yield chunk
                    advanced(len(chunk))
        except (RegistryError, StopRequested) as error:
            ended_by.append(error)
            raise

    try:
        await upload.stream(work.digest, work.size, body())
    except RegistryError as error:
        if ended_by:
            raise ended_by[0] from None
        if error.retryable:
            raise _SessionUnsure(error) from error
        raise


async def _patch(work: BlobWork, upload: UploadSession, chunk: bytes) -> None:
    """Write one chunk; after a break ask what arrived, because the same bytes must not be appended twice."""
    before = upload.offset
    attempts = work.target.attempts()
    try:
        while True:
            try:
                await upload.patch(chunk)
                return
            except ChunkNotAppended as error:
                raise _ChunksRefused from error
            except UploadSessionLost:
                raise
            except RegistryError as error:
                if error.status in _NO_CHUNKS or error.code == "UNSUPPORTED":
                    raise _ChunksRefused from error
                if not await attempts.again(error):
                    raise
            kept = await upload.status() - before
            if kept == len(chunk):
                return
            if not 0 <= kept < len(chunk):
                raise UploadSessionLost(f"the registry kept {kept} of a chunk of {len(chunk)} bytes")
            # distribution 3 keeps what arrived of a chunk that broke, and says how much
            chunk, before = chunk[kept:], before + kept
            work.target.traffic.retried += 1
    except UploadSessionLost as error:
        raise _SessionUnsure(error) from error


async def _finish(work: BlobWork, upload: UploadSession, rest: bytes = b"") -> None:
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
                raise _SessionUnsure(error) from error
            if not await attempts.again(error):
                raise
        if await work.target.has_blob(work.target_repository, work.digest):
            return
        work.target.traffic.retried += 1
