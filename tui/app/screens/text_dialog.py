"""Something to read in full, over the screen in front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.app.i18n import N_
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.app.widgets.key_hints import KeyHints


class TextDialog(ModalScreen[None]):
    """Shows fields and sections; `y` copies all of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", N_("Copy")),
        Binding("escape", "dismiss", N_("Close")),
        Binding("q,enter", "dismiss", N_("Close"), show=False),
    ]
    DEFAULT_CSS = """
    TextDialog > Vertical { width: 90%; max-width: 110; height: auto; max-height: 90%; background: $surface; }
    TextDialog DetailPane { height: auto; max-height: 100%; }
    TextDialog KeyHints { dock: none; }
    """

    def __init__(self, title: str, fields: Sequence[tuple[str, str]] = (), sections: Sequence[Section] = ()) -> None:
        super().__init__()
        self._about = (title, tuple(fields), tuple(sections))

    def compose(self) -> ComposeResult:
        """Yield the text and the keys."""
        with Vertical():
            yield DetailPane()
            yield KeyHints()

    def on_mount(self) -> None:
        """Show the text."""
        pane = self.query_one(DetailPane)
        pane.show(*self._about)
        pane.focus()

    def action_copy(self) -> None:
        """Copy the text."""
        self.app.copy_to_clipboard(self.query_one(DetailPane).plain)
