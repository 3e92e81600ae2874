"""One run: its phases, tasks, failures and registries as the journal has them, and the keys to steer it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.app.i18n import N_, _
from tui.app.journal_watch import Look
from tui.app.run_state import LIVE
from tui.app.screens.run import task_rows
from tui.app.screens.run.details_view import RunDetails
from tui.app.screens.run.failures import FailureTable, GroupKey, key_of, reason
from tui.app.screens.run.overview import Overview
from tui.app.screens.run.repeated import RepeatedRun
from tui.app.screens.run.task_rows import COLUMNS, VIEWS, View
from tui.app.screens.run.words import empty_words, why
from tui.app.terminal import SizeClass, size_class
from tui.app.verified import latest, verified_words
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.fitted import width
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.engine.runs import RunFolder

ROOM_FOR_COUNTS = 30
ROOM_FOR_TWO = 20
"""From this many lines on, details stand below the table."""


class RunScreen(RepeatedRun):
    """Shows a run, whoever works on it. Leaving it changes nothing about the run."""

    MODE: ClassVar[str] = "runs"
    PASSING: ClassVar[bool] = True
    BINDING_GROUP_TITLE = N_("Run")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F", "failures", N_("Failures")),
        Binding("d", "details", N_("Details")),
        Binding("v", "verify", N_("Verify")),
        Binding("t", "next_view", N_("Other tasks"), show=False),
        Binding("y", "copy", N_("Copy"), show=False),
        Binding("tab", "app.focus_next", N_("Next pane"), show=False),
        Binding("escape,backspace", "back", N_("Back"), show=False),
    ]
    DEFAULT_CSS = """
    RunScreen #body { layout: vertical; height: 1fr; }
    RunScreen #tasks, RunScreen #failures, RunScreen #empty { width: 1fr; height: 1fr; }
    RunScreen #failures, RunScreen #details, RunScreen #empty { display: none; }
    RunScreen.-failures #failures { display: block; }
    RunScreen.-failures #tasks { display: none; }
    RunScreen.-empty #empty { display: block; }
    RunScreen.-empty #tasks, RunScreen.-empty #failures { display: none; }
    RunScreen.-details #details, RunScreen.-failures #details { display: block; width: 1fr; height: 1fr; }
    RunScreen.-wide #body { layout: horizontal; }
    RunScreen.-wide #details { width: 2fr; max-width: 76; }
    RunScreen.-wide #tasks, RunScreen.-wide #failures { width: 3fr; }
    RunScreen.-empty #details { display: none; }
    RunScreen.-wide Sparkline { width: 40; }
    RunScreen.-compact-width Sparkline { display: none; }
    RunScreen.-low StateCounts { display: none; }
    RunScreen.-low.-details #tasks, RunScreen.-low.-details #failures { display: none; }
    RunScreen.-low.-failures #details { display: none; }
    RunScreen.-low.-details #details { display: block; }
    """
    _some_failed = False
    view: View = "all"
    group: GroupKey | None = None
    _verified = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the failures where there are some."""
        if action == "failures":
            return self.failures > 0 or self.has_class("-failures")
        if action == "verify":
            return self.state not in ("", "new", *LIVE)
        return super().check_action(action, parameters)

    def content(self) -> ComposeResult:
        """Yield the overview, the tasks or failures, and the details."""
        yield Overview()
        with Container(id="body"):
            empty = N_("No tasks yet: they are being found.")
            follow = self.followed
            table = LineTable(COLUMNS, self.rows, marks=True, empty=empty, follow=follow, id="tasks-table")
            yield TablePane(table, _("Tasks"), id="tasks")
            yield TablePane(FailureTable(), _("Failures"), id="failures")
            yield EmptyState("", id="empty")
            yield RunDetails(self.folder)

    def on_mount(self) -> None:
        """Show where I am, and the details where there is room for them."""
        self.crumbs(self.folder.name)
        self.set_class(size_class(*self.app.size) is SizeClass.WIDE, "-details")
        self.table.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Show one pane at a time where there is no room for two."""
        self.set_class(event.size.height < ROOM_FOR_TWO, "-low")

    def show(self, look: Look, *, changed: bool) -> None:
        """Show what is new."""
        overview = self.query_one(Overview)
        if changed:
            overview.paint_now()
            self.read_verified()
        if changed or (self.failures > 0) != self._some_failed:
            self._some_failed = self.failures > 0
            self.refresh_bindings()
        overview.show(
            self.state,
            self._why(look),
            self.progress,
            self.rows.standing,
            counts=self.rows.counts(),
            rules=self.look.rules or {},
            to_move=self.to_move,
            handed=self.handed,
            seconds=self.seconds,
            hosts=self.look.hosts,
        )
        if changed or look.changed:
            self._show_empty(look.output)
        if look.tasks:
            self.details.changed({line.id for line in look.tasks})
            self.failures_may_have_changed(look.tasks)

    def _why(self, look: Look) -> str:
        """Return why the run is as it is, and whether what it left was verified since."""
        told = why(self.state, self.exit_code, self.progress, self.rows, look.output)
        return f"{told}, {self._verified}" if self._verified and self.state not in LIVE else told

    def on_screen_resume(self) -> None:
        """Look whether the run was verified meanwhile."""
        self.read_verified()

    def read_verified(self) -> None:
        """Read soon whether what the run left was verified since."""
        self.run_worker(self._read_verified(), group="verified", exclusive=True)

    async def _read_verified(self) -> None:
        ended = (self.look.session or {}).get("ended")
        self._verified = await asyncio.to_thread(_verified_since, self.folder, ended) if ended else ""
        if self._verified and self.is_mounted:
            self.show(Look(None, ""), changed=False)

    def _show_empty(self, output: str) -> None:
        """Where there are no tasks, say why and which key to press."""
        failed = (self.look.rules or {}).get("failed", 0)
        empty = not self.rows.count() and not failed and self.state not in ("running", "waiting")
        if self.has_class("-empty") and not empty:
            self.call_after_refresh(self._take_focus)
        self.set_class(empty, "-empty")
        if empty:
            self.query_one("#empty", EmptyState).show(*empty_words(self.state, output))
        self.details.printed(output if self.state == "interrupted" else "")

    def _take_focus(self) -> None:
        """Focus the table that was hidden while there was nothing in it."""
        if self.focused is None:
            self.front_table.focus()

    @property
    def details(self) -> RunDetails:
        """The pane with the details."""
        return self.query_one(RunDetails)

    @property
    def front_table(self) -> LineTable:
        """The table in front: tasks or failures."""
        return self.query_one(FailureTable) if self.has_class("-failures") else self.table

    def chosen_tasks(self) -> Sequence[int]:
        """Return the tasks of the group under the cursor where the failures are in front."""
        if not self.has_class("-failures"):
            return super().chosen_tasks()
        group = self.query_one(FailureTable).group
        return self.rows.failed_for(key_of(group)) if group else []

    def choose_view(self, view: View, group: GroupKey | None = None) -> None:
        """Show the tasks of a view, or those that failed for one reason."""
        self.view, self.group = view, group
        self.table.set_where(task_rows.in_view(view) if group is None else task_rows.failed_for(group))
        self.show_title()

    def show_title(self) -> None:
        """Show which tasks these are, and from where to where they go."""
        source, target = (registry.removesuffix("/") for registry in self.rows.strip)
        title = _("Tasks") if self.view == "all" else _(VIEWS[self.view])
        ways = f"{title}  {source} → {target} "
        fits = source and target and width(ways) <= self.size.width - ROOM_FOR_COUNTS
        self.query_one("#tasks", TablePane).title = ways if fits else title

    def action_next_view(self) -> None:
        """Show the tasks of the next view."""
        self.choose_view(task_rows.next_view(self.view))

    def action_failures(self) -> None:
        """Show the failures by reason, or the tasks again."""
        self.toggle_class("-failures")
        if self.has_class("-failures"):
            self.read_failures()
        self.front_table.focus()
        self.point_details()

    @on(LineTable.RowHighlighted)
    def point_details(self) -> None:
        """Let the details be about the row under the cursor."""
        if self.has_class("-failures"):
            group = self.query_one(FailureTable).group
            self.details.about_group(group, reason(group) if group else "")
        elif self.has_class("-details"):
            self.details.about_task(self.table.cursor_key)

    @on(LineTable.RowOpened, "#tasks-table")
    def _opened_task(self) -> None:
        if not self.has_class("-details"):
            self.action_details()
        self.details.focus()

    @on(LineTable.RowOpened, "#failures-table")
    def _opened_group(self) -> None:
        group = self.query_one(FailureTable).group
        if group is not None and group.tasks:
            self.remove_class("-failures")
            self.choose_view("failed", key_of(group))
            self.table.focus()
            self.point_details()

    def action_details(self) -> None:
        """Show the details beside or below, or hide them."""
        self.toggle_class("-details")
        if self.has_class("-details"):
            self.point_details()
            if self.has_class("-low"):
                self.details.focus()
        elif self.focused in (self.details, None):
            self.front_table.focus()

    def action_verify(self) -> None:
        """Compare what is at the target with what the run was to put there."""
        from tui.app.screens.verify import VerifyScreen

        self.app.push_screen(VerifyScreen(self.folder))

    def action_copy(self) -> None:
        """Copy the details in focus, or the target of the task under the cursor."""
        line = self.rows.line(self.table.cursor_key) if not self.has_class("-failures") else None
        if self.focused is self.details or line is None:
            text, what = self.details.plain, _("the details")
        else:
            text = what = line.target
        if text:
            self.app.copy_to_clipboard(text)
            self.say(_("Copied {what}.").format(what=what), "success")

    def action_back(self) -> None:
        """Take back one step: focus, failures, a view, the details; then go to the list of runs."""
        if self.focused is self.details and not self.has_class("-low"):
            self.front_table.focus()
        elif self.has_class("-details") and self.has_class("-low"):
            self.action_details()
        elif self.has_class("-failures"):
            self.action_failures()
        elif self.view != "all":
            self.choose_view("all")
        elif self.has_class("-details") and not self.has_class("-wide"):
            self.action_details()
        else:
            self.dismiss()


def _verified_since(folder: RunFolder, ended: float) -> str:
    return verified_words(latest(folder, ended))
