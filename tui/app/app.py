"""The app: the places, the keys that work everywhere, and the session the screens share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.app.base import BaseApp
from tui.app.i18n import N_
from tui.app.screens.browse import Browse
from tui.app.screens.endpoints import Endpoints
from tui.app.screens.home import Home
from tui.app.screens.place import PLACES
from tui.app.screens.plan import PlanScreen
from tui.app.screens.runs import Runs
from tui.app.session import Session
from tui.app.widgets.help_screen import HelpScreen
from tui.app.widgets.key_names import hints

_MESSAGES_KEPT = 500


class RegferryApp(BaseApp):
    """Shows places and switches between them; never copies a byte and never waits for a registry."""

    TITLE = "regferry"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "home": Home,
        "endpoints": Endpoints,
        "browse": Browse,
        "plan": PlanScreen,
        "runs": Runs,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"go('{mode}')", title, show=False) for number, (mode, title) in enumerate(PLACES, 1)),
        Binding("question_mark", "keys", N_("Keys of this screen"), key_display="?", show=False),
        Binding("ctrl+p,colon", "command_palette", N_("All commands"), show=False),
        Binding("q", "leave", N_("Leave"), show=False),
    ]

    def __init__(self, session: Session, **settings: Any) -> None:
        super().__init__(**settings)
        self.session = session
        self.messages: list[tuple[float, str, str]] = []

    def on_mount(self) -> None:
        """Show the first place."""
        self.switch_mode("home")

    async def on_unmount(self) -> None:
        """Close what the session opened; runs go on."""
        await self.session.close()

    def action_go(self, mode: str) -> None:
        """Go to another place; each remembers where it was."""
        self.switch_mode(mode)

    def action_keys(self) -> None:
        """Show the keys of the screen in front."""
        self.push_screen(HelpScreen(hints(self.screen), getattr(self.screen, "HELP_NOTES", "")))

    def action_leave(self) -> None:
        """Leave; a run goes on without us, so nothing is lost."""
        self.exit()

    def keep_message(self, text: str, style: str) -> None:
        """Keep what was said for the message log."""
        self.messages.append((time.time(), text, style))
        del self.messages[:-_MESSAGES_KEPT]
