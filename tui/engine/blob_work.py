"""One blob to be moved: from where to where, and whom to tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.engine.blob_source import BlobSource
from tui.oci.reference import Repository
from tui.oci.registry import Registry

CHUNK = 8 * 1024 * 1024
"""Bytes that are held at once, of what is read ahead and of what is written; a smaller blob is one request."""


@dataclass(frozen=True, slots=True)
class SavedUpload:
    """An upload session as an earlier process left it: where it is, and how many bytes the target acknowledged."""

    location: str
    offset: int


@dataclass(slots=True)
class BlobWork:
    """What to move, and whom to tell.

    `advanced` gets bytes as they are written, negative when a break or a restart loses them. `remember` gets the
    session after every chunk, None when there is none to go on with; `saved` is what it was given before.
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
    def chunk(self) -> int:
        """Bytes held at once."""
        return CHUNK

    @property
    def buffer(self) -> int:
        """Bytes of memory the work takes at most."""
        return min(self.size, 2 * CHUNK) + 1
