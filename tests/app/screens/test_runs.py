"""The list of runs: what ran and what came of it, and what can be done with each."""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from tests.app.screens.running import SLOW, app_on, make, registries, run_to, said, sees, shown, until
from tui.app.app import RegferryApp
from tui.app.screens.run import RunScreen
from tui.app.screens.runs import Runs
from tui.engine.launch import launch
from tui.engine.runs import RunFolder
from tui.plan.model import Plan
from tui.plan.rule_text import make_rule


async def finished(plan: Plan) -> RunFolder:
    """Return a run of the plan that a process worked on until its end."""
    folder = await make(plan)
    await asyncio.to_thread(launch(folder).wait)
    return folder


async def listed(app: RegferryApp, pilot: Pilot[object], *words: str) -> Runs:
    """Wait until the list shows these words, in one line each."""
    screen = app.screen
    assert isinstance(screen, Runs)
    await until(lambda: all(word in shown(app) for word in words))
    await pilot.pause()
    return screen


async def test_an_empty_list_says_what_to_do() -> None:
    async with app_on() as (app, pilot):
        await listed(app, pilot, "No runs yet", "make a plan and run it")


async def test_runs_are_listed_newest_first_with_their_outcome() -> None:
    async with registries() as both:
        older = await finished(both.plan("library/redis"))
        both.refused.add("mirror/charts")
        newer = await finished(both.plan("charts/web"))
        waiting = await make(both.plan())
        async with app_on(size=(140, 40)) as (app, pilot):
            await listed(app, pilot, "all well, 4 images", "2 failures left", "not begun")
            lines = [line for line in shown(app).splitlines() if "demo" in line]
            assert [waiting.name in lines[0], newer.name in lines[1], older.name in lines[2]] == [True] * 3
            assert "done" in lines[2]
            assert "failures" in lines[1]
            assert "ready" in lines[0]


async def test_enter_opens_a_run_and_escape_comes_back() -> None:
    async with registries() as both:
        folder = await finished(both.plan("library/redis"))
        async with app_on() as (app, pilot):
            await listed(app, pilot, "all well")
            await pilot.press("enter")
            await until(lambda: isinstance(app.screen, RunScreen))
            assert isinstance(app.screen, RunScreen)
            assert app.screen.folder == folder
            await run_to(app, pilot, "done")
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, Runs))


async def test_a_new_run_begins_from_the_list() -> None:
    async with registries() as both:
        await make(both.plan("library/redis"))
        async with app_on() as (app, pilot):
            await listed(app, pilot, "not begun")
            await pilot.press("r")
            await until(lambda: isinstance(app.screen, RunScreen))
            await run_to(app, pilot, "done")


async def test_failures_are_tried_again_from_the_list() -> None:
    async with registries() as both:
        both.refused.add("mirror/charts")
        await finished(both.plan("charts/web"))
        both.refused.clear()
        async with app_on() as (app, pilot):
            await listed(app, pilot, "2 failures left")
            await pilot.press("R")
            await until(lambda: isinstance(app.screen, RunScreen))
            await run_to(app, pilot, "done")
            await pilot.press("escape")
            await listed(app, pilot, "all well, 2 images")


async def test_reports_are_written_in_every_form(tmp_path: Path) -> None:
    async with registries() as both:
        folder = await finished(both.plan("library/redis"))
        async with app_on() as (app, pilot):
            await listed(app, pilot, "all well")
            for name in ("report.json", "report.csv", "report.md"):
                await pilot.press("w")
                await pilot.pause()
                app.screen.query_one(Input).value = str(tmp_path / name)
                await pilot.press("enter")
                await until((tmp_path / name).exists)
            await until(lambda: any("Wrote the report" in text for text in said(app)))
        assert json.loads((tmp_path / "report.json").read_text())["run"] == folder.name
        with (tmp_path / "report.csv").open() as file:
            assert {row["state"] for row in csv.DictReader(file)} == {"done"}
        assert (tmp_path / "report.md").read_text().startswith(f"# Run {folder.name}")


async def test_a_report_is_not_written_where_it_cannot_be(tmp_path: Path) -> None:
    async with registries() as both:
        await finished(both.plan("library/redis"))
        there = tmp_path / "there.md"
        there.write_text("mine")
        async with app_on() as (app, pilot):
            await listed(app, pilot, "all well")
            await pilot.press("w")
            await pilot.pause()
            for path, objection in (
                (tmp_path / "report.txt", "has to end in"),
                (tmp_path / "none" / "report.md", "There is no folder"),
                (there, "This file exists"),
            ):
                app.screen.query_one(Input).value = str(path)
                await pilot.press("enter")
                await until(lambda objection=objection: objection in shown(app))  # type: ignore[misc]
            assert there.read_text() == "mine"
            await pilot.press("enter")
            await until(lambda: there.read_text() != "mine")


async def test_deleting_asks_first() -> None:
    async with registries() as both:
        folder = await finished(both.plan("library/redis"))
        async with app_on() as (app, pilot):
            await listed(app, pilot, "all well")
            await pilot.press("D")
            await pilot.pause()
            await sees(app, "Delete this run?")
            await pilot.press("n")
            await pilot.pause()
            assert folder.journal.exists()
            await pilot.press("D", "y")
            await until(lambda: not folder.path.exists())
            await listed(app, pilot, "No runs yet")


async def test_a_running_run_is_followed_and_stopped_from_the_list_but_not_deleted() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        process = launch(folder)
        async with app_on() as (app, pilot):
            await listed(app, pilot, "running")
            await pilot.press("D")
            await pilot.pause()
            assert "Delete this run?" not in shown(app)
            await pilot.press("X", "y")
            await until(lambda: any("Told the run to stop" in text for text in said(app)))
            both.hurry()
            await listed(app, pilot, "stopped")
        await asyncio.to_thread(process.wait)


async def test_a_damaged_journal_is_listed_and_can_be_deleted() -> None:
    folder = await make(Plan("demo", (make_rule("a.example.com/b", "c.example.com/d"),)))
    folder.journal.write_bytes(b"this is no journal at all, but it is long enough to look like a file" * 20)
    async with app_on() as (app, pilot):
        await listed(app, pilot, "unreadable")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, Runs)
        await pilot.press("D", "y")
        await until(lambda: not folder.path.exists())


async def test_a_journal_with_a_damaged_page_is_told_where_it_is_opened() -> None:
    folder = await make(Plan("demo", (make_rule("a.example.com/b", "c.example.com/d"),)))
    body = folder.journal.read_bytes()
    folder.journal.write_bytes(body[:4096] + b"\xff" * (len(body) - 4096))
    async with app_on(folder) as (app, _pilot):
        await until(lambda: any("is damaged" in text for text in said(app)))


async def test_the_list_speaks_chinese_in_aligned_columns() -> None:
    async with registries() as both:
        await finished(both.plan("library/redis"))
        async with app_on(language="zh_CN") as (app, pilot):
            await until(lambda: "demo" in shown(app))
            await pilot.pause()
            assert "done" not in shown(app)
