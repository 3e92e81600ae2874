"""The whole app, opened in a test: keys, what stands on the screen, and waiting for what runs beside it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.app.harness import screen_lines
from tui.app.app import RegferryApp
from tui.app.session import Session
from tui.app.settings import Settings
from tui.app.terminal import Terminal
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.endpoints.file import EndpointFile
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint
from tui.endpoints.secrets.stores import SecretStores
from tui.endpoints.secrets.vault import VaultStore

PASSPHRASE = "a passphrase for tests"


class Opened:
    """A running app under test."""

    def __init__(self, app: RegferryApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(screen_lines(self.app))

    @property
    def flowing(self) -> str:
        """The same without borders, sentences in one piece however they were broken."""
        return " ".join(self.text.replace("│", " ").split())

    @property
    def session(self) -> Session:
        return self.app.session

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type text into the field in front."""
        self.app.focused.insert_text_at_cursor(text)  # type: ignore[union-attr]
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], turns: int = 1500) -> None:
        """Wait until `condition` holds; fails with what is on the screen."""
        for _ in range(turns):
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"it did not happen; on the screen:\n{self.text}\n{self.app.messages}")

    async def sees(self, *texts: str) -> None:
        """Wait until every text is on the screen, broken into lines or not."""
        await self.until(lambda: all(text in self.text or text in self.flowing for text in texts))

    async def focus(self, selector: str) -> None:
        """Put the focus on a widget of the screen in front."""
        self.app.screen.query_one(selector).focus()
        await self.pilot.pause()

    def known(self) -> tuple[Endpoint, ...]:
        """What endpoints.toml holds."""
        return EndpointFile(endpoints_path(self.session.environ)).load()


@asynccontextmanager
async def opened(
    *,
    size: tuple[int, int] = (80, 24),
    environ: Mapping[str, str] | None = None,
    demo: tuple[Endpoint, ...] = (),
    settings: Settings | None = None,
    **looks: Any,
) -> AsyncIterator[Opened]:
    """Open the app on the settings of the test (see the conftest of all tests)."""
    environ = dict(os.environ) if environ is None else environ
    session = Session(environ, demo=demo)
    app = RegferryApp(session, settings, shown_on=Terminal(), **{"language": "en", **looks})
    vault = VaultStore(Path(environ["REGFERRY_CONFIG_DIR"]) / "vault.json", session.ask, cost=(2**10, 8, 1))
    session._stores = SecretStores(environ=environ, ask=session.ask, vault=vault)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Opened(app, pilot)


def embedded(**options: Any) -> EmbeddedRegistry:
    """Return an empty embedded registry."""
    return EmbeddedRegistry(MemoryStorage(), **options)


def know(*endpoints: Endpoint) -> None:
    """Put endpoints into the list before the app is opened."""
    file = EndpointFile(endpoints_path())
    for endpoint in endpoints:
        file.add(endpoint)


async def save_policy(app: Opened, path: Path) -> str:
    """Save the policy the screen shows to a file, and return what is in it then."""
    await app.press("s")
    await app.sees("Save the policy")
    await app.press("ctrl+u")
    await app.type(str(path))
    await app.press("enter")
    await app.sees("saved to")
    return path.read_text()  # noqa: ASYNC240
