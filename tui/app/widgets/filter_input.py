"""The line to type a filter into, above a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.app.i18n import N_, _


class FilterInput(Input):
    """Calls `left` when the user is done: enter and down keep the filter, escape clears it.

    A call, not a message: the next key may be waiting already, and is meant for the table.
    """

    BINDING_GROUP_TITLE = N_("Filter")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave", N_("Back to the table")),
        Binding("escape", "clear", N_("Clear the filter")),
    ]
    DEFAULT_CSS = """
    FilterInput { height: 1; border: none; padding: 0 1; }
    FilterInput:focus { border: none; }
    """

    def __init__(self, left: Callable[[], None], *, id: str | None = None) -> None:
        super().__init__(placeholder=_("Words to look for"), id=id, compact=True, select_on_focus=False)
        self._left = left
        self.can_focus = False  # as long as it is not open

    def open(self) -> None:
        """Take the focus."""
        self.can_focus = True
        self.focus()

    def action_leave(self) -> None:
        """Go back, the filter stays."""
        self.can_focus = False
        self._left()

    def action_clear(self) -> None:
        """Go back without a filter."""
        self.value = ""
        self.action_leave()
