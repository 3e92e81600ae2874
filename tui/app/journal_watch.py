"""Following a run through its journal: what changed since the last look, a few times a second, off the event loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tui.app.i18n import said
from tui.engine.journal.lines import TaskLine
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.runs import RunFolder

WATCH_ERRORS = (JournalError, OSError)
"""What a look raises when the journal is gone or damaged."""

FIRST = 300
"""Lines read before the first paint: more than any screen shows."""
MOST_ACTIVE = 300
CHUNK = 4000
"""Lines read at a time until all are known; the event loop gets a turn between two of them."""
TAIL = 4000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw. Everything but `process` and `output` is None or empty when the journal did not change.

    `tasks` are the tasks that changed, in the order they were planned, `session` is the latest process that worked on
    the run, `seconds` how long processes of before worked on it, `output` what the last process printed (only while
    nobody works on it).
    """

    process: int | None
    output: str
    changed: bool = False
    progress: Mapping[str, Any] | None = None
    session: Mapping[str, Any] | None = None
    seconds: float = 0.0
    rules: Mapping[str, int] | None = None
    hosts: tuple[HostLine, ...] = ()
    tasks: tuple[TaskLine, ...] = ()


@dataclass(frozen=True, slots=True)
class HostLine:
    """What holds for a whole registry: how many requests it gets at once, until when (seconds since the epoch) it gets
    none, and why.
    """

    registry: str
    state: str
    at_once: int | None = None
    until: float | None = None
    why: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> HostLine:
        """Read a row of `host`: its `detail` is a JSON object (`requests_at_once`, `until`, `why`), or a sentence."""
        try:
            detail = json.loads(row["detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return cls(row["registry"], row["state"], why=row["detail"])
        at_once, until = detail.get("requests_at_once"), detail.get("until")
        return cls(
            row["registry"],
            row["state"],
            at_once if isinstance(at_once, int) else None,
            float(until) if isinstance(until, int | float) else None,
            str(detail.get("why", "")),
        )


class JournalWatch:
    """Looks at one run. All methods read files: call them in a thread, one at a time. `close` may come at any time.

    Raises one of WATCH_ERRORS when there is no journal to be read.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.total = 0
        self._using = threading.Lock()
        self._reader = JournalReader(folder.journal)
        self._version = -1
        self._revision = 0
        self._loaded_to = 0
        self._last = 0

    def close(self) -> None:
        """Close the journal."""
        with self._using:
            self._reader.close()

    def plan(self) -> dict[str, Any]:
        """Return the plan of the run as a document."""
        with self._using:
            return dict(self._reader.meta("plan"))

    def begin(self) -> tuple[list[tuple[int, str, str]], list[TaskLine]]:
        """Return (id, state, phase) of every task there is, and the lines worth showing first."""
        with self._using:
            self._revision, outline = self._reader.outline()
            self._last = outline[-1][0] if outline else 0
            first = self._in_words(self._reader.lines(0, FIRST))
            self._loaded_to = first[-1].id if len(first) == FIRST else self._last
            return outline, first + self._in_words(self._reader.lines_in("running", MOST_ACTIVE))

    def more(self) -> list[TaskLine]:
        """Return the next lines that were not read so far, none when all are known."""
        with self._using:
            if self._loaded_to >= self._last:
                return []
            found = self._in_words(self._reader.lines(self._loaded_to, CHUNK))
            self._loaded_to = found[-1].id if found else self._last
            return found

    def look(self) -> Look:
        """Return what changed since the last look."""
        process = self.folder.working()  # first: what the journal says afterwards is newer
        output = "" if process is not None else self._output()
        with self._using:
            version = self._reader.version()
            if version == self._version:
                return Look(process, output)
            self._version = version
            with self._reader.snapshot():
                tasks = self._in_words(self._reader.lines_since(self._revision))
                sessions = self._reader.sessions()
                progress = dict(self._reader.progress())
                hosts = [HostLine.from_row(dict(row)) for row in self._reader.hosts()]
                look = Look(
                    process,
                    output,
                    changed=True,
                    progress={**progress, "message": self._said(progress["message"])},
                    session=dict(sessions[-1]) if sessions else None,
                    seconds=sum((row["ended"] or row["heartbeat"]) - row["started"] for row in sessions[:-1]),
                    rules=self._reader.rule_counts(),
                    hosts=tuple(replace(host, why=self._said(host.why)) for host in hosts),
                    tasks=tuple(sorted(tasks)),
                )
            if tasks:
                self._revision = tasks[-1].revision
            return look

    def _in_words(self, lines: list[TaskLine]) -> list[TaskLine]:
        """Return lines with their messages in the language in use."""
        return [line._replace(message=self._said(line.message)) if line.message else line for line in lines]

    def _said(self, text: str) -> str:
        return said(self._reader.said(text))

    def _output(self) -> str:
        try:
            with self.folder.output.open("rb") as output:
                output.seek(max(0, self.folder.output.stat().st_size - TAIL))
                return output.read().decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""


def read_once(folder: RunFolder, question: Any, *arguments: Any) -> Any:
    """Return `question(reader, *arguments)` of a reader of its own; for what takes longer than a look."""
    with JournalReader(folder.journal) as reader:
        return question(reader, *arguments)
