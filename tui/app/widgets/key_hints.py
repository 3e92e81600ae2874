"""The line at the bottom: the few keys that matter now."""

from __future__ import annotations

from collections.abc import Iterable

from textual.screen import Screen

from tui.app.i18n import _
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import width
from tui.app.widgets.key_names import hints
from tui.app.widgets.parts_line import PartsLine

_BACK = "esc"
_PLACES = {"enter": 0, _BACK: 2}
"""Where a key stands in the line, so that it does not move with the focus; 1 for all others."""


class KeyHints(PartsLine):
    """Shows the bindings with `show=True`: enter first, then the focused widget's and the screen's, then the way back.

    What does not fit is in the help, but the ways back and to the help always fit. While text is typed `?` is a
    character, and in a dialog it is not heard: the help's other key is shown then.
    """

    DEFAULT_CSS = "KeyHints { dock: bottom; background: $panel; }"
    HELP = "?"
    HELP_WHILE_TYPING = "f1"

    def parts(self, cells: int) -> Iterable[Part]:
        """Return keys and their words."""
        found = hints(self.screen)
        heard = any(self.HELP in hint.keys for hint in found)
        pairs = [(hint.keys[0], hint.description) for hint in found if hint.shown]
        pairs.sort(key=lambda pair: _PLACES.get(pair[0], 1))
        last = [pair for pair in pairs if pair[0] == _BACK][:1]
        last.append((self.HELP if heard else self.HELP_WHILE_TYPING, _("Keys")))
        left = cells - sum(map(_cells, last))
        shown: list[tuple[str, str]] = []
        for pair in pairs:
            left -= _cells(pair) if pair not in last else 0
            if left < 0:
                break
            if pair not in last:
                shown.append(pair)
        for key, word in [*shown, *last]:
            yield f" {key}", "accent"
            yield f" {word} ", ""

    def on_mount(self) -> None:
        """Listen for other bindings: another focus, an action that became possible."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, _screen: Screen[object]) -> None:
        self.update()


def _cells(pair: tuple[str, str]) -> int:
    return width(pair[0]) + width(pair[1]) + 3
