"""Instead of a screen that does not fit."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.app.i18n import _


class TooSmall(ModalScreen[None]):
    """Says how large the terminal is and how large it has to be; the app takes it away again."""

    DEFAULT_CSS = """
    TooSmall { align: center middle; background: $background; }
    TooSmall > Static { width: 100%; text-align: center; }
    """

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.needed = (width, height)

    def compose(self) -> ComposeResult:
        """Yield the message."""
        yield Static(self.message(), markup=False)

    def on_resize(self) -> None:
        """Say the size as it is now."""
        self.query_one(Static).update(self.message())

    def message(self) -> str:
        """Return what is wrong."""
        return _("This terminal is {width}x{height}. Please make it at least {needed_width}x{needed_height}.").format(
            width=self.app.size.width,
            height=self.app.size.height,
            needed_width=self.needed[0],
            needed_height=self.needed[1],
        )
