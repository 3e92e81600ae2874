"""The line at the bottom: the few keys that matter now."""

from __future__ import annotations

from collections.abc import Iterable

from textual.screen import Screen

from tui.app.i18n import _
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import width
from tui.app.widgets.key_names import hints
from tui.app.widgets.parts_line import PartsLine


class KeyHints(PartsLine):
    """Shows the bindings with `show=True`, the focused widget's first; what does not fit is in the help."""

    DEFAULT_CSS = "KeyHints { dock: bottom; background: $panel; }"
    HELP = "?"

    def parts(self, cells: int) -> Iterable[Part]:
        """Return keys and their words; the way to the help always fits."""
        shown: list[tuple[str, str]] = []
        last = (self.HELP, _("Keys"))
        left = cells - _cells(last)
        for hint in hints(self.screen):
            pair = (hint.keys[0], hint.description)
            if hint.shown and pair[0] != self.HELP:
                left -= _cells(pair)
                if left < 0:
                    break
                shown.append(pair)
        for key, word in [*shown, last]:
            yield f" {key}", "accent"
            yield f" {word} ", ""

    def on_mount(self) -> None:
        """Listen for other bindings: another focus, an action that became possible."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _screen: Screen[object]) -> None:
        self.update()


def _cells(pair: tuple[str, str]) -> int:
    return width(pair[0]) + width(pair[1]) + 3
