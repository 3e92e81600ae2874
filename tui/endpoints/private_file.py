"""Files only their owner may read, written whole or not at all, by one writer at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui.endpoints.locations import ensure_dir, unwritable
from tui.oci.errors import LocalError
from tui.oci.saying import phrase

_LOCK_SECONDS = 5.0


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` with `content`, mode 0600, so that a reader or a crash sees the old file or the new one.

    Raises LocalError when the disk or the permissions refuse.
    """
    import tempfile

    path = path.resolve()  # a symbolic link (dotfile managers) stays one; its target is replaced
    ensure_dir(path.parent)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # created 0600
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
        raise unwritable(path, error) from error


@contextmanager
def exclusive(path: Path, *, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock that goes with `path` (`<path>.lock`) while the body reads, changes and writes it.

    The lock goes away with its process. Raises LocalError when another process keeps it for `seconds`.
    """
    lock = path.with_name(f"{path.name}.lock")
    ensure_dir(lock.parent)
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(lock, error) from error
    try:
        _wait_for_lock(descriptor, lock, seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, lock: Path, seconds: float) -> None:
    if sys.platform == "win32":
        return  # no flock there; the atomic replacement alone keeps the file whole
    import fcntl

    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise LocalError(
                    phrase(
                        "another regferry is writing {name} and does not finish", name=lock.name.removesuffix(".lock")
                    ),
                    hint=phrase("close it, or look which process holds {lock}", lock=lock),
                ) from error
        time.sleep(0.02)
