"""What a command costs, measured from outside by the kernel's own accounts."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_SHOWN_OF_A_FAILURE = 4000


@dataclass(frozen=True)
class Command:
    """A command line with where and in which environment it runs."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of CPU, peak resident memory in bytes, and what the command printed."""

    seconds: float
    cpu: float
    peak: int
    out: str


class CommandFailed(Exception):
    """A command under measurement did not do its work, so that its time means nothing."""


def measure(command: Command, timeout: float = 1800) -> Cost:
    """Run a command to its end and return what it cost.

    Raises CommandFailed when its exit status is not 0, subprocess.TimeoutExpired after `timeout` seconds.
    """
    result = command.folder / "cost.json"
    finished = subprocess.run(
        [sys.executable, "-I", "-S", str(_LAUNCHER), str(result), *command.arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        cwd=command.folder, env=dict(command.environment), timeout=timeout, check=True,
    )  # fmt: skip
    cost = json.loads(result.read_text())
    if cost["exit"] != 0:
        said = (finished.stdout + finished.stderr)[-_SHOWN_OF_A_FAILURE:]
        raise CommandFailed(f"{' '.join(command.arguments)}\nended with {cost['exit']}:\n{said}")
    return Cost(cost["seconds"], cost["cpu"], cost["peak"], finished.stdout)


@dataclass(frozen=True)
class Costs:
    """Several runs of the same."""

    runs: tuple[Cost, ...]

    def median(self, of: Callable[[Cost], float]) -> float:
        """Return the median of one figure."""
        return statistics.median(of(run) for run in self.runs)

    @property
    def seconds(self) -> float:
        """The median of the seconds on the clock."""
        return self.median(lambda run: run.seconds)

    @property
    def cpu(self) -> float:
        """The median of the CPU seconds."""
        return self.median(lambda run: run.cpu)

    @property
    def peak(self) -> int:
        """The highest peak of memory in bytes; a bar on memory holds for every run."""
        return max(run.peak for run in self.runs)

    @property
    def span(self) -> str:
        """The shortest and the longest run, in seconds."""
        seconds = [run.seconds for run in self.runs]
        return f"{min(seconds):.2f}-{max(seconds):.2f}"
