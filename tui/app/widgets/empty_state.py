"""What a place says while there is nothing in it: why, and which key to press."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.app.widgets.fitted import clean, fit, width


class EmptyState(Vertical):
    """A title, a sentence, and choices as (key as written, what it does), in the middle of the room there is."""

    DEFAULT_CSS = """
    EmptyState { align: center middle; }
    EmptyState > Static { width: auto; max-width: 100%; height: auto; padding: 0 2; }
    """

    def __init__(
        self,
        title: str,
        sentence: str = "",
        choices: Sequence[tuple[str, str]] = (),
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self._text = Static(_written(title, sentence, choices), markup=False)
        super().__init__(self._text, id=id, classes=classes)

    def show(self, title: str, sentence: str = "", choices: Sequence[tuple[str, str]] = ()) -> None:
        """Say something else."""
        self._text.update(_written(title, sentence, choices))


def _written(title: str, sentence: str, choices: Sequence[tuple[str, str]]) -> Content:
    lines = [Content.styled(clean(title), "bold")]
    if sentence:
        lines.append(Content.styled(clean(sentence), "$foreground-muted"))
    if choices:
        lines.append(Content())
    column = max((width(key) for key, _what in choices), default=0)
    for key, what in choices:
        lines.append(Content.assemble((fit(key, column), "bold $text-accent"), "  ", clean(what)))
    return Content("\n").join(lines)
