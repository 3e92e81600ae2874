"""A layout inside a tar, read where it lies: members by their offsets, parts of a tar as if they were joined."""

from __future__ import annotations

import errno
import io
import os
import tarfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.oci.errors import UnsupportedContent
from tui.oci.layout.disk import open_plain
from tui.oci.layout.parts import find_parts
from tui.oci.layout.store import Reading
from tui.oci.saying import N_, phrase

_MOST_MEMBERS = 1_000_000
_COMPRESSED = ((b"\x1f\x8b", "gunzip"), (b"\x28\xb5\x2f\xfd", "unzstd"), (b"\xfd7zXZ", "unxz"), (b"BZh", "bunzip2"))


class JoinedFiles(io.RawIOBase):
    """Files one behind the other, read as one. Raises OSError for one that is missing.

    `read_at` may be called by several threads.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._descriptors: list[int] = []
        self._starts: list[int] = []
        self.length = 0
        self._position = 0
        try:
            for path in paths:
                descriptor = open_plain(path)
                self._descriptors.append(descriptor)
                self._starts.append(self.length)
                self.length += os.fstat(descriptor).st_size
        except OSError:
            self.close()
            raise

    def read_at(self, offset: int, most: int) -> bytes:
        """Return bytes at `offset`, at most so many, none at the end. Raises OSError."""
        if offset >= self.length:
            return b""
        number = bisect_right(self._starts, offset) - 1
        end = self._starts[number + 1] if number + 1 < len(self._starts) else self.length
        return os.pread(self._descriptors[number], min(most, end - offset), offset - self._starts[number])

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """Return the offset."""
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer will do
        """Read into `buffer` and return how much."""
        content = self.read_at(self._position, len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def close(self) -> None:
        """Close the files."""
        descriptors, self._descriptors = self._descriptors, []
        for descriptor in descriptors:
            os.close(descriptor)
        super().close()


@dataclass(frozen=True, slots=True)
class Member:
    """Where the content of a member stands, and its size, in bytes."""

    offset: int
    size: int


class ArchiveStore:
    """The files of a layout in a tar, which may lie in parts (`tui.oci.layout.parts`). Opened with its first file.

    `files` are the parts in their order where they are not beside their list.
    """

    def __init__(self, path: Path, files: Sequence[Path] = ()) -> None:
        self.path = path
        self._files = tuple(files)
        self._joined: JoinedFiles | None = None
        self._members: dict[str, Member] = {}

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None when it is not there."""
        member = self._opened()[1].get(name)
        return None if member is None else member.size

    def open(self, name: str, offset: int = 0) -> Reading:
        """Open a file at `offset`."""
        joined, members = self._opened()
        if name not in members:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{self.path}: {name}")
        return MemberReading(joined, members[name], offset)

    def close(self) -> None:
        """Close the files."""
        if self._joined is not None:
            self._joined.close()
            self._joined, self._members = None, {}

    def _opened(self) -> tuple[JoinedFiles, dict[str, Member]]:
        if self._joined is None:
            joined = JoinedFiles(self._files or find_parts(self.path))
            try:
                self._members = members_of(joined, self.path)
            except BaseException:
                joined.close()
                raise
            self._joined = joined
        return self._joined, self._members


class MemberReading:
    """One member of a tar that is being read."""

    def __init__(self, joined: JoinedFiles, member: Member, offset: int = 0) -> None:
        self._joined = joined
        self._at = member.offset + offset
        self._end = member.offset + member.size

    def read(self, most: int) -> bytes:
        """Return the next bytes. Raises OSError."""
        content = self._joined.read_at(self._at, max(0, min(most, self._end - self._at)))
        self._at += len(content)
        return content

    def close(self) -> None:
        """The archive stays open."""


def members_of(joined: JoinedFiles, path: Path) -> dict[str, Member]:
    """Return where every plain file of a tar stands. Raises UnsupportedContent for what is no tar, OSError."""
    begin = joined.read_at(0, 6)
    for magic, command in _COMPRESSED:
        if begin.startswith(magic):
            raise UnsupportedContent(
                phrase("{path} is compressed", path=path),
                hint=phrase("decompress it first: {command} {path}", command=command, path=path),
            )
    found: dict[str, Member] = {}
    buffered = io.BufferedReader(joined, 4096)
    try:
        with tarfile.open(fileobj=buffered, mode="r:") as tar:
            for number, member in enumerate(tar):
                if number > _MOST_MEMBERS:
                    raise UnsupportedContent(
                        phrase("{path} has more than {most_members} members", path=path, most_members=_MOST_MEMBERS)
                    )
                if member.offset_data + member.size > joined.length:
                    raise UnsupportedContent(
                        phrase("{path} ends early, in {name}", path=path, name=member.name),
                        hint=N_("copy the file again"),
                    )
                if member.isreg() and not member.issparse():
                    found[member.name.removeprefix("./")] = Member(member.offset_data, member.size)
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep every one
    except tarfile.TarError as error:
        raise UnsupportedContent(
            phrase("{path} is no tar that can be read: {error}", path=path, error=error)
        ) from error
    finally:
        buffered.detach()  # it would close the files with itself
    return found
