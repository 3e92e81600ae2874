"""How long the app takes to show its first screen: `python -m tests.bench.opening.measure`.

Each run starts the process in a pseudo-terminal of 80x24 with empty folders and waits for the first screen.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time

RUNS = 5
LIMIT = 20.0
FIRST_WORDS = b"Guided migration"


def first_paint(folder: str) -> float:
    """Return the seconds from the start of the process to its first screen. Raises TimeoutError, OSError."""
    started = time.monotonic()
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        os.environ.update(REGFERRY_STATE_DIR=folder, REGFERRY_CONFIG_DIR=folder)
        os.execv(sys.executable, [sys.executable, "-m", "tui"])
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        shown = b""
        while FIRST_WORDS not in shown:
            if time.monotonic() - started > LIMIT:
                raise TimeoutError(f"no first screen within {LIMIT:.0f} s")
            if select.select([terminal], [], [], 0.01)[0]:
                shown += os.read(terminal, 65536)
        return time.monotonic() - started
    finally:
        os.kill(process, 9)
        os.waitpid(process, 0)
        os.close(terminal)


def main() -> None:
    """Print the median of some runs, the first left out: it reads the files from disk."""
    with tempfile.TemporaryDirectory() as folder:
        first_paint(folder)
        taken = sorted(first_paint(folder) for _ in range(RUNS))
    print(f"first paint: {statistics.median(taken):.2f} s (median of {RUNS}, {taken[0]:.2f} to {taken[-1]:.2f})")


if __name__ == "__main__":
    main()
