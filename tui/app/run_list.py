"""The runs on this machine as lines of a list: read once, and again when their journal changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.app.i18n import _, ngettext, said
from tui.app.run_state import LIVE, outcome_text, run_state
from tui.app.verified import latest, verified_words
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.runs import RunFolder, list_runs

_OPEN = ("pending", "running", "waiting")
_FAILED = ("failed", "conflict")
_AT_ONCE = 25
_Stamp = tuple[int | None, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in the list; `state` is a key of `run_state.RUN_STATES`, `moved` are bytes written at targets."""

    folder: RunFolder
    state: str
    plan: str = ""
    outcome: str = ""
    seconds: float = 0.0
    moved: int = 0
    failures: int = 0
    settled: int = 0
    total: int = 0
    created: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether a process works on it."""
        return self.state in LIVE


class RunList:
    """Reads the runs below a state directory; its methods read files, so call them in a thread, one at a time."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._known: dict[str, tuple[_Stamp, RunLine]] = {}
        self.names: set[str] = set()
        """The runs there were at the last `refresh`."""

    def refresh(self) -> Iterator[list[RunLine]]:
        """Yield the lines that are new or changed, newest first, some at a time."""
        folders = list_runs(self._state)
        self.names = {folder.name for folder in folders}
        for name in self._known.keys() - self.names:
            del self._known[name]
        changed: list[RunLine] = []
        for folder in folders:
            stamp = _stamp(folder)
            before = self._known.get(folder.name)
            if before is not None and before[0] == stamp:
                continue
            line = read_line(folder, stamp[0])
            self._known[folder.name] = stamp, line
            changed.append(line)
            if len(changed) >= _AT_ONCE:
                yield changed
                changed = []
        yield changed


def read_line(folder: RunFolder, process: int | None) -> RunLine:
    """Return the line of one run that `process` works on, None for nobody."""
    try:
        with JournalReader(folder.journal) as reader:
            progress, counts, sessions = reader.progress(), reader.counts(), reader.sessions()
            plan, created = reader.meta("plan")["name"], reader.meta("created")
            rules = reader.rule_counts().get("failed", 0)
    except (JournalError, KeyError, TypeError, ValueError) as error:
        return RunLine(folder, "unreadable", outcome=said(str(error)))
    total, left = sum(counts.values()), sum(counts[state] for state in _OPEN)
    session = dict(sessions[-1]) if sessions else None
    found = verified_words(latest(folder, session["ended"])) if session and session["ended"] else ""
    state = run_state(process, progress["state"], session, left=left)
    failures = sum(counts[kind] for kind in _FAILED) + rules
    outcome = _outcome(state, session["exit_code"] if session else None, total - left, total, failures)
    return RunLine(
        folder,
        state,
        plan=plan,
        outcome=", ".join(filter(None, (found, outcome))),
        seconds=sum((row["ended"] or row["heartbeat"]) - row["started"] for row in sessions),
        moved=progress["bytes_written"],
        failures=failures,
        settled=total - left,
        total=total,
        created=datetime.fromtimestamp(created, UTC),
    )


def _outcome(state: str, exit_code: int | None, settled: int, total: int, failures: int) -> str:
    """Return what came of it so far, in words."""
    of_all = _("{done} of {total}").format(done=f"{settled:,}", total=f"{total:,}") if total else ""
    if state == "done":
        told = ngettext("all well, {count} image", "all well, {count} images", total)
        return told.format(count=f"{total:,}")
    if state == "failed":
        told = ngettext("{count} failure left", "{count} failures left", failures)
        return told.format(count=f"{failures:,}") if failures else outcome_text(state, exit_code)
    if state == "new":
        return _("not begun")
    return of_all


def _stamp(folder: RunFolder) -> _Stamp:
    """Return what differs after something happened to a run, without opening its journal."""
    stamps = []
    for name in (folder.journal, folder.journal.with_name(f"{folder.journal.name}-wal")):
        try:
            found = name.stat()
        except FileNotFoundError:
            stamps.append((0, 0))
        else:
            stamps.append((found.st_mtime_ns, found.st_size))
    try:
        # Verifications are files beside the journal, which come and go whole.
        stamps.append((folder.path.stat().st_mtime_ns, 0))
    except FileNotFoundError:
        stamps.append((0, 0))
    return folder.working(), tuple(stamps)
