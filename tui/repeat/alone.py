"""One run of a plan at a time: a lock per plan, and a look whether anybody works on a run of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.runs import list_runs
from tui.oci.errors import LocalError

_FOLDER = "plans"


class StillRunning(Exception):
    """A run of the plan is still going; `hint` says how to look at it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def folder_of(state: Path, plan_file: Path) -> Path:
    """Return the folder for what belongs to a plan file and not to one run, made when it is missing.

    Raises LocalError.
    """
    name = hashlib.sha256(str(plan_file.resolve()).encode()).hexdigest()[:16]
    folder = state / _FOLDER / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    return folder


@contextmanager
def alone(state: Path, plan_file: Path, plan: str) -> Iterator[None]:
    """Hold the lock of a plan, which goes away with the process.

    Raises StillRunning when another holds it or a process works on a run of the plan called `plan`; LocalError.
    """
    path = folder_of(state, plan_file) / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StillRunning(f"a run of {plan_file.name} is still going", "see 'regferry runs list'") from None
        if run := running(state, plan):
            raise StillRunning(f"the run {run} of {plan!r} is still going", f"see 'regferry runs watch {run}'")
        yield
    finally:
        os.close(descriptor)


def running(state: Path, plan: str) -> str:
    """Return the name of a run of the plan called `plan` that a process works on, '' for none."""
    for folder in list_runs(state):
        if folder.working() is not None and _plan_of(folder.journal)[0] == plan:
            return folder.name
    return ""


def last_begun(state: Path, plan: str) -> float | None:
    """Return when the last run of the plan called `plan` was made (seconds since the epoch), None for never."""
    for folder in list_runs(state):
        name, created = _plan_of(folder.journal)
        if name == plan:
            return created
    return None


def _plan_of(journal: Path) -> tuple[str, float]:
    try:
        with JournalReader(journal) as reader:
            return str(reader.meta("plan")["name"]), float(reader.meta("created"))
    except (JournalError, KeyError, TypeError):
        return "", 0.0  # a journal nobody can read tells of no run of ours


def _unusable(path: Path, error: OSError) -> LocalError:
    return LocalError(
        f"cannot use {path}: {error.strerror}",
        hint="free space or fix permissions there, or set REGFERRY_STATE_DIR",
    )
