"""A screen that follows one run: looks at its journal in a thread, and knows how the run stands."""

from __future__ import annotations

import asyncio
import subprocess
import time
from typing import Any

from textual.css.query import NoMatches

from tui.app.announce import announce
from tui.app.i18n import whole
from tui.app.journal_watch import WATCH_ERRORS, JournalWatch, Look, read_once
from tui.app.run_state import LIVE, run_state
from tui.app.screens.place import Place
from tui.app.screens.run.task_rows import OPEN, TaskRows
from tui.app.screens.run.words import end_words, registries_of
from tui.app.steering import Steering
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import Key
from tui.engine.journal.reader import JournalReader
from tui.engine.runs import RunFolder

LOOK_EVERY = 0.25
LOOK_AWAY_EVERY = 1.0
"""Seconds between looks while the screen is not in front, or nothing works on the run."""
TO_MOVE_EVERY = 5.0
"""Seconds between two sums of the bytes to be moved while tasks are still being found; it reads every blob."""


class WatchedRun(Place):
    """Keeps `rows`, `state`, `look` and `progress` as the journal has them and calls `show` when something changed.

    `state` is a key of `run_state.RUN_STATES`, '' before the first look; `exit_code` that of the latest process;
    `to_move` the bytes to be copied in all, None while unknown, `handed` those of images a Harbor copies (done, all);
    `look` the last one that saw a change.
    """

    def __init__(self, folder: RunFolder, process: subprocess.Popen[bytes] | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.rows = TaskRows()
        self.state = ""
        self.exit_code: int | None = None
        self.to_move: int | None = None
        self.handed = (0, 0)
        self.look = Look(None, "")
        self.progress: dict[str, Any] = {}
        self._process = process
        self._live = process is not None
        self._summed = (0.0, "")
        self._wanted_look = asyncio.Event()

    @property
    def table(self) -> LineTable:
        """The table of tasks."""
        return self.query_one("#tasks-table", LineTable)

    def followed(self) -> Key | None:
        """Return the task to keep the cursor on while following."""
        return self.rows.newest_active()

    def show_title(self) -> None:
        """Show what is known about all tasks; the rows are here."""

    def show(self, look: Look, *, changed: bool) -> None:
        """Show what is new; `changed` says that the run is in another state than before."""

    def on_mount(self) -> None:
        """Begin to watch. Textual calls this besides the `on_mount` of a subclass, after it."""
        self.steering = Steering(self.session, self.folder, self._process)
        self.run_worker(self._watch(), group="watch", exclusive=True)

    async def _watch(self) -> None:
        """Look at the journal again and again."""
        try:
            watch = await asyncio.to_thread(JournalWatch, self.folder)
        except WATCH_ERRORS as error:
            self.say_error(error)
            return
        try:
            self.rows = await asyncio.to_thread(_first_rows, watch)
            self.table.set_source(self.rows)
            self.show_title()
            self.take(await asyncio.to_thread(watch.look))
            if self.state in LIVE:
                self.table.set_following(True)
            await self._read_the_rest(watch)
            while True:
                await self._rest()
                self.take(await asyncio.to_thread(watch.look))
        except WATCH_ERRORS as error:
            self.say_error(error)
        except NoMatches:
            if self.query(LineTable):  # when the screen or the app is being left, the table is gone before it
                raise
        finally:
            watch.close()

    async def _rest(self) -> None:
        """Wait until it is time for the next look, or somebody wants it."""
        here = self.is_active and self.state in LIVE
        try:
            await asyncio.wait_for(self._wanted_look.wait(), LOOK_EVERY if here else LOOK_AWAY_EVERY)
        except TimeoutError:
            return
        self._wanted_look.clear()

    def look_soon(self, *, started: bool = False) -> None:
        """Look at once; `started` says that a process was just started, so that its end is told however soon."""
        self._live |= started
        self._wanted_look.set()

    async def _read_the_rest(self, watch: JournalWatch) -> None:
        looked = time.monotonic()
        while lines := await asyncio.to_thread(watch.more):
            self.rows.take(lines)
            if time.monotonic() - looked >= LOOK_EVERY:
                looked = time.monotonic()
                self.take(await asyncio.to_thread(watch.look))
        self.table.reload()

    def take(self, look: Look) -> None:
        """Take in what a look saw."""
        now = time.monotonic()
        if look.changed and look.progress is not None:
            self.look, self.progress = look, dict(look.progress)
            self.table.update_rows(self.rows.take(look.tasks, now))
        self.table.update_rows(self.rows.stalled(now))
        session = self.look.session
        self.exit_code = session["exit_code"] if session else None
        left = sum(number for (_phase, state), number in self.rows.standing.items() if state in OPEN)
        written = self.progress.get("state", "new")
        state = run_state(look.process, written, session, left=left, starting=self.steering.started)
        changed, self.state = state != self.state, state
        ended, self._live = self._live and state not in LIVE, state in LIVE
        began_or_ended = self.rows.alive != self._live
        if began_or_ended or self.rows.paused != (state == "paused"):
            self.rows.alive, self.rows.paused = self._live, state == "paused"
            self.table.reload()
        if began_or_ended:
            self.table.set_following(self._live)
        if look.changed or changed:
            self._sum_bytes(now)
        self.show(look, changed=changed)
        if ended:
            self._tell_end()

    @property
    def seconds(self) -> float:
        """How long processes have worked on the run."""
        session = self.look.session
        if session is None:
            return 0.0
        end = session["ended"] or (time.time() if self.state in LIVE else session["heartbeat"])
        return self.look.seconds + max(0.0, float(end - session["started"]))

    def _sum_bytes(self, now: float) -> None:
        """Sum up what is to be moved when a phase begins, and now and then while that changes."""
        at, before = self._summed
        phase = self.progress.get("phase")
        stage = f"{phase} {self.progress.get('round')} {self.state}"
        changes = phase == "generate" or self.handed[1]
        if stage != before or (changes and now - at > TO_MOVE_EVERY):
            self._summed = now, stage
            self.run_worker(self._read_to_move(), group="to-move", exclusive=True)

    async def _read_to_move(self) -> None:
        try:
            self.to_move, self.handed = await asyncio.to_thread(read_once, self.folder, _sums)
            self.look_soon()
        except WATCH_ERRORS as error:
            self.say_error(error)

    def _tell_end(self) -> None:
        text, style = end_words(self.state, self.exit_code, self.rows.counts(), self.folder.name)
        self.say(text, style)
        announce(self.app, text)
        self.table.set_following(False)

    def say_error(self, error: Exception) -> None:
        """Say what went wrong, and what to do about it where that is known."""
        self.say(whole(error), "error")


def _sums(reader: JournalReader) -> tuple[int, tuple[int, int]]:
    return reader.bytes_to_move(), reader.handed()


def _first_rows(watch: JournalWatch) -> TaskRows:
    """Return what to show first; for a thread."""
    outline, first = watch.begin()
    plan = watch.plan()
    rows = TaskRows(outline, strip=registries_of(plan), by_harbor=bool(plan.get("replication")))
    rows.take(first)
    return rows
