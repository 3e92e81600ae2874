"""The keys of the screen in front, read from its bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.i18n import N_, _
from tui.app.widgets.fitted import fit, width
from tui.app.widgets.key_names import KeyHint, grouped


class HelpScreen(ModalScreen[None]):
    """Push it with `hints(screen)` of the screen it is about; `notes` are sentences to stand above the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", N_("Close"), show=False),
        Binding("down,j", "scroll('down')", N_("Down"), show=False),
        Binding("up,k", "scroll('up')", N_("Up"), show=False),
        Binding("pagedown,ctrl+d,space", "scroll('page_down')", N_("Page down"), show=False),
        Binding("pageup,ctrl+u", "scroll('page_up')", N_("Page up"), show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $border;
        border-title-color: $text-accent;
        padding: 0 1;
        scrollbar-size-vertical: 1;
    }
    HelpScreen Static { width: 1fr; }
    HelpScreen .group { color: $text-accent; text-style: bold; }
    HelpScreen .notes { color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, hints: Sequence[KeyHint], notes: str = "") -> None:
        super().__init__()
        self.hints = hints
        self.notes = notes

    def compose(self) -> ComposeResult:
        """Yield the groups, each with its keys."""
        with VerticalScroll() as pane:
            pane.border_title = _("Keys")
            pane.border_subtitle = _("esc closes")
            if self.notes:
                yield Static(self.notes, classes="notes", markup=False)
            for group, hints in grouped(self.hints).items():
                yield Static(group, classes="group", markup=False)
                yield Static(_listed(hints), markup=False)

    def action_scroll(self, where: str) -> None:
        """Scroll by a line or a page."""
        pane = self.query_one(VerticalScroll)
        moves = {
            "down": pane.scroll_down,
            "up": pane.scroll_up,
            "page_down": pane.scroll_page_down,
            "page_up": pane.scroll_page_up,
        }
        moves[where](animate=False)


def _listed(hints: Sequence[KeyHint]) -> Content:
    keys = [", ".join(hint.keys) for hint in hints]
    column = min(26, max(width(text) for text in keys))
    lines = []
    for text, hint in zip(keys, hints, strict=True):
        lines.append(Content.assemble((f"  {fit(text, column)}  ", "bold"), Content(hint.description)))
    return Content("\n").join(lines)
