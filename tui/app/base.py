"""What every app of ours is built on: looks and language for the terminal in front of us, tight updates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import events
from textual.filter import LineFilter, NoColor

from tui.app import i18n, terminal, themes
from tui.app.tight_display import TightDisplay
from tui.app.widgets.ascii_filter import AsciiFilter
from tui.app.widgets.too_small import TooSmall

SMALLEST_WIDTH, SMALLEST_HEIGHT = 40, 10
"""Below this nothing useful fits, and the app says so instead."""


class BaseApp(TightDisplay):
    """An app in one of our themes that draws only what `terminal` can show.

    `shown_on` describes the terminal (default: the one in front of us), `theme_name` and `language` are the
    settings of the user, `""` to let the terminal and the locale decide. A terminal that shows only ASCII gets
    English.
    """

    CSS_PATH = Path(__file__).parent / "styles" / "base.tcss"
    HORIZONTAL_BREAKPOINTS = terminal.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = terminal.VERTICAL_BREAKPOINTS

    def __init__(self, shown_on: terminal.Terminal | None = None, *, theme_name: str = "", language: str = "") -> None:
        environ = terminal.environ_at_start()
        self.shown_on = shown_on or terminal.detect(environ)
        spoken = i18n.choose(environ, language) if self.shown_on.utf8 else i18n.SOURCE_LANGUAGE
        i18n.install(spoken)
        self._last_filters: list[LineFilter] = []
        super().__init__()
        if self.shown_on.mono:
            self.no_color = True
            self._last_filters.append(NoColor())
        if not self.shown_on.utf8:
            self._last_filters.append(AsciiFilter())
        for theme in themes.THEMES.values():
            self.register_theme(theme)
        self.theme = themes.choose(self.shown_on, theme_name)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's own filters, then those for terminals without colours or with ASCII only."""
        return [*super().get_line_filters(), *self._last_filters]

    def on_resize(self, event: events.Resize) -> None:
        """Cover the screen with a message while there is no room for it."""
        too_small = event.size.width < SMALLEST_WIDTH or event.size.height < SMALLEST_HEIGHT
        covered = isinstance(self.screen, TooSmall)
        if too_small and not covered:
            self.push_screen(TooSmall(SMALLEST_WIDTH, SMALLEST_HEIGHT))
        elif covered and not too_small:
            self.pop_screen()
