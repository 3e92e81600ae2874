"""Reading one blob: in bounded chunks, going on with `Range` after a break, its digest computed on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from tui.oci.errors import IntegrityError, NetworkError, RegistryError
from tui.oci.reference import Repository, new_hash
from tui.oci.registry import Registry

_PROGRESS_THAT_COUNTS = 1024 * 1024
"""Bytes after which a break is a new one, and not the next failure of the same attempt."""


@dataclass(frozen=True, slots=True)
class BlobSource:
    """A blob of `size` bytes in a source repository.

    All methods raise IntegrityError when the source does not give what the digest and size promise, and RegistryError
    for what did not get better by trying again.
    """

    client: Registry
    repository: Repository
    digest: str
    size: int

    async def whole(self) -> bytes:
        """Return the blob."""
        return b"".join([chunk async for chunk in self.checked_chunks(max(1, self.size))])

    async def checked_chunks(self, length: int) -> AsyncGenerator[bytes, None]:
        """Yield the blob in chunks of `length` bytes; the last only after the whole has the right digest and size."""
        hashed = new_hash(self.digest)
        # One buffer for all chunks: growing a new one for each would copy every byte three times more.
        held = bytearray(min(self.size, length))
        count = 0
        async for piece in self._pieces():
            hashed.update(piece)
            rest = memoryview(piece)
            while rest:
                # A full chunk stays behind until more comes: what completes the blob must have been checked.
                if count == len(held):
                    yield bytes(held)
                    count = 0
                part = rest[: len(held) - count]
                held[count : count + len(part)] = part
                count += len(part)
                rest = rest[len(part) :]
        digest = f"{self.digest.partition(':')[0]}:{hashed.hexdigest()}"
        if digest != self.digest:
            raise IntegrityError(
                f"the source gives other content than {self.digest[:19]}… promises",
                endpoint=self.client.registry,
                reference=f"{self.repository}@{self.digest}",
            )
        if count:
            yield bytes(memoryview(held)[:count])

    async def chunks_from(self, offset: int, length: int) -> AsyncGenerator[bytes, None]:
        """Yield the blob from `offset` on in chunks of `length` bytes, unchecked."""
        held = bytearray()
        async for piece in self._pieces(offset):
            held += piece
            while len(held) >= length:
                yield bytes(held[:length])
                del held[:length]
        if held:
            yield bytes(held)

    async def _pieces(self, offset: int = 0) -> AsyncIterator[bytes]:
        """Yield the blob's bytes from `offset` on as they arrive; after a break go on where it broke, as it gets on."""
        attempts, since = self.client.attempts(), offset
        while offset < self.size or not self.size:
            try:
                async with self.client.read_blob(self.repository, self.digest, offset, self.size) as pieces:
                    async for piece in pieces:
                        offset += len(piece)
                        if offset > self.size:
                            raise self._wrong_size("more")
                        yield piece
                if offset == self.size:
                    return
                raise NetworkError("the connection ended early", endpoint=self.client.registry)
            except RegistryError as error:
                if offset - since >= _PROGRESS_THAT_COUNTS:
                    attempts, since = self.client.attempts(), offset
                if not await attempts.again(error):
                    raise
                self.client.traffic.retried += 1

    def _wrong_size(self, how: str) -> IntegrityError:
        return IntegrityError(
            f"the source has {how} bytes than the {self.size} its descriptor says",
            endpoint=self.client.registry,
            reference=f"{self.repository}@{self.digest}",
        )
