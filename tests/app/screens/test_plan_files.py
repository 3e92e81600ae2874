"""Plans and files: saving, opening, taking over other tools' files, writing image-syncer's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.app.screens.browsing import Opened, opened
from tui.plan.toml_file import load_plan


async def plan_of_one(app: Opened) -> None:
    await app.browse()
    await app.open_repository("team/app")
    await app.press("space", "4")
    await app.sees("Preview, not checked yet (1)")


async def fill_in(app: Opened, text: str, *keys: str) -> None:
    """Replace what stands in the field by `text`, and press keys."""
    await app.press("end", "ctrl+u")
    await app.type(text)
    await app.press(*keys)


async def test_a_plan_is_saved_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "app.toml"
    async with opened() as app:
        await plan_of_one(app)
        await app.press("w")
        await app.sees("Save as a plan file")
        await fill_in(app, str(tmp_path / "nowhere" / "x.toml"))
        await app.sees("there is no folder")
        await fill_in(app, str(tmp_path / "app.txt"))
        await app.sees("has to end in .toml")
        await fill_in(app, str(path), "enter")
        await app.sees("Saved")
        (rule,) = load_plan(path).rules
        assert (str(rule.source), rule.references) == (f"{app.source.address}/team/app", ("1.5.0-rc1",))
        assert rule.target == f"{app.target.address}/{{path}}"

        await app.press("l")
        await app.sees("Open a file")
        await fill_in(app, str(tmp_path / "none.toml"))
        await app.sees("there is no such file")
        await fill_in(app, str(path), "enter")
        await app.sees("1 rule", "as in the file", "Opened")
        await app.press("t")
        await app.sees("The targets are those of the file")
        await app.press("c")
        await app.until(lambda: app.screen.forecast is not None and not app.screen.checking)
        await app.sees("1 task", "1 new", "r starts the run")
        await app.press("u")
        await app.sees("source  1 repository, 1 tag")


async def test_a_file_that_is_replaced_says_so_first(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text("version = 1\n")
    async with opened() as app:
        await plan_of_one(app)
        await app.press("w")
        await fill_in(app, str(tmp_path / "old.toml"))
        await app.sees("old.toml is there already and will be replaced")


async def test_an_image_syncer_file_is_taken_over_with_what_to_look_at(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    async with opened() as app:
        document = {f"{app.source.address}/team/app:1.4.1,1.4.2": f"{app.target.address}/moved/app"}
        path.write_text(yaml.safe_dump({**document, "nginx": f"{app.target.address}/x/nginx"}))
        await app.press("4", "l")
        await fill_in(app, str(path), "enter")
        await app.sees("Look at this before you run it")
        await app.press("escape")
        await app.sees(
            "Preview, not checked yet (3)", "moved/app:1.4.1", "moved/app:1.4.2", "file images.yaml  2 rules"
        )


@pytest.mark.parametrize("text", ["]", "just words", "\x1b[31m: x"])
async def test_a_file_that_is_no_plan_says_where_and_why(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    async with opened() as app:
        await app.press("4", "l")
        await fill_in(app, str(tmp_path / "bad.yaml"), "enter")
        await app.until(lambda: any("bad.yaml" in told for _when, told, _style in app.app.messages))
        await app.sees("Nothing to plan yet", "m: all of it")
        assert "\x1b" not in app.text
        assert app.draft.opened is None


async def test_a_plan_is_written_as_image_syncer_files(tmp_path: Path) -> None:
    async with opened() as app:
        await plan_of_one(app)
        await app.press("x")
        await app.sees("Export for another tool", "[image-syncer]")
        await app.press("tab")
        await fill_in(app, str(tmp_path / "images.yaml"), "tab")
        await fill_in(app, str(tmp_path / "auth.yaml"), "enter")
        await app.sees("What the files do not say")
        images = yaml.safe_load((tmp_path / "images.yaml").read_text())
        assert images == {f"{app.source.address}/team/app:1.5.0-rc1": f"{app.target.address}/team/app"}
        assert set(yaml.safe_load((tmp_path / "auth.yaml").read_text())) == {app.source.address, app.target.address}


async def test_a_plan_is_written_for_another_tool(tmp_path: Path) -> None:
    async with opened() as app:
        await plan_of_one(app)
        await app.press("x")
        await app.sees("Export for another tool")
        await app.press("right", "right")
        await app.sees("[regsync]")
        await app.press("tab")
        await fill_in(app, str(tmp_path / "regsync.yaml"), "enter")
        await app.sees("What the files do not say")
        (step,) = yaml.safe_load((tmp_path / "regsync.yaml").read_text())["sync"]
        assert step["source"] == f"{app.source.address}/team/app:1.5.0-rc1"
        assert not (tmp_path / "auth.yaml").exists()
