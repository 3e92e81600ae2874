"""The runs on this machine: what runs, what ran and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, whole
from tui.app.journal_watch import WATCH_ERRORS
from tui.app.run_list import RunLine, RunList
from tui.app.run_state import CAN_GO_ON, RUN_STATES
from tui.app.screens.place import Place
from tui.app.screens.report_dialog import ReportDialog, save_report, saved_words
from tui.app.steering import STEERING_ERRORS, Steering
from tui.app.widgets.cell import BytesCell, Cell, DurationCell, NumberCell, StateCell, TimeCell
from tui.app.widgets.columns import Column
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable, OpeningTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.engine.runs import RunBusy

LOOK_EVERY = 1.0
COLUMNS = (
    Column(key="run", title=N_("Run"), width=28, weight=3, cell=Cell(cut="middle")),
    Column(key="plan", title=N_("Plan"), width=14, weight=1, max_width=40, priority=5),
    Column(key="state", title=N_("State"), width=13, cell=StateCell(RUN_STATES)),
    Column(key="outcome", title=N_("Outcome"), width=19, weight=2, max_width=50),
    Column(key="failures", title=N_("Failed"), width=6, cell=NumberCell(), priority=3),
    Column(key="moved", title=N_("Copied"), width=8, cell=BytesCell(), priority=1),
    Column(key="seconds", title=N_("Took"), width=8, cell=DurationCell(), priority=2),
    Column(key="created", title=N_("When"), width=16, cell=TimeCell(), priority=4),
)


class Runs(Place):
    """The place 'runs'."""

    MODE: ClassVar[str] = "runs"
    BINDING_GROUP_TITLE = N_("Runs")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "go_on", N_("Go on")),
        Binding("R", "retry_all", N_("Retry failed")),
        Binding("v", "verify", N_("Verify")),
        Binding("w", "report", N_("Report")),
        Binding("delete,D", "delete", N_("Delete"), key_display="D"),
        Binding("X", "stop", N_("Stop")),
        Binding("y", "copy", N_("Copy the name"), show=False),
    ]
    DEFAULT_CSS = """
    Runs #empty { display: none; }
    Runs.-empty #empty { display: block; height: 1fr; }
    Runs.-empty #runs { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, RunLine] = {}
        self._asked_again = asyncio.Event()

    def content(self) -> ComposeResult:
        """Yield the list."""
        table = OpeningTable(COLUMNS, ListSource(), id="runs-table", sort="run", descending=True)
        yield TablePane(table, _("Runs"), id="runs")
        choices = [("4", _("make a plan and run it")), ("3", _("select what to copy first"))]
        yield EmptyState(
            _("No runs yet"), _("What you run is listed here, also what runs without the app."), choices, id="empty"
        )

    def on_mount(self) -> None:
        """Begin to look."""
        self.table.focus()
        self.run_worker(self._keep_looking(), group="look", exclusive=True)

    @property
    def table(self) -> LineTable:
        """The list."""
        return self.query_one("#runs-table", LineTable)

    @property
    def line(self) -> RunLine | None:
        """The run under the cursor."""
        return self._lines.get(str(self.table.cursor_key))

    async def _keep_looking(self) -> None:
        """Read the runs, and again every second while this is in front."""
        runs = RunList(self.session.state)
        while True:
            if self.is_active or not self._lines:
                await self._look(runs)
            self._asked_again.clear()
            try:
                await asyncio.wait_for(self._asked_again.wait(), LOOK_EVERY)
            except TimeoutError:
                continue  # nobody asked; time to look

    async def _look(self, runs: RunList) -> None:
        found = runs.refresh()
        while (lines := await asyncio.to_thread(next, found, None)) is not None:
            self._show(lines)
        if gone := self._lines.keys() - runs.names:
            for name in gone:
                del self._lines[name]
            self.table.set_source(ListSource(map(_row, self._lines.values())))
        self.set_class(not self._lines, "-empty")

    def _show(self, lines: list[RunLine]) -> None:
        source = self.table.source
        assert isinstance(source, ListSource)
        for line in lines:
            self._lines[line.folder.name] = line
            source.put(_row(line))
        self.table.update_rows(line.folder.name for line in lines)
        if lines:
            self.refresh_bindings()

    def look_again(self) -> None:
        """Look at once."""
        self._asked_again.set()

    def on_screen_resume(self) -> None:
        """Show what happened meanwhile."""
        self.look_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense for the run under the cursor."""
        offers: dict[str, Callable[[RunLine], bool]] = {
            "go_on": lambda line: line.state in CAN_GO_ON,
            "retry_all": lambda line: not line.live and line.failures > 0,
            "verify": lambda line: line.state not in ("unreadable", "new"),
            "report": lambda line: line.state != "unreadable",
            "delete": lambda line: not line.live,
            "stop": lambda line: line.live and line.state != "stopping",
            "copy": lambda _line: True,
        }
        if action not in offers:
            return True
        return self.line is not None and offers[action](self.line)

    @on(LineTable.RowHighlighted)
    def _highlighted(self) -> None:
        self.refresh_bindings()

    @on(LineTable.RowOpened)
    async def action_open(self) -> None:
        """Show the run."""
        if self.line is not None and self.line.state != "unreadable":
            await self.app.show_run(self.line.folder)

    async def action_go_on(self) -> None:
        """Let the run go on in a process of its own, and show it."""
        self._with_line(lambda line: self._start(line, failed_too=False))

    def action_retry_all(self) -> None:
        """Try again what failed, and show it."""
        self._with_line(lambda line: self._start(line, failed_too=True))

    async def _start(self, line: RunLine, *, failed_too: bool) -> None:
        steering = Steering(self.session, line.folder)
        process = await steering.start(failed_too=failed_too)
        await self.app.show_run(line.folder, process)

    def action_stop(self) -> None:
        """Stop the run, after a question."""
        if self.line is None:
            return
        line = self.line
        question = ConfirmDialog(
            _("Stop this run?"),
            line.folder.name + "\n" + _("It can go on later from where it was."),
            yes=_("Stop"),
            no=_("Let it run"),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._carry_out(Steering(self.session, line.folder).order("stop"), _("Told the run to stop."))

        self.app.push_screen(question, answered)

    def action_verify(self) -> None:
        """Compare what is at the target with what the run was to put there."""
        if self.line is not None:
            from tui.app.screens.verify import VerifyScreen

            self.app.push_screen(VerifyScreen(self.line.folder))

    def action_report(self) -> None:
        """Write the report of the run to a file."""
        if self.line is None:
            return
        line = self.line

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.run_worker(self._save(line, path), group="orders")

        self.app.push_screen(ReportDialog(line.folder.name), chosen)

    async def _save(self, line: RunLine, path: Path) -> None:
        try:
            written = await asyncio.to_thread(save_report, line.folder, path)
        except (*STEERING_ERRORS, *WATCH_ERRORS) as error:
            self.say(whole(error), "error")
        else:
            self.say(saved_words(written), "success")

    def action_delete(self) -> None:
        """Delete the journal and log of the run, after a question."""
        if self.line is None:
            return
        line = self.line
        question = ConfirmDialog(
            _("Delete this run?"),
            line.folder.name + "\n" + _("Its journal and log are removed; nothing at a registry changes."),
            yes=_("Delete"),
            no=_("Keep"),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                name = line.folder.name
                self._carry_out(asyncio.to_thread(line.folder.delete), _("Deleted the run {name}.").format(name=name))

        self.app.push_screen(question, answered)

    def action_copy(self) -> None:
        """Copy the name of the run."""
        if self.line is not None:
            self.app.copy_to_clipboard(self.line.folder.name)
            self.say(_("Copied {what}.").format(what=self.line.folder.name), "success")

    def _with_line(self, work: Callable[[RunLine], Awaitable[None]]) -> None:
        if self.line is not None:
            self._carry_out(work(self.line), "")

    def _carry_out(self, work: Awaitable[None], told: str) -> None:
        self.run_worker(self._tried(work, told), group="orders")

    async def _tried(self, work: Awaitable[None], told: str) -> None:
        try:
            await work
        except (*STEERING_ERRORS, *WATCH_ERRORS, RunBusy) as error:
            self.say(whole(error), "error")
        else:
            if told:
                self.say(told, "success")
        self.look_again()


def _row(line: RunLine) -> tuple[object, ...]:
    name = line.folder.name
    moved, took = line.moved or None, line.seconds or None
    return name, line.plan, line.state, line.outcome, line.failures or None, moved, took, line.created
