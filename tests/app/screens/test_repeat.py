"""Repeating a plan: when, by whom, the text for it, copied and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app.screens.browsing import Opened, opened
from tui.app.screens.repeat.flow import ask_when
from tui.demo.registry import EmbeddedRegistry
from tui.plan.model import Plan
from tui.plan.rule_text import make_rule
from tui.plan.toml_file import load_plan


async def nothing(registry: EmbeddedRegistry) -> None:
    """Leave a registry empty."""


async def fill_in(app: Opened, text: str) -> None:
    await app.press("end", "ctrl+u")
    app.app.focused.insert_text_at_cursor(text)  # type: ignore[union-attr]
    await app.pilot.pause()


PLAN = Plan("nightly", (make_rule("harbor.example.com/library/*", "acr.example.com/mirror/{name}"),))


async def test_the_command_line_is_shown_copied_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    async with opened(fill=nothing) as app:
        monkeypatch.setattr(app.app, "copy_to_clipboard", copied.append)
        ask_when(app.screen, PLAN, tmp_path / "nightly.toml")
        await app.sees("Repeat this", "nightly.toml is not there yet and will be written")
        await fill_in(app, "30 4 * * 1-5")
        await app.press("tab")
        await fill_in(app, "Asia/Shanghai")
        await app.sees("next: ", "04:30")
        await app.press("enter")
        await app.sees("regferry schedule", "--timezone Asia/Shanghai")
        await app.press("y")
        assert copied == [f"regferry schedule {tmp_path}/nightly.toml --cron '30 4 * * 1-5' --timezone Asia/Shanghai\n"]
        assert load_plan(tmp_path / "nightly.toml").rules[0].target == PLAN.rules[0].target
        await app.press("w")
        await fill_in(app, str(tmp_path))
        await app.press("enter")
        await app.sees("Saved")
        assert (tmp_path / "repeat.sh").read_text() == copied[0]


async def test_texts_for_other_programs_are_saved(tmp_path: Path) -> None:
    async with opened(fill=nothing) as app:
        for turns, names in enumerate(
            (["regferry-nightly.service", "regferry-nightly.timer"], ["regferry-nightly.yaml"], ["crontab"]), 1
        ):
            ask_when(app.screen, PLAN, tmp_path / "nightly.toml")
            await app.sees("Repeat this")
            await app.press("tab")
            await fill_in(app, "Asia/Shanghai")
            await app.press("tab", "tab", "tab", *(["right"] * turns), "enter")
            await app.sees(names[0])
            await app.press("w")
            await fill_in(app, str(tmp_path))
            await app.press("enter")
            await app.until(lambda names=names: all((tmp_path / name).exists() for name in names))
        assert "OnCalendar=*-*-* 03:00:00 Asia/Shanghai" in (tmp_path / "regferry-nightly.timer").read_text()
        cron_job: Any = list(yaml.safe_load_all((tmp_path / "regferry-nightly.yaml").read_text()))[1]
        assert cron_job["spec"]["timeZone"] == "Asia/Shanghai"
        assert "run " in (tmp_path / "crontab").read_text()


async def test_times_that_mean_nothing_are_said_as_one_types(tmp_path: Path) -> None:
    async with opened(fill=nothing) as app:
        ask_when(app.screen, PLAN, tmp_path / "nightly.toml")
        await app.sees("Repeat this")
        await fill_in(app, "30 4 * *")
        await app.sees("has 4 fields")
        await app.press("enter")
        await app.sees("Repeat this", "has 4 fields")
        assert not (tmp_path / "nightly.toml").exists()


async def test_a_run_is_repeated_from_its_own_plan() -> None:
    async with opened() as app:
        await app.browse()
        await app.open_repository("team/app")
        await app.press("space", "4", "c")
        await app.sees("r starts the run")
        await app.press("r")
        await app.sees("The run ended", "A Repeat this")
        await app.press("A")
        await app.sees("When (cron)")
        await app.press("escape", "M")
        await app.sees("Nothing left the source")
        await app.press("escape")
        await app.sees("team/app:1.5.0-rc1")
