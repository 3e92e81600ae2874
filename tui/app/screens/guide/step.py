"""What all steps of the guided migration have in common."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from tui.app.i18n import _
from tui.app.screens.guide.journey import Journey
from tui.app.widgets.fitted import clean


class Step(Vertical):
    """One step: made anew whenever one arrives there. `keep` takes what was chosen into the journey."""

    TITLE: ClassVar[str] = ""
    SENTENCE: ClassVar[str] = ""
    DEFAULT_CSS = """
    Step { height: 1fr; }
    Step > .sentence { height: auto; padding: 0 1; color: $text-muted; margin-bottom: 1; }
    Step > #status { height: auto; min-height: 1; padding: 0 1; }
    Step > #status.-error { color: $text-error; }
    Step > #status.-warning { color: $text-warning; }
    """

    class Finished(Message):
        """The user is done with this step."""

    class Rerouted(Message):
        """What was chosen changes which steps there are."""

    class Said(Message):
        """Something happened that belongs into the line above the keys."""

        def __init__(self, text: str, style: str = "") -> None:
            super().__init__()
            self.text = text
            self.style = style

    def __init__(self, journey: Journey) -> None:
        super().__init__()
        self.journey = journey
        self.session = journey.session

    def compose(self) -> ComposeResult:
        """Yield the sentence, the content, and the line below."""
        yield Static(_(self.SENTENCE), classes="sentence", markup=False)
        yield from self.content()
        yield Static(id="status", markup=False)

    def content(self) -> ComposeResult:
        """Yield what the step is about."""
        yield from ()

    def problem(self) -> str:
        """Return why one cannot go on, '' when one can."""
        return ""

    def hold(self) -> bool:
        """Return whether something has to be done first, which posts `Finished` when it went well."""
        return False

    def keep(self) -> None:
        """Take what was chosen into the journey; called when one goes on."""

    def status(self, text: str, kind: str = "") -> None:
        """Say how it stands; `kind` is '' or 'warning', 'error'."""
        line = self.query_one("#status", Static)
        line.update(clean(text))
        line.set_class(kind == "error", "-error")
        line.set_class(kind == "warning", "-warning")
