"""What it costs to watch a run of 100,000 tasks, as a terminal at the end of a wire sees it.

    python -m tests.bench.watching.measure [TASKS]

A journal is made, a process moves ten of its tasks four times a second, and the app watches that in a
pseudo-terminal: bytes are what came out of it, CPU is that of the app's process. The bars: first paint of the run
below 0.6 s after the key, watching below 8 % of a core and 6 kB/s.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from tests.bench.tables.measure import KEYS_PER_SECOND, ROOT, SCROLLED_SECONDS, SIZES, WATCHED_SECONDS, Terminal
from tests.bench.watching.journal import make

TASKS = 100_000


@contextlib.contextmanager
def working(folder: Path) -> Iterator[None]:
    """Let a process work on the run."""
    command = [sys.executable, "-m", "tests.bench.watching.journal", "work", str(folder)]
    worker = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
    finally:
        worker.kill()
        worker.wait()


@contextlib.contextmanager
def terminal(folder: Path, width: int, height: int) -> Iterator[Terminal]:
    """Run the app in a terminal of this size and end it afterwards."""
    report, its_report = os.pipe()
    os.set_inheritable(its_report, True)
    begun = monotonic()
    pid, master = pty.fork()
    if not pid:
        os.chdir(ROOT)
        for name in ("NO_COLOR", "COLORTERM", "LC_ALL", "TMUX", "COLUMNS", "LINES"):
            os.environ.pop(name, None)
        os.environ.update(
            TERM="xterm-256color",
            LANG="C.UTF-8",
            REGFERRY_STATE_DIR=str(folder.parents[1]),
            REGFERRY_CONFIG_DIR=str(folder.parents[1] / "config"),
        )
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.execv(sys.executable, [sys.executable, "-m", "tests.bench.watching.watcher", str(folder), str(its_report)])
    os.close(its_report)
    running = Terminal(pid, master, report, begun)
    try:
        yield running
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)
        os.close(report)


def opened(app: Terminal) -> float:
    """Go to the run and return the seconds until its first tasks were on the screen."""
    app.read_until(b"Home")
    app.read_for(1.5)
    begun = monotonic()
    app.press("W")
    app.read_until(b"svc-00")
    return monotonic() - begun


def first_paint(folder: Path, tasks: int, width: int, height: int) -> str:
    """Return one line of the table about opening the run."""
    with terminal(folder, width, height) as app:
        painted = opened(app)
        app.read_for(4.0)
        return (
            f"{tasks:>8,} {width:>4}x{height:<3} first paint {painted:5.2f} s after the key"
            f"  {app.memory() / 1e6:5.0f} MB when all is read"
        )


def watching(folder: Path, tasks: int, width: int, height: int) -> str:
    """Return one line of the table about ten tasks that move."""
    with working(folder), terminal(folder, width, height) as app:
        opened(app)
        app.read_for(6.0)
        return _cost(app, tasks, width, height, "watching", WATCHED_SECONDS, "")


def scrolling(folder: Path, tasks: int, width: int, height: int) -> str:
    """Return one line of the table about holding the down key meanwhile."""
    with working(folder), terminal(folder, width, height) as app:
        opened(app)
        app.read_for(5.0)
        return _cost(app, tasks, width, height, "scrolling", SCROLLED_SECONDS, "j")


def _cost(app: Terminal, tasks: int, width: int, height: int, what: str, seconds: float, key: str) -> str:
    cpu, count, begun = app.cpu(), app.count, monotonic()
    while monotonic() - begun < seconds:
        if key:
            app.press(key)
        app.read_for(1 / KEYS_PER_SECOND if key else seconds)
    passed = monotonic() - begun
    return (
        f"{tasks:>8,} {width:>4}x{height:<3} {what:<11} {100 * (app.cpu() - cpu) / passed:5.1f} % of a core  "
        f"{(app.count - count) / passed / 1000:6.2f} kB/s"
    )


def main() -> None:
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with tempfile.TemporaryDirectory() as state:
        folder = Path(state) / "runs" / "20260101-000000-bench"
        make(folder, tasks)
        for what in (first_paint, watching, scrolling):
            for size in SIZES:
                print(what(folder, tasks, *size), flush=True)


if __name__ == "__main__":
    main()
