"""Looking at blobs of the target: whether they are there, how large they are, and what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tui.engine.blob_source import BlobSource
from tui.engine.verify.findings import Finding
from tui.engine.verify.once import Once
from tui.oci.descriptor import Descriptor
from tui.oci.errors import IntegrityError, NotFound, RegistryError
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase

_READ_AT_ONCE = 6


class BlobReader:
    """Reads and hashes blobs of a target, each once for a whole registry; a few at a time."""

    def __init__(self, advanced: Callable[[int], None]) -> None:
        self._advanced = advanced
        self._problems: Once[tuple[str, str], str] = Once()
        self._gate = asyncio.Semaphore(_READ_AT_ONCE)

    async def close(self) -> None:
        """End what is under way."""
        await self._problems.close()

    async def problem(self, client: Registry, repository: Repository, blob: Descriptor) -> str:
        """Return what is wrong with the bytes of a blob, '' when they are what its descriptor says.

        Raises RegistryError when there is no answer.
        """
        key = (repository.registry, blob.digest)
        return await self._problems.get(key, lambda: self._read(client, repository, blob))

    async def _read(self, client: Registry, repository: Repository, blob: Descriptor) -> str:
        source = BlobSource(client, repository, blob.digest, blob.size)
        count = 0
        async with self._gate:
            try:
                async for piece in source.checked_pieces():
                    count += len(piece)
                    self._advanced(len(piece))
            except IntegrityError:
                return phrase("what the registry gives is not {size} bytes with this digest", size=blob.size)
            except RegistryError as error:
                # Who says that the blob is there and still does not give all of it has lost a part of it.
                if not error.retryable or await client.head_blob(repository, blob.digest) is None:
                    raise
                return phrase(
                    "it cannot be read to its end ({count} of {size} bytes came): {message}",
                    count=count,
                    size=blob.size,
                    message=error.message,
                )
        return ""


async def look_at_blob(
    client: Registry, repository: Repository, blob: Descriptor, reader: BlobReader | None
) -> Finding | None:
    """Return what is wrong with a blob in a repository, None when it is as planned.

    Existence and size by HEAD; with a `reader` the bytes as well. What gives no answer is `unknown`.
    """
    name = str(repository)
    try:
        head = await client.head_blob(repository, blob.digest)
        if head is None:
            return Finding("missing-blob", name, blob.digest, N_("the repository does not have this blob"))
        if head.size is not None and head.size != blob.size:
            message = phrase(
                "the registry has {size} bytes, planned were {blob_size}", size=head.size, blob_size=blob.size
            )
            return Finding("wrong-size", name, blob.digest, message, str(blob.size), str(head.size))
        problem = await reader.problem(client, repository, blob) if reader else ""
    except NotFound as error:
        return Finding("missing-blob", name, blob.digest, str(error))
    except RegistryError as error:
        return Finding("unknown", name, blob.digest, str(error))
    return Finding("damaged", name, blob.digest, problem, blob.digest) if problem else None
