"""One blob from one registry to another.

The source goes on with `Range` after a break, and the target where it acknowledged the blob: one PUT for a small blob,
PATCH after PATCH for a large one. The digest is computed here, and only a right one is committed.
"""

from __future__ import annotations

from tui.engine.blob_work import BlobWork
from tui.engine.control import StopRequested
from tui.engine.uploading import (
    ChunksRefused,
    LongChunksRefused,
    SessionUnsure,
    Written,
    finish,
    give_up,
    in_chunks,
    in_one_request,
)
from tui.oci.errors import RegistryError
from tui.oci.registry import UploadSession


async def copy_blob(work: BlobWork, session: UploadSession | None = None) -> None:
    """Copy one blob, in `session` if the target opened one already.

    Raises IntegrityError when the source does not give what its digest promises, StopRequested between chunks when
    asked to stop, and RegistryError for what did not get better by trying again. No session is left open then, but for
    the one that was remembered when a stop was asked for.
    """
    try:
        whole = await work.reading.whole() if work.size <= work.chunk else None
    except RegistryError:
        if session is not None:
            await give_up(session)
        raise
    attempts = work.target.attempts()
    session = session or await _taken_up(work)
    host = work.target.host
    broken = False
    while True:
        upload, session = session or await work.target.start_upload(work.target_repository), None
        upload.one_chunk_per_connection = broken
        written = Written(work.advanced)
        try:
            if whole is not None:
                await finish(work, upload, whole)
                written.stands(len(whole))
            elif host.takes_chunks and upload.minimum_chunk <= work.chunk:
                await in_chunks(work, upload, written, careful=broken)
            else:
                await in_one_request(work, upload, written)
            return
        except ChunksRefused:
            written.take_back()
            await give_up(upload)
            host.takes_chunks = False
        except LongChunksRefused:
            written.take_back()
            await give_up(upload)
            host.takes_long_chunks = False
        except SessionUnsure as unsure:
            written.take_back()
            # The answer may be lost and the blob there all the same.
            if await work.target.has_blob(work.target_repository, work.digest):
                written.stands(work.size)
                return
            await give_up(upload)
            if not await attempts.again(unsure.error):
                raise unsure.error from unsure
            broken = True
            work.target.traffic.retried += 1
        except StopRequested:
            written.take_back()
            if not upload.offset:
                await give_up(upload)
            raise
        except RegistryError:
            written.take_back()
            await give_up(upload)
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
    await give_up(upload)
    return None
