"""What tests of the app share: an app around one widget, and the screen as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from tui.app.base import BaseApp
from tui.app.terminal import Terminal
from tui.app.widgets.cell import BytesCell, NumberCell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource

COLUMNS = (
    Column(key="name", title="Name", width=16, weight=1),
    Column(key="size", title="Size", width=9, cell=BytesCell()),
    Column(key="state", title="State", width=12, cell=StateCell()),
    Column(key="tries", title="Tries", width=6, cell=NumberCell(), priority=1),
)
Row = tuple[str, float, str, int]


def row(name: str, size: float = 1000, state: str = "pending", tries: int = 1) -> Row:
    return (name, size, state, tries)


def rows(count: int) -> list[Row]:
    """Return rows whose name, size and state are in different orders."""
    states = ("pending", "running", "done")
    return [row(f"row-{number:06d}", (number * 7919) % count, states[number % 3]) for number in range(count)]


class RecordingTable(LineTable):
    """A table that remembers what it asked Textual to paint."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.painted: list[Region] = []
        self.whole = 0

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Any:
        if hasattr(self, "painted"):
            self.painted.extend(regions)
            self.whole += not regions
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def forget_painted(self) -> None:
        self.painted.clear()
        self.whole = 0


class WidgetApp(BaseApp):
    """Holds widgets and keeps the messages they post."""

    def __init__(self, *widgets: Widget, shown_on: Terminal | None = None, **settings: str) -> None:
        super().__init__(shown_on or Terminal(), **{"language": "en", **settings})
        self.widgets = widgets
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def keep(self, message: Message) -> None:
        self.told.append(message)

    on_line_table_row_opened = keep
    on_line_table_row_highlighted = keep
    on_line_table_marks_changed = keep
    on_line_table_arranged = keep
    on_line_table_arrangement_asked = keep
    on_line_table_visible_rows_changed = keep
    on_line_table_follow_changed = keep

    def last(self, kind: type[Message]) -> Any:
        """Return the last message of a kind."""
        return [message for message in self.told if isinstance(message, kind)][-1]


def table(values: Sequence[Row] | int, **options: Any) -> RecordingTable:
    """Return a table with these rows, or that many."""
    return RecordingTable(COLUMNS, ListSource(rows(values) if isinstance(values, int) else values), **options)


def screen_lines(app: BaseApp) -> list[str]:
    """Return what stands on the screen, through the filters for this terminal."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def names(app: BaseApp, below: int = 1) -> list[str]:
    """Return the first word of every line below the header."""
    return [line.split()[0] for line in screen_lines(app)[below:] if line.split()]
