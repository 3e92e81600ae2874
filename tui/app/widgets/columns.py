"""The columns of a table, and how they share the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tui.app.widgets.cell import Cell
from tui.app.widgets.fitted import Align


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: where its values are shown, how wide it may be, and what gives way when there is no room.

    `key` names the column; its place in the list of columns is the place of its value in a row. `title` is
    translated when painted, so mark it with `N_`. Widths are in cells. What is left over after every column
    has its `width` is shared by `weight` up to `max_width`; a column of weight 0 keeps its width.
    When even the widths do not fit, columns of the highest `priority` disappear first; 0 never does.
    """

    key: str
    title: str
    width: int
    cell: Cell = field(default_factory=Cell)
    max_width: int | None = None
    weight: int = 0
    align: Align | None = None
    priority: int = 0
    sortable: bool = True

    @property
    def alignment(self) -> Align:
        """The alignment asked for, or the usual one of what the cells show."""
        return self.align or self.cell.align


class Placed(NamedTuple):
    """A visible column: its index in the list of columns, its first cell and its width."""

    column: int
    x: int
    width: int


def layout(columns: Sequence[Column], width: int, start: int = 0, gap: int = 1) -> tuple[Placed, ...]:
    """Return the columns that fit into `width` cells from `start` on, left to right, `gap` cells apart."""
    shown = list(range(len(columns)))
    room = max(0, width - start)

    def needed() -> int:
        return sum(columns[index].width for index in shown) + gap * (len(shown) - 1)

    while needed() > room:
        least = max(shown, key=lambda index: (columns[index].priority, index), default=None)
        if least is None or not columns[least].priority:
            break
        shown.remove(least)
    widths = _widths([columns[index] for index in shown], room - gap * (len(shown) - 1))
    placed: list[Placed] = []
    x = start
    for index, cells in zip(shown, widths, strict=True):
        cells = min(cells, width - x)
        if cells > 0:
            placed.append(Placed(index, x, cells))
        x += cells + gap
    return tuple(placed)


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Share `room` cells: each column its width, the rest by weight; too little is taken from the widest."""
    widths = [column.width for column in columns]
    while sum(widths) > max(room, len(widths)):
        widths[widths.index(max(widths))] -= 1
    left = room - sum(widths)
    growing = [at for at, column in enumerate(columns) if column.weight]
    while left > 0 and growing:
        total = sum(columns[at].weight for at in growing)
        full: list[int] = []
        given = 0
        for at in growing:
            share = max(1, left * columns[at].weight // total)
            limit = columns[at].max_width
            share = min(share, left - given, share if limit is None else max(0, limit - widths[at]))
            widths[at] += share
            given += share
            if limit is not None and widths[at] >= limit:
                full.append(at)
        left -= given
        growing = [at for at in growing if at not in full]
        if not given:
            break
    return widths
