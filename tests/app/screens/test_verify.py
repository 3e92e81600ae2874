"""Verifying a run from the app: begin, watch, leave, stop, read what was found, and save the report."""

from __future__ import annotations

import json
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.screens.running import Registries, app_on, make, registries, run_to, said, sees, shown, until
from tests.app.screens.test_runs import finished, listed
from tui.app.app import RegferryApp
from tui.app.screens.run import RunScreen
from tui.app.screens.runs import Runs
from tui.app.screens.verify import VerifyScreen
from tui.engine.runs import RunFolder
from tui.engine.verify.record import LOCK, verifications


async def opened(app: RegferryApp, pilot: Pilot[object]) -> VerifyScreen:
    """Open the screen from where one is, and wait for its first look."""
    await pilot.press("v")
    await until(lambda: isinstance(app.screen, VerifyScreen) and app.screen.state)
    screen = app.screen
    assert isinstance(screen, VerifyScreen)
    await pilot.pause()
    return screen


async def ended(screen: VerifyScreen, pilot: Pilot[object], state: str) -> None:
    await until(lambda: screen.state == state)
    await pilot.pause()


async def copied(both: Registries) -> RunFolder:
    return await finished(both.plan("library/redis"))


async def test_a_run_is_verified_from_the_list_and_said_to_be(tmp_path: Path) -> None:
    async with registries() as both:
        folder = await copied(both)
        async with app_on() as (app, pilot):
            await listed(app, pilot, "all well, 4 images")
            screen = await opened(app, pilot)
            await sees(app, "Not verified yet")
            with folder.locked(LOCK):
                await pilot.press("v")
                await until(lambda: any("is verifying the run" in text for text in said(app)))
            await ended(screen, pilot, "none")
            await pilot.press("V")
            await ended(screen, pilot, "same")
            for words in (
                "everything as planned",
                "4 of 4 tags",
                "everything read and hashed",
                "Everything as planned",
            ):
                await sees(app, words)
            await pilot.press("w")
            await pilot.pause()
            field = app.screen.query_one(Input)
            assert field.value.endswith(f"{folder.name}.html")
            field.value = str(tmp_path / "report.html")
            await pilot.press("enter")
            await until(lambda: (tmp_path / "report.html").exists())
            await until(lambda: f"Wrote the report to {tmp_path / 'report.html'}." in said(app))
            assert "Complete and verified" in (tmp_path / "report.html").read_text()
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, Runs))
            await until(lambda: "verified" in shown(app))
            await pilot.press("enter")
            await until(lambda: isinstance(app.screen, RunScreen))
            await run_to(app, pilot, "done")
            await until(lambda: "verified" in shown(app))


async def test_differences_are_listed_in_words_with_what_to_do() -> None:
    async with registries() as both:
        folder = await copied(both)
        tags = sorted(both.target.storage.tags("mirror/library/redis"))
        both.target.storage.untag("mirror/library/redis", tags[0])
        both.target.storage.tag("mirror/library/redis", "surplus", _digest(both, tags[1]))
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "done")
            screen = await opened(app, pilot)
            await pilot.press("e")
            await until(lambda: "look for tags the plan does not know: on" in shown(app))
            await pilot.press("v")
            await ended(screen, pilot, "different")
            words = ("differs from the plan", "2 differences", "the tag or digest is missing", "surplus")
            await until(lambda: all(part in shown(app) for part in words))
            await pilot.press("enter")
            await until(lambda: "What to do" in shown(app))
            await sees(app, "copy it again")
            await pilot.press("y")
            await pilot.press("escape")
            await pilot.pause()
            assert "What to do" not in shown(app)
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, RunScreen))
            await until(lambda: "2 differences" in shown(app))
        (kept,) = verifications(folder)
        assert json.dumps(kept["counts"]) == json.dumps({"missing-tag": 1, "extra-tag": 1})


async def test_it_goes_on_when_one_leaves_and_can_be_stopped() -> None:
    async with registries() as both:
        folder = await copied(both)
        both.target.throttle.bytes_per_second = 1000
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "done")
            await opened(app, pilot)
            await pilot.press("V")
            await until(lambda: folder.working(LOCK))
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "done")
            screen = await opened(app, pilot)
            await ended(screen, pilot, "running")
            await sees(app, "stop it")
            await pilot.press("X")
            await ended(screen, pilot, "stopped")
            await sees(app, "stopped before it was done")
            both.hurry()
            await pilot.press("v")
            await ended(screen, pilot, "same")


async def test_a_run_that_has_not_begun_is_not_verified() -> None:
    async with registries() as both:
        await make(both.plan("library/redis"))
        async with app_on() as (app, pilot):
            await listed(app, pilot, "not begun")
            await pilot.press("v")
            await pilot.pause()
            assert isinstance(app.screen, Runs)


def _digest(both: Registries, tag: str) -> str:
    found = both.target.storage.manifest("mirror/library/redis", tag)
    assert found is not None
    return found.digest
