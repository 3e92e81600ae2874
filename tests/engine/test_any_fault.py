"""Whatever a few faults do in whatever order: in the end everything is there, or it is not and nothing says it is."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.faults import cut_after, forget_session, hang_up, lie, lose_answer, refuse, refuse_mount, store_part
from tests.engine.harness import Act, Outcome, World, blob, new_world, picture
from tui.demo.images import Artifact, index

CHUNK = 2000
"""Bytes in one PATCH here, so that small blobs are large ones."""

SOURCE_FAULTS: list[tuple[str, Act]] = [
    ("GET .*(_catalog|tags)", refuse(500)),
    ("GET .*/manifests/", refuse(502)),
    ("GET .*/manifests/", hang_up),
    ("GET .*/blobs/", refuse(503)),
    ("GET .*/blobs/", hang_up),
    ("GET .*/blobs/", cut_after(0)),
    ("GET .*/blobs/", cut_after(1500)),
    ("GET .*/blobs/", cut_after(3000, politely=True)),
    ("GET .*/blobs/", lie(b"other content")),
]
TARGET_FAULTS: list[tuple[str, Act]] = [
    ("HEAD", refuse(500)),
    ("HEAD", hang_up),
    ("POST", refuse(500)),
    ("POST", hang_up),
    ("POST", lose_answer),
    ("POST .*mount", refuse_mount),
    ("POST .*mount", refuse(405, "UNSUPPORTED")),
    ("PATCH", refuse(500)),
    ("PATCH", hang_up),
    ("PATCH", lose_answer),
    ("PATCH", store_part(0)),
    ("PATCH", store_part(700)),
    ("PATCH|PUT .*/uploads/", forget_session),
    ("PUT .*/uploads/", refuse(502)),
    ("PUT .*/uploads/", hang_up),
    ("PUT .*/uploads/", lose_answer),
    ("PUT .*/manifests/", refuse(500)),
    ("PUT .*/manifests/", hang_up),
    ("PUT .*/manifests/", lose_answer),
]

Image = tuple[str, list[int], bool]
Faults = list[tuple[int, int, int]]

layers = st.lists(st.integers(0, 5), max_size=3, unique=True)
images = st.lists(
    st.tuples(st.sampled_from(["a/app", "a/web", "b/app"]), layers, st.booleans()), min_size=1, max_size=4
)


def faults(among: list[Any], times: int) -> st.SearchStrategy[Faults]:
    one = st.tuples(st.integers(0, len(among) - 1), st.integers(1, times), st.integers(0, 5))
    return st.lists(one, max_size=5)


def build(number: int, parts: list[int], several: bool) -> Artifact:
    """An image of some of six layers of 1 to 6 kB, or an index of two such."""
    own = picture(f"{number}", *(blob(part, 1000 + 1000 * part) for part in parts))
    return index([own, picture(f"{number} too", blob(parts[0] if parts else 0, 1000))]) if several else own


async def run(corpus: list[Image], source: Faults, target: Faults, kill: int) -> tuple[Outcome, list[bool], World]:
    with tempfile.TemporaryDirectory() as state:
        async with new_world(Path(state)) as world:
            for number, (path, parts, several) in enumerate(corpus):
                world.put(build(number, parts, several), path, f"v{number}")
            for script, table, chosen in (
                (world.at_source, SOURCE_FAULTS, source),
                (world.at_target, TARGET_FAULTS, target),
            ):
                for which, times, skip in chosen:
                    script.on(*table[which], times=times, skip=skip)
            folder = world.make(retries=8)
            if kill:
                working = asyncio.create_task(world.work(folder))
                while not working.done() and len(world.at_target.seen) < kill:
                    await asyncio.sleep(0)
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
            outcome = Outcome(folder, await world.work(folder))
            same = [world.same(path, f"v{number}") for number, (path, _, _) in enumerate(corpus)]
            for number, (path, _, _) in enumerate(corpus):
                tagged = world.target.storage.manifest(path, f"v{number}") is not None
                assert tagged == same[number], "a tag of something else or of half an image"
            states = outcome.states()
            assert all(
                states[f"{path}:v{number}"] == "done" for number, (path, _, _) in enumerate(corpus) if same[number]
            )
            return outcome, same, world


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.engine.blob_work.CHUNK", CHUNK)
    monkeypatch.setattr("tui.engine.blob_source._PROGRESS_THAT_COUNTS", 500)


often = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@often
@given(images, faults(SOURCE_FAULTS[:-1], 2), faults(TARGET_FAULTS, 2), st.sampled_from([0, 0, 1, 7, 20]))
def test_a_few_faults_are_survived(corpus: list[Image], source: Faults, target: Faults, kill: int) -> None:
    outcome, same, world = asyncio.run(run(corpus, source, target, kill))
    assert all(same)
    assert outcome.code == 0
    assert world.at_target.violations == []


@often
@given(images, faults(SOURCE_FAULTS, 30), faults(TARGET_FAULTS, 30))
def test_many_faults_leave_a_whole_image_or_no_tag(corpus: list[Image], source: Faults, target: Faults) -> None:
    outcome, same, world = asyncio.run(run(corpus, source, target, 0))
    assert (outcome.code == 0) == all(same)
    assert world.at_target.violations == []
