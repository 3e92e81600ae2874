"""The record of deletions: one JSON object a line, written before and after each, kept with the runs' state."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase

_FOLDER = "mirror"


class Record:
    """A new record below the state folder. Use as a context manager."""

    def __init__(self, state: Path, name: str) -> None:
        words = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split())[:40]
        self.path = state / _FOLDER / f"{time.strftime('%Y%m%d-%H%M%S')}-{words or 'plan'}-{os.getpid()}.jsonl"
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def begin(self, **values: Any) -> None:
        """Say who deletes, and on whose word. Raises LocalError."""
        user = ""
        with suppress(OSError, KeyError):  # no such user on this machine (containers)
            user = getpass.getuser()
        self.write("begin", user=user, host=socket.gethostname(), **values)

    def write(self, event: str, **values: Any) -> None:
        """Write one line to the disk. Raises LocalError: what is not on record is not deleted."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **values}, ensure_ascii=False) + "\n"
        try:
            os.write(self._descriptor, line.encode())
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> LocalError:
        return LocalError(
            phrase("cannot write the record {path}: {strerror}", path=self.path, strerror=error.strerror),
            hint=N_("free space or fix permissions there; nothing is deleted without a record"),
        )
