"""Two lines of a form: a choice of a few words, and a value that is picked from a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from tui.app.i18n import N_
from tui.app.screens.form_dialog import Choice
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean
from tui.app.widgets.parts_line import PartsLine


class ChoiceLine(Choice):
    """A `Choice` that says when another was taken."""

    class Changed(Message):
        """Another value was taken."""

        def __init__(self, line: ChoiceLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> ChoiceLine:
            """The line, for the selector of `@on`."""
            return self.line

    def action_turn(self, by: int) -> None:
        """Take the next, or the one before."""
        values = [value for value, _words in self._choices]
        self.choose(values[(values.index(self.value) + by) % len(values)])

    def offer(self, choices: Sequence[tuple[str, str]]) -> None:
        """Offer other choices; one that was taken and is not among them any more gives way to the first."""
        if self._choices != tuple(choices):
            self._choices = tuple(choices)
            if self.value not in dict(choices):
                self.choose(choices[0][0])
            self.update()

    def choose(self, value: str) -> None:
        """Take this one."""
        if value != self.value:
            self.value = value
            self.update()
            self.post_message(self.Changed(self))


class PickLine(PartsLine, can_focus=True):
    """Shows what is picked; space opens the list to pick from, which is the screen's affair."""

    class Opened(Message):
        """The user wants to pick."""

        def __init__(self, line: PickLine) -> None:
            super().__init__()
            self.line = line

        @property
        def control(self) -> PickLine:
            """The line, for the selector of `@on`."""
            return self.line

    BINDING_GROUP_TITLE = N_("Choice")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,right,l", "pick", N_("Choose"))]
    DEFAULT_CSS = """
    PickLine { width: 1fr; background: $panel; padding: 0 1; }
    PickLine:focus { background-tint: $accent 10%; }
    PickLine:nocolor:focus { text-style: underline; }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._shown: tuple[Part, ...] = ()

    def show(self, words: str, beside: str = "", style: str = "muted") -> None:
        """Show what is picked, and a remark beside it."""
        self._shown = ((clean(words), "accent"), (f"  {clean(beside)}" if beside else "", style))
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return what is picked."""
        return self._shown

    def action_pick(self) -> None:
        """Ask for the list."""
        self.post_message(self.Opened(self))

    def on_click(self) -> None:
        """Ask for the list."""
        self.action_pick()
