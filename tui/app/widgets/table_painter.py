"""From values to lines: lays out the columns of a table, fits its cells and puts them together as strips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.app.i18n import _
from tui.app.widgets.cell import Part
from tui.app.widgets.columns import Column, Placed, layout
from tui.app.widgets.fitted import fit
from tui.app.widgets.row_source import Row

Cells = tuple[tuple[Part, ...], ...]
"""A row as shown: for each placed column the parts of its cell."""

StyleOf = Callable[[str], Style]

MARK = "*"
ROOMY = 100
"""From this width on columns stand two cells apart."""


class TablePainter:
    """Paints the rows of one table at one width. `gutter` cells on the left are for the mark."""

    def __init__(self, columns: Sequence[Column], gutter: int) -> None:
        self.columns = tuple(columns)
        self.gutter = gutter
        self.width = -1
        self.placed: tuple[Placed, ...] = ()
        self._spans: tuple[int, ...] = ()

    def resize(self, width: int) -> bool:
        """Lay out the columns for `width` cells; return False when that is what they are."""
        if width == self.width:
            return False
        self.width = width
        self.placed = layout(self.columns, width, self.gutter, 2 if width >= ROOMY else 1)
        ends = [placed.x for placed in self.placed[1:]] + [width]
        self._spans = tuple(end - placed.x for placed, end in zip(self.placed, ends, strict=False))
        return True

    @property
    def shown(self) -> list[Column]:
        """The columns there is room for, left to right."""
        return [self.columns[placed.column] for placed in self.placed]

    def cells(self, row: Row) -> Cells:
        """Return the row as it is to be shown."""
        columns = self.columns
        return tuple(columns[at].cell.parts(row[at], width, columns[at].alignment) for at, _x, width in self.placed)

    def changed(self, old: Cells, new: Cells) -> Iterable[tuple[int, int]]:
        """Yield first cell and width of every part that differs between two states of a row."""
        for placed, before, after in zip(self.placed, old, new, strict=True):
            if before == after:
                continue
            if [len(text) for text, _style in before] != [len(text) for text, _style in after]:
                yield placed.x, placed.width
                continue
            x = placed.x
            for one, other in zip(before, after, strict=True):
                if one != other:
                    yield x, len(other[0]) if other[0].isascii() else placed.x + placed.width - x
                x += len(other[0])

    def line(self, cells: Cells, style_of: StyleOf, marked: bool) -> Strip:
        """Return a row as a strip of the full width, each part a segment, so that it can be painted alone."""
        segments = [Segment((MARK if marked else "").ljust(self.gutter), style_of("accent" if marked else ""))]
        for parts, placed, span in zip(cells, self.placed, self._spans, strict=True):
            last = len(parts) - 1
            for at, (text, style) in enumerate(parts):
                gap = " " * (span - placed.width) if at == last else ""
                segments.append(Segment(text + gap, style_of(style)))
        return self._strip(segments, style_of)

    def header(self, style_of: StyleOf, sorted_by: str, descending: bool) -> Strip:
        """Return the titles, the one sorted by with an arrow."""
        segments = [Segment(" " * self.gutter, style_of("header"))]
        for (at, _x, width), span in zip(self.placed, self._spans, strict=True):
            column = self.columns[at]
            title = _(column.title)
            if column.key == sorted_by:
                title = f"{title} {'▾' if descending else '▴'}"
            style = style_of("header-sorted" if column.key == sorted_by else "header")
            segments.append(Segment(fit(title, width, column.alignment) + " " * (span - width), style))
        return self._strip(segments, style_of)

    def message(self, text: str, style_of: StyleOf) -> Strip:
        """Return a line with `text` in its middle."""
        shown = fit(text, min(self.width, max(0, self.width - 2)))
        body = shown.rstrip()
        left = (self.width - len(shown) + len(shown) - len(body)) // 2
        return self._strip([Segment(" " * left, style_of("")), Segment(body, style_of("muted"))], style_of)

    def column_at(self, x: int) -> Column | None:
        """Return the column shown at cell `x`."""
        for placed in self.placed:
            if placed.x <= x < placed.x + placed.width:
                return self.columns[placed.column]
        return None

    def _strip(self, segments: list[Segment], style_of: StyleOf) -> Strip:
        return Strip([segment for segment in segments if segment.text]).adjust_cell_length(
            max(0, self.width), style_of("")
        )
