"""A question before something is lost."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from tui.app.i18n import N_, _
from tui.app.widgets.fitted import clean


class ConfirmDialog(ModalScreen[bool]):
    """Answers True for yes. `y` and `n` answer at once; enter takes the button in focus, which is No at first.

    `question` is one short sentence, `detail` says what will happen and may hold remote text; `yes` names the
    deed ("Remove") and `no` what remains.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", N_("Yes"), show=False),
        Binding("n,escape,q", "answer(False)", N_("No"), show=False),
        Binding("left,right,h,l,tab", "app.focus_next", N_("Other button"), show=False),
    ]
    DEFAULT_CSS = """
    ConfirmDialog { align: center middle; }
    ConfirmDialog > Vertical {
        width: 64;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $border;
        padding: 0 1;
    }
    ConfirmDialog #question { text-style: bold; }
    ConfirmDialog #detail { color: $text-muted; max-height: 10; }
    ConfirmDialog Horizontal { height: 1; align-horizontal: right; margin-top: 1; }
    ConfirmDialog Button { margin-left: 2; }
    """

    def __init__(self, question: str, detail: str = "", *, yes: str = "", no: str = "") -> None:
        super().__init__()
        self.question = question
        self.detail = detail
        self.yes = yes
        self.no = no

    def compose(self) -> ComposeResult:
        """Yield the question and two buttons."""
        with Vertical():
            yield Static(clean(self.question), id="question", markup=False)
            if self.detail:
                yield Static("\n".join(clean(line) for line in self.detail.splitlines()), id="detail", markup=False)
            with Horizontal():
                yield Button(f"{self.no or _('No')} (n)", id="no")
                yield Button(f"{self.yes or _('Yes')} (y)", id="yes")

    def action_answer(self, answer: bool) -> None:
        """Close with this answer."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")
