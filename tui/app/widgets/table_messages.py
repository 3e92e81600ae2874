"""What a `LineTable` tells its screen. Handle them with `@on(LineTable.RowOpened, "#tasks")`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tui.app.widgets.row_source import Key

if TYPE_CHECKING:
    from tui.app.widgets.line_table import LineTable


class TableMessage(Message, namespace="line_table"):
    """The base of all: `table` is who speaks."""

    def __init__(self, table: LineTable) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> LineTable:
        """The table, for the selector of `@on`."""
        return self.table


class RowHighlighted(TableMessage, namespace="line_table"):
    """The cursor is on another row; `key` is None when there are no rows."""

    def __init__(self, table: LineTable, key: Key | None) -> None:
        super().__init__(table)
        self.key = key


class RowOpened(TableMessage, namespace="line_table"):
    """Enter or a double click on a row."""

    def __init__(self, table: LineTable, key: Key) -> None:
        super().__init__(table)
        self.key = key


class MarksChanged(TableMessage, namespace="line_table"):
    """Other rows are marked than before; ask `table.marks`."""


class Arranged(TableMessage, namespace="line_table"):
    """Filter, order or number of rows changed: `shown` of `total` rows can be scrolled to."""

    def __init__(self, table: LineTable, shown: int, total: int) -> None:
        super().__init__(table)
        self.shown = shown
        self.total = total


class ArrangementAsked(TableMessage, namespace="line_table"):
    """The source arranges its rows itself (`source.arranges`): answer with `table.set_source`."""

    def __init__(self, table: LineTable, filter_text: str, sort_column: str, descending: bool) -> None:
        super().__init__(table)
        self.filter_text = filter_text
        self.sort_column = sort_column
        self.descending = descending


class VisibleRowsChanged(TableMessage, namespace="line_table"):
    """The view came to rest on other rows: load what is missing for `keys`, top to bottom."""

    def __init__(self, table: LineTable, keys: list[Key]) -> None:
        super().__init__(table)
        self.keys = keys


class FollowChanged(TableMessage, namespace="line_table"):
    """Following began (`f`) or ended (the user moved the cursor)."""

    def __init__(self, table: LineTable, following: bool) -> None:
        super().__init__(table)
        self.following = following
