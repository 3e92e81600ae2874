"""A table with its frame: title with counts, and a filter as you type."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from tui.app.i18n import N_, _
from tui.app.widgets.filter_input import FilterInput
from tui.app.widgets.fitted import clean
from tui.app.widgets.line_table import LineTable

TYPING_PAUSE = 0.12
"""Seconds without a key stroke after which a large table is filtered."""


class TablePane(Vertical):
    """Holds one `LineTable`. `/` opens the filter, escape clears it, the title counts rows and marks."""

    BINDING_GROUP_TITLE = N_("Table")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", N_("Filter"), key_display="/"),
        Binding("escape", "clear_filter", N_("Clear the filter"), show=False),
    ]
    DEFAULT_CSS = """
    TablePane {
        border: round $border-blurred;
        border-title-color: $text-muted;
        &:focus-within { border: round $border; border-title-color: $text-accent; }
        & > FilterInput { display: none; }
        &.-filtering > FilterInput { display: block; }
    }
    """

    def __init__(self, table: LineTable, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.table = table
        self._title = title
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield filter and table."""
        yield FilterInput(self._left)
        yield self.table

    @property
    def title(self) -> str:
        """What the table is about; the counts come behind it."""
        return self._title

    @title.setter
    def title(self, title: str) -> None:
        self._title = title
        self._count()

    def on_mount(self) -> None:
        """Show the title."""
        self._count()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape clears a filter where there is one; otherwise it is the screen's."""
        return bool(self.table.filter_text) if action == "clear_filter" else True

    def action_filter(self) -> None:
        """Open the filter."""
        self.add_class("-filtering")
        self.query_one(FilterInput).open()

    def action_clear_filter(self) -> None:
        """Show all rows."""
        self.query_one(FilterInput).value = ""
        self._apply()
        self.remove_class("-filtering")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPING_PAUSE, self._apply)

    def _left(self) -> None:
        self._apply()
        self.set_class(bool(self.table.filter_text), "-filtering")
        self.screen.set_focus(self.table)

    def _apply(self) -> None:
        if self._typing is not None:
            self._typing.stop()
            self._typing = None
        self.table.set_filter(self.query_one(FilterInput).value)
        self.refresh_bindings()

    @on(LineTable.Arranged)
    @on(LineTable.MarksChanged)
    def _count(self) -> None:
        shown, total = self.table.row_count, self.table.source.count()
        counts = (
            f"{total:,}" if shown == total else _("{shown} of {total}").format(shown=f"{shown:,}", total=f"{total:,}")
        )
        if marked := len(self.table.marked_keys):
            counts += ", " + _("{count} marked").format(count=f"{marked:,}")
        self.border_title = Content(f"{clean(self._title)} ({counts})").markup
