"""The files of a layout, wherever they are: in a folder here, in a tar in `archive`. Nothing here waits for events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from tui.oci.errors import UnsupportedContent
from tui.oci.layout.disk import open_plain
from tui.oci.saying import phrase

INDEX = "index.json"
LAYOUT = "oci-layout"
BLOBS = "blobs"
INVENTORY = "inventory.json"
OWN = ".regferry"
"""The folder of what is ours alone."""
NAMES = f"{OWN}/names"
"""What was named since `index.json` was written (`tui.oci.layout.index`)."""


class Reading(Protocol):
    """A file that is being read."""

    def read(self, most: int) -> bytes:
        """Return the next bytes, at most so many; none at the end. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go of it."""


class Store(Protocol):
    """Files by name (`index.json`, `blobs/sha256/...`). Methods raise OSError; FileNotFoundError for a missing one."""

    path: Path

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None when it is not there."""
        ...

    def open(self, name: str, offset: int = 0) -> Reading:
        """Open a file at `offset`."""
        ...

    def close(self) -> None:
        """Let go of everything."""


class FolderStore:
    """The files of a layout in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None when it is not there."""
        try:
            return (self.path / name).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def open(self, name: str, offset: int = 0) -> Reading:
        """Open a file at `offset`."""
        return _PlainFile(open_plain(self.path / name), offset)

    def close(self) -> None:
        """Nothing is held."""


class _PlainFile:
    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._offset = offset

    def read(self, most: int) -> bytes:
        content = os.pread(self._descriptor, most, self._offset)
        self._offset += len(content)
        return content

    def close(self) -> None:
        os.close(self._descriptor)


def blob_name(digest: str) -> str:
    """Return the file of a blob (image-spec, "Image Layout": `blobs/<algorithm>/<encoded>`)."""
    algorithm, _, encoded = digest.partition(":")
    return f"{BLOBS}/{algorithm}/{encoded}"


def read_small(store: Store, name: str, limit: int) -> bytes:
    """Return a file of at most `limit` bytes. Raises OSError, and UnsupportedContent when it is longer."""
    reading = store.open(name)
    try:
        parts: list[bytes] = []
        size = 0
        while piece := reading.read(min(1 << 20, limit + 1 - size)):
            parts.append(piece)
            size += len(piece)
            if size > limit:
                raise UnsupportedContent(
                    phrase("{path}: {name} has more than {limit} bytes", path=store.path, name=name, limit=limit)
                )
        return b"".join(parts)
    finally:
        reading.close()
