"""The latest runs, read from their journals in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.app.run_state import run_state
from tui.engine.runs import RunFolder, list_runs

SHOWN = 8
"""Runs on the first screen; the place 'runs' has all."""


@dataclass(frozen=True, slots=True)
class LatestRun:
    """A run in short: `state` is a key of `RUN_STATES`, `done` of `total` tasks need nothing more."""

    folder: RunFolder
    state: str
    plan: str = ""
    done: int = 0
    total: int = 0
    failed: int = 0
    created: datetime | None = None

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.folder.name


def latest_runs(state: Path) -> list[LatestRun]:
    """Return the latest runs, the newest first. Reads files: call it in a thread."""
    return [_read(folder) for folder in list_runs(state)[:SHOWN]]


def _read(folder: RunFolder) -> LatestRun:
    from tui.engine.journal.reader import JournalReader
    from tui.engine.journal.schema import JournalError

    process = folder.working()
    try:
        with JournalReader(folder.journal) as reader:
            counts, sessions = reader.counts(), reader.sessions()
            written, plan, created = reader.progress()["state"], reader.meta("plan")["name"], reader.meta("created")
    except JournalError:
        return LatestRun(folder, "unreadable")
    over = ("done", "unchanged", "skipped", "cancelled", "failed", "conflict")
    total = sum(counts.values())
    left = total - sum(counts[name] for name in over)
    return LatestRun(
        folder,
        run_state(process, written, dict(sessions[-1]) if sessions else None, left=left),
        plan,
        done=counts["done"] + counts["unchanged"] + counts["skipped"],
        total=total,
        failed=counts["failed"] + counts["conflict"],
        created=datetime.fromtimestamp(created, UTC),
    )
