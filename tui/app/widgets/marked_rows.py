"""Marks on rows, by key: they survive sorting, filtering and moving around."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

from textual.binding import Binding, BindingType

from tui.app.i18n import N_
from tui.app.widgets import table_messages as messages
from tui.app.widgets.columns import Column
from tui.app.widgets.row_source import Key, RowSource
from tui.app.widgets.steady_rows import SteadyRows


class MarkedRows(SteadyRows):
    """Lets the user mark rows, where `marks` says so."""

    MarksChanged: TypeAlias = messages.MarksChanged

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", N_("Mark"), show=False),
        Binding("a", "mark_all", N_("Mark all"), show=False),
        Binding("asterisk", "invert_marks", N_("Invert marks"), show=False),
    ]

    def __init__(self, columns: Sequence[Column], source: RowSource | None, *, marks: bool, **view: Any) -> None:
        super().__init__(columns, source, gutter=2 if marks else 1, **view)
        self.markable = marks

    @property
    def marks(self) -> list[Key]:
        """The marked keys in the order of the source, also those the filter hides."""
        places = [(index, key) for key in self.marked_keys if (index := self.source.index(key)) is not None]
        return [key for _index, key in sorted(places, key=lambda place: place[0])]

    @property
    def chosen(self) -> list[Key]:
        """What an action is about: the marked rows, or the one under the cursor when none is marked."""
        return self.marks or [key for key in [self.cursor_key] if key is not None]

    def set_marks(self, keys: Iterable[Key]) -> None:
        """Mark exactly the rows with these keys."""
        self.marked_keys = set(keys)
        self.sync()
        self.post_message(self.MarksChanged(self._speaker))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out marking where rows cannot be marked."""
        return self.markable if action in ("mark", "mark_all", "invert_marks") else True

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        key = self.cursor_key
        if key is not None:
            self.set_marks(self.marked_keys ^ {key})
            self.move_cursor(self.cursor + 1)

    def action_mark_all(self) -> None:
        """Mark every row shown; when all of them are, take the marks away."""
        shown = self._shown_keys()
        self.set_marks(self.marked_keys - shown if shown <= self.marked_keys else self.marked_keys | shown)

    def action_invert_marks(self) -> None:
        """Mark the rows shown that are not, and the other way round."""
        self.set_marks(self.marked_keys ^ self._shown_keys())

    def _shown_keys(self) -> set[Key]:
        return {self.source.key(self.order.index_at(position)) for position in range(self.row_count)}
