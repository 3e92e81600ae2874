"""Rows that stay where they are: cursor and view are bound to rows, not to positions, while others come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from textual import events
from textual.timer import Timer

from tui.app.widgets import table_messages as messages
from tui.app.widgets.columns import Column
from tui.app.widgets.row_source import Key, Row, RowSource
from tui.app.widgets.row_view import RowView

if TYPE_CHECKING:
    from tui.app.widgets.line_table import LineTable

WINDOW_DELAY = 0.1
"""Seconds the view has to rest before `VisibleRowsChanged` is posted."""


class Place(NamedTuple):
    """Where cursor and view are: keys rather than positions, `line` counted from the top of the screen."""

    cursor: Key | None
    position: int
    anchor: Key | None
    line: int


class SteadyRows(RowView):
    """Knows which row is under the cursor and which are on screen, and tells when that changes."""

    RowHighlighted: TypeAlias = messages.RowHighlighted
    RowOpened: TypeAlias = messages.RowOpened
    VisibleRowsChanged: TypeAlias = messages.VisibleRowsChanged

    def __init__(self, columns: Sequence[Column], source: RowSource | None, **view: Any) -> None:
        super().__init__(columns, source, **view)
        self._moved = False
        self._highlighted: Key | None = None
        self._window_timer: Timer | None = None
        self._window: list[Key] = []

    @property
    def cursor_key(self) -> Key | None:
        """The key of the row under the cursor, None when there are no rows."""
        return self.key_at(self.cursor)

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self.source.row(self.order.index_at(self.cursor)) if self.row_count else None

    def visible_keys(self) -> list[Key]:
        """Return the keys of the rows on screen, top to bottom."""
        return [self.source.key(self.order.index_at(position)) for position in self.visible_positions()]

    def go_to(self, key: Key) -> bool:
        """Put the cursor on the row with this key; return False when it is not shown."""
        position = self.position_of(key)
        if position is None:
            return False
        self._moved = True
        self.cursor = position
        self.scroll_to_cursor()
        return True

    def put_cursor(self, position: int) -> None:
        """Set the cursor without scrolling or painting."""
        self.set_reactive(SteadyRows.cursor, self.validate_cursor(position))
        self._tell_highlighted()

    def move_cursor(self, position: int) -> None:
        """Put the cursor where the user asks; from now on it belongs to its row."""
        self._moved = True
        super().move_cursor(position)

    def place(self) -> Place:
        """Return where cursor and view are, in terms of rows."""
        anchor = self.cursor if self.cursor in self.visible_positions() else self.top
        return Place(self.cursor_key, self.cursor, self.key_at(anchor), anchor - self.top)

    def return_to(self, place: Place) -> None:
        """Bring cursor and view back to their rows after the order changed, and paint.

        A cursor whose row is gone stays at its position; a table nobody has moved in stays at its top.
        """
        self.resize_rows()
        if self._moved or self.top:
            found = None if place.cursor is None else self.position_of(place.cursor)
            anchor = None if place.anchor is None else self.position_of(place.anchor)
            self.put_cursor(place.position if found is None else found)
            if anchor is None:
                self.scroll_to_cursor()
            else:
                self.scroll_to(y=anchor - place.line, animate=False)
        else:
            self.put_cursor(0)
        self.sync()
        self._view_changed()

    def watch_cursor(self, old: int, new: int) -> None:
        """Follow with the view and paint the two rows concerned."""
        self.scroll_to_cursor()
        self.sync()
        self._tell_highlighted()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint the other rows and, when the view rests, tell which they are."""
        super().watch_scroll_y(old_value, new_value)
        self._view_changed()

    def on_resize(self, event: events.Resize) -> None:
        """Fit columns and rows into the room there is; a cursor on screen stays on screen."""
        self.resize_rows()
        self.scroll_to_cursor()
        self.sync()
        self._tell_highlighted()
        self._view_changed()

    def row_opened(self) -> None:
        """Tell which row was opened."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.RowOpened(self._speaker, key))

    @property
    def _speaker(self) -> LineTable:
        return cast("LineTable", self)

    def _tell_highlighted(self) -> None:
        key = self.cursor_key
        if key != self._highlighted and self.is_mounted:
            self._highlighted = key
            self.post_message(self.RowHighlighted(self._speaker, key))

    def _view_changed(self) -> None:
        if self.is_mounted:
            if self._window_timer is not None:
                self._window_timer.stop()
            self._window_timer = self.set_timer(WINDOW_DELAY, self._tell_window)

    def _tell_window(self) -> None:
        self._window_timer = None
        keys = self.visible_keys()
        if keys != self._window:
            self._window = keys
            self.post_message(self.VisibleRowsChanged(self._speaker, keys))
