"""The pane with the details of what is under the cursor, read when the cursor rests and when that task changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from textual.timer import Timer

from tui.app.i18n import _, said
from tui.app.journal_watch import WATCH_ERRORS, read_once
from tui.app.screens.run.details import Details, group_details, task_details
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.row_source import Key
from tui.engine.journal.lines import FailureGroup
from tui.engine.runs import RunFolder

REST = 0.15
"""Seconds the cursor has to rest on a row."""
AGAIN = 2.0
"""Seconds between two readings of a task that changes all the time."""


class RunDetails(DetailPane):
    """Shows a task or a group of failures, and below it what a process printed that ended too early."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(id="details")
        self._folder = folder
        self._about: Key | None = None
        self._shown_about: Key | None = None
        self._printed = ""
        self._question: Callable[..., Details] | None = None
        self._arguments: tuple[Any, ...] = ()
        self._timer: Timer | None = None

    def about_task(self, number: Key | None) -> None:
        """Show a task soon."""
        self._ask(number, task_details, number)

    def about_group(self, group: FailureGroup | None, reason: str) -> None:
        """Show a group of failures soon."""
        self._ask(group, group_details, group, reason)

    def changed(self, numbers: Collection[Key]) -> None:
        """Read again soon if what is shown is among these tasks."""
        if self._about in numbers and self._timer is None:
            self._timer = self.set_timer(AGAIN, self._read)

    def printed(self, text: str) -> None:
        """Show what a process printed, '' for nothing."""
        if text != self._printed:
            self._printed = text
            self._read()

    def _ask(self, about: Key | None, question: Callable[..., Details], *arguments: Any) -> None:
        if about == self._about:
            return
        self._about, self._question, self._arguments = about, question, arguments
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(REST, self._read)

    def _read(self) -> None:
        self._timer = None
        self.run_worker(self._show_answer(), group="details", exclusive=True)

    async def _show_answer(self) -> None:
        about, found = self._about, Details(_("Details"))
        if about is not None and self._question is not None:
            try:
                found = await asyncio.to_thread(read_once, self._folder, self._question, *self._arguments)
            except WATCH_ERRORS as error:
                found = Details(_("Details"), sections=(Section(said(str(error)), ()),))
        printed = [Section(_("Printed by its process"), self._printed.splitlines())] if self._printed else []
        self.show(found.title, found.fields, (*found.sections, *printed))
        if about != self._shown_about:
            self._shown_about = about
            self.scroll_home(animate=False)
