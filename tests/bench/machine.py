"""Where and how a benchmark ran: what has to stand below every table."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.programs import path_of


def description(command: str, programs: Sequence[str] = ()) -> list[str]:
    """Return lines of Markdown: command, date, machine, load, versions of Python and of other `programs`."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    today = datetime.datetime.now(datetime.UTC)
    python = f"Python {platform.python_version()}"
    return [
        f"- command: `{command}`",
        f"- date: {today:%Y-%m-%d %H:%M} UTC",
        f"- machine: {os.cpu_count()} cores, {_cpu_model()}, {_memory_gib():.0f} GiB, Linux {platform.release()}",
        f"- load at the start (1, 5, 15 min): {load}",
        f"- versions: {', '.join([python, *map(_version, programs)])}",
    ]


def command_line(module: str) -> str:
    """Return the command this benchmark was started with."""
    return " ".join(["python", "-m", module, *sys.argv[1:]])


def _cpu_model() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return match[1] if match else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)


def _version(program: str) -> str:
    said = subprocess.run([str(path_of(program)), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"\d+\.\d+[\w.+-]*", said.stdout + said.stderr)
    return f"{program} {match[0] if match else '?'}"
