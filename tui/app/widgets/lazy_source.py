"""Rows that are loaded when they come on screen: the keys are known, the values are somewhere slower."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from tui.app.widgets.row_source import Key, Row


class LazySource:
    """A `RowSource` over `keys` that shows `placeholder(key)` until a row was `put`, and keeps the last `keep` rows.

    The screen loads what is missing when the view rests, off the event loop:

    ```
    @on(LineTable.VisibleRowsChanged, "#tasks")
    async def load(self, event):
        keys = source.missing(event.keys)
        source.put(zip(keys, await read_rows(keys)))
        event.table.update_rows(keys)
    ```

    Rows that are not here cannot be searched or ordered here: the table posts `ArrangementAsked`, and the
    answer is `table.set_source(LazySource(keys in the new order, ...))`.
    """

    arranges = True

    def __init__(self, keys: Iterable[Key], placeholder: Callable[[Key], Row], keep: int = 2000) -> None:
        self._keys: Sequence[Key] = list(keys)
        self._index = {key: index for index, key in enumerate(self._keys)}
        self._placeholder = placeholder
        self._keep = keep
        self._rows: OrderedDict[Key, Row] = OrderedDict()

    def missing(self, keys: Iterable[Key]) -> list[Key]:
        """Return those of `keys` whose rows have to be loaded, and keep the others from being dropped next."""
        wanted: list[Key] = []
        for key in keys:
            if key in self._rows:
                self._rows.move_to_end(key)
            elif key in self._index:
                wanted.append(key)
        return wanted

    def put(self, rows: Iterable[tuple[Key, Row]]) -> None:
        """Take in loaded rows; the ones not asked for the longest are dropped."""
        for key, row in rows:
            self._rows[key] = row
            self._rows.move_to_end(key)
        while len(self._rows) > self._keep:
            self._rows.popitem(last=False)

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop rows that changed where they come from, so that they count as missing."""
        for key in keys:
            self._rows.pop(key, None)

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._keys)

    def row(self, index: int) -> Row:
        """Return the row, or what stands in for it."""
        key = self._keys[index]
        row = self._rows.get(key)
        return self._placeholder(key) if row is None else row

    def key(self, index: int) -> Key:
        """Return the key of a row."""
        return self._keys[index]

    def index(self, key: Key) -> int | None:
        """Return where the row with this key is."""
        return self._index.get(key)
