"""A layout as the bytes of one tar: the same for the same content, so that an interrupted pack can go on.

Members stand in a fixed order, with no times and no owners: `oci-layout`, `index.json`, `inventory.json`, the blobs by
name. What we keep for ourselves in the folder is not packed.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.oci.errors import IntegrityError
from tui.oci.layout.disk import open_plain
from tui.oci.layout.store import BLOBS, INDEX, INVENTORY, LAYOUT
from tui.oci.reference import is_digest, new_hash
from tui.oci.saying import N_, phrase

_PIECE = 1 << 20
_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch of the tar: `header` bytes, or a file of `size` bytes with the zeros that fill its last block."""

    start: int
    header: bytes = b""
    path: Path | None = None
    size: int = 0
    digest: str = ""

    @property
    def length(self) -> int:
        return len(self.header) or -(-self.size // _BLOCK) * _BLOCK


class LayoutTar:
    """The tar of the layout in `folder`, as it is now. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._segments: list[_Segment] = []
        self.size = 0
        fingerprint = hashlib.sha256()
        for name, digest in _members(folder):
            path = folder / name
            size = path.stat().st_size
            member = tarfile.TarInfo(name)
            member.size, member.mode = size, 0o644
            header = member.tobuf(tarfile.GNU_FORMAT)
            fingerprint.update(header if digest else header + path.read_bytes())
            self._add(_Segment(self.size, header=header))
            self._add(_Segment(self.size, path=path, size=size, digest=digest))
        end = -(-(self.size + 2 * _BLOCK) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE
        self._add(_Segment(self.size, header=bytes(end - self.size)))
        self.content = fingerprint.hexdigest()
        self._starts = [segment.start for segment in self._segments]

    def _add(self, segment: _Segment) -> None:
        if segment.length:
            self._segments.append(segment)
            self.size += segment.length

    def pieces(self, offset: int) -> Iterator[bytes]:
        """Yield the bytes from `offset` on; of a blob the last ones only when it is what its name says.

        Raises IntegrityError for a blob that is not, OSError.
        """
        for segment in self._segments[bisect_right(self._starts, offset) - 1 :]:
            skipped = max(0, offset - segment.start)
            if segment.path is None:
                yield segment.header[skipped:]
            else:
                yield from _file(segment, skipped)


def _members(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and digest ('' for what is no blob) of what is packed, in order."""
    yield from ((name, "") for name in (LAYOUT, INDEX, INVENTORY) if (folder / name).exists())
    for algorithm in sorted(path.name for path in (folder / BLOBS).iterdir() if path.is_dir()):
        for name in sorted(path.name for path in (folder / BLOBS / algorithm).iterdir()):
            if is_digest(f"{algorithm}:{name}"):
                yield f"{BLOBS}/{algorithm}/{name}", f"{algorithm}:{name}"


def _file(segment: _Segment, skipped: int) -> Iterator[bytes]:
    assert segment.path is not None
    hashed = new_hash(segment.digest or "sha256:")
    descriptor = open_plain(segment.path)
    try:
        at, last = 0, b""
        while at < segment.size:
            # The beginning is read again for its digest when another process packed it.
            piece = os.pread(descriptor, min(_PIECE, segment.size - at), at)
            if not piece:
                break
            hashed.update(piece)
            if last:
                yield last
            last = piece[max(0, skipped - at) :]
            at += len(piece)
        found = f"{segment.digest.partition(':')[0]}:{hashed.hexdigest()}"
        if at < segment.size or (segment.digest and found != segment.digest):
            raise IntegrityError(
                phrase("{path} is damaged: it has other content than its name says", path=segment.path),
                hint=N_("remove this file and export again: what is there is not copied a second time"),
            )
        yield last + bytes(segment.length - max(skipped, segment.size)) if skipped < segment.length else b""
    finally:
        os.close(descriptor)
