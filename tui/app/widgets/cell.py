"""What a cell of a table shows: each kind turns one value into styled text of an exact width.

Values come from registries and journals, so every text passes `fitted.clean`; nothing here reads markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from tui.app.widgets import figures
from tui.app.widgets.fitted import Align, Cut, clean, fit
from tui.app.widgets.states import TASK_STATES, UNKNOWN, State

STYLES = ("", "muted", "faint", "accent", "success", "warning", "error")
"""The style names a part may carry; `line_table.LineTable` has a component class for each."""

Part = tuple[str, str]
"""A piece of a cell: text and style name."""


class Progress(NamedTuple):
    """How far something is, in any unit; `total` is None while it is not known."""

    done: float
    total: float | None


class Cell:
    """Plain text, and the base of the other kinds."""

    align: Align = "left"
    searchable = True

    def __init__(self, style: str = "", cut: Cut = "end") -> None:
        self.style = style
        self.cut: Cut = cut

    def text(self, value: Any) -> str:
        """Return the whole value as clean text, for copying and reports."""
        return "" if value is None else clean(value if isinstance(value, str) else str(value))

    def search_text(self, value: Any) -> str:
        """Return what a filter looks into; called for every row, so it does not clean what it does not show."""
        return "" if value is None else str(value)

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return the pieces to show, together exactly `width` cells."""
        return ((fit(self.text(value), width, align, self.cut), self.style),)

    def sort_key(self, value: Any) -> Any:
        """Return what to order by; every key of a column compares with every other, nothing comes first."""
        return "" if value is None else str(value).casefold()


class NumberCell(Cell):
    """A number, right-aligned; None is blank and sorts first."""

    align: Align = "right"
    searchable = False

    def sort_key(self, value: Any) -> float:
        """Return the number itself."""
        return float("-inf") if value is None else float(value)


class BytesCell(NumberCell):
    """A number of bytes: `12.3 MB`."""

    def text(self, value: Any) -> str:
        """Return the bytes with their unit."""
        return "" if value is None else figures.bytes_text(value)


class RateCell(NumberCell):
    """Bytes per second: `12.3 MB/s`; nothing moving is blank."""

    def text(self, value: Any) -> str:
        """Return the rate with its unit."""
        return figures.rate_text(value) if value else ""


class DurationCell(NumberCell):
    """Seconds: `3m 05s`."""

    def text(self, value: Any) -> str:
        """Return the duration in its two largest units."""
        return "" if value is None else figures.duration_text(value)


class TimeCell(Cell):
    """A `datetime`, shown in local time; the date alone where there is no room."""

    searchable = False

    def text(self, value: Any) -> str:
        """Return date and time."""
        return figures.time_text(value) if isinstance(value, datetime) else ""

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return the date, with the time of day when it fits."""
        shown = figures.time_text(value, width) if isinstance(value, datetime) else ""
        return ((fit(shown, width, align), self.style),)

    def sort_key(self, value: Any) -> float:
        """Return seconds since the epoch."""
        return value.timestamp() if isinstance(value, datetime) else float("-inf")


class DigestCell(Cell):
    """A digest cut to what tells it apart: `sha256:0123456789ab`, or the twelve digits alone when narrow."""

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return algorithm and twelve digits, or the digits alone."""
        algorithm, colon, digits = self.text(value).rpartition(":")
        short = digits[:12]
        full = f"{algorithm}{colon}{short}"
        return ((fit(full if len(full) <= width else short, width, align), self.style),)


class StateCell(Cell):
    """A state as glyph and word in its colour. `states` tells them; the default are the task states."""

    def __init__(self, states: Mapping[str, State] = TASK_STATES) -> None:
        super().__init__()
        self.states = states

    def text(self, value: Any) -> str:
        """Return glyph and word in the language in use."""
        return "" if value is None else self.states.get(value, UNKNOWN).label

    def search_text(self, value: Any) -> str:
        """Return the word in the language in use and the name of the state."""
        return f"{self.text(value)} {value}"

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return glyph and word in the style of the state."""
        style = "" if value is None else self.states.get(value, UNKNOWN).style
        return ((fit(self.text(value), width, align), style),)

    def sort_key(self, value: Any) -> int:
        """Return the rank of the state: what needs attention comes first."""
        return self.states.get(value, UNKNOWN).rank


class ProgressCell(Cell):
    """A `Progress` as a bar and a percentage; the percentage alone below ten cells."""

    searchable = False
    FULL, REST = "▬", "╌"

    def text(self, value: Any) -> str:
        """Return the percentage."""
        if value is None or value.total is None:
            return ""
        return figures.percent_text(value.done, value.total)

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return the part done, the rest and the percentage."""
        percent = self.text(value)
        room = width - 5
        if not percent or room < 5:
            return ((fit(percent, width, "right"), ""),)
        share = min(1.0, value.done / value.total) if value.total else 1.0
        full = int(share * room)
        bar = (self.FULL * full, "success" if full == room else "accent"), (self.REST * (room - full), "faint")
        return (*(part for part in bar if part[0]), (f"{percent:>5}", ""))

    def sort_key(self, value: Any) -> float:
        """Return the share done, what has not begun first."""
        if value is None or value.total is None:
            return -1.0
        return value.done / value.total if value.total else 1.0
