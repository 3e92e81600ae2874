"""One of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.app.i18n import N_
from tui.app.widgets.cell import Cell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import clean
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource


class PickDialog(ModalScreen[str | None]):
    """Answers with the key of a row (key, words, remark), or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Take it"), priority=True),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    PickDialog > Vertical {
        width: 74; max-width: 100%; height: auto; max-height: 100%; background: $surface; border: round $border;
        border-title-color: $text-accent; padding: 0 1;
    }
    PickDialog LineTable { background: $surface; }
    PickDialog KeyHints { dock: none; background: $surface; }
    """

    def __init__(
        self, title: str, rows: Sequence[tuple[str, str, str]], *, titles: tuple[str, str], current: str = ""
    ) -> None:
        super().__init__()
        self._title = title
        self._rows = [(words, remark, key) for key, words, remark in rows]
        self._titles = titles
        self._current = current

    def compose(self) -> ComposeResult:
        """Yield the list and the keys."""
        columns = (
            Column(key="words", title=self._titles[0], width=20, weight=1),
            Column(key="remark", title=self._titles[1], width=30, weight=1, cell=Cell("muted")),
        )
        with Vertical() as box:
            box.border_title = Content(clean(self._title)).markup
            yield LineTable(columns, ListSource(self._rows, 2), id="pick")
            yield KeyHints()

    def on_mount(self) -> None:
        """Begin at what is picked now."""
        table = self.query_one(LineTable)
        table.styles.height = min(16, max(2, len(self._rows) + 1))
        table.focus()
        if self._current:
            table.go_to(self._current)

    @on(LineTable.RowOpened)
    def action_take(self) -> None:
        """Answer with the row under the cursor."""
        key = self.query_one(LineTable).cursor_key
        self.dismiss(key if isinstance(key, str) else None)

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
