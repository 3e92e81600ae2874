"""The app on the way to every picture: each scene goes, key by key, to a state worth showing and waits for it.

A scene waits for what it needs and never for a word on the screen, so that it plays in every language.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.worker import Worker

from screenshots.stage import PASSWORD, TARGET, USER
from screenshots.world import DATACENTRE, NAMES, open_session
from tui.app.app import RegferryApp
from tui.app.screens.endpoints.form import EndpointForm
from tui.app.screens.guide import Guide
from tui.app.screens.guide.endpoint_steps import SourceStep, TargetStep
from tui.app.screens.guide.naming_step import NamingStep
from tui.app.screens.guide.route_step import RouteStep
from tui.app.screens.guide.what_step import WhatStep
from tui.app.screens.run import RunScreen
from tui.app.screens.run.details_view import RunDetails
from tui.app.screens.run.failures import FailureTable
from tui.app.screens.run.task_rows import COLUMNS
from tui.app.screens.runs import Runs
from tui.app.terminal import Terminal
from tui.app.widgets.line_table import LineTable
from tui.engine.runs import RunFolder

WAIT = 60.0
PAINTED, _SETTLED = 0.1, 4
"""Seconds between two looks at the screen, and how many have to see the same: tables paint four times a second."""
_SPEED = [column.key for column in COLUMNS].index("speed")
_WORTH_SHOWING = 100_000
"""Bytes a second."""
_SOME_TAGS = 20
FAILED = "20260316-220014-nightly-archive"


class Player:
    """The app with its keys."""

    def __init__(self, app: RegferryApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> Any:
        """The screen in front."""
        return self.app.screen

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so. Raises TimeoutError with what was said so far."""
        for _turn in range(int(WAIT / 0.02)):
            if condition():
                await self.pilot.pause()
                return
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{type(self.screen).__name__}: {self.app.messages}")

    async def settle(self) -> None:
        """Wait until nothing is being read any more and tables have painted what they were told."""
        for field in self.screen.query(Input):
            field.cursor_blink = False
        shown, same = "", 0
        while same < _SETTLED:
            await self.pilot.pause(PAINTED)
            before, shown = shown, "\n".join(strip.text for strip in self.screen._compositor.render_strips())
            same = same + 1 if shown == before and not self._busy() else 0
        await self.pilot.wait_for_scheduled_animations()
        await self.pilot.pause()

    def _busy(self) -> bool:
        """Return whether something is being read, beside what is followed as long as it is shown."""
        if any(details._timer is not None for details in self.screen.query(RunDetails)):
            return True
        return any(not worker.is_finished and not _follows(worker) for worker in self.app.workers)


def _follows(worker: Worker[Any]) -> bool:
    return worker.group == "watch" or isinstance(worker.node, Runs)


Scene = Callable[[Player], Awaitable[None]]


@asynccontextmanager
async def playing(size: tuple[int, int], language: str, theme: str = "regferry-dark") -> AsyncIterator[Player]:
    """Open the app on the world that was built."""
    app = RegferryApp(open_session(), shown_on=Terminal(), theme_name=theme, language=language)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Player(app, pilot)


async def home(player: Player) -> None:
    """Show the latest runs, the endpoints and the next step."""
    await player.until(lambda: player.screen.query_one("#latest", LineTable).row_count)


async def first(player: Player) -> None:
    """Show what somebody sees who has nothing yet."""
    await player.until(lambda: player.screen.has_class("-first"))


async def endpoints(player: Player) -> None:
    """Show the endpoints, and a test of the first that was just made."""
    await player.press("2")
    await player.until(lambda: player.screen.query_one(LineTable).row_count)


async def add(player: Player) -> None:
    """Show an endpoint being added: the registry was looked at while the rest was typed."""
    await player.press("2")
    await player.until(lambda: player.screen.query_one(LineTable).row_count)
    await player.press("n")
    await player.until(lambda: isinstance(player.screen, EndpointForm))
    form = player.screen
    values = {"address": TARGET, "username": USER, "password": PASSWORD}
    for field, value in values.items():
        form.query_one(f"#field-{field}").focus()
        await player.pilot.pause()
        form.focused.insert_text_at_cursor(value)
    await player.until(lambda: form._found is not None and form._states)


async def tags(player: Player) -> None:
    """Show the tags of a repository, some of them marked."""
    await player.press("3")
    browse = player.screen
    await player.until(lambda: browse.tables["sources"].row_count)
    await player.press("enter")
    await player.until(lambda: browse.shelf is not None and browse.shelf.complete)
    browse.open_repository("library/nginx")
    table = browse.tables["tags"]
    await player.until(lambda: "library/nginx" in browse.shelf.listed and table.visible_keys())
    await player.until(lambda: all(("library/nginx", key) in browse.shelf.infos for key in table.visible_keys()))
    await player.settle()
    await player.press("g", "space", "j", "space", "j", "space", "k")
    await player.until(lambda: player.app.session.basket.tally().bytes_known)


async def details(player: Player) -> None:
    """Show one tag in full."""
    await tags(player)
    await player.press("i")
    await player.until(lambda: player.screen.copyable)


async def plan(player: Player) -> None:
    """Show a plan that was checked: what is new, there already, or replaced."""
    await _planned(player)
    await player.press("c")
    screen = player.screen
    await player.until(lambda: screen.forecast is not None and not screen.checking)
    await player.until(lambda: screen.found is not None and screen.found.ok)
    screen.table.sort_by("source")
    screen.table.action_first()


async def _planned(player: Player) -> None:
    app = player.app
    app.session.basket.clear(DATACENTRE)
    app.session.basket.take_repositories(["charts/web", "legacy/portal", "library/nginx", "team/app", "team/worker"])
    app.session.draft.names = NAMES
    await player.press("4")
    app.session.draft.target = next(each for each in app.session.endpoints() if each.address == TARGET)
    app.screen.show_draft()  # type: ignore[attr-defined]
    await player.until(lambda: app.session.basket.tally().bytes_known)
    await player.settle()


async def failures(player: Player) -> None:
    """Show what failed, by reason, with what to do."""
    await run(player, FAILED)
    await player.press("F")
    await player.until(lambda: player.screen.query_one(FailureTable).row_count)


async def run(player: Player, name: str) -> RunScreen:
    """Show a run."""
    await player.app.show_run(RunFolder(player.app.session.state / "runs" / name))
    screen: RunScreen = player.screen
    await player.until(lambda: screen.state and screen.to_move is not None)
    return screen


async def moving(player: Player, folder: RunFolder, done: int) -> RunScreen:
    """Start a run, and show it when so many tasks are done and some are on their way."""
    await player.app.show_run(folder)
    screen: RunScreen = player.screen
    await player.until(lambda: screen.state == "new")
    await player.press("r")
    await player.until(lambda: screen.progress["phase"] == "execute" and screen.to_move and screen.rows.running)
    await player.until(lambda: any(table.row_count for table in screen.query(LineTable)))
    await player.pilot.pause()
    if done:
        await player.until(lambda: screen.rows.counts().get("done", 0) >= done and _moving(screen))
        await player.pilot.pause(1)  # the figures above the tasks are painted once a second
    return screen


def _moving(screen: RunScreen) -> int:
    """Return how many tasks have a speed worth showing."""
    speeds = [screen.rows.row(index)[_SPEED] for index in range(screen.rows.count())]
    return sum(1 for speed in speeds if isinstance(speed, float) and speed > _WORTH_SHOWING)


async def runs(player: Player) -> None:
    """Show the list of runs."""
    await player.press("5")
    await player.until(lambda: player.screen.table.row_count)


async def guide(player: Player) -> None:
    """Show the guided migration at the step where things get their names."""
    await _guide_to_target(player)
    await player.press("g", "ctrl+g")
    await player.until(lambda: player.screen.query(NamingStep))
    await player.press("right")
    player.screen.query_one("#template").focus()
    await player.pilot.pause()
    player.screen.query_one("#template").insert_text_at_cursor("mirror")
    await player.until(lambda: player.screen.query_one(LineTable).row_count > _SOME_TAGS)


async def guide_target(player: Player) -> None:
    """Show what the guided migration says about a target before anything goes there."""
    await _guide_to_target(player)
    player.screen.query_one(LineTable).go_to("00000003")
    # The second and third line are those of a cloud; others have one.
    await player.until(lambda: str(player.screen.query_one("#todo", Static).render()).count("\n"))


async def _guide_to_target(player: Player) -> None:
    await home(player)
    await player.press("n")
    await player.until(lambda: isinstance(player.screen, Guide) and player.screen.query(RouteStep))
    player.screen.query_one(LineTable).go_to("any")
    await player.press("enter")
    await player.until(lambda: player.screen.query(SourceStep) and player.screen.query_one(LineTable).row_count)
    # The registries of the pictures are behind a proxy by other names: there is nothing there to be tried.
    await player.press("g", "ctrl+g")
    await player.until(lambda: player.screen.query(WhatStep) and player.screen.query_one(LineTable).row_count)
    await player.press("a", "enter")
    await player.until(lambda: player.screen.query(TargetStep) and player.screen.query_one(LineTable).row_count)


async def keys(player: Player) -> None:
    """Show the keys of a screen."""
    await endpoints(player)
    await player.press("question_mark")
