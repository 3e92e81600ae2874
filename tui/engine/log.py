"""The run's log: one JSON object a line, for machines and for `grep`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from tui.oci.errors import LocalError
from tui.oci.saying import phrase


class RunLog:
    """Appends JSON lines to one or more files, readable for their owner only."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files: list[TextIO] = []
        for path in paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)
                self._files.append(path.open("a", encoding="utf-8", buffering=1))
            except OSError as error:
                raise LocalError(phrase("cannot write the log {path}: {error}", path=path, error=error)) from error

    def write(self, event: str, **values: Any) -> None:
        """Write one line; a disk that takes no more lines does not stop the run."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values})
        for file in self._files:
            try:
                file.write(line + "\n")
            except OSError:
                # The journal carries the same facts, and its own failure does stop the run.
                self._files = [other for other in self._files if other is not file]

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
