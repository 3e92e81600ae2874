"""The failures of a run by what went wrong, with what to do about each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.app.i18n import N_, said
from tui.app.screens.run.reasons import hint_text, reason_word
from tui.app.widgets.cell import Cell, NumberCell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.engine.journal.lines import FailureGroup

GroupKey = tuple[str, int | None, str]


class ReasonCell(Cell):
    """The reason of a `FailureGroup` in words, with what the registry called it."""

    def __init__(self) -> None:
        super().__init__(style="error")

    def text(self, value: Any) -> str:
        """Return the reason."""
        return reason(value)

    def search_text(self, value: Any) -> str:
        """Return the reason."""
        return self.text(value)

    def sort_key(self, value: Any) -> str:
        """Return the reason."""
        return self.text(value)


COLUMNS = (
    Column(key="count", title=N_("Failures"), width=9, cell=NumberCell()),
    Column(key="reason", title=N_("Reason"), width=26, cell=ReasonCell(), max_width=40, weight=1),
    Column(key="hint", title=N_("What to do"), width=30, weight=3),
    Column(key="message", title=N_("Example"), width=30, weight=2, cell=Cell(style="muted"), priority=1),
)


class FailureTable(LineTable):
    """A row for each kind of failure."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty=N_("Nothing has failed."), id="failures-table")
        self.groups: dict[GroupKey, FailureGroup] = {}

    def show(self, groups: Sequence[FailureGroup]) -> None:
        """Show these groups."""
        self.groups = {key_of(group): group for group in groups}
        rows = [(group.tasks + group.rules, group, hint_text(group.hint), said(group.message)) for group in groups]
        self.set_source(_GroupSource(rows))

    @property
    def group(self) -> FailureGroup | None:
        """The group under the cursor."""
        return self.cursor_row[1] if self.cursor_row is not None else None


class _GroupSource(ListSource):
    def __init__(self, rows: Sequence[tuple[int, FailureGroup, str, str]]) -> None:
        super().__init__()
        for row in rows:
            self._index[key_of(row[1])] = len(self._rows)
            self._rows.append(row)

    def key(self, index: int) -> GroupKey:
        return key_of(self._rows[index][1])


def key_of(group: FailureGroup) -> GroupKey:
    """Return what tells a group apart."""
    return group.error_class, group.error_status, group.error_code


def reason(group: FailureGroup) -> str:
    """Return why the failures of a group are failures, in a few words."""
    answer = " ".join(str(part) for part in (group.error_status or "", group.error_code) if part)
    word = reason_word(group.error_class)
    return f"{word} ({answer})" if answer else word
