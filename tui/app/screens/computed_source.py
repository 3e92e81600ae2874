"""Rows made at the moment they are shown, from whatever holds the truth about their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tui.app.widgets.row_source import Key, Row


class ComputedSource:
    """A `RowSource` over keys; `row_of` makes the row of a key and is called for every row painted or arranged."""

    def __init__(self, keys: Iterable[Key], row_of: Callable[[Key], Row]) -> None:
        self._keys: list[Key] = []
        self._index: dict[Key, int] = {}
        self._row_of = row_of
        self.add(keys)

    @property
    def keys(self) -> list[Key]:
        """All keys in order; not to be changed."""
        return self._keys

    def add(self, keys: Iterable[Key]) -> list[Key]:
        """Put keys at the end and return those that are new; tell the table with `update_rows`."""
        new = []
        for key in keys:
            if key not in self._index:
                self._index[key] = len(self._keys)
                self._keys.append(key)
                new.append(key)
        return new

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._keys)

    def row(self, index: int) -> Row:
        """Return the row as things are now."""
        return self._row_of(self._keys[index])

    def key(self, index: int) -> Key:
        """Return the key of a row."""
        return self._keys[index]

    def index(self, key: Key) -> int | None:
        """Return where the row with this key is."""
        return self._index.get(key)
