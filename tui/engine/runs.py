"""The runs on this machine: each a folder with a journal, a log and a lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tui.oci.errors import LocalError
from tui.oci.saying import N_, phrase

_RUNS = "runs"
_LOCK = "lock"
_IN_THE_MAKING = ".new-"
_TRIES = 5
_TRY_EVERY = 0.02


class UnknownRun(Exception):
    """No run, or more than one, goes by that name; `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class RunBusy(Exception):
    """Another process works on the run; `pid` is its process id."""

    def __init__(self, name: str, pid: int, lock: str = "lock") -> None:
        working = phrase("process {pid} is working on the run {name}", pid=pid, name=name)
        verifying = phrase("process {pid} is verifying the run {name}", pid=pid, name=name)
        super().__init__(working if lock == _LOCK else verifying)
        self.pid = pid
        self.hint = (
            phrase("look with 'regferry runs watch {name}', or stop it with 'regferry runs stop {name}'", name=name)
            if lock == _LOCK
            else phrase("wait until it is done, or stop it with 'kill {pid}'", pid=pid)
        )


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the files of one run are."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The journal, SQLite."""
        return self.path / "journal.sqlite"

    @property
    def log(self) -> Path:
        """The log, JSON lines."""
        return self.path / "log.jsonl"

    @property
    def output(self) -> Path:
        """What a detached process printed."""
        return self.path / "output.txt"

    @property
    def verify_output(self) -> Path:
        """What a detached process that verified it printed."""
        return self.path / "verify-output.txt"

    @contextmanager
    def locked(self, name: str = _LOCK) -> Iterator[None]:
        """Hold the run's lock, or another of its locks, which the kernel drops with the process.

        Raises RunBusy, and LocalError.
        """
        with _open_lock(self.path / name) as lock:
            if not _take(lock):
                raise RunBusy(self.name, _owner(self.path / name), name)
            _sign(lock, self.path)
            yield

    def working(self, name: str = _LOCK) -> int | None:
        """Return the id of the process that works on the run, or holds another of its locks, None when nobody does."""
        with contextlib.suppress(FileNotFoundError), (self.path / name).open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _owner(self.path / name)
        return None

    def delete(self) -> None:
        """Remove the run. Raises RunBusy while a process works on it."""
        with self.locked():
            shutil.rmtree(self.path)


def make_run_folder(state: Path, name: str, fill: Callable[[RunFolder], None] = lambda folder: None) -> RunFolder:
    """Return a new folder below `state` for a run of the plan called `name`, with what `fill` writes into it.

    It gets its name when `fill` is done, so that no half of a run is ever listed. Raises LocalError, and what `fill`
    raises; then nothing is left.
    """
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "run"
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{words}"
    making: Path | None = None
    try:
        (state / _RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=_IN_THE_MAKING, dir=state / _RUNS))
        fill(RunFolder(making))
        for number in range(1, 1000):
            path = state / _RUNS / (stem if number == 1 else f"{stem}-{number}")
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)  # the name is ours from here on; a folder takes the place of an empty one
                return RunFolder(making.rename(path))
    except OSError as error:
        raise LocalError(
            phrase("cannot make a folder for the run below {state}: {strerror}", state=state, strerror=error.strerror),
            hint=N_("free space or fix permissions there, or set REGFERRY_STATE_DIR"),
        ) from error
    finally:
        if making is not None:
            shutil.rmtree(making, ignore_errors=True)
    raise LocalError(phrase("there are a thousand runs called {stem}", stem=stem))


def list_runs(state: Path) -> list[RunFolder]:
    """Return the runs below `state`, the newest first."""
    if not (state / _RUNS).is_dir():
        return []
    folders = (path for path in (state / _RUNS).iterdir() if not path.name.startswith(_IN_THE_MAKING))
    found = [RunFolder(path) for path in folders if (path / "journal.sqlite").is_file()]
    return sorted(found, key=lambda run: run.name, reverse=True)


def find_run(state: Path, name: str) -> RunFolder:
    """Return the run called `name`: in full, by a part that only one has, or `last`. Raises UnknownRun."""
    runs = list_runs(state)
    if not runs:
        raise UnknownRun(
            phrase("there are no runs in {state}", state=state),
            N_("start one with 'regferry sync' or 'regferry run PLAN'"),
        )
    if name in ("last", ""):
        return runs[0]
    exact = [run for run in runs if run.name == name]
    matching = exact or [run for run in runs if name in run.name]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UnknownRun(
            phrase(
                "{name!r} may be {count} runs: {matching}",
                name=name,
                count=len(matching),
                matching=", ".join(run.name for run in matching[:5]),
            ),
            N_("say more of the name"),
        )
    raise UnknownRun(phrase("there is no run {name!r}", name=name), N_("see 'regferry runs list'"))


def _open_lock(path: Path) -> IO[str]:
    """Open the lock's file, made for its owner alone. Raises LocalError."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a+")
    except OSError as error:
        raise _no_lock(path.parent, error) from error


def _sign(lock: IO[str], folder: Path) -> None:
    """Write who holds the lock. Raises LocalError."""
    try:
        # Past the buffer, which would try again, and fail again, when it is closed.
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), str(os.getpid()).encode())
    except OSError as error:
        raise _no_lock(folder, error) from error


def _no_lock(folder: Path, error: OSError) -> LocalError:
    return LocalError(
        phrase("cannot work on the run in {folder}: {strerror}", folder=folder, strerror=error.strerror),
        hint=N_("free space or fix permissions there, then resume the run"),
    )


def _take(lock: IO[str]) -> bool:
    """Take the lock, giving those who only look (`working`) the moment that takes them."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_TRY_EVERY)
        else:
            return True
    return False


def _owner(lock: Path) -> int:
    text = lock.read_text().strip()
    return int(text) if text.isdigit() else 0
