"""What watching, scrolling and starting a table of 100,000 rows costs, as a terminal at the end of a wire sees it.

    python -m tests.bench.tables.measure

Each line is one run of `watched_table` in a pseudo-terminal of its own: bytes are what came out of it, CPU is
that of its process. The bars: watching below 8 % of a core and 6 kB/s, first paint below 0.6 s.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

SIZES = ((80, 24), (200, 60))
WATCHED_SECONDS = 10.0
SCROLLED_SECONDS = 4.0
KEYS_PER_SECOND = 30
TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[3]


@dataclass
class Terminal:
    """A pseudo-terminal with the app in it."""

    pid: int
    master: int
    report: int
    begun: float
    seen: bytes = b""
    count: int = 0
    started: list[float] = field(default_factory=list)

    def read_for(self, seconds: float) -> None:
        """Count what the app writes for a while."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                self._read()

    def read_until(self, text: bytes, seconds: float = 30.0) -> float:
        """Return the seconds since the start of the process after which `text` was on the screen."""
        until = monotonic() + seconds
        while text not in self.seen:
            if not select.select([self.master], [], [], max(0.0, until - monotonic()))[0]:
                raise TimeoutError(f"{text!r} did not appear")
            self._read()
        return monotonic() - self.begun

    def press(self, keys: str) -> None:
        """Send key strokes."""
        os.write(self.master, keys.encode())

    def cpu(self) -> float:
        """Return the CPU seconds the process has used so far (proc(5), fields 14 and 15 of stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _read(self) -> None:
        data = os.read(self.master, 65536)
        self.count += len(data)
        self.seen = (self.seen + data)[-200_000:]


@contextlib.contextmanager
def terminal(rows: int, width: int, height: int, *options: str) -> Iterator[Terminal]:
    """Run the app with `rows` rows in a terminal of this size and end it afterwards."""
    report, its_report = os.pipe()
    os.set_inheritable(its_report, True)
    begun = monotonic()
    pid, master = pty.fork()
    if not pid:
        os.chdir(ROOT)
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", COLUMNS="", LINES="")
        for name in ("NO_COLOR", "COLORTERM", "LC_ALL", "TMUX", "COLUMNS", "LINES"):
            os.environ.pop(name, None)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.execv(
            sys.executable,
            [sys.executable, "-m", "tests.bench.tables.watched_table", str(rows), str(its_report), *options],
        )
    os.close(its_report)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    running = Terminal(pid, master, report, begun)
    try:
        yield running
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)
        os.close(report)


def first_paint(rows: int, width: int, height: int) -> str:
    """Return one line of the table about starting."""
    with terminal(rows, width, height, "quiet") as app:
        painted = app.read_until(b"svc-000010")
        app.read_for(1.0)
        imported, making, made = (float(moment) - app.begun for moment in os.read(app.report, 200).split())
        return (
            f"{rows:>8,} {width:>4}x{height:<3} imports {imported:5.2f} s  rows {made - making:5.2f} s  "
            f"then painted after {painted - made:5.2f} s  (all {painted:5.2f} s)  {app.memory() / 1e6:5.0f} MB"
        )


def watching(rows: int, width: int, height: int) -> str:
    """Return one line of the table about ten rows that change four times a second."""
    with terminal(rows, width, height) as app:
        app.read_until(b"running")
        app.read_for(2.0)
        return _cost(app, rows, width, height, "watching", WATCHED_SECONDS, "")


def running(rows: int, width: int, height: int) -> str:
    """Return one line of the table about the same ordered by state, below the status lines of a run."""
    with terminal(rows, width, height, "run") as app:
        app.read_until(b"MB/s")
        app.read_for(3.0)
        return _cost(app, rows, width, height, "run", WATCHED_SECONDS, "")


def scrolling(rows: int, width: int, height: int) -> str:
    """Return one line of the table about holding the down key."""
    with terminal(rows, width, height, "quiet") as app:
        app.read_until(b"svc-000010")
        app.press("G\x15")
        app.read_for(1.5)
        return _cost(app, rows, width, height, "scrolling", SCROLLED_SECONDS, "k")


def _cost(app: Terminal, rows: int, width: int, height: int, what: str, seconds: float, key: str) -> str:
    cpu, count, begun = app.cpu(), app.count, monotonic()
    while monotonic() - begun < seconds:
        if key:
            app.press(key)
        app.read_for(1 / KEYS_PER_SECOND if key else seconds)
    passed = monotonic() - begun
    return (
        f"{rows:>8,} {width:>4}x{height:<3} {what:<10} {100 * (app.cpu() - cpu) / passed:5.1f} % of a core  "
        f"{(app.count - count) / passed / 1000:6.2f} kB/s"
    )


def main() -> None:
    for rows in (1000, 100_000):
        for size in SIZES:
            print(first_paint(rows, *size), flush=True)
    for what in (watching, running, scrolling):
        for size in SIZES:
            print(what(100_000, *size), flush=True)


if __name__ == "__main__":
    main()
