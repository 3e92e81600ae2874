"""Room on the disk that is given up when there is no other left, so that a run can still write where it stands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

RESERVE = 16 * 1024 * 1024
"""Bytes."""
_SHARE = 8
"""At most this part of what is free: a disk that is small is not made full by it."""


class Reserve:
    """A file of nothing beside a journal, whose blocks are really taken. Without room for it there is none."""

    def __init__(self, journal: Path) -> None:
        self.path = journal.with_name("reserve")

    def hold(self) -> None:
        """Take the room; what a killed process held is taken over."""
        try:
            room = min(RESERVE, shutil.disk_usage(self.path.parent).free // _SHARE)
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return  # a folder that takes no file says so where it matters
        try:
            os.posix_fallocate(handle, 0, max(1, room))
        except OSError:
            self.release()
        finally:
            os.close(handle)

    def release(self) -> bool:
        """Give the room back, and return whether there was any."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True
