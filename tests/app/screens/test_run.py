"""A run on the screen, from the key that starts it to its end, against real registries and a real process."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiohttp import web

from tests.app.screens.running import (
    SAMPLES,
    SLOW,
    app_on,
    make,
    registries,
    run_screen,
    run_to,
    said,
    sees,
    shown,
    until,
)
from tui.app.screens.run import steered
from tui.app.screens.run.failures import FailureTable
from tui.app.screens.runs import Runs
from tui.engine.journal.reader import JournalReader
from tui.engine.launch import launch


async def test_a_new_run_waits_for_its_key_and_runs_to_its_end() -> None:
    async with registries() as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "new")
            await sees(app, "Ready to run")
            await pilot.press("r")
            screen = await run_to(app, pilot, "done")
            await until(lambda: "done 30" in shown(app))
            assert screen.rows.counts()["done"] == SAMPLES
            assert f"{SAMPLES} images are at the target" in said(app)[-1]
            await sees(app, "✓ 2 execute 30/30")
            assert screen.exit_code == 0


async def test_the_key_of_the_place_leads_to_the_list() -> None:
    async with registries() as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "new")
            await pilot.press("5")
            await sees(app, "Runs (1)", folder.name)


async def test_it_shows_a_run_that_somebody_else_started() -> None:
    async with registries() as both:
        folder = await make(both.plan("library/nginx"))
        process = launch(folder)
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "done")
            await sees(app, "library/nginx:1.25.3")
        await asyncio.to_thread(process.wait)


async def test_leaving_the_app_leaves_the_run_running() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            await run_to(app, pilot, "running")
        assert folder.working() is not None
        async with app_on() as (app, pilot):
            await until(lambda: "running" in shown(app))
            await pilot.press("enter")
            await until(lambda: getattr(app.screen, "state", "") == "running")
            both.hurry()
            screen = await run_to(app, pilot, "done")
            assert screen.rows.counts()["done"] == SAMPLES


async def test_failures_are_grouped_with_what_to_do_and_can_be_tried_again() -> None:
    async with registries() as both:
        both.refused.add("mirror/library")
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            await pilot.press("F")
            await until(lambda: screen.query_one(FailureTable).row_count)
            await pilot.pause()
            failed = screen.rows.counts()["failed"]
            assert f"{failed} not allowed (403 DENIED)" in " ".join(shown(app).split())
            await sees(app, "give the account permission")
            await pilot.press("enter")
            await until(lambda: screen.table.row_count == failed)
            assert "mirror/library" not in shown(app)
            await pilot.press("escape")
            await until(lambda: screen.table.row_count == SAMPLES)
            both.refused.clear()
            await pilot.press("R")
            await run_to(app, pilot, "done")
            assert screen.rows.counts()["done"] == SAMPLES
            assert not screen.failures


async def test_a_group_of_failures_is_tried_again_as_a_whole() -> None:
    async with registries() as both:
        both.refused.add("mirror/library/redis")
        folder = await make(both.plan("library/*"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            await pilot.press("F")
            await until(lambda: screen.query_one(FailureTable).row_count)
            both.refused.clear()
            await pilot.press("r")
            await run_to(app, pilot, "done")
            assert "4 failures are tried again" in " ".join(said(app))


async def test_one_failed_task_alone_can_be_tried_again_after_the_end() -> None:
    async with registries() as both:
        both.refused.add("mirror/")
        folder = await make(both.plan("library/redis"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            both.refused.clear()
            await until(lambda: screen.table.row_count == 4)
            await pilot.press("j", "r")
            await until(lambda: screen.rows.counts().get("done") == 1)
            await run_to(app, pilot, "failed")
            assert screen.rows.counts() == {"done": 1, "failed": 3}
            await pilot.press("k", "r")
            await until(lambda: screen.rows.counts().get("done") == 2)


async def test_what_has_not_failed_is_not_tried_again() -> None:
    async with registries() as both:
        both.refused.add("1.24.0")
        folder = await make(both.plan("library/nginx"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            done = next(number for number in screen.rows.numbers(frozenset({"done"})))
            screen.table.go_to(done)
            await pilot.press("r")
            await pilot.pause()
            assert "Only failed tasks" in said(app)[-1]


async def test_pause_resume_and_stop_reach_the_process() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            await until(lambda: "2 execute" in shown(app) and run_screen(app).progress["phase"] == "execute")
            await pilot.press("p")
            await run_to(app, pilot, "paused")
            await sees(app, "press p to go on")
            counts = screen.rows.counts()
            assert counts.get("held")
            assert "running" not in counts
            await pilot.press("p")
            await run_to(app, pilot, "running")
            await pilot.press("X")
            await pilot.pause()
            await sees(app, "Stop this run?")
            await pilot.press("n")
            await pilot.pause()
            assert folder.working() is not None
            await pilot.press("X", "y")
            await until(lambda: screen.state in ("stopping", "stopped"))
            both.hurry()
            screen = await run_to(app, pilot, "stopped")
            assert screen.exit_code == 6
            await sees(app, "press r to go on")
            await pilot.press("r")
            await run_to(app, pilot, "done")


async def test_an_order_given_while_the_process_is_on_its_way_is_obeyed() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            await run_to(app, pilot, "starting")
            await pilot.press("p")
            await run_to(app, pilot, "paused")
            both.hurry()
            await pilot.press("p")
            await run_to(app, pilot, "done")


async def test_a_run_paused_while_tasks_are_found_stays_paused() -> None:
    async with registries() as both:
        go_on = asyncio.Event()

        async def hold(request: web.BaseRequest) -> web.StreamResponse | None:
            if request.path.endswith("/tags/list"):
                await go_on.wait()
            return None

        both.source.intercept = hold
        folder = await make(both.plan("library/redis"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            await pilot.press("p")
            await run_to(app, pilot, "paused")
            go_on.set()
            await until(lambda: screen.rows.count() == 4)
            await asyncio.sleep(1.0)
            assert screen.state == "paused"
            assert not screen.rows.counts().get("done")
            await pilot.press("p")
            await run_to(app, pilot, "done")


@pytest.mark.parametrize("pause", [steered.PAUSE_TYPING, 0.001], ids=["keys in a row", "an order for each key"])
async def test_how_much_at_once_is_changed_while_it_runs(pause: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steered, "PAUSE_TYPING", pause)
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            before = screen.progress["concurrency"]
            await pilot.press("plus", "plus", "plus", "minus")
            await until(lambda: screen.progress["concurrency"] == before + 2)
            await until(lambda: f"{before + 2} at once" in shown(app))
            await pilot.press("X", "y")
            await until(lambda: any("Told the run to stop" in text for text in said(app)))
            both.hurry()
            await run_to(app, pilot, "stopped")


async def test_tasks_are_skipped_also_before_the_run_goes_on() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            await until(lambda: screen.progress["phase"] == "execute")
            await pilot.press("X", "y")
            await until(lambda: any("Told the run to stop" in text for text in said(app)))
            both.hurry()
            await run_to(app, pilot, "stopped")
            chosen = screen.rows.numbers(frozenset({"pending"}))[-1]
            screen.table.go_to(chosen)
            await pilot.press("x")
            await until(lambda: "when the run goes on" in said(app)[-1])
            await pilot.press("r")
            await run_to(app, pilot, "done")
            line = screen.rows.line(chosen)
            assert line is not None
            assert line.state == "skipped"
            assert screen.rows.counts()["done"] == SAMPLES - 1


async def test_a_killed_process_shows_as_interrupted_and_goes_on() -> None:
    async with registries(speed=SLOW) as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            process = folder.working()
            assert process
            os.kill(process, signal.SIGKILL)
            await run_to(app, pilot, "interrupted")
            await sees(app, "interrupted")
            await sees(app, "press r to go on")
            assert "running" not in screen.rows.counts()
            both.hurry()
            await pilot.press("r")
            await run_to(app, pilot, "done")
            assert screen.rows.counts()["done"] == SAMPLES


async def test_what_a_process_said_that_could_not_begin_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with registries() as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "new")
            broken = tmp_path / "broken"
            broken.mkdir()
            (broken / "endpoints.toml").write_text("this is no TOML")
            monkeypatch.setenv("REGFERRY_CONFIG_DIR", str(broken))
            await pilot.press("r")
            await until(lambda: "could not begin" in shown(app) or "before it could begin" in shown(app))
            await until(lambda: "endpoints.toml" in "".join(shown(app).split()))


async def test_details_show_layers_and_story_and_are_copied() -> None:
    async with registries() as both:
        both.refused.add("1.24.0")
        folder = await make(both.plan("library/nginx"))
        async with app_on(folder, size=(140, 40)) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            failed = screen.rows.numbers(frozenset({"failed"}))[0]
            screen.table.go_to(failed)
            await until(lambda: "DENIED" in screen.details.plain)
            assert "requested access [red]to the resource[/red] is denied" in screen.details.plain
            assert "give the account permission" in screen.details.plain
            assert "\x1b" not in screen.details.plain
            assert "manifest" in screen.details.plain
            assert "copied" in screen.details.plain
            await pilot.press("y")
            line = screen.rows.line(failed)
            assert line is not None
            assert app.clipboard == line.target
            await pilot.press("enter", "y")
            assert app.clipboard == screen.details.plain


async def test_escape_goes_back_one_step_at_a_time() -> None:
    async with registries() as both:
        folder = await make(both.plan("library/nginx"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "done")
            await pilot.press("t", "t", "t", "t")
            assert screen.view == "finished"
            await pilot.press("enter")
            await pilot.pause()
            assert screen.focused is screen.details
            await pilot.press("escape")
            assert screen.focused is screen.table
            await pilot.press("escape")
            assert screen.view == "all"
            await pilot.press("escape")
            assert not screen.has_class("-details")
            await pilot.press("escape")
            await pilot.pause()
            assert isinstance(app.screen, Runs)


async def test_the_views_show_tasks_by_state() -> None:
    async with registries() as both:
        both.refused.add("1.24.0")
        folder = await make(both.plan("library/nginx"))
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "failed")
            total = screen.rows.count()
            seen = {}
            for _ in range(5):
                seen[screen.view] = screen.table.row_count
                await pilot.press("t")
                await pilot.pause()
            assert seen == {"all": total, "active": 0, "failed": 1, "open": 0, "finished": total - 1}


async def test_a_run_that_is_gone_is_said() -> None:
    async with registries() as both:
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await run_to(app, pilot, "new")
            folder.delete()
            await app.show_run(folder)
            await app.pop_screen()
            await app.show_run(folder)
            await until(lambda: any("there is no journal" in text for text in said(app)))


async def test_orders_to_a_live_run_are_seen_in_its_journal() -> None:
    async with registries(speed=SLOW) as both:
        both.refused.add("mirror/charts")
        folder = await make(both.plan())
        async with app_on(folder) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "running")
            await until(lambda: screen.rows.counts().get("failed"))
            await pilot.press("R")
            await until(lambda: any("after this round" in text for text in said(app)))
            with JournalReader(folder.journal) as reader:
                verbs = [row["verb"] for row in reader._connection.execute("SELECT verb FROM control")]
            assert verbs == ["retry"]
            await pilot.press("X", "y")
            await until(lambda: any("Told the run to stop" in text for text in said(app)))
            both.hurry()
            await run_to(app, pilot, "stopped")


async def test_a_low_screen_shows_one_pane_at_a_time() -> None:
    async with registries() as both:
        folder = await make(both.plan("library/redis"))
        async with app_on(folder, size=(60, 16)) as (app, pilot):
            await pilot.press("r")
            screen = await run_to(app, pilot, "done")
            await until(lambda: "library/redis:7.2.4" in shown(app))
            await pilot.press("enter")
            await until(lambda: "Source" in screen.details.plain)
            await pilot.pause()
            assert "Tasks" not in shown(app)
            assert screen.focused is screen.details
            await pilot.press("escape")
            await pilot.pause()
            await sees(app, "Tasks")
            assert screen.focused is screen.table
