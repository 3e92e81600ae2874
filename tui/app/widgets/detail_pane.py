"""Details of one thing beside or below a table: fields, then sections of text. All of it may be remote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.app.i18n import N_
from tui.app.widgets.fitted import clean, fit, width

LABELS = 18
"""The most cells labels take."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with lines of text below it."""

    title: str
    lines: Sequence[str]


class DetailPane(VerticalScroll, can_focus=True):
    """Shows what `show` was told last; `plain` is the same as text, for copying."""

    BINDING_GROUP_TITLE = N_("Details")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", N_("Down"), show=False),
        Binding("k", "scroll_up", N_("Up"), show=False),
        Binding("ctrl+d", "page_down", N_("Page down"), show=False),
        Binding("ctrl+u", "page_up", N_("Page up"), show=False),
        Binding("g", "scroll_home", N_("To the top"), show=False),
        Binding("G", "scroll_end", N_("To the end"), show=False),
    ]
    DEFAULT_CSS = """
    DetailPane {
        border: round $border-blurred;
        border-title-color: $text-accent;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border: round $border; }
        & > Static { width: 1fr; height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.plain = ""
        self._title = ""
        self._shown = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield self._shown

    def show(self, title: str, fields: Iterable[tuple[str, str]] = (), sections: Iterable[Section] = ()) -> None:
        """Show a title, fields (label, value) and sections; nothing is painted when nothing changed."""
        labelled = [(clean(label), clean(value)) for label, value in fields]
        column = min(LABELS, max((width(label) for label, _value in labelled), default=0))
        lines = [Content.assemble((fit(label, column), "$text-muted"), "  ", value) for label, value in labelled]
        for section in sections:
            if lines:
                lines.append(Content())
            lines.append(Content.styled(clean(section.title), "bold"))
            lines.extend(Content(clean(line)) for line in section.lines)
        content = Content("\n").join(lines)
        if content.plain != self.plain:
            self.plain = content.plain
            self._shown.update(content)
        if title != self._title:
            self._title = title
            self.border_title = Content(clean(title)).markup
