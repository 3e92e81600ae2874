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
LEAST_ROOM = 12
"""The fewest cells a value is broken into lines of."""
NOTHING = Content()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with lines of text below it."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A value with what stands before its first line."""

    value: Content
    label: Content = NOTHING

    def lines(self, room: int) -> list[Content]:
        """Return the lines for so many cells; a long value goes on below where it begins."""
        indent = self.label.cell_length
        first, *rest = self.value.wrap(max(LEAST_ROOM, room - indent)) or [self.value]
        return [self.label + first, *(Content(" " * indent) + line for line in rest)]


class _Rows(Static):
    """Shows rows, broken anew whenever there is more or less room."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._rows: Sequence[_Row] = ()
        self._broken_at = 0

    def show_rows(self, rows: Sequence[_Row]) -> None:
        self._rows = rows
        self._lay_out()

    def on_resize(self) -> None:
        if self.size.width != self._broken_at:
            self._lay_out()

    def _lay_out(self) -> None:
        self._broken_at = room = self.size.width
        lines = [line for row in self._rows for line in (row.lines(room) if room else [row.label + row.value])]
        self.update(Content("\n").join(lines))


class DetailPane(VerticalScroll, can_focus=True):
    """Shows what `show` was told last; `plain` is the same as text, for copying."""

    BINDING_GROUP_TITLE = N_("Details")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", N_("Down"), show=False),
        Binding("up,k", "scroll_up", N_("Up"), show=False),
        Binding("pagedown,ctrl+d", "page_down", N_("Page down"), show=False),
        Binding("pageup,ctrl+u", "page_up", N_("Page up"), show=False),
        Binding("home,g", "scroll_home", N_("To the top"), show=False),
        Binding("end,G", "scroll_end", N_("To the end"), show=False),
    ]
    DEFAULT_CSS = """
    DetailPane {
        border: round $border-blurred;
        border-title-color: $text-accent;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        &:focus { border: round $border; }
        & > _Rows { width: 1fr; height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.plain = ""
        self._title = ""
        self._shown = _Rows()

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield self._shown

    def show(self, title: str, fields: Iterable[tuple[str, str]] = (), sections: Iterable[Section] = ()) -> None:
        """Show a title, fields (label, value) and sections; nothing is painted when nothing changed."""
        labelled = [(clean(label), clean(value)) for label, value in fields]
        column = min(LABELS, max((width(label) for label, _value in labelled), default=0))
        rows = [
            _Row(Content(value), Content.assemble((fit(label, column), "$foreground-muted"), "  "))
            for label, value in labelled
        ]
        for section in sections:
            if rows:
                rows.append(_Row(NOTHING))
            rows.append(_Row(Content.styled(clean(section.title), "bold")))
            rows.extend(_Row(Content(clean(line))) for line in section.lines)
        plain = "\n".join(row.label.plain + row.value.plain for row in rows)
        if plain != self.plain:
            self.plain = plain
            self._shown.show_rows(rows)
        if title != self._title:
            self._title = title
            self.border_title = Content(clean(title)).markup
