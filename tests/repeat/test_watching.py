"""Looking at a source: what is a change, when it runs, and what is kept between looks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.harness import QUICK, World, blob, new_world, picture
from tests.repeat.test_schedule import FakeClock
from tui.oci.errors import NetworkError, RegistryError
from tui.plan.model import Plan, TagSelection
from tui.repeat.snapshot import Changes, changes, load_snapshot, look, save_snapshot
from tui.repeat.watching import watch_source

LAYER = blob(1, 64)
Answer = dict[str, str] | RegistryError


async def watched(answers: list[Answer], codes: list[int], kept: Path) -> tuple[int, list[str]]:
    """Look once for every answer; return how often it ran, and what was said."""
    ran, said = 0, []

    async def one() -> dict[str, str]:
        answer = answers.pop(0)
        if isinstance(answer, RegistryError):
            raise answer
        return answer

    async def run() -> int:
        nonlocal ran
        ran += 1
        return codes.pop(0) if codes else 0

    with pytest.raises(asyncio.CancelledError):
        await watch_source(60, one, run, kept, said.append, FakeClock(len(answers) - 1))
    return ran, said


async def test_it_runs_at_first_and_when_something_is_new_or_moved(tmp_path: Path) -> None:
    looks: list[Answer] = [{"a": "1"}, {"a": "1"}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "2"}]
    ran, said = await watched(looks, [], tmp_path / "seen.json")
    assert ran == 3
    assert said == [
        "the first look, at 1 tags: running",
        "the run ended with exit code 0",
        "1 new (b): running",
        "the run ended with exit code 0",
        "1 changed (a): running",
        "the run ended with exit code 0",
        "1 gone (b)",
    ]
    assert load_snapshot(tmp_path / "seen.json") == {"a": "2"}


async def test_what_was_seen_outlives_the_process(tmp_path: Path) -> None:
    await watched([{"a": "1"}], [], tmp_path / "seen.json")
    assert (await watched([{"a": "1"}], [], tmp_path / "seen.json"))[0] == 0


@pytest.mark.parametrize(("code", "ran"), [(0, 1), (1, 1), (3, 2), (4, 2), (5, 2), (6, 2), (137, 2)])
async def test_a_run_that_may_go_better_is_run_again(tmp_path: Path, code: int, ran: int) -> None:
    assert (await watched([{"a": "1"}, {"a": "1"}], [code], tmp_path / "seen.json"))[0] == ran


async def test_a_source_out_of_reach_is_looked_at_again(tmp_path: Path) -> None:
    ran, said = await watched([NetworkError("gone"), {"a": "1"}], [], tmp_path / "seen.json")
    assert ran == 1
    assert said[0] == "the source cannot be looked at: gone"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"a": 1}', "\udce4".encode("utf-8", "surrogateescape").decode("latin-1")]
)
def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "seen.json").write_text(content)
    assert load_snapshot(tmp_path / "seen.json") is None
    assert load_snapshot(tmp_path / "missing.json") is None


def test_what_was_kept_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    save_snapshot(path, {"harbor.example.com/a:1": "sha256:0"})
    assert load_snapshot(path) == {"harbor.example.com/a:1": "sha256:0"}
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_look_at_registries_takes_what_the_plan_takes(tmp_path: Path) -> None:
    async with new_world(tmp_path / "state") as world:
        digests = {tag: world.put(picture(tag, LAYER), "library/app", tag) for tag in ("1.0", "1.1", "2.0")}
        world.put(picture("x", LAYER), "library/other", "1.0")
        seen = await _look(world, world.rule("library/app", tags=TagSelection(include=("1.*",))))
        name = f"{world.source.address}/library/app"
        assert seen == {f"{name}:{tag}": digests[tag] for tag in ("1.0", "1.1")}
        assert world.at_source.requests("^GET .*/manifests/") == [], "a HEAD each, nothing is pulled"
        named = replace(world.rule("library/app"), references=("2.0",))
        assert await _look(world, named) == {f"{name}:2.0": digests["2.0"]}
        everything = await _look(world, world.rule("library/*"))
        assert len(everything) == 4
        world.put(picture("new", LAYER), "library/app", "1.0")
        found = changes(everything, await _look(world, world.rule("library/*")))
        assert found == Changes(moved=(f"{name}:1.0",))


async def _look(world: World, *rules: object) -> dict[str, str]:
    return await look(Plan("p", rules), world.access, world.access, QUICK)  # type: ignore[arg-type]
