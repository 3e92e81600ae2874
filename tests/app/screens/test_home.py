"""The first screen: three ways in, or what there is and what comes next."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.app.screens.opened import know, opened
from tui.app.basket import Basket
from tui.app.screens.form_dialog import FormDialog
from tui.app.screens.guide import Guide
from tui.app.screens.home.latest import LatestRun, latest_runs
from tui.app.screens.home.next_step import next_step
from tui.endpoints.locations import endpoints_path, state_dir
from tui.endpoints.model import Endpoint, LastTest
from tui.engine.logins import LoginSources
from tui.engine.runner import make_run
from tui.engine.runs import RunFolder
from tui.plan.model import Plan
from tui.plan.rule_text import make_rule

A, B = Endpoint("old", "old.example.com"), Endpoint("new", "new.example.com")


def a_run(name: str = "nightly") -> RunFolder:
    rule = make_rule("old.example.com/team/app", "new.example.com/team/app")
    return make_run(state_dir(), Plan(name, (rule,)), {"logins": LoginSources().to_document(), "log": ""})


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_an_empty_start_shows_three_ways_in(language: str) -> None:
    async with opened(language=language) as app:
        await app.until(lambda: app.app.screen.has_class("-first"))
        lines = [line.split() for line in app.text.splitlines()]
        assert [line[0] for line in lines if line and line[0] in ("d", "n", "o")][:3] == ["d", "n", "o"]


async def test_the_ways_in_lead_somewhere() -> None:
    async with opened() as app:
        await app.sees("guided migration: from source to run")
        await app.press("n")
        await app.sees("Step 1 of", "From where to where?")
        assert isinstance(app.app.screen, Guide)
        await app.press("escape")
        await app.sees("guided migration: from source to run")
        await app.press("o")
        await app.until(lambda: app.app.current_mode == "plan" and isinstance(app.app.screen, FormDialog))


async def test_the_demo_is_begun_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    async with opened() as app:
        await app.sees("try the demo")

        async def action_demo(slow: bool = False) -> None:
            begun.append(slow)

        monkeypatch.setattr(app.app, "action_demo", action_demo)
        await app.press("d")
        assert begun == [False]


async def test_runs_and_endpoints_in_short_with_the_next_step() -> None:
    know(A, B)
    folder = a_run()
    async with opened() as app:
        await app.sees("Latest runs (1)", "Endpoints (2)", "old.example.com", "new.example.com", "ready")
        await app.sees("Next")
        await app.sees(folder.name[-12:])
        await app.press("enter")
        await app.until(lambda: app.app.current_mode == "runs")


async def test_what_was_added_elsewhere_is_there_when_one_comes_back() -> None:
    async with opened() as app:
        await app.sees("try the demo")
        await app.press("2")
        know(A)
        await app.press("1")
        await app.sees("old.example.com", "add a second registry")


async def test_a_broken_list_of_endpoints_is_told(tmp_path: Path) -> None:
    endpoints_path().write_text("version = 9\n")
    async with opened() as app:
        await app.sees("m: all of it")
        await app.press("m")
        await app.sees("endpoints.toml", "reads version 1", "update regferry")


def latest(state: str) -> LatestRun:
    return LatestRun(RunFolder(Path("/runs/nightly")), state, "nightly", 1, 2, 0, datetime.now(UTC))


@pytest.mark.parametrize(
    ("endpoints", "runs", "key", "words"),
    [
        ((), [], "2", "add the registry to copy from"),
        ((A,), [], "2", "add a second registry"),
        ((A, B), [], "n", "guided migration"),
        ((A, B), [latest("done")], "n", "guided migration"),
        ((A, B), [latest("failed")], "w", "did not do everything"),
        ((A, B), [latest("done"), latest("running")], "w", "under way"),
        ((Endpoint("old", "o.example.com", last_test=LastTest(datetime.now(UTC), False)), B), [], "2", "did not work"),
    ],
)
def test_the_next_step(endpoints: tuple[Endpoint, ...], runs: list[LatestRun], key: str, words: str) -> None:
    step = next_step(endpoints, runs, Basket())
    assert step.key == key
    assert words in step.words


def test_a_selection_asks_for_its_target() -> None:
    basket = Basket(source=A)
    basket.take_repositories(["team/app"])
    assert next_step((A, B), [], basket).key == "4"


async def test_a_run_that_cannot_be_read_is_listed_all_the_same() -> None:
    folder = a_run()
    folder.journal.write_bytes(b"not a journal")
    runs = await asyncio.to_thread(latest_runs, state_dir())
    assert [run.state for run in runs] == ["unreadable"]
    async with opened() as app:
        await app.sees("unreadable")
