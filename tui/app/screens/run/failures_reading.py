"""When the failures of a run are read: when one looks at them, and soon after there are others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from textual.timer import Timer

from tui.app.journal_watch import WATCH_ERRORS, read_once
from tui.app.screens.run.asking import AskingRun
from tui.app.screens.run.failures import FailureTable
from tui.engine.journal.lines import TaskLine
from tui.engine.journal.reader import JournalReader

AGAIN = 1.0
"""Seconds until new failures are read."""


class FailuresReading(AskingRun):
    """A run with a table of its failures."""

    _timer: Timer | None = None

    def failures_may_have_changed(self, lines: Iterable[TaskLine]) -> None:
        """Read the failures again soon if they are in front and these tasks concern them."""
        if self._timer is None and self.has_class("-failures") and any(line.attempts for line in lines):
            self._timer = self.set_timer(AGAIN, self.read_failures)

    def read_failures(self) -> None:
        """Read the failures in a thread and show them."""
        self._timer = None
        self.run_worker(self._read(), group="failures", exclusive=True)

    async def _read(self) -> None:
        try:
            groups = await asyncio.to_thread(read_once, self.folder, JournalReader.failure_groups)
        except WATCH_ERRORS as error:
            self.say_error(error)
            return
        self.query_one(FailureTable).show(groups)
        self.point_details()

    def point_details(self) -> None:
        """Let the details be about the row under the cursor."""
