"""What the place 'plan' shows and knows, whoever changes it: the draft, its rows and what was found out about them."""

from __future__ import annotations

import asyncio

from textual.timer import Timer
from textual.widgets import Input

from tui.app.basket import Basket
from tui.app.draft import Draft
from tui.app.i18n import _, ngettext, said, whole
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.funnel_words import sum_of
from tui.app.screens.place import NoticeLine, Place
from tui.app.screens.planning.detail_words import counted
from tui.app.screens.planning.forecasting import Forecast
from tui.app.screens.planning.head import FreeLine, PlanHead, assumption, room_text
from tui.app.screens.planning.preview import Place as Spot
from tui.app.screens.planning.preview import Preview, TargetError
from tui.app.screens.planning.tables import COLUMNS, plain_actions
from tui.app.screens.work import start
from tui.app.widgets.figures import bytes_text, duration_text
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError, RegistryError
from tui.oci.reference import InvalidReference
from tui.plan.errors import PlanFileError, RuleError
from tui.plan.model import Plan

PAUSE = 0.12
"""Seconds without a key stroke after which the names are looked at."""
Trouble = (RegistryError, EndpointsError, InvalidReference, PlanFileError, RuleError, OSError)
"""What goes wrong on the way to a plan, in words for the user."""


class Drafting(Place):
    """Shows the draft; `forecast` is that of `checked`, the plan that was or is being looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.table = LineTable(COLUMNS, ComputedSource((), lambda key: ()), id="plan-table", empty="")
        self.preview: Preview | None = None
        self.forecast: Forecast | None = None
        self.checked: Plan | None = None
        self.checking = False
        self._pause: Timer | None = None

    @property
    def draft(self) -> Draft:
        """The plan in the making."""
        return self.session.draft

    @property
    def basket(self) -> Basket:
        """What is selected."""
        return self.session.basket

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the endpoints, none when their list cannot be read."""
        try:
            return self.session.endpoints()
        except (EndpointsError, LocalError) as error:
            self.say(plain(error), "error")
            return ()

    def drop_forecast(self) -> None:
        """Forget what was found out: it was about another plan."""
        self.forecast = self.checked = None

    def show_draft(self) -> None:
        """Show the draft anew; a forecast of another plan is dropped."""
        nothing = self.basket.empty and self.draft.opened is None
        self.set_class(nothing, "-nothing")
        head = self.query_one(PlanHead)
        head.show(self.draft, self.basket)
        if self.checked is not None and self.checked != self.draft.plan(self.basket):
            self.drop_forecast()
        if self.forecast is None:
            self.preview = Preview(self.draft, self.basket)
            self.table.set_source(ComputedSource(self.preview.places, self.preview.row))
            self.query_one("#tasks", TablePane).title = _("Preview, not checked yet")
            self.look_at_names()
        self.show_target()
        self.show_sums()
        self.show_row()
        self.refresh_bindings()

    def show_target(self) -> None:
        """Say where it goes."""
        self.query_one(PlanHead).show_target(self.draft)

    def look_at_names(self) -> None:
        """Go through all targets, off the event loop."""
        start(self, "names", True, self._look_at_names)

    async def _look_at_names(self) -> None:
        preview = self.preview
        if preview is None or (self.draft.target is None and self.draft.opened is None):
            return
        names = await asyncio.to_thread(preview.names)
        words = ""
        if names.impossible:
            words = names.reason
        elif names.clashes:
            words = ngettext(
                "{count} tag would be written twice, such as {target}",
                "{count} tags would be written twice, such as {target}",
                names.clashes,
            ).format(count=names.clashes, target=names.clash)
        self.query_one(PlanHead).show_wrong(words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Let the rows follow what is typed."""
        event.stop()
        if event.input.id != "naming" or event.input.disabled or event.value == self.draft.names:
            return
        self.draft.names = event.value
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(PAUSE, self.show_draft)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go back to the rows."""
        event.stop()
        self.table.focus()

    def show_sums(self) -> None:
        """Say what the run will come to, as far as is known."""
        line, second = self.query_one("#sums", FreeLine), self.query_one("#bytes", FreeLine)
        forecast = self.forecast
        funnel = sum_of(forecast.funnels) if forecast is not None else ""
        kinds = forecast.kinds if forecast is not None and forecast.kinds.keys() - {"image"} else {}
        self.set_class(bool(funnel or kinds), "-narrowed")
        self.query_one("#funnel", FreeLine).show(
            (f"{funnel}  " if funnel else "", "accent"),
            (f"{counted(kinds)}  " if kinds else "", ""),
            (_("v shows each step") if funnel else "", "muted"),
        )
        if forecast is None:
            line.show((_("c checks what is there already and how much has to be moved"), "muted"))
            second.show(("", ""))
            return
        total = len(forecast.tasks)
        tasks = ngettext("{count} task", "{count} tasks", total).format(count=f"{total:,}")
        busy = _("checking") + "  " if self.checking else ""
        line.show((busy, "accent"), (tasks, "accent"), (f"  {plain_actions(forecast.counts)}", ""))
        said = _("{bytes} to move").format(bytes=bytes_text(forecast.to_move))
        if forecast.saved:
            said += ", " + _("{bytes} saved by sharing").format(bytes=bytes_text(forecast.saved))
        rough = _("roughly {time}").format(time=duration_text(self.draft.seconds(forecast.to_move, forecast.to_do)))
        parts = [(said, "")]
        parts += [(f", {room_text(room)}", "" if room.enough else "error") for room in forecast.rooms]
        if not self.checking and self.draft.replication is None:
            parts.append((f"  {rough} {assumption(self.draft)}", "muted"))
        if forecast.rules_failed:
            failed = len(forecast.rules_failed)
            words = ngettext("{count} rule failed", "{count} rules failed", failed).format(count=failed)
            parts.insert(0, (f"{words}: {forecast.rules_failed[0][1]}  ", "error"))
        second.show(*parts)

    def show_row(self) -> None:
        """Say the row under the cursor in full."""
        key = self.table.cursor_key
        line = self.query_one("#row", FreeLine)
        if isinstance(key, Spot) and self.preview is not None:
            try:
                line.show((f"{self.preview.source(key)} → {self.preview.target(key)}", "muted"))
            except TargetError as error:
                line.show((said(str(error)), "error"))
        elif isinstance(key, int) and self.forecast is not None and key in self.forecast.tasks:
            task = self.forecast.tasks[key]
            if task.message:
                line.show(
                    (f"{task.message}  {task.hint}", "error" if task.action in ("failed", "conflict") else "muted")
                )
            else:
                line.show((f"{task.source} → {task.target}", "muted"))
        else:
            line.show(("", ""))

    def hush(self) -> None:
        """Say nothing any more."""
        self.query_one(NoticeLine).say("")


def plain(error: Exception) -> str:
    """Return an error with what to do about it, as one line."""
    return whole(error)
