"""Makes the pictures of the README: `python screenshots/make.py [--check] [--into FOLDER] [--quick] [NAME...]`.

The real app is driven with its own keys on the demo's registries and sample images. Everything but the run under way
comes out the same each time; that one is a real run over a slow link, and its figures are its own.
"""

from __future__ import annotations

import argparse
import asyncio
import filecmp
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from screenshots import picture, scenes, world  # noqa: E402 - the folder above has to be known first
from screenshots.scenes import Player, Scene, playing  # noqa: E402
from screenshots.stage import Stage  # noqa: E402

SIZE = (100, 30)
THEMES = {"dark": "regferry-dark", "light": "regferry-light"}
STILL: dict[str, Scene] = {
    "home": scenes.home,
    "endpoints": scenes.endpoints,
    "add-endpoint": scenes.add,
    "browse": scenes.tags,
    "details": scenes.details,
    "plan": scenes.plan,
    "failures": scenes.failures,
    "runs": scenes.runs,
    "guide": scenes.guide,
    "guide-target": scenes.guide_target,
}
MOVING = "run"
RUN = "20260317-094107-datacentre-to-cloud"
SCALE, SPEED = 8, 24_000_000
"""Size of the images, and bytes a second of each registry while a run is shown: a run of twenty seconds."""
QUICK_SCALE, QUICK_SPEED = 0.2, 2_000_000


def main() -> int:
    """Make the pictures, or check those that are there; return the exit code."""
    options = _parser().parse_args()
    names = options.names or [*STILL, MOVING]
    with tempfile.TemporaryDirectory(prefix="regferry-pictures-") as folder:
        rooms = Path(folder)
        into = rooms / "made" if options.check else options.into
        into.mkdir(parents=True, exist_ok=True)
        with _own_rooms(rooms):
            scale = QUICK_SCALE if options.quick else SCALE
            with Stage(rooms, scale) as stage:
                os.environ.update(stage.environment)
                made = asyncio.run(_make(stage, rooms, names, into, quick=options.quick))
        return _compare(made, into) if options.check else 0


async def _make(stage: Stage, rooms: Path, names: list[str], into: Path, *, quick: bool) -> list[str]:
    if quick:
        scenes.PAINTED = 0.04
    await world.build(stage)
    built = rooms / "built"
    shutil.copytree(rooms / "state", built)
    made = []
    for name in names:
        if name == MOVING:
            continue
        for kind, theme in list(THEMES.items())[: 1 if quick else None]:
            # What was done for one picture is not there for the next.
            shutil.rmtree(rooms / "state")
            shutil.copytree(built, rooms / "state")
            async with playing(SIZE, "en", theme) as player:
                await STILL[name](player)
                await player.settle()
                made.append(_write(player, into, f"{name}-{kind}"))
    if MOVING in names:
        for language, kinds in (("en", list(THEMES)), ("zh_CN", ["zh"])):
            made += await _make_moving(stage, language, kinds, into, quick=quick)
    return made


async def _make_moving(stage: Stage, language: str, kinds: list[str], into: Path, *, quick: bool) -> list[str]:
    """Take the pictures of a run while it goes on, over a slow link."""
    stage.empty_target()
    stage.slow_down(QUICK_SPEED if quick else SPEED)
    made = []
    try:
        async with playing(SIZE, language) as player:
            folder = await world.ready(player.app.session, world.plan("*"), RUN)
            screen = await scenes.moving(player, folder, done=0 if quick else 7)
            for kind in kinds:
                player.app.theme = THEMES.get(kind, THEMES["dark"])
                await player.pilot.pause()
                made.append(_write(player, into, f"{MOVING}-{kind}"))
            stage.slow_down(0)
            await player.until(lambda: screen.state == "done")
        await asyncio.to_thread(folder.delete)
    finally:
        stage.slow_down(0)
    return made


def _write(player: Player, into: Path, name: str) -> str:
    document = picture.svg(player.app)
    (into / f"{name}.svg").write_text(document, encoding="utf-8")
    drawn = picture.png(document)
    if drawn is not None:
        (into / f"{name}.png").write_bytes(drawn)
    print(name if drawn else f"{name} (no PNG: there is no font for Chinese here)", flush=True)
    return name


def _compare(made: list[str], into: Path) -> int:
    """Return 1 when a picture that is kept is missing, or shows something else than the app does now."""
    wrong = []
    for name in made:
        kept = HERE / f"{name}.svg"
        wrong += [] if kept.exists() else [f"{kept.name} is missing"]
        if not name.startswith(f"{MOVING}-") and kept.exists():
            same = filecmp.cmp(kept, into / kept.name, shallow=False)
            wrong += [] if same else [f"{kept.name} is not what the app shows now"]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if wrong:
        print("make them anew: python screenshots/make.py", file=sys.stderr)
    return 1 if wrong else 0


@contextmanager
def _own_rooms(folder: Path) -> Iterator[None]:
    """Work in folders of our own, at UTC, without the logins, keyring and proxies of whoever makes the pictures."""
    for name, variable in {"config": "REGFERRY_CONFIG_DIR", "state": "REGFERRY_STATE_DIR", "home": "HOME"}.items():
        (folder / name).mkdir()
        os.environ[variable] = str(folder / name)
    # The processes of runs are started from wherever this one was, and shall find the same code.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    os.environ.update(TZ="UTC", DBUS_SESSION_BUS_ADDRESS="disabled:", DOCKER_CONFIG=str(folder / "home"))
    for name in ("https_proxy", "NO_PROXY", "no_proxy", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "REGFERRY_LANG"):
        os.environ.pop(name, None)
    time.tzset()
    yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="make the pictures of the README")
    parser.add_argument("names", nargs="*", choices=[*STILL, MOVING, []], help="only these")
    parser.add_argument("--check", action="store_true", help="make them elsewhere and compare")
    parser.add_argument("--into", type=Path, default=HERE, metavar="FOLDER", help="where to put them")
    parser.add_argument("--quick", action="store_true", help="small images, dark only: to see that all of it works")
    return parser


if __name__ == "__main__":
    sys.exit(main())
