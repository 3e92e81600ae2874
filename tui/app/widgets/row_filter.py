"""The filter as you type: which rows hold every word of a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.app.widgets.columns import Column
from tui.app.widgets.row_source import Row


def text_filter(columns: Sequence[Column], text: str) -> Callable[[Row], bool] | None:
    """Return a test for rows whose searchable cells hold every word of `text` in any case; None without words."""
    words = text.casefold().split()
    if not words:
        return None
    searched = [(at, column.cell.search_text) for at, column in enumerate(columns) if column.cell.searchable]

    def accepts(row: Row) -> bool:
        haystack = "\n".join([search(row[at]) for at, search in searched]).casefold()
        return all(word in haystack for word in words)

    return accepts


def both(first: Callable[[Row], bool] | None, second: Callable[[Row], bool] | None) -> Callable[[Row], bool] | None:
    """Return a test for rows that pass both tests; None stands for a test that all rows pass."""
    if first is None or second is None:
        return first or second
    return lambda row: first(row) and second(row)
