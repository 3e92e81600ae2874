"""The end of real runs, announced; whatever happens to the announcement, the run stays what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.engine.faults import refuse
from tests.engine.harness import World, blob, picture
from tests.support.webhooks import SECRET, TOKEN, Webhooks
from tui.engine.notify.ending import announce
from tui.engine.runner import make_run
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Plan
from tui.plan.notify import Notify


@pytest.fixture
async def hooks() -> AsyncIterator[Webhooks]:
    async with Webhooks() as made:
        yield made


async def ended(world: World, *, well: bool = True, **notify: Any) -> tuple[RunFolder, int]:
    world.put(picture("app", blob(1, 64)), "library/app", "1")
    if not well:
        world.at_target.on("PUT .*/manifests/", refuse(403, "DENIED", "no"), times=99)
    plan = Plan("nightly", (world.rule("library/app"),), Options(retries=0), notify=Notify(**notify))
    folder = make_run(world.state, plan, {})
    return folder, await world.work(folder)


async def test_a_run_that_went_well_is_told(world: World, hooks: Webhooks, tmp_path: Path) -> None:
    metrics = tmp_path / "r.prom"
    folder, code = await ended(world, url_env="HOOK", secret_env="SECRET", shape="dingtalk", metrics_file=str(metrics))
    said: list[str] = []
    await announce(folder, code, {"HOOK": hooks.url("dingtalk") + "\n", "SECRET": SECRET}, said.append)
    assert (code, said, hooks.refused) == (0, [], [])
    assert "nightly went well (exit 0: all well)" in hooks.texts[0][1]
    assert 'regferry_run_exit_code{plan="nightly"} 0' in metrics.read_text()
    assert '"event": "notified"' in folder.log.read_text()


@pytest.mark.parametrize(("well", "told"), [(True, 0), (False, 1)])
async def test_after_failures_only(world: World, hooks: Webhooks, well: bool, told: int) -> None:
    folder, code = await ended(world, well=well, url_env="HOOK", on="failure", shape="wecom")
    await announce(folder, code, {"HOOK": hooks.url("wecom")}, pytest.fail)
    assert len(hooks.texts) == told


async def test_what_fails_is_said_and_logged_without_the_address(world: World, hooks: Webhooks) -> None:
    hooks.interrupt = lambda request: web.Response(status=403, text=hooks.url("generic"))
    folder, code = await ended(world, url_env="HOOK", metrics_file="/nowhere/at/all.prom")
    said: list[str] = []
    await announce(folder, code, {"HOOK": hooks.url("generic")}, said.append)
    assert len(said) == 2
    assert "the metrics were not written to /nowhere/at/all.prom" in said[0]
    assert "nobody was told of the end of the run" in said[1]
    log = folder.log.read_text()
    assert log.count('"event": "notify-failed"') == 2
    assert TOKEN not in log + "".join(said)


async def test_a_variable_that_is_not_set_is_named(world: World) -> None:
    folder, code = await ended(world, url_env="HOOK")
    said: list[str] = []
    await announce(folder, code, {}, said.append)
    assert said == ["nobody was told of the end of the run: the variable HOOK is not set"]


async def test_nobody_wants_to_know(world: World) -> None:
    folder, code = await ended(world)
    await announce(folder, code, {}, pytest.fail)
