"""A few fields to fill in before something is done, checked as one types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.app.i18n import N_, _
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean, width
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.parts_line import PartsLine

PAUSE = 0.12
"""Seconds without a key stroke after which what was typed is looked at."""

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form. With `choices` (value, words) one of those is taken, otherwise text is typed."""

    key: str
    label: str
    value: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a form says to what was typed: an `error` that has to go first, or `lines` about what will happen."""

    error: str = ""
    lines: tuple[str, ...] = ()


class Choice(PartsLine, can_focus=True):
    """One of a few words; left and right (or space) take another."""

    BINDING_GROUP_TITLE = N_("Choice")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "turn(1)", N_("Next choice"), show=False),
        Binding("left,h", "turn(-1)", N_("Choice before"), show=False),
    ]
    DEFAULT_CSS = """
    Choice { width: 1fr; background: $panel; padding: 0 1; }
    Choice:focus { background-tint: $accent 10%; }
    Choice:nocolor:focus { text-style: underline; }
    """

    def __init__(self, choices: Sequence[tuple[str, str]], value: str, *, id: str) -> None:
        super().__init__(id=id)
        self._choices = tuple(choices)
        self.value = value

    def parts(self, cells: int) -> Iterable[Part]:
        """Return all choices, the one taken in brackets."""
        for value, words in self._choices:
            taken = value == self.value
            yield f"[{words}]" if taken else f" {words} ", "accent" if taken else "muted"
            yield " ", ""

    def action_turn(self, by: int) -> None:
        """Take another."""
        values = [value for value, _words in self._choices]
        self.value = values[(values.index(self.value) + by) % len(values)]
        self.update()
        self.screen.query_one(Input).post_message(Input.Changed(self.screen.query_one(Input), ""))


class _Part(VerticalScroll):
    """The fields, or what is said to them: when that grows the fields have less room."""

    def on_resize(self) -> None:
        if isinstance(form := self.screen, FormDialog):
            form.make_room()


class FormDialog(ModalScreen[dict[str, str] | None]):
    """Answers with the values by key, or None when the user thinks better of it.

    `judge` is asked after every pause in typing and must be quick; enter answers when it has no error.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", N_("Do it"), priority=True),
        Binding("tab,down", "app.focus_next", N_("Next field")),
        Binding("shift+tab,up", "app.focus_previous", N_("Field before"), show=False),
        Binding("escape", "give_up", N_("Cancel")),
    ]
    DEFAULT_CSS = """
    FormDialog > Vertical {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        border: round $border;
        border-title-color: $text-accent;
        padding: 0 1;
    }
    FormDialog .about { color: $text-muted; height: auto; margin-bottom: 1; }
    FormDialog Horizontal { height: 1; }
    FormDialog .label { width: auto; color: $text-muted; margin-right: 2; }
    FormDialog Input { width: 1fr; }
    FormDialog VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
    FormDialog #said { max-height: 8; margin-top: 1; }
    FormDialog #verdict { height: auto; }
    FormDialog KeyHints { dock: none; margin-top: 1; background: $surface; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        judge: Callable[[Values], Verdict] = lambda values: Verdict(),
        *,
        about: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = tuple(fields)
        self._judge = judge
        self._about = about
        self._typing: Timer | None = None

    def compose(self) -> ComposeResult:
        """Yield the fields, what is said to them, and the keys."""
        labels = max(width(field.label) for field in self._fields)
        with Vertical() as box:
            box.border_title = Content(clean(self._title)).markup
            if self._about:
                yield Static(clean(self._about), classes="about", markup=False)
            with _Part(can_focus=False, id="fields"):
                for field in self._fields:
                    with Horizontal():
                        label = field.label + " " * (labels - width(field.label))
                        yield Static(label, classes="label", markup=False)
                        if field.choices:
                            yield Choice(field.choices, field.value, id=f"field-{field.key}")
                        else:
                            yield Input(field.value, placeholder=field.hint, id=f"field-{field.key}", compact=True)
            with _Part(can_focus=False, id="said"):
                yield Static(markup=False, id="verdict")
            yield KeyHints()

    def on_mount(self) -> None:
        """Begin in the first field."""
        self.query_one(f"#field-{self._fields[0].key}").focus()
        self._look()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields."""
        found: dict[str, str] = {}
        for field in self._fields:
            widget = self.query_one(f"#field-{field.key}")
            if isinstance(widget, Choice | Input):
                found[field.key] = widget.value.strip()
        return found

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(PAUSE, self._look)

    def look_again(self) -> None:
        """Judge anew: something else than what was typed changed."""
        if self.is_mounted:
            self._look()

    def _look(self) -> Verdict:
        verdict = self._judge(self.values)
        text = Content("\n").join([Content(clean(line)) for line in verdict.lines])
        if verdict.error:
            text = Content.styled(clean(verdict.error), "$text-error")
        self.query_one("#verdict", Static).update(text)
        return verdict

    def on_resize(self) -> None:
        """Keep the keys in sight in a terminal of another height."""
        self.call_after_refresh(self.make_room)

    def make_room(self) -> None:
        """Let the fields scroll where not all of them fit above what is said to them and the keys."""
        box, fields = self.query_one(Vertical), self.query_one("#fields")
        rest = sum(each.outer_size.height + each.styles.margin.height for each in box.children if each is not fields)
        fields.styles.max_height = max(1, self.size.height - box.gutter.height - rest)
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def action_take(self) -> None:
        """Answer with what stands here, unless something is wrong with it."""
        if not self._look().error:
            self.dismiss(self.values)

    def action_give_up(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


def number(text: str, label: str, least: int = 0) -> int:
    """Return a whole number of at least `least`. Raises ValueError in words for the user."""
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ValueError(_("{label}: a whole number of at least {least} is needed").format(label=label, least=least))
    return int(text)
