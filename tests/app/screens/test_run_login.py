"""A login that ends in the middle of a run: the run stops, the app asks, and the run goes on with what is given."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from textual.pilot import Pilot

from tests.app.screens.running import SLOW, app_on, registries, run_screen, said, shown, until
from tui.app.app import RegferryApp
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.run import RunScreen
from tui.endpoints.model import Endpoint
from tui.oci.access import Credential


class Gate:
    """The `intercept` of a registry that lets only `robot` in, with the password of the day."""

    def __init__(self) -> None:
        self.password = "monday"

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse | None:
        right = base64.b64encode(f"robot:{self.password}".encode()).decode()
        if request.headers.get("Authorization") == f"Basic {right}":
            return None
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="gate"'})


@asynccontextmanager
async def ended_login() -> AsyncIterator[tuple[RegferryApp, Pilot[object], Gate]]:
    """A run whose target does not take the login any more, in front of the app that asks for another."""
    async with registries(speed=SLOW) as both, app_on() as (app, pilot):
        both.target.intercept = gate = Gate()
        endpoint = Endpoint("mirror", both.target.address, scheme="http", username="robot", store="session")
        app.session.file.add(endpoint)
        await app.session.stores.put(endpoint, Credential("robot", gate.password))
        folder = await app.session.make_run(both.plan(), None, endpoint)
        await app.show_run(folder)
        await pilot.pause()
        screen = run_screen(app)
        await until(lambda: screen.state == "new")
        await pilot.press("r")
        await until(lambda: screen.rows.counts().get("done", 0) >= 2)
        gate.password = "tuesday"
        both.hurry()
        await until(lambda: isinstance(app.screen, LoginDialog))
        await until(lambda: app.focused is not None and app.focused.id == "password")
        assert screen.state == "stopped"
        yield app, pilot, gate


async def test_the_new_login_is_asked_for_and_the_run_goes_on() -> None:
    async with ended_login() as (app, pilot, gate):
        assert any("does not take the login any more" in text for text in said(app))
        await pilot.press(*"tuesday", "enter")
        await until(lambda: isinstance(app.screen, RunScreen))
        screen = run_screen(app)
        await until(lambda: screen.state == "done")
        assert screen.failures == 0
        assert gate.password not in screen.folder.log.read_text() + screen.folder.output.read_text()


async def test_who_gives_none_goes_on_with_the_stored_one_later() -> None:
    async with ended_login() as (app, pilot, gate):
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, RunScreen))
        screen = run_screen(app)
        await until(lambda: "refuses the login" in shown(app))
        gate.password = "monday"
        await pilot.press("r")
        await until(lambda: screen.state == "done" and "refuses the login" not in shown(app))
