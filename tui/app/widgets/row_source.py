"""Where a table gets its rows: asked for the ones on screen, never all of them at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol

Key = Hashable
Row = Sequence[Any]


class RowSource(Protocol):
    """Rows by index, 0 to `count() - 1`. A row keeps its index for as long as the source is in use.

    New rows come at the end. All four are called on the event loop and must answer from memory.
    """

    def count(self) -> int:
        """Return the number of rows."""

    def row(self, index: int) -> Row:
        """Return the values of a row, one for each column of the table."""

    def key(self, index: int) -> Key:
        """Return what tells the row apart for good: marks and updates go by it."""

    def index(self, key: Key) -> int | None:
        """Return the index of the row with this key, None when there is none."""


class ListSource:
    """Rows held in a list, for tables whose rows are at hand: endpoints, runs, tags of one repository."""

    def __init__(self, rows: Iterable[Row] = (), key_column: int = 0) -> None:
        self.key_column = key_column
        self._rows: list[Row] = []
        self._index: dict[Key, int] = {}
        for row in rows:
            self.put(row)

    def put(self, row: Row) -> None:
        """Add a row, or replace the one with the same key in its place."""
        index = self._index.setdefault(row[self.key_column], len(self._rows))
        if index == len(self._rows):
            self._rows.append(row)
        else:
            self._rows[index] = row

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def row(self, index: int) -> Row:
        """Return a row."""
        return self._rows[index]

    def key(self, index: int) -> Key:
        """Return the value in the key column."""
        return self._rows[index][self.key_column]  # type: ignore[no-any-return]

    def index(self, key: Key) -> int | None:
        """Return where the row with this key is."""
        return self._index.get(key)
