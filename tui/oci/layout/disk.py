"""Files that are there whole or not at all, and the disk's complaints as errors of ours."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase

UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.tmp$")
"""What the names of files end in that `replace_file` has not finished."""
_HINTS = {
    errno.ENOSPC: N_("free space there, or choose another disk, then 'regferry runs retry'"),
    errno.EDQUOT: N_("the quota of this account is used up: free space there, then 'regferry runs retry'"),
    errno.EFBIG: N_("the file system takes no file so large (FAT: 4 GiB): format the disk with exFAT or ext4"),
    errno.EROFS: N_("mount it for writing, then 'regferry runs retry'"),
    errno.ENOENT: N_("check that the disk is mounted"),
    errno.EIO: N_("the disk or its cable failed: look into the kernel's log"),
}


def told(error: OSError, doing: str, path: Path | str) -> LocalError:
    """Return what the disk's refusal means; `doing` completes "cannot ..."."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return LocalError(
        phrase("cannot {doing} {path}: {reason}", doing=doing, path=path, reason=reason),
        hint=_HINTS.get(error.errno or 0, ""),
    )


@contextmanager
def telling(doing: str, path: Path | str) -> Iterator[None]:
    """Raise LocalError for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise told(error, doing, path) from error


def open_plain(path: Path) -> int:
    """Return a file descriptor to read a plain file. Raises OSError, also for what is no plain file.

    Somebody else filled the disk: opening a pipe would wait for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return descriptor


def write_all(descriptor: int, content: bytes | memoryview, offset: int) -> None:
    """Write all of `content` at `offset`. Raises OSError."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        offset += written
        rest = rest[written:]


def replace_file(path: Path, content: bytes, *, sync_name: bool = True) -> None:
    """Put a file in the place of the one at `path`, if any; after a crash there is the old or the new one, whole.

    Without `sync_name` the caller sees to it that the new one's name lasts (`sync_folder`). Raises OSError.
    """
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            write_all(descriptor, content, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if sync_name:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder last. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems know no such thing for folders.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)
