"""One upload session: bytes on their way to becoming a blob."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import BinaryIO

from tui.oci.reference import new_hash

_PIECE = 1 << 20


class Upload(ABC):
    """Bytes on their way to becoming a blob. `size` of them have arrived.

    The hash is taken while writing, by `algorithm`; another algorithm means reading everything again.
    """

    def __init__(self, upload_id: str, repository: str, size: int = 0, algorithm: str = "sha256") -> None:
        self.id = upload_id
        self.repository = repository
        self.size = size
        self.turn = 0
        """Grows with every request that writes, so that a stalled one sees it has been overtaken."""
        self._algorithm = algorithm
        self._hash = None if size else new_hash(f"{algorithm}:")

    def expect(self, digest: str) -> None:
        """Hash by the algorithm of `digest` from now on, if nothing has arrived yet."""
        if not self.size:
            self._algorithm = digest.partition(":")[0]
            self._hash = new_hash(digest)

    def write(self, chunk: bytes) -> None:
        """Append `chunk`. Raises OSError when the disk will not take it."""
        self._append(chunk)
        self.size += len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)

    def digest_so_far(self, algorithm: str) -> str:
        """Return the digest of what has arrived, or '' when only `digest_again` can tell."""
        if self._hash is None or algorithm != self._algorithm:
            return ""
        return f"{algorithm}:{self._hash.hexdigest()}"

    def digest_again(self, algorithm: str) -> str:
        """Read everything that has arrived and return its digest; blocks, so call it in a thread."""
        hashed = new_hash(f"{algorithm}:")
        with self.open() as arrived:
            while piece := arrived.read(_PIECE):
                hashed.update(piece)
        return f"{algorithm}:{hashed.hexdigest()}"

    @abstractmethod
    def _append(self, chunk: bytes) -> None: ...

    @abstractmethod
    def open(self) -> BinaryIO:
        """Return a reader of what has arrived."""

    def pause(self) -> None:  # noqa: B027 - only some uploads hold something
        """Give back what is held open between two requests; writing may go on later."""
