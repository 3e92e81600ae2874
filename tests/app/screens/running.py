"""What tests of runs share: two registries in this loop, a run between them, and the app in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from textual.pilot import Pilot

from tests.app.harness import screen_lines
from tui.app.app import RegferryApp
from tui.app.screens.run import RunScreen
from tui.app.session import Session
from tui.app.terminal import Terminal
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.demo.storage import MemoryStorage
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Plan
from tui.plan.rule_text import make_rule

SIZE = (80, 24)
SLOW = 100_000
"""Bytes per second at which a run does not end before `Registries.hurry`."""
SAMPLES = 30
"""Tags in the sample registry."""


async def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that happens beside the key stroke: in a thread, in another process."""
    for _ in range(int(seconds / 0.05)):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


@dataclass
class Registries:
    """A filled source and an empty target; `refused` are parts of paths the target denies writing to."""

    source: EmbeddedRegistry
    target: EmbeddedRegistry
    refused: set[str] = field(default_factory=set)

    def hurry(self) -> None:
        """Take the limit of speed away, also for what is under way."""
        for registry in (self.source, self.target):
            registry.throttle.bytes_per_second = 0

    def plan(self, pattern: str = "*", *, retries: int = 0) -> Plan:
        """Return the plan of copying what fits to `mirror/` at the target."""
        rule = make_rule(f"{self.source.address}/{pattern}", f"{self.target.address}/mirror/{{path}}")
        return Plan("demo", (rule,), Options(retries=retries))


@asynccontextmanager
async def registries(*, speed: float = 0) -> AsyncIterator[Registries]:
    """Serve both; `speed` is bytes per second."""
    source = EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed)
    target = EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed)
    made = Registries(source, target)

    async def deny(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method in ("POST", "PUT") and any(part in request.path for part in made.refused):
            error = {"code": "DENIED", "message": "requested access [red]to the resource[/red] is denied\x1b[31m"}
            return web.json_response({"errors": [error]}, status=403)
        return None

    target.intercept = deny
    async with source, target:
        await load_samples(source, 0.05)
        yield made


@asynccontextmanager
async def app_on(
    folder: RunFolder | None = None, *, size: tuple[int, int] = SIZE, language: str = "en"
) -> AsyncIterator[tuple[RegferryApp, Pilot[object]]]:
    """Open the app, on a run where one is given, else on the list of runs."""
    app = RegferryApp(Session(), shown_on=Terminal(), language=language)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if folder is None:
            await pilot.press("5")
        else:
            await app.show_run(folder)
        await pilot.pause()
        yield app, pilot


async def make(plan: Plan) -> RunFolder:
    """Return a new run of the plan."""
    return await Session().make_run(plan, None, None)


def run_screen(app: RegferryApp) -> RunScreen:
    """Return the screen in front, which is that of a run."""
    screen = app.screen
    assert isinstance(screen, RunScreen)
    return screen


def shown(app: RegferryApp) -> str:
    """Return what stands on the screen."""
    return "\n".join(screen_lines(app))


async def sees(app: RegferryApp, *words: str) -> None:
    """Wait until all these words stand on the screen: what is painted comes a moment after what is known."""
    for _ in range(600):
        if all(part in shown(app) for part in words):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{words} did not appear on the screen:\n{shown(app)}")


def said(app: RegferryApp) -> list[str]:
    """Return what was said so far."""
    return [text for _at, text, _style in app.messages]


async def run_to(app: RegferryApp, pilot: Pilot[object], *states: str) -> RunScreen:
    """Wait until the run in front is in one of these states and shown as such."""
    screen = run_screen(app)
    await until(lambda: screen.state in states)
    await pilot.pause()
    return screen
