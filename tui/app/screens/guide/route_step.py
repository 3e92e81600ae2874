"""The first step: which migration it is."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult

from tui.app.i18n import N_, _
from tui.app.screens.guide.routes import FREE, ROUTES, Route
from tui.app.screens.guide.step import Step
from tui.app.widgets.cell import Cell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane

_COLUMNS = (
    Column(key="title", title=N_("Migration"), width=42, max_width=60, weight=1),
    Column(key="about", title=N_("Where to"), width=20, weight=2, cell=Cell("muted"), priority=1),
)


class RouteStep(Step):
    """A list of migrations; each says at every step what has to be done for it."""

    TITLE = N_("route")
    SENTENCE = N_("From where to where? Every step says what has to be done in the console, and checks it.")

    def content(self) -> ComposeResult:
        """Yield the list."""
        rows: list[tuple[Any, ...]] = [(route.title, _(route.about), route.key) for route in ROUTES]
        yield TablePane(LineTable(_COLUMNS, ListSource(rows, key_column=2), id="routes"), _("Migrations"))

    def on_mount(self) -> None:
        """Put the cursor on the one taken before."""
        table = self.query_one(LineTable)
        table.focus()
        table.go_to((self.journey.route or _likely(self)).key)

    def keep(self) -> None:
        """Take the migration."""
        key = self.query_one(LineTable).cursor_key
        self.journey.route = next(route for route in ROUTES if route.key == key)

    def on_line_table_row_highlighted(self, event: LineTable.RowHighlighted) -> None:
        """Show which steps it takes."""
        event.stop()
        self.keep()
        self.post_message(self.Rerouted())


def _likely(step: RouteStep) -> Route:
    """Return the migration that fits what is selected already, or the endpoints there are."""
    source = step.session.basket.source
    if source is None:
        return ROUTES[0] if not step.session.endpoints() else _between(step)
    return next((route for route in ROUTES if route.source.kind == source.kind), FREE)


def _between(step: RouteStep) -> Route:
    endpoints = step.session.endpoints()
    for route in ROUTES:
        named = route.source.kind is not None and route.target.kind is not None
        if named and any(map(route.source.fits, endpoints)) and any(map(route.target.fits, endpoints)):
            return route
    return FREE
