"""The table for anything long or live: virtual rows, sort and filter over indexes, repaints of single cells.

The screen is a snapshot: `_cells` holds the parts of every row shown, and painting reads only those.
`update_rows` collects keys; at most four times a second the rows among them that are on screen are read
again, compared part by part, and just the parts that differ are painted. So the cost of an update depends
on what can be seen, not on how many rows there are or how many changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.timer import Timer

from tui.app.i18n import N_, _
from tui.app.widgets import table_messages as messages
from tui.app.widgets.columns import Column
from tui.app.widgets.cursor_view import CursorView
from tui.app.widgets.row_filter import both, text_filter
from tui.app.widgets.row_order import Arrangement, RowOrder, Steps, arrange, finish, paced
from tui.app.widgets.row_source import Key, ListSource, Row, RowSource
from tui.app.widgets.table_painter import Cells, TablePainter

PAINT_INTERVAL = 0.25
"""Seconds between two paints of live updates."""
WINDOW_DELAY = 0.1
"""Seconds the view has to rest before `VisibleRowsChanged` is posted."""
AT_ONCE = 2000
"""Up to this many rows are arranged within one key press; more are arranged in steps beside the event loop."""


class LineTable(CursorView):
    """A table over a `RowSource`.

    `columns` and `source` say what is shown; `marks` lets rows be marked; `empty` is the text shown when there
    are no rows; `follow` returns the key of the row to keep the cursor on while following (default: the last
    row); `sort` is the key of the column to order by at first, `""` for the order of the source.
    """

    RowHighlighted = messages.RowHighlighted
    RowOpened = messages.RowOpened
    MarksChanged = messages.MarksChanged
    Arranged = messages.Arranged
    VisibleRowsChanged = messages.VisibleRowsChanged
    FollowChanged = messages.FollowChanged

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", N_("Mark"), show=False),
        Binding("a", "mark_all", N_("Mark all"), show=False),
        Binding("asterisk", "invert_marks", N_("Invert marks"), show=False),
        Binding("f", "follow", N_("Follow"), show=False),
        Binding("s", "sort_next", N_("Sort by next column"), show=False),
        Binding("S", "sort_reverse", N_("Reverse the order"), show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--header",
        "line-table--header-sorted",
        "line-table--cursor",
        "line-table--cursor-blurred",
        "line-table--marked",
        "line-table--muted",
        "line-table--faint",
        "line-table--accent",
        "line-table--success",
        "line-table--warning",
        "line-table--error",
    }
    DEFAULT_CSS = """
    LineTable {
        & > .line-table--header { color: $text-muted; text-style: bold; }
        & > .line-table--header-sorted { color: $accent; text-style: bold; }
        & > .line-table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        & > .line-table--cursor-blurred {
            background: $block-cursor-blurred-background;
            text-style: $block-cursor-blurred-text-style;
        }
        & > .line-table--marked { text-style: bold; }
        & > .line-table--muted { color: $text-muted; }
        & > .line-table--faint { color: $text-disabled; }
        & > .line-table--accent { color: $accent; }
        & > .line-table--success { color: $text-success; }
        & > .line-table--warning { color: $text-warning; }
        & > .line-table--error { color: $text-error; }
    }
    """

    def __init__(
        self,
        columns: Sequence[Column],
        source: RowSource | None = None,
        *,
        marks: bool = False,
        empty: str = N_("Nothing here yet."),
        follow: Callable[[], Key | None] | None = None,
        sort: str = "",
        descending: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.markable = marks
        self.empty = empty
        self.following = False
        self.sort_column = sort
        self.descending = descending
        self.filter_text = ""
        self._follow = follow
        self._where: Callable[[Row], bool] | None = None
        self._source: RowSource = source or ListSource()
        self._order = RowOrder(self._source)
        self._painter = TablePainter(columns, gutter=2 if marks else 1)
        self._marks: set[Key] = set()
        self._cells: dict[int, Cells] = {}
        self._lines: dict[int, int | None] = {}
        self._styles_of: dict[tuple[str, str], Style] = {}
        self._changed: set[Key] = set()
        self._changed_while_arranging: set[Key] | None = None
        self._flush_timer: Timer | None = None
        self._flushed = 0.0
        self._highlighted: int | None = None
        self._window_timer: Timer | None = None
        self._window: list[Key] = []
