"""Choosing the engine of a plan, over the place 'plan'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.draft import Draft
from tui.app.i18n import N_, _
from tui.app.screens.planning.engine_pane import EnginePane
from tui.app.session import Session
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.fitted import clean
from tui.app.widgets.key_hints import KeyHints
from tui.endpoints.model import Endpoint
from tui.plan.model import Plan


class EngineDialog(ModalScreen[bool]):
    """Puts what is chosen into the draft and answers True, or False when one thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Take it"), priority=True),
        Binding("tab", "app.focus_next", N_("Next field"), show=False),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    EngineDialog > Vertical {
        width: 90%; max-width: 110; height: 90%; max-height: 30;
        background: $surface; border: round $border; border-title-color: $text-accent;
    }
    EngineDialog #said { height: auto; padding: 0 1; color: $text-error; }
    EngineDialog KeyHints { dock: none; background: $surface; }
    """

    def __init__(self, session: Session, draft: Draft, plan: Plan, harbors: Sequence[Endpoint], other: str) -> None:
        super().__init__()
        self._draft = draft
        self._pane = EnginePane(session, draft, plan, harbors, other)

    def compose(self) -> ComposeResult:
        """Yield the choice and the keys."""
        with Vertical() as box:
            box.border_title = Content(clean(_("Who moves the bytes?"))).markup
            yield self._pane
            yield Static(id="said", markup=False)
            yield KeyHints()

    def action_take(self) -> None:
        """Take what is chosen, after asking whether Harbor may have the other side's login."""
        if problem := self._pane.problem:
            self.query_one("#said", Static).update(clean(problem))
            return
        question, detail = self._pane.consent
        if question and self._draft.replication is None:
            self.app.push_screen(ConfirmDialog(question, detail, yes=_("Give it")), self._agreed)
        else:
            self._agreed(True)

    def action_give_up(self) -> None:
        """Close without a change."""
        self.dismiss(False)

    def _agreed(self, yes: bool | None) -> None:
        if yes:
            self._draft.replication = self._pane.taken
            self.dismiss(True)
