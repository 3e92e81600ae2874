"""The app: the places, the keys that work everywhere, and the session the screens share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from subprocess import Popen
from typing import Any, ClassVar

from rich.traceback import Traceback
from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.app.base import BaseApp
from tui.app.begin_demo import begin_demo
from tui.app.commands import Commands, Palette, commands
from tui.app.i18n import N_
from tui.app.screens.browse import Browse
from tui.app.screens.endpoints import Endpoints
from tui.app.screens.home import Home
from tui.app.screens.message_log import MessageLog
from tui.app.screens.passphrase_dialog import ask_on_screen
from tui.app.screens.place import PLACES, Place
from tui.app.screens.plan import PlanScreen
from tui.app.screens.runs import Runs
from tui.app.session import Session
from tui.app.settings import Settings
from tui.app.warm_up import warm_up
from tui.app.widgets.help_screen import HelpScreen
from tui.app.widgets.key_names import hints
from tui.engine.runs import RunFolder

_MESSAGES_KEPT = 500


class RegferryApp(BaseApp):
    """Shows places and switches between them; never copies a byte and never waits for a registry."""

    TITLE = "regferry"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Any]] = {Commands}
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
        Binding("f1", "keys", N_("Keys of this screen"), show=False, priority=True),
        Binding("ctrl+p,colon", "command_palette", N_("All commands"), show=False),
        Binding("m", "messages", N_("Messages"), show=False),
        Binding("q", "leave", N_("Leave"), show=False),
    ]

    def __init__(self, session: Session, settings: Settings | None = None, **looks: Any) -> None:
        self.settings = settings or Settings()
        super().__init__(**{"theme_name": self.settings.theme, "language": self.settings.language, **looks})
        self.session = session
        session.ask = ask_on_screen(self, session.ask)
        self.messages: list[tuple[float, str, str]] = []

    def on_mount(self) -> None:
        """Show the first place, and then import what a first request would have to wait for."""
        self.switch_mode("home")
        self.call_after_refresh(self.run_worker, warm_up, group="warm-up")

    async def action_demo(self, slow: bool = False) -> None:
        """Start the two demo registries, and show a migration between them that is ready to run."""
        self.run_worker(begin_demo(self, slow=slow), group="demo", exclusive=True)

    async def on_unmount(self) -> None:
        """Close what the session opened; runs go on."""
        await self.session.close()

    def show_run(self, folder: RunFolder, process: Popen[bytes] | None = None) -> AwaitComplete:
        """Show one run in the place of the runs; `process` is the one just started for it, if there is one.

        May be awaited until the run is in front.
        """
        return AwaitComplete(self._show_run(folder, process))

    async def _show_run(self, folder: RunFolder, process: Popen[bytes] | None) -> None:
        from tui.app.screens.run import RunScreen

        await self.switch_mode("runs")
        while isinstance(self.screen, RunScreen):
            if self.screen.folder == folder and process is None:
                return
            await self.pop_screen()
        await self.push_screen(RunScreen(folder, process))

    def action_go(self, mode: str) -> None:
        """Go to another place, each remembers where it was; in the place itself, to its first screen."""
        if mode != self.current_mode:
            self.switch_mode(mode)
            return
        while isinstance(self.screen, Place) and self.screen.PASSING:
            self.pop_screen()

    def action_keys(self) -> None:
        """Show the keys of the screen in front, or leave them."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
            return
        self.push_screen(HelpScreen(hints(self.screen), getattr(self.screen, "HELP_NOTES", "")))

    def action_messages(self) -> None:
        """Show everything that was said."""
        self.push_screen(MessageLog(self.messages))

    def action_command_palette(self) -> None:
        """Show everything that can be done here."""
        if not Palette.is_open(self):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the palette lists while `screen` is in front."""
        return commands(self, screen)

    def action_leave(self) -> None:
        """Leave; a run goes on without us, so nothing is lost."""
        self.exit()

    def keep_message(self, text: str, style: str) -> None:
        """Keep what was said for the message log; saying nothing clears a line and is no message."""
        if not text:
            return
        self.messages.append((time.time(), text, style))
        del self.messages[:-_MESSAGES_KEPT]

    def say(self, text: str, style: str = "") -> None:
        """Show what happened in the place in front, wherever it came from; also kept for the message log."""
        place = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Place)), None)
        if place is not None:
            place.say(text, style)
        else:
            self.keep_message(text, style)

    def _fatal_error(self) -> None:
        """Leave after an error nobody expected. Textual would print the values of local variables: secrets too."""
        self.bell()
        self._exit_renderables.append(Traceback(show_locals=False, width=None))
        self._close_messages_no_wait()
