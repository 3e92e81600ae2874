"""What runs beside a screen, when the screen goes away."""

from __future__ import annotations

import asyncio

from textual.screen import Screen
from textual.widgets import Label

from tests.app.harness import WidgetApp
from tui.app.screens.work import start


async def test_work_ends_quietly_when_what_it_shows_is_gone() -> None:
    app = WidgetApp()
    screen: Screen[None] = Screen()
    tried: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tried.append(screen.display)
            screen.query_one(Label)

    async with app.run_test() as pilot:
        await app.push_screen(screen)
        start(screen, "work", True, work)
        await pilot.pause()
        await app.pop_screen()
        assert tried == [False]
