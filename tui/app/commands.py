"""What the command palette lists: what can be done on the screen in front, the places, looks and languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette, DiscoveryHit, Hits
from textual.dom import DOMNode
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider

from tui.app import themes
from tui.app.i18n import LANGUAGES, _, told
from tui.app.screens.place import PLACES
from tui.app.settings import Settings, save
from tui.app.widgets.key_names import key_name
from tui.oci.errors import LocalError

if TYPE_CHECKING:
    from tui.app.app import RegferryApp

_PAGES = frozenset({"page_up", "page_down", "page_left", "page_right", "half_page_up", "half_page_down"})
_ONLY_MOVES = _PAGES | {"cursor_up", "cursor_down"}
_NOT_LISTED = ("go(", "command_palette", "app.focus_", "scroll_", "help_quit", "quit", "screen.copy_text")


class Palette(CommandPalette):
    """The command palette in the user's language."""

    def __init__(self) -> None:
        super().__init__(placeholder=_("What do you want to do?"), id="--command-palette")


class Commands(SystemCommandsProvider):
    """What `commands` yields, in its order until something is typed: what can be done here comes first."""

    async def discover(self) -> Hits:
        """Yield all of it."""
        for name, help_text, callback, discover in self.app.get_system_commands(self.screen):
            if discover:
                yield DiscoveryHit(name, callback, help=help_text)


def commands(app: RegferryApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """Yield everything that can be done while `screen` is in front."""
    yield from _of_screen(app, screen)
    for number, (mode, title) in enumerate(PLACES, 1):
        name = _("Go to {place}").format(place=_(title))
        yield SystemCommand(name, _("key {key}").format(key=number), partial(app.action_go, mode))
    for theme, title in themes.TITLES.items():
        now = _("in use") if theme == app.theme else ""
        yield SystemCommand(_("Look: {name}").format(name=_(title)), now, partial(choose_theme, app, theme))
    for language, title in LANGUAGES.items():
        now = _("in use from the next start on") if language == app.settings.language else ""
        yield SystemCommand(f"Language / 语言: {title}", now, partial(choose_language, app, language))


def choose_theme(app: RegferryApp, theme: str) -> None:
    """Change the look now, and keep it."""
    app.theme = theme
    _keep(app, replace(app.settings, theme=theme), _("Look: {name}").format(name=_(themes.TITLES[theme])))


def choose_language(app: RegferryApp, language: str) -> None:
    """Keep the language; the screens that are open stay as they are until the next start."""
    # Said in both: who chose the wrong one can read it all the same.
    words = f"{LANGUAGES[language]}: in use from the next start on · 下次启动后生效"
    _keep(app, replace(app.settings, language=language), words)


def _keep(app: RegferryApp, settings: Settings, words: str) -> None:
    app.settings = settings

    def write() -> None:
        try:
            save(settings, app.session.environ)
        except LocalError as error:
            app.call_from_thread(app.say, told(error), "error")
        else:
            app.call_from_thread(app.say, words, "success")

    app.run_worker(write, thread=True, group="settings", exclusive=False)


def _of_screen(app: RegferryApp, screen: Screen[Any]) -> Iterator[SystemCommand]:
    told: set[tuple[int, str]] = set()
    # What the screen can do comes before the moves in its lists.
    for active in sorted(screen.active_bindings.values(), key=lambda active: active.node is not screen):
        binding = active.binding
        if not binding.description or not active.enabled or binding.system or _unlisted(binding):
            continue
        if (id(active.node), binding.action) in told:
            continue
        told.add((id(active.node), binding.action))
        key = _("key {key}").format(key=key_name(app, binding))
        yield SystemCommand(_(binding.description), key, _runner(app, binding, active.node))


def _unlisted(binding: Binding) -> bool:
    return binding.action in _ONLY_MOVES or binding.action.startswith(_NOT_LISTED)


def _runner(app: RegferryApp, binding: Binding, node: DOMNode) -> Callable[[], Any]:
    async def run() -> None:
        await app.run_action(binding.action, default_namespace=node)

    return run
