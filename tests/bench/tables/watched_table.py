"""The app under measurement: one table of many tasks, ten of which move four times a second.

Run by `measure.py` in a pseudo-terminal: `python -m tests.bench.tables.watched_table ROWS REPORT_FD [quiet|run]`.
What it writes to the file descriptor: the moments (monotonic clock) when imports were over and rows were made.
"""

from __future__ import annotations

import os
import random
import sys
from time import monotonic

from textual.app import ComposeResult

from tui.app.base import BaseApp
from tui.app.widgets.cell import BytesCell, NumberCell, Progress, ProgressCell, RateCell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.phase_bar import Phase, PhaseBar
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.state_counts import StateCounts
from tui.app.widgets.transfer_line import TransferLine

IMPORTED = monotonic()
ACTIVE = 10
UPDATES_PER_SECOND = 4

COLUMNS = (
    Column(key="id", title="#", width=6, cell=NumberCell(), priority=3),
    Column(key="source", title="Source", width=18, weight=2),
    Column(key="target", title="Target", width=18, weight=2, priority=2),
    Column(key="state", title="State", width=11, cell=StateCell()),
    Column(key="progress", title="Progress", width=13, max_width=24, weight=1, cell=ProgressCell()),
    Column(key="bytes", title="Bytes", width=9, cell=BytesCell(), priority=1),
    Column(key="speed", title="Speed", width=11, cell=RateCell(), priority=1),
    Column(key="attempts", title="Tries", width=5, cell=NumberCell(), priority=4),
)


def task(number: int, state: str, done: float, total: float, speed: float) -> tuple[object, ...]:
    """Return the row of one task."""
    name = f"svc-{number:06d}:1.{number % 40}"
    progress = Progress(done, total)
    return (number, f"hub/{name}", f"acr/mirror/{name}", state, progress, done, speed, 1)


class WatchedTable(BaseApp):
    """Rows, and a clock that moves the first ten of them.

    `quiet` leaves the clock out; `run` orders by state and has the status lines of a run above the table.
    """

    def __init__(self, rows: int, *, quiet: bool, run: bool) -> None:
        super().__init__()
        self.source = ListSource(task(number, "pending", 0, 4e8, 0) for number in range(rows))
        self.quiet = quiet
        self.run_lines = run
        self.random = random.Random(7)
        self.done = [0.0] * ACTIVE

    def compose(self) -> ComposeResult:
        if self.run_lines:
            yield PhaseBar()
            yield TransferLine()
            yield StateCounts()
        yield LineTable(COLUMNS, self.source, marks=True, sort="state" if self.run_lines else "")

    def on_mount(self) -> None:
        if not self.quiet:
            self.set_interval(1 / UPDATES_PER_SECOND, self.move)

    def move(self) -> None:
        for number in range(ACTIVE):
            speed = self.random.uniform(2e6, 9e6)
            self.done[number] = (self.done[number] + speed / UPDATES_PER_SECOND) % 4e8
            self.source.put(task(number, "running", self.done[number], 4e8, speed))
        self.query_one(LineTable).update_rows(range(ACTIVE))
        if self.run_lines:
            done, count = sum(self.done), self.source.count()
            self.query_one(PhaseBar).show({"execute": Phase("active", int(done / 1e7), count)})
            self.query_one(TransferLine).show(done, 4e8 * count, self.random.uniform(4e7, 5e7))
            self.query_one(StateCounts).show({"running": ACTIVE, "pending": count - ACTIVE, "done": int(done / 1e7)})


def main() -> None:
    rows, report = int(sys.argv[1]), int(sys.argv[2])
    started = monotonic()
    app = WatchedTable(rows, quiet="quiet" in sys.argv[3:], run="run" in sys.argv[3:])
    os.write(report, f"{IMPORTED} {started} {monotonic()}\n".encode())
    app.run()


if __name__ == "__main__":
    main()
