"""A scrolling view over any number of one-line rows with a cursor on one of them: keys, mouse, scrolling.

It knows no contents; `LineTable` draws the rows. Built on Textual's line API: no widget per row.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from tui.app.i18n import N_


class CursorView(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows below a fixed header line, one of them under the cursor."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = N_("Table")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", N_("Up"), show=False),
        Binding("down,j", "cursor_down", N_("Down"), show=False),
        Binding("pageup", "page_up", N_("Page up"), show=False),
        Binding("pagedown", "page_down", N_("Page down"), show=False),
        Binding("ctrl+u", "half_page_up", N_("Half a page up"), show=False),
        Binding("ctrl+d", "half_page_down", N_("Half a page down"), show=False),
        Binding("home,g", "first", N_("First row"), show=False),
        Binding("end,G", "last", N_("Last row"), show=False),
        Binding("enter", "open", N_("Open"), show=False),
    ]
    DEFAULT_CSS = """
    CursorView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
    }
    """
    HEADER = 1
    """Lines above the rows that do not scroll."""

    cursor: reactive[int] = reactive(0, repaint=False)
    """The position of the row under the cursor; 0 when there are no rows."""

    @property
    def row_count(self) -> int:
        """The number of rows that can be scrolled to."""
        return 0

    def row_opened(self) -> None:
        """Act on enter or a double click."""

    def row_clicked(self, position: int, x: int) -> None:
        """Act on a click on a row; the cursor is there already."""

    def header_clicked(self, x: int) -> None:
        """Act on a click on the header line."""

    @property
    def page(self) -> int:
        """The number of rows that fit on the screen at once, at least one."""
        return max(1, self.scrollable_content_region.height - self.HEADER)

    @property
    def top(self) -> int:
        """The position of the first row on the screen."""
        return self.scroll_offset.y

    def visible_positions(self) -> range:
        """Return the positions of the rows on the screen."""
        return range(self.top, min(self.top + self.page, self.row_count))

    def resize_rows(self) -> None:
        """Take in a changed `row_count`.

        Assigning `virtual_size` would lay out the screen and paint every line again, four times a second for
        a table that grows; only the scroll bar has to know.
        """
        size = Size(self.size.width, self.row_count + self.HEADER)
        if size.height != self.virtual_size.height:
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)

    def refresh_row(self, position: int) -> None:
        """Paint one row again, if it is on the screen."""
        y = position - self.top
        if 0 <= y < self.page:
            self.refresh(Region(0, y + self.HEADER, self.size.width, 1))

    def scroll_to_cursor(self) -> None:
        """Bring the cursor onto the screen by the shortest way."""
        if self.cursor < self.top:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= self.top + self.page:
            self.scroll_to(y=self.cursor - self.page + 1, animate=False)

    def validate_cursor(self, position: int) -> int:
        """Keep the cursor within the rows."""
        return max(0, min(position, self.row_count - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        """Paint the two rows concerned and follow with the view."""
        self.refresh_row(old)
        self.refresh_row(new)
        self.scroll_to_cursor()

    def move_cursor(self, position: int) -> None:
        """Put the cursor where the user asks; every key and click comes through here."""
        self.cursor = position
        self.scroll_to_cursor()

    def action_cursor_up(self) -> None:
        """Go one row up."""
        self.move_cursor(self.cursor - 1)

    def action_cursor_down(self) -> None:
        """Go one row down."""
        self.move_cursor(self.cursor + 1)

    def action_page_up(self) -> None:
        """Go a page up."""
        self._leap(-self.page)

    def action_page_down(self) -> None:
        """Go a page down."""
        self._leap(self.page)

    def action_half_page_up(self) -> None:
        """Go half a page up."""
        self._leap(-(self.page // 2 or 1))

    def action_half_page_down(self) -> None:
        """Go half a page down."""
        self._leap(self.page // 2 or 1)

    def action_first(self) -> None:
        """Go to the first row."""
        self.move_cursor(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.move_cursor(self.row_count - 1)

    def action_open(self) -> None:
        """Go into the row under the cursor."""
        if self.row_count:
            self.row_opened()

    def _leap(self, rows: int) -> None:
        """Move view and cursor together, so that the cursor keeps its line on the screen as in a pager."""
        self.scroll_to(y=self.top + rows, animate=False)
        self.move_cursor(self.cursor + rows)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse points; a second click goes in."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        event.stop()
        if offset.y < self.HEADER:
            self.header_clicked(offset.x)
            return
        position = self.top + offset.y - self.HEADER
        if position < self.row_count:
            self.move_cursor(position)
            self.row_clicked(position, offset.x)
            if event.chain == 2:
                self.row_opened()
