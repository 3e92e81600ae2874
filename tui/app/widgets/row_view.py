"""Painting rows: the screen is a snapshot, and only what differs from it is painted again.

`_lines` holds what stands on each line of the screen: the parts of every cell, whether the row is marked and
whether the cursor is on it. `sync` compares that with how things are now, part by part, and asks Textual to
repaint just the parts that differ. Scrolling, cursor, marks and live updates all go through it, so the bytes
sent depend on what changed on the screen, not on how many rows there are or how many changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, NamedTuple

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tui.app.i18n import N_, _
from tui.app.widgets.columns import Column
from tui.app.widgets.cursor_view import CursorView
from tui.app.widgets.part_styles import PART_CLASSES, part_css, part_style
from tui.app.widgets.row_order import RowOrder
from tui.app.widgets.row_source import Key, ListSource, RowSource
from tui.app.widgets.table_painter import Cells, TablePainter

NOTHING_YET = N_("Nothing here yet.")
NOTHING_MATCHES = N_("Nothing matches the filter.")


class Line(NamedTuple):
    """One line of the screen."""

    cells: Cells
    marked: bool
    cursor: bool


class RowView(CursorView):
    """Shows the rows of `order` in `columns`; `empty` is the text where there are no rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--header-sorted",
        "line-table--cursor",
        "line-table--cursor-blurred",
        "line-table--marked",
        *PART_CLASSES,
    }
    DEFAULT_CSS = """
    RowView {
        & > .line-table--header { color: $text-muted; text-style: bold; }
        & > .line-table--header-sorted { color: $accent; text-style: bold; }
        & > .line-table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        & > .line-table--cursor-blurred { background: $block-cursor-blurred-background; }
        & > .line-table--marked { text-style: bold; }
        &:nocolor > .line-table--cursor { text-style: reverse; }
        &:nocolor > .line-table--cursor-blurred { text-style: underline; }
    }
    """ + part_css("RowView")

    def __init__(
        self, columns: Sequence[Column], source: RowSource | None, *, gutter: int, empty: str, **widget: Any
    ) -> None:
        super().__init__(**widget)
        self.columns = tuple(columns)
        self.empty = empty
        self.sort_column = ""
        self.descending = False
        self.order = RowOrder(source or ListSource())
        self.marked_keys: set[Key] = set()
        self.painter = TablePainter(self.columns, gutter)
        self._cells: dict[int, Cells] = {}
        self._lines: dict[int, Line | None] = {}
        self._message = ""
        self._style_cache: dict[tuple[str, bool], Style] = {}

    @property
    def source(self) -> RowSource:
        """Where the rows come from; `set_source` takes another."""
        return self.order.source

    @property
    def row_count(self) -> int:
        """The number of rows shown by the filter in use."""
        return len(self.order)

    def key_at(self, position: int) -> Key | None:
        """Return the key of the row shown at `position`, None when there is no such row."""
        return self.source.key(self.order.index_at(position)) if 0 <= position < self.row_count else None

    def position_of(self, key: Key) -> int | None:
        """Return where the row with this key is shown, None when it is not."""
        index = self.source.index(key)
        return None if index is None else self.order.position_of(index)

    def sync(self, lines: Collection[int] | None = None) -> None:
        """Bring the screen (or only these `lines` of it, counted from 0) up to date."""
        if not self.is_mounted or not self.size:
            return
        if self._lay_out():
            self.refresh()
            return
        for y in range(self.page) if lines is None else lines:
            old, new = self._lines.get(y), self._line_at(y)
            if old == new and y in self._lines:
                continue
            self._lines[y] = new
            if old is None or new is None or old[1:] != new[1:]:
                self.refresh(Region(0, y + self.HEADER, self.size.width, 1))
            else:
                spans = self.painter.changed(old.cells, new.cells)
                self.refresh(*(Region(x, y + self.HEADER, width, 1) for x, width in spans))
        message = "" if self.row_count else self.empty
        if message != self._message:
            self._message = message
            self.refresh(Region(0, self._message_line + self.HEADER, self.size.width, 1))
        self._prune()

    def forget_cells(self, indexes: Collection[int] | None = None) -> None:
        """Read the rows with these source indexes (all by default) again when they are painted next."""
        if indexes is None:
            self._cells.clear()
        else:
            for index in indexes:
                self._cells.pop(index, None)

    def refresh_header(self) -> None:
        """Paint the titles again."""
        self.refresh(Region(0, 0, self.size.width, self.HEADER))

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen as it stands in the snapshot."""
        self._lay_out()
        if y < self.HEADER:
            return self.painter.header(self._style_of(""), self.sort_column, self.descending)
        y -= self.HEADER
        if y not in self._lines:
            self._lines[y] = self._line_at(y)
        line = self._lines[y]
        if line is None:
            text = _(self.empty) if not self.row_count and y == self._message_line else ""
            return self.painter.message(text, self._style_of(""))
        return self.painter.line(line.cells, self._style_of(_mode(line)), line.marked)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Move the scroll bar and paint what the other rows look like differently."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self.sync()

    def notify_style_update(self) -> None:
        """Look the colours up again: another theme, or focus gained or lost."""
        self._style_cache.clear()
        super().notify_style_update()

    @property
    def _message_line(self) -> int:
        """The line on which a table without rows says so."""
        return min(1, self.page - 1)

    def _lay_out(self) -> bool:
        """Fit the columns to the width there is; return True when that changed everything."""
        if not self.painter.resize(self.scrollable_content_region.width):
            return False
        self._cells.clear()
        self._lines.clear()
        return True

    def _line_at(self, y: int) -> Line | None:
        position = self.top + y
        if position >= self.row_count:
            return None
        index = self.order.index_at(position)
        cells = self._cells.get(index)
        if cells is None:
            cells = self._cells[index] = self.painter.cells(self.source.row(index))
        marked = bool(self.marked_keys) and self.source.key(index) in self.marked_keys
        return Line(cells, marked, position == self.cursor)

    def _prune(self) -> None:
        """Forget the cells of rows that left the screen, so that they are fresh when they come back."""
        if len(self._cells) > 2 * self.page:
            shown = {self.order.index_at(position) for position in self.visible_positions()}
            self._cells = {index: cells for index, cells in self._cells.items() if index in shown}
        for y in [y for y in self._lines if y >= self.page]:
            del self._lines[y]

    def _style_of(self, mode: str) -> Callable[[str], Style]:
        """Return how to style a part of a line in `mode`: plain, marked, or under the cursor."""

        def style_of(name: str) -> Style:
            found = self._style_cache.get((mode + name, self.has_focus))
            if found is None:
                found = self._style_cache[mode + name, self.has_focus] = self._styled(mode, name)
            return found

        return style_of

    def _styled(self, mode: str, name: str) -> Style:
        if name.startswith("header"):
            return self.get_component_rich_style(f"line-table--{name}")
        style = part_style(self, name)
        if mode.startswith("marked"):
            style += self.get_component_rich_style("line-table--marked", partial=True)
        if mode.endswith("cursor"):
            cursor = "line-table--cursor" if self.has_focus else "line-table--cursor-blurred"
            style += self.get_component_rich_style(cursor)
        return style


def _mode(line: Line) -> str:
    return ("marked" if line.marked else "") + ("cursor" if line.cursor else "")
