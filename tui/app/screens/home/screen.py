"""The place 'home'."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.app.i18n import N_, _, told
from tui.app.run_state import LIVE, RUN_STATES
from tui.app.screens.endpoints.rows import state_of
from tui.app.screens.endpoints.words import TEST_STATES, account
from tui.app.screens.home.latest import LatestRun, latest_runs
from tui.app.screens.home.next_step import line_of, next_step
from tui.app.screens.place import Place
from tui.app.screens.plan import PlanScreen
from tui.app.screens.work import begin
from tui.app.widgets.cell import Cell, NumberCell, Part, StateCell, TimeCell
from tui.app.widgets.columns import Column
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable, OpeningTable
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError

_AGAIN = 5.0
"""Seconds after which runs under way are looked at again."""
_RUNS = (
    Column(key="run", title=N_("Run"), width=20, weight=3, cell=Cell(cut="middle")),
    Column(key="state", title=N_("State"), width=13, cell=StateCell(RUN_STATES)),
    Column(key="tasks", title=N_("Tasks"), width=13, align="right", sortable=False),
    Column(key="failed", title=N_("Failed"), width=7, cell=NumberCell("error"), priority=2),
    Column(key="created", title=N_("Begun"), width=16, cell=TimeCell("muted"), priority=1),
)
_ENDPOINTS = (
    Column(key="name", title=N_("Name"), width=14, weight=1, max_width=32),
    Column(key="address", title=N_("Address"), width=22, weight=2, cell=Cell(cut="middle")),
    Column(key="account", title=N_("Account"), width=10, weight=1, max_width=24, priority=1),
    Column(key="state", title=N_("State"), width=15, cell=StateCell(TEST_STATES)),
)


class NextLine(PartsLine):
    """What to do next."""

    DEFAULT_CSS = "NextLine { margin-bottom: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._step: tuple[Part, ...] = ()

    def show(self, step: tuple[Part, ...]) -> None:
        """Show another step."""
        self._step = step
        self.update()

    def parts(self, cells: int) -> tuple[Part, ...]:
        """Return the step."""
        return self._step


class Home(Place):
    """Three ways in on an empty start; otherwise what was done last and what comes next."""

    MODE: ClassVar[str] = "home"
    BINDING_GROUP_TITLE = N_("Home")
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "guide", N_("Guided migration")),
        Binding("o", "open_plan", N_("Open a plan")),
        Binding("d", "demo", N_("Try the demo")),
        Binding("w", "watch", N_("Latest run")),
        Binding("tab", "app.focus_next", N_("Next pane"), show=False),
    ]
    DEFAULT_CSS = """
    Home #home-room { padding-top: 1; height: 1fr; }
    Home TablePane { height: 1fr; min-height: 4; }
    Home EmptyState { display: none; height: 1fr; }
    Home.-first EmptyState { display: block; }
    Home.-first #home-room { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._endpoints: tuple[Endpoint, ...] = ()
        self._runs: list[LatestRun] = []
        self._problem = ""

    def content(self) -> ComposeResult:
        """Yield the ways in, and what there is."""
        yield EmptyState("")
        with Container(id="home-room"):
            yield NextLine()
            empty = N_("No runs yet")
            yield TablePane(OpeningTable(_RUNS, ListSource((), len(_RUNS)), empty=empty, id="latest"), _("Latest runs"))
            empty = N_("No endpoints yet: press 2, then n")
            table = OpeningTable(_ENDPOINTS, ListSource((), len(_ENDPOINTS)), empty=empty, id="known")
            yield TablePane(table, _("Endpoints"))

    def on_mount(self) -> None:
        """Look what there is, now and while a run goes on."""
        self.set_interval(_AGAIN, self._look_again)
        self._look()

    def on_screen_resume(self) -> None:
        """Look again: something may have been done elsewhere."""
        self._look()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what there is nothing for."""
        return bool(self._runs) if action == "watch" else True

    def action_guide(self) -> None:
        """Begin the guided migration."""
        from tui.app.screens.guide import Guide

        self.app.push_screen(Guide())

    async def action_open_plan(self) -> None:
        """Go to the place 'plan' and ask for a file there."""
        await self.app.switch_mode("plan")
        if isinstance(self.app.screen, PlanScreen):
            self.app.screen.action_load()

    async def action_demo(self) -> None:
        """Open the demo: two registries on this machine, and a migration between them."""
        await self.app.run_action("demo")

    def action_watch(self) -> None:
        """Open the latest run, the one under way first."""
        live = [run for run in self._runs if run.state in LIVE]
        if runs := live or self._runs:
            self._show_run(runs[0])

    @on(LineTable.RowOpened, "#latest")
    def _run_opened(self, event: LineTable.RowOpened) -> None:
        run = next((run for run in self._runs if run.name == event.key), None)
        if run is not None:
            self._show_run(run)

    @on(LineTable.RowOpened, "#known")
    def _endpoint_opened(self) -> None:
        self.app.action_go("endpoints")

    def _show_run(self, run: LatestRun) -> None:
        self.app.show_run(run.folder)

    def _look_again(self) -> None:
        if self.is_active and any(run.state in LIVE for run in self._runs):
            self._look()

    def _look(self) -> None:
        begin(self, self._read, "look")

    async def _read(self) -> None:
        try:
            self._endpoints, problem = self.session.endpoints(), ""
        except (EndpointsError, LocalError) as error:
            self._endpoints, problem = (), told(error)
        if problem and problem != self._problem:
            self.say(problem, "error")
        self._problem = problem
        self._runs = await asyncio.to_thread(latest_runs, self.session.state)
        self._show()

    def _show(self) -> None:
        first = not self._runs and not self._endpoints and not self._problem
        self.set_class(first, "-first")
        self.refresh_bindings()
        self.query_one(NextLine).show(line_of(next_step(self._endpoints, self._runs, self.session.basket)))
        runs = (
            (run.name, run.state, f"{run.done:,} / {run.total:,}", run.failed or None, run.created, run.name)
            for run in self._runs
        )
        self.query_one("#latest", LineTable).set_source(ListSource(runs, len(_RUNS)))
        known = ((each.name, each.address, account(each), state_of(each, None), each.id) for each in self._endpoints)
        self.query_one("#known", LineTable).set_source(ListSource(known, len(_ENDPOINTS)))
        if first:
            self.query_one(EmptyState).show(
                _("regferry moves container images from one registry to another"),
                _("Choose how to begin; ? shows all keys, ctrl+p everything that can be done."),
                [
                    ("d", _("try the demo: two registries on this machine, nothing to set up")),
                    ("n", _("guided migration: from source to run, step by step")),
                    ("o", _("open a plan, also one of image-syncer")),
                ],
            )
        elif self.focused is None and self.is_current:
            self.query_one("#latest" if self._runs else "#known", LineTable).focus()
