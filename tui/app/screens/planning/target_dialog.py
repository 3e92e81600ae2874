"""Choosing one of the endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.app.i18n import N_, _
from tui.app.screens.browse.tables import SOURCES
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.model import Endpoint


class TargetDialog(ModalScreen[str]):
    """Answers with the id of an endpoint, or ''."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", N_("Cancel")),
        Binding("q", "give_up", N_("Cancel"), show=False),
    ]
    DEFAULT_CSS = """
    TargetDialog > Vertical { width: 90%; max-width: 100; height: auto; max-height: 90%; background: $surface; }
    TargetDialog TablePane { height: 12; }
    TargetDialog KeyHints { dock: none; }
    """

    def __init__(self, endpoints: Sequence[Endpoint], now: Endpoint | None) -> None:
        super().__init__()
        rows = [(each.name, each.address, each.kind, each.username, each.id) for each in endpoints]
        self._now = now
        self._table = LineTable(
            SOURCES, ListSource(rows, key_column=4), empty=N_("No endpoints yet. Press 2 and add the target registry.")
        )

    def compose(self) -> ComposeResult:
        """Yield the list and the keys."""
        with Vertical():
            yield TablePane(self._table, _("Copy to which endpoint?"))
            yield KeyHints()

    def on_mount(self) -> None:
        """Put the cursor on the one in use."""
        self._table.focus()
        if self._now is not None:
            self._table.go_to(self._now.id)

    @on(LineTable.RowOpened)
    def _opened(self, event: LineTable.RowOpened) -> None:
        event.stop()
        self.dismiss(str(event.key))

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss("")
