"""The table for anything long or live: virtual rows, sort and filter over indexes, repaints of single cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, ClassVar, TypeAlias

from textual.binding import Binding, BindingType
from textual.timer import Timer

from tui.app.i18n import N_
from tui.app.widgets import table_messages as messages
from tui.app.widgets.columns import Column
from tui.app.widgets.marked_rows import MarkedRows
from tui.app.widgets.row_filter import both, text_filter
from tui.app.widgets.row_order import Arrangement, RowOrder, arrange, finish, paced
from tui.app.widgets.row_source import Key, Row, RowSource
from tui.app.widgets.row_view import NOTHING_MATCHES, NOTHING_YET

PAINT_INTERVAL = 0.25
"""Seconds between two paints of live updates."""
SOON = 0.01
"""Seconds until a change is painted when the last paint is long ago (a timer needs more than 0)."""
AT_ONCE = 2000
"""Up to this many rows are arranged within one key press; more are arranged in steps beside the event loop."""


class LineTable(MarkedRows):
    """A table over a `RowSource`, for any number of rows.

    ```
    table = LineTable([Column(key="source", title=N_("Source"), width=20, weight=1), ...], ListSource(rows), marks=True)
    ```

    `columns` and `source` say what is shown; `marks` lets rows be marked; `empty` is the text shown when there
    are no rows; `follow` returns the key of the row to keep the cursor on while following (default: the last
    row); `sort` is the key of the column to order by at first, `""` for the order of the source; `where` is a
    test that rows have to pass besides the filter text (a state chosen, say).

    To read: `cursor_key`, `cursor_row`, `row_count`, `marks` (marked keys in the order of the source),
    `chosen` (the marked keys, or the one under the cursor), `filter_text`, `sort_column`, `descending`,
    `following`, `source`.

    To tell it something (from the event loop; all are cheap):
      `update_rows(keys)`   these rows changed or were added at the end; painted at most four times a second
      `reload()`            any row may have changed
      `set_source(source)`  other rows, or some are gone; the cursor stays on its key, marks of rows gone are dropped
      `set_filter(text)`, `set_where(test)`, `sort_by(key, descending)`   what is shown, and in which order
      `go_to(key)`, `set_marks(keys)`, `set_following(on)`, `move_cursor(position)`

    It tells: `RowHighlighted`, `RowOpened`, `MarksChanged`, `Arranged`, `ArrangementAsked`,
    `VisibleRowsChanged`, `FollowChanged` (see `table_messages`).

    The cursor stays on its row and the view on its lines when rows are added, sorted or filtered around them;
    a table nobody has moved in stays at its top.
    """

    Arranged: TypeAlias = messages.Arranged
    ArrangementAsked: TypeAlias = messages.ArrangementAsked
    FollowChanged: TypeAlias = messages.FollowChanged

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "follow", N_("Follow"), show=False),
        Binding("s", "sort_next", N_("Sort by next column"), show=False),
        Binding("S", "sort_reverse", N_("Reverse the order"), show=False),
    ]

    def __init__(
        self,
        columns: Sequence[Column],
        source: RowSource | None = None,
        *,
        marks: bool = False,
        empty: str = NOTHING_YET,
        follow: Callable[[], Key | None] | None = None,
        sort: str = "",
        descending: bool = False,
        where: Callable[[Row], bool] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(columns, source, marks=marks, empty=empty, id=id, classes=classes)
        self.following = False
        self.sort_column = sort
        self.descending = descending
        self.filter_text = ""
        self._empty = empty
        self._follow = follow
        self._where = where
        self._arranging = False
        self._changed: set[Key] = set()
        self._flush_timer: Timer | None = None
        self._flushed = 0.0
        if not self._remote and self.source.count() <= AT_ONCE:
            self.order = finish(arrange(self.source, self._arrangement()))

    def update_rows(self, keys: Iterable[Key]) -> None:
        """Show what changed about these rows, soon: rows on screen are painted at most four times a second."""
        self._changed.update(keys)
        if self._flush_timer is None and self.is_mounted:
            wait = max(SOON, self._flushed + PAINT_INTERVAL - monotonic())
            self._flush_timer = self.set_timer(wait, self._flush)

    def reload(self) -> None:
        """Read everything again: any row may have changed, and rows may have come at the end."""
        self.set_source(self.source)

    def set_source(self, source: RowSource) -> None:
        """Show other rows; the cursor stays on its key where that exists."""
        self._changed.clear()
        gone = {key for key in self.marked_keys if source.index(key) is None}
        if gone:
            self.set_marks(self.marked_keys - gone)
        self._arrange(source)

    def set_filter(self, text: str) -> None:
        """Show the rows that hold every word of `text` in their searchable cells, in any case."""
        if text != self.filter_text:
            self.filter_text = text
            self._arrange_or_ask()

    def set_where(self, where: Callable[[Row], bool] | None) -> None:
        """Show only rows that pass this test besides the filter; None lets all pass."""
        self._where = where
        self._arrange(self.source)

    def sort_by(self, column: str, descending: bool = False) -> None:
        """Order by the column with this key, `""` for the order of the source."""
        self.sort_column, self.descending = column, descending
        self.refresh_header()
        self._arrange_or_ask()

    @property
    def _remote(self) -> bool:
        return bool(getattr(self.source, "arranges", False))

    def _arrangement(self) -> Arrangement:
        at = next((at for at, column in enumerate(self.columns) if column.key == self.sort_column), None)
        sort_key: Callable[[Row], Any] | None = None
        if at is not None:
            key_of = self.columns[at].cell.sort_key

            def sort_key(row: Row) -> Any:
                return key_of(row[at])

        accepts = both(self._where, text_filter(self.columns, self.filter_text))
        return Arrangement(accepts, sort_key, self.descending)

    def _arrange_or_ask(self) -> None:
        if self._remote:
            self.post_message(self.ArrangementAsked(self, self.filter_text, self.sort_column, self.descending))
        else:
            self._arrange(self.source)

    def _arrange(self, source: RowSource) -> None:
        arrangement = Arrangement() if getattr(source, "arranges", False) else self._arrangement()
        if arrangement.natural or source.count() <= AT_ONCE or not self.is_mounted:
            if self._arranging:
                self._arranging = False
                self.workers.cancel_group(self, "arrange")
            self._use(finish(arrange(source, arrangement)))
        else:
            self._arranging = True
            self.run_worker(self._arrange_beside(source, arrangement), group="arrange", exclusive=True)

    async def _arrange_beside(self, source: RowSource, arrangement: Arrangement) -> None:
        order = await paced(arrange(source, arrangement))
        self._arranging = False
        self._use(order)
        self._flush()

    def _use(self, order: RowOrder) -> None:
        """Show rows in this order, cursor and view where they were."""
        place = self.place()
        self.forget_cells()
        self.order = order
        filtered = bool(self.filter_text or self._where) and order.source.count() > 0
        self.empty = NOTHING_MATCHES if filtered else self._empty
        self.return_to(place._replace(position=0) if filtered else place)
        self.post_message(self.Arranged(self, len(order), order.source.count()))

    def _flush(self) -> None:
        """Take in the rows that changed since the last time and paint what can be seen of it."""
        self._flush_timer = None
        self._flushed = monotonic()
        changed = [index for key in self._changed if (index := self.source.index(key)) is not None]
        self.forget_cells(changed)
        if self._arranging:  # the order being made needs to hear of these, too
            self.sync(self._lines_of(changed))
            return
        self._changed.clear()
        place, shown, total = self.place(), len(self.order), self.order.considered
        if self.order.update(changed):
            self.return_to(place)
        else:
            self.sync(self._lines_of(changed))
        if (shown, total) != (len(self.order), self.order.considered):
            self.post_message(self.Arranged(self, len(self.order), self.order.considered))
        if self.following:
            self._go_along()

    def _lines_of(self, indexes: Iterable[int]) -> list[int]:
        shown = self.visible_positions()
        positions = (self.order.position_of(index) for index in indexes)
        return [position - self.top for position in positions if position is not None and position in shown]

    def move_cursor(self, position: int) -> None:
        """Put the cursor where the user asks, which ends following."""
        self.set_following(False)
        super().move_cursor(position)

    def on_mount(self) -> None:
        """Begin to show rows."""
        if not self._remote and not self._arrangement().natural and self.source.count() > AT_ONCE:
            self._arrange(self.source)
        self.update_rows(())

    def header_clicked(self, x: int) -> None:
        """Order by the column clicked; a second click turns the order around."""
        column = self.painter.column_at(x)
        if column is not None and column.sortable:
            self.sort_by(column.key, column.key == self.sort_column and not self.descending)

    def set_following(self, following: bool) -> None:
        """Keep the cursor on the row to follow, or stop doing so."""
        if following != self.following:
            self.following = following
            self.post_message(self.FollowChanged(self, following))
            if following:
                self._go_along()

    def _go_along(self) -> None:
        key = self._follow() if self._follow is not None else self.key_at(self.row_count - 1)
        if key is not None:
            self.go_to(key)

    def action_follow(self) -> None:
        """Follow, or stop following."""
        self.set_following(not self.following)

    def action_sort_next(self) -> None:
        """Order by the next column on screen; after the last by none."""
        keys = ["", *(column.key for column in self.painter.shown if column.sortable)]
        at = keys.index(self.sort_column) if self.sort_column in keys else 0
        self.sort_by(keys[(at + 1) % len(keys)])

    def action_sort_reverse(self) -> None:
        """Turn the order around."""
        self.sort_by(self.sort_column, not self.descending)


class OpeningTable(LineTable):
    """A table whose rows lead somewhere: the line of keys says that enter goes there."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", N_("Open"))]
