"""Reading one blob, going on with `Range` after a break."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from tui.oci.errors import IntegrityError, NetworkError, RegistryError
from tui.oci.reference import Hash, Repository, new_hash
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase

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
        return b"".join([piece async for piece in self.checked_pieces()])

    async def checked_pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the blob as it arrives; raises after the last piece when it has another digest."""
        hashed = self.new_hash()
        async for piece in self.pieces():
            hashed.update(piece)
            yield piece
        self.check(hashed)

    def new_hash(self) -> Hash:
        """Return a hash for what its digest is made with."""
        return new_hash(self.digest)

    def check(self, hashed: Hash) -> None:
        """Raise IntegrityError unless this is the hash of the blob."""
        if f"{self.digest.partition(':')[0]}:{hashed.hexdigest()}" != self.digest:
            raise IntegrityError(
                phrase("the source gives other content than {digest}… promises", digest=self.digest[:19]),
                endpoint=self.client.registry,
                reference=f"{self.repository}@{self.digest}",
            )

    async def pieces(self, offset: int = 0, broke: Callable[[], None] = lambda: None) -> AsyncGenerator[bytes, None]:
        """Yield the blob's bytes from `offset` on as they arrive; after a break go on where it broke, as it gets on.

        `broke` is told of every break.
        """
        attempts, since = self.client.attempts(), offset
        while offset < self.size or not self.size:
            try:
                async with self.client.read_blob(self.repository, self.digest, offset, self.size) as pieces:
                    async for piece in pieces:
                        offset += len(piece)
                        if offset > self.size:
                            raise self._too_long()
                        yield piece
                if offset == self.size:
                    return
                raise NetworkError(N_("the connection ended early"), endpoint=self.client.registry)
            except RegistryError as error:
                broke()
                if offset - since >= _PROGRESS_THAT_COUNTS:
                    attempts, since = self.client.attempts(), offset
                if not await attempts.again(error):
                    raise
                self.client.traffic.retried += 1

    def _too_long(self) -> IntegrityError:
        return IntegrityError(
            phrase("the source has more bytes than the {size} its descriptor says", size=self.size),
            endpoint=self.client.registry,
            reference=f"{self.repository}@{self.digest}",
        )
