"""Which rows of a source are shown and in which order: lists of indexes, never copies of rows.

Ordering 100,000 rows takes longer than a frame, so it is written as steps: `finish` runs them at once for a
short list, `paced` gives the event loop a turn every few milliseconds. After that single rows are moved to
their new place as they change, in logarithmic time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from tui.app.widgets.row_source import Row, RowSource

_READ_STEP = 200
_SORT_STEP = 2000
_TURN = 0.006


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is asked for: rows that pass `accepts`, ordered by `sort_key` (source order when None)."""

    accepts: Callable[[Row], bool] | None = None
    sort_key: Callable[[Row], Any] | None = None
    descending: bool = False

    @property
    def natural(self) -> bool:
        """True when every row is shown in the order of the source."""
        return self.accepts is None and self.sort_key is None and not self.descending


class RowOrder:
    """The rows of `source` as arranged; made by `arrange`.

    Ascending order is kept, and read backwards when descending, so that a place is found by bisection.
    """

    def __init__(self, source: RowSource, arrangement: Arrangement | None = None) -> None:
        self.source = source
        self.arrangement = arrangement or Arrangement()
        self.considered = source.count()
        self._shown: list[int] | None = None
        self._keys: list[Any] = []

    def __len__(self) -> int:
        return self.considered if self._shown is None else len(self._shown)

    def index_at(self, position: int) -> int:
        """Return the source index of the row shown at `position`, counted from 0."""
        if self.arrangement.descending:
            position = len(self) - 1 - position
        return position if self._shown is None else self._shown[position]

    def position_of(self, index: int) -> int | None:
        """Return where the row with this source index is shown, None when it is not."""
        if not 0 <= index < self.considered:
            return None
        position = index if self._shown is None else self._place(index)
        if self._shown is not None and (position == len(self._shown) or self._shown[position] != index):
            return None
        return len(self) - 1 - position if self.arrangement.descending else position

    def update(self, changed: Iterable[int]) -> bool:
        """Take in changed rows and rows added at the end; return True when any place may have changed."""
        added = range(self.considered, self.source.count())
        if self._shown is None:
            self.considered = added.stop
            return bool(added)
        moved = False
        for index in changed:
            if index < self.considered:
                moved |= self._move(index)
        for index in added:
            self.considered += 1
            self._keys.append(None)
            moved |= self._insert(index, self.source.row(index))
        return moved

    def _move(self, index: int) -> bool:
        assert self._shown is not None
        row = self.source.row(index)
        place = self._place(index)
        present = place < len(self._shown) and self._shown[place] == index
        accepts, sort_key = self.arrangement.accepts, self.arrangement.sort_key
        accepted = accepts is None or accepts(row)
        if present and accepted and (sort_key is None or sort_key(row) == self._keys[index]):
            return False
        if present:
            del self._shown[place]
        return self._insert(index, row) or present

    def _insert(self, index: int, row: Row) -> bool:
        assert self._shown is not None
        accepts, sort_key = self.arrangement.accepts, self.arrangement.sort_key
        if accepts is not None and not accepts(row):
            return False
        if sort_key is not None:
            self._keys[index] = sort_key(row)
        self._shown.insert(self._place(index), index)
        return True

    def _place(self, index: int) -> int:
        """Return where in ascending order a row is or would be; rows with equal keys stand in source order."""
        assert self._shown is not None
        keys = self._keys
        if self.arrangement.sort_key is None:
            return bisect_left(self._shown, index)
        if keys[index] is None:  # never accepted so far, so it has no place
            return len(self._shown)
        return bisect_left(self._shown, (keys[index], index), key=lambda other: (keys[other], other))


Steps = Generator[None, None, RowOrder]


def arrange(source: RowSource, arrangement: Arrangement) -> Steps:
    """Yield now and then while arranging all rows; the value of the generator is the `RowOrder`."""
    order = RowOrder(source, arrangement)
    if arrangement.accepts is None and arrangement.sort_key is None:
        return order
    shown: list[int] = []
    keys: list[Any] = [None] * order.considered
    accepts, sort_key = arrangement.accepts, arrangement.sort_key
    for index in range(order.considered):
        if not index % _READ_STEP:
            yield
        row = source.row(index)
        if accepts is None or accepts(row):
            shown.append(index)
            if sort_key is not None:
                keys[index] = sort_key(row)
    order._keys = keys
    order._shown = shown if sort_key is None else (yield from _sorted(shown, keys.__getitem__))
    return order


def _sorted(indexes: list[int], key: Callable[[int], Any]) -> Generator[None, None, list[int]]:
    """Sort stably in pieces: short runs first, then pairs of runs, which Python's sort merges in one pass."""
    runs = [indexes[start : start + _SORT_STEP] for start in range(0, len(indexes), _SORT_STEP)]
    for run in runs:
        run.sort(key=key)
        yield
    while len(runs) > 1:
        merged: list[list[int]] = []
        for at in range(0, len(runs), 2):
            run = runs[at]
            if at + 1 < len(runs):
                run = run + runs[at + 1]
                run.sort(key=key)
            merged.append(run)
            yield
        runs = merged
    return runs[0] if runs else []


def finish(steps: Steps) -> RowOrder:
    """Run all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


async def paced(steps: Steps) -> RowOrder:
    """Run the steps, giving the event loop a turn every few milliseconds."""
    since = perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if perf_counter() - since > _TURN:
            await asyncio.sleep(0)
            since = perf_counter()
