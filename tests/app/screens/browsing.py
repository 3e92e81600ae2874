"""What tests of browsing and planning share: the app on two embedded registries, and waiting for what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.harness import screen_lines
from tui.app.app import RegferryApp
from tui.app.basket import Basket
from tui.app.draft import Draft
from tui.app.session import Session
from tui.app.terminal import Terminal
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.demo.storage import MemoryStorage
from tui.endpoints.model import Endpoint

WAIT = 20.0
SCALE = 0.02


@dataclass
class Opened:
    """The app with its keyboard, and the two registries it knows as 'source' and 'target'."""

    app: RegferryApp
    pilot: Pilot[Any]
    source: EmbeddedRegistry
    target: EmbeddedRegistry
    requests: list[str] = field(default_factory=list)

    @property
    def basket(self) -> Basket:
        return self.app.session.basket

    @property
    def draft(self) -> Draft:
        return self.app.session.draft

    @property
    def screen(self) -> Any:
        return self.app.screen

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in screen_lines(self.app))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text into what has the focus; a path or the like is pasted, as people do."""
        if "/" in text and isinstance(self.app.focused, Input):
            self.app.focused.insert_text_at_cursor(text)
            await self.pilot.pause()
            return
        await self.pilot.press(*(_KEYS.get(character, character) for character in text))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so; the screen is in the message when it never is."""
        for _ in range(int(WAIT / 0.05)):
            if condition():
                return
            await asyncio.sleep(0.05)
            await self.pilot.pause()
        raise AssertionError(f"it never came to that; the screen:\n{self.text}")

    async def sees(self, *words: str) -> None:
        """Wait until the screen says all of this."""
        await self.until(lambda: all(word in self.text for word in words))

    async def browse(self) -> None:
        """Open the source registry and wait for its repositories."""
        await self.press("3", "enter")
        await self.until(lambda: self.screen.shelf is not None and self.screen.shelf.complete)
        await self.sees("(all repositories)")

    async def open_repository(self, path: str) -> None:
        """Go to the tags of a repository and wait until those on screen are read."""
        screen = self.screen
        screen.open_repository(path)
        await self.until(lambda: path in screen.shelf.listed and screen.tables["tags"].visible_keys())
        await self.until(lambda: all((path, key) in screen.shelf.infos for key in screen.tables["tags"].visible_keys()))
        await self.pilot.pause(0.3)

    async def select_all(self) -> None:
        """Select every repository of the source and wait until it is known how much that is."""
        await self.browse()
        await self.press("space")
        await self.until(lambda: self.basket.tally().bytes_known and not self.basket.empty)


_KEYS = {
    " ": "space",
    "/": "slash",
    "*": "asterisk",
    ".": "full_stop",
    ":": "colon",
    "-": "minus",
    "_": "underscore",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "=": "equals_sign",
}


@asynccontextmanager
async def opened(
    size: tuple[int, int] = (80, 24),
    *,
    fill: Callable[[EmbeddedRegistry], Any] = lambda registry: load_samples(registry, SCALE),
    source_answer: Callable[[web.BaseRequest], web.StreamResponse | None] = lambda request: None,
    target_answer: Callable[[web.BaseRequest], web.StreamResponse | None] = lambda request: None,
    in_file: bool = False,
    **settings: Any,
) -> AsyncIterator[Opened]:
    """Open the app; with `in_file` the endpoints are in the endpoint list, else they exist for this opening only."""
    requests: list[str] = []
    source, target = EmbeddedRegistry(MemoryStorage()), EmbeddedRegistry(MemoryStorage())

    async def at_source(request: web.BaseRequest) -> web.StreamResponse | None:
        requests.append(f"{request.method} {request.path_qs}")
        return source_answer(request)

    async def at_target(request: web.BaseRequest) -> web.StreamResponse | None:
        return target_answer(request)

    source.intercept, target.intercept = at_source, at_target
    async with source, target:
        await fill(source)
        endpoints = (
            Endpoint("source", source.address, scheme="http", store="none"),
            Endpoint("target", target.address, scheme="http", store="none"),
        )
        session = Session(demo=() if in_file else endpoints)
        if in_file:
            session.file.save(endpoints)
        app = RegferryApp(session, shown_on=Terminal(), **{"language": "en", **settings})
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield Opened(app, pilot, source, target, requests)
