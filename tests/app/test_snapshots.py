"""How every screen looks, at 80x24 and 140x40, in English and Chinese; and as text where colours or letters are few.

`pytest tests/app/test_snapshots.py --snapshot-update` accepts what is shown now; look at the difference first.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from screenshots import scenes, world
from screenshots.scenes import Player, Scene
from screenshots.stage import Stage
from tests.app.harness import screen_lines
from tests.app.moment import Moment, half_way
from tui.app.app import RegferryApp
from tui.app.screens.browse import selecting
from tui.app.screens.endpoints import looking
from tui.app.screens.planning import screen as planning
from tui.app.screens.run import details_view
from tui.app.terminal import Terminal
from tui.app.widgets import line_table
from tui.engine.runs import RunFolder
from tui.oci import tls

SCALE = 0.1
RUN = "20260317-094107-datacentre-to-cloud"
SIZES = [(80, 24), (140, 40)]
LANGUAGES = ["en", "zh_CN"]
STILL: dict[str, Scene] = {
    "home": scenes.home,
    "endpoints": scenes.endpoints,
    "add": scenes.add,
    "tags": scenes.tags,
    "details": scenes.details,
    "plan": scenes.plan,
    "failures": scenes.failures,
    "runs": scenes.runs,
    "guide": scenes.guide,
    "keys": scenes.keys,
}
SCREENS = [
    pytest.param(name, size, id=f"{name}-{size[0]}x{size[1]}")
    for name in STILL
    for size in SIZES
    if (name, size) != ("tags", SIZES[1])  # there the details are beside the tags
]
PAUSES = [
    (line_table, "PAINT_INTERVAL"),
    (looking, "PAUSE"),
    (selecting, "_SOON"),
    (planning, "_SURVEY_PAUSE"),
    (details_view, "AGAIN"),
]
TERMINALS = {
    "sixteen colours": Terminal(colours=16),
    "no colour": Terminal(colours=0),
    "ascii": Terminal(utf8=False, colours=0),
}


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@dataclass
class Built:
    """A world that was built once: registries that serve, and folders to be copied."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("world")
    with Stage(folder, SCALE) as stage:
        with pytest.MonkeyPatch.context() as patch:
            _enter(patch, folder, stage.environment)
            tls._context.cache_clear()  # made for the CAs that another SSL_CERT_FILE names
            asyncio.run(_build(stage))
        yield Built(folder, stage.environment)


async def _build(stage: Stage) -> None:
    await world.build(stage)
    session = world.open_session()
    run = await world.ready(session, world.plan("*", names="company/{path}"), RUN)
    process = await session.start(run, only_generate=True)
    await asyncio.to_thread(process.wait)
    await session.close()
    world.set_times(run, 4)
    world.put_in_order(run)


@pytest.fixture
def there(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Be in a copy of the world: what one test changes is not there for the next."""
    for name in ("config", "state"):
        shutil.copytree(built.folder / name, tmp_path / name)
    _enter(monkeypatch, tmp_path, built.environment)
    # Nobody looks, so nobody has to be spared: what changed is painted at once.
    for module, pause in PAUSES:
        monkeypatch.setattr(module, pause, 0.02)
    monkeypatch.setattr(scenes, "PAINTED", 0.04)
    time.tzset()
    tls._context.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    tls._context.cache_clear()
    time.tzset()


def _enter(patch: pytest.MonkeyPatch, folder: Path, environment: dict[str, str]) -> None:
    for name in ("config", "state", "home"):
        (folder / name).mkdir(exist_ok=True)
    rooms = {"REGFERRY_CONFIG_DIR": "config", "REGFERRY_STATE_DIR": "state", "HOME": "home"}
    values = {name: str(folder / room) for name, room in rooms.items()} | environment
    for name, value in {**values, "TZ": "UTC", "DBUS_SESSION_BUS_ADDRESS": "disabled:"}.items():
        patch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "XDG_RUNTIME_DIR"):
        patch.delenv(name, raising=False)


def _app(language: str, shown_on: Terminal | None = None) -> RegferryApp:
    return RegferryApp(world.open_session(), shown_on=shown_on or Terminal(), language=language)


def _played(scene: Scene) -> Any:
    async def play(pilot: Pilot[Any]) -> None:
        player = Player(pilot.app, pilot)  # type: ignore[arg-type]
        await pilot.pause()
        await scene(player)
        await player.settle()

    return play


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "size"), SCREENS)
def test_screen(name: str, language: str, size: tuple[int, int], there: Path, snap_compare: Any) -> None:
    assert snap_compare(_app(language), terminal_size=size, run_before=_played(STILL[name]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_first_screen(language: str, there: Path, snap_compare: Any) -> None:
    for name in ("config", "state"):
        shutil.rmtree(there / name)
        (there / name).mkdir()
    assert snap_compare(_app(language), terminal_size=SIZES[0], run_before=_played(scenes.first))


@pytest.fixture
def moment(there: Path, monkeypatch: pytest.MonkeyPatch) -> Moment:
    return Moment(monkeypatch, RunFolder(there / "state" / "runs" / RUN))


@pytest.mark.parametrize("size", SIZES, ids=_size)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_run_under_way(language: str, size: tuple[int, int], moment: Moment, snap_compare: Any) -> None:
    with moment.begun():
        assert snap_compare(_app(language), terminal_size=size, run_before=_played(half_way(moment)))


@pytest.mark.parametrize("shown_on", TERMINALS)
@pytest.mark.parametrize("name", ["home", "plan", "run"])
async def test_words_alone(name: str, shown_on: str, moment: Moment, snapshot: Any) -> None:
    terminal = TERMINALS[shown_on]
    with moment.begun():
        scene = half_way(moment) if name == "run" else STILL[name]
        app = _app("en", terminal)
        async with app.run_test(size=SIZES[0]) as pilot:
            await _played(scene)(pilot)
            shown = "\n".join(line.rstrip() for line in screen_lines(app))
    assert shown.isascii() or terminal.utf8
    assert shown == snapshot
