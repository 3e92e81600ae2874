"""Everything the app said since it was opened: nothing that went wrong is lost with the next line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.i18n import N_, _
from tui.app.widgets.cell import Part, StateCell, TimeCell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import Align, clean
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.states import State
from tui.app.widgets.table_pane import TablePane

_WEIGHTS = {
    "error": State("error", N_("error"), "✗", "x", "error", 0),
    "warning": State("warning", N_("warning"), "!", "!", "warning", 1),
    "success": State("success", N_("done"), "✓", "+", "success", 2),
    "": State("", N_("note"), "·", ".", "muted", 3),
}


class _MomentCell(TimeCell):
    """The time of day with seconds: messages are of today, and come quickly."""

    def parts(self, value: datetime, width: int, align: Align) -> tuple[Part, ...]:
        """Return the time of day."""
        return ((value.astimezone().strftime("%H:%M:%S").ljust(width), "muted"),)


class MessageLog(ModalScreen[None]):
    """Shows `messages` (seconds since the epoch, text, style), the newest first; the whole text is below the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,m,q", "dismiss", N_("Close")),
        Binding("y", "copy", N_("Copy the message")),
        Binding("Y", "copy_all", N_("Copy all"), show=False),
    ]
    DEFAULT_CSS = """
    MessageLog > Vertical { width: 100%; max-width: 140; height: 100%; background: $surface; }
    MessageLog TablePane { height: 1fr; }
    MessageLog #whole {
        height: auto; min-height: 3; max-height: 9; border: round $border-blurred; padding: 0 1; background: $surface;
    }
    MessageLog KeyHints { dock: none; }
    """

    def __init__(self, messages: Sequence[tuple[float, str, str]]) -> None:
        super().__init__()
        self._messages = list(messages)

    def compose(self) -> ComposeResult:
        """Yield the list, the message under the cursor, and the keys."""
        rows = [
            (datetime.fromtimestamp(at, UTC), style, text, number)
            for number, (at, text, style) in reversed(list(enumerate(self._messages)))
        ]
        columns = (
            Column(key="time", title=N_("Time"), width=8, cell=_MomentCell()),
            Column(key="kind", title=N_("Kind"), width=9, cell=StateCell(_WEIGHTS)),
            Column(key="text", title=N_("Message"), width=20, weight=1),
        )
        with Vertical():
            empty = N_("Nothing has been said yet")
            yield TablePane(LineTable(columns, ListSource(rows, 3), empty=empty, id="messages"), _("Messages"))
            yield Static(id="whole", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Begin in the list."""
        self.query_one(LineTable).focus()
        self._show(self._newest())

    @on(LineTable.RowHighlighted)
    def _highlighted(self, event: LineTable.RowHighlighted) -> None:
        self._show(event.key if isinstance(event.key, int) else None)

    def action_copy(self) -> None:
        """Copy the message under the cursor."""
        key = self.query_one(LineTable).cursor_key
        if isinstance(key, int):
            self.app.copy_to_clipboard(clean(self._messages[key][1]))

    def action_copy_all(self) -> None:
        """Copy all messages, a line each."""
        lines = (
            f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S} {style or 'note'}: {clean(text)}"
            for at, text, style in self._messages
        )
        self.app.copy_to_clipboard("\n".join(lines))

    def _newest(self) -> int | None:
        return len(self._messages) - 1 if self._messages else None

    def _show(self, number: int | None) -> None:
        text = clean(self._messages[number][1]) if number is not None else ""
        self.query_one("#whole", Static).update(text)
