"""Runs against registries with habits of their own: chunks that are not taken, tags that may not move, budgets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.engine.harness import blob, picture
from tests.faults.scripted import CHUNK, Scene, scene
from tests.support.faults import Script, Turn, actions, every, first, nth
from tests.support.faults.personalities import (
    ArtifactRegistry,
    Distribution2,
    Distribution3,
    DockerHub,
    Ecr,
    Ghcr,
    Harbor,
    Quay,
    Tokens,
)
from tests.support.faults.personality import Personality
from tui.engine.journal.reader import JournalReader

NAMES = {"library/app", "library/web"}

PERSONALITIES: dict[str, Callable[[], Personality]] = {
    "distribution-2.8": Distribution2,
    "distribution-3": Distribution3,
    "ecr": lambda: Ecr(NAMES),
    "ecr-mounts": lambda: Ecr(NAMES, mounts=True),
    "harbor": lambda: Harbor({"library"}),
    "quay": Quay,
    "tokens": lambda: Tokens(life=60),
}


pytestmark = pytest.mark.usefixtures("small_chunks")


def fill(here: Scene) -> None:
    """Two repositories that share a layer of several chunks, three tags."""
    shared = blob(1, 9_000)
    here.put(picture("app", shared, blob(2, 500)), "library/app", "v1")
    here.put(picture("app2", shared, blob(3, 4_000)), "library/app", "v2")
    here.put(picture("web", shared, blob(4, 12_345)), "library/web", "v1")


IMAGES = [("library/app", "v1"), ("library/app", "v2"), ("library/web", "v1")]


@pytest.mark.parametrize("name", PERSONALITIES)
async def test_everything_arrives(tmp_path: Path, name: str) -> None:
    async with scene(tmp_path, at_target=Script(personality=PERSONALITIES[name]())) as here:
        fill(here)
        outcome = await here.run()
        assert outcome.code == 0
        assert all(here.whole(*image) for image in IMAGES)
        assert here.at_target.count("POST", "/uploads/$") <= 7 + 2  # one for each blob, and mounts that became one
        assert (await here.run()).states() == {f"{path}:{tag}": "unchanged" for path, tag in IMAGES}


@pytest.mark.parametrize(
    "personality",
    [Ghcr(), Ghcr(honest=False), ArtifactRegistry(), Ecr(NAMES, stuck=True), Ecr(NAMES, minimum=5000)],
    ids=["ghcr", "ghcr-dishonest", "artifact-registry", "ecr-stuck-range", "ecr-large-parts"],
)
async def test_a_registry_that_takes_no_chunks_like_ours_gets_whole_blobs(
    tmp_path: Path, personality: Personality
) -> None:
    async with scene(tmp_path, at_target=Script(personality=personality)) as here:
        fill(here)
        outcome = await here.run()
        assert outcome.code == 0
        assert all(here.whole(*image) for image in IMAGES)
        # Learned once for the host, by those that were under way together.
        at_first = here.at_target.count("PATCH")
        here.put(picture("later", blob(7, 9_001)), "library/app", "v3")
        assert (await here.run()).code == 0
        assert here.whole("library/app", "v3")
    assert at_first <= 3 * 5


@pytest.mark.parametrize("name", ["distribution-2.8", "distribution-3", "harbor"])
async def test_chunks_that_break_half_way(tmp_path: Path, name: str) -> None:
    at_target = Script(personality=PERSONALITIES[name]())
    fault = at_target.on("PATCH", "/uploads/", actions.lose_part(700), nth(3, 9, 20))
    async with scene(tmp_path, at_target=at_target) as here:
        fill(here)
        assert (await here.run()).code == 0
        assert all(here.whole(*image) for image in IMAGES)
    assert fault.happened


async def test_distribution_3_goes_on_where_a_chunk_broke(tmp_path: Path) -> None:
    at_target = Script(personality=Distribution3())
    fault = at_target.on("PATCH", "/uploads/", actions.lose_part(700), every(3))
    async with scene(tmp_path, at_target=at_target) as here:
        layer = blob(1, 40_000)
        here.put(picture("app", layer), "library/app", "v1")
        assert (await here.run()).code == 0
        assert here.whole("library/app", "v1")
        sent = sum(seen.received for seen in at_target.requests("PATCH"))
        assert at_target.count("POST", "/uploads/$") == 2  # the layer and the config
        # What was on the wire when it broke: of a long chunk the first time, of a short one from then on.
        assert sent <= 40_000 + 16 * CHUNK + fault.happened * (CHUNK - 700)
    assert fault.happened >= 5


async def test_answers_that_are_lost_cost_no_second_upload(tmp_path: Path) -> None:
    at_target = Script(personality=Distribution3())
    at_target.on("PATCH", "/uploads/", actions.lose_answer(), every(3))
    at_target.on("PUT", "/uploads/", actions.lose_answer(), first(2))
    at_target.on("PUT", "/manifests/", actions.lose_answer(), first(2))
    async with scene(tmp_path, at_target=at_target) as here:
        fill(here)
        assert (await here.run()).code == 0
        assert all(here.whole(*image) for image in IMAGES)
        assert at_target.count("POST", "/uploads/$") == 7


async def test_an_immutable_tag_is_a_conflict_and_the_rest_goes_on(tmp_path: Path) -> None:
    harbor = Harbor({"library"}, immutable="library/app:v1")
    async with scene(tmp_path, at_target=Script(personality=harbor)) as here:
        fill(here)
        picture("older", blob(9, 100)).put(here.target.storage, "library/app", "v1")
        outcome = await here.run()
        assert outcome.code == 1
        assert outcome.states() == {
            "library/app:v1": "conflict", "library/app:v2": "done", "library/web:v1": "done",
        }  # fmt: skip
        assert here.at_target.count("PUT", "/manifests/v1$", where=lambda seen: seen.status == 412) == 1


async def test_an_immutable_tag_that_is_the_same_is_unchanged(tmp_path: Path) -> None:
    harbor = Harbor({"library"}, immutable=".*")
    async with scene(tmp_path, at_target=Script(personality=harbor)) as here:
        fill(here)
        assert (await here.run()).code == 0
        assert set((await here.run()).states().values()) == {"unchanged"}


async def test_a_quota_stops_its_project_and_no_other(tmp_path: Path) -> None:
    harbor = Harbor({"small", "library"}, quotas={"small": 5_000})
    async with scene(tmp_path, at_target=Script(personality=harbor)) as here:
        fill(here)
        here.put(picture("large", blob(8, 9_001)), "small/app", "v1")
        outcome = await here.run()
        states = outcome.states()
        assert states["small/app:v1"] == "failed"
        assert [states[f"{path}:{tag}"] for path, tag in IMAGES] == ["done"] * 3
        assert outcome.code == 1
        (failed,) = [task for task in outcome.tasks() if task["state"] == "failed"]
        assert failed["error_class"] == "QUOTA"
        assert "quota" in failed["hint"]
        harbor.quotas.clear()
        again = await here.work(outcome.folder, failed_too=True)
        assert (again.code, again.states()["small/app:v1"]) == (0, "done")


async def test_a_project_that_is_not_there_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path, at_target=Script(personality=Harbor({"library"}))) as here:
        here.put(picture("app", blob(1, 100)), "nowhere/app", "v1")
        outcome = await here.run()
        (task,) = outcome.tasks()
        assert (outcome.code, task["state"], task["error_class"]) == (1, "failed", "GONE")
        assert "project nowhere not found" in task["message"]


async def test_a_budget_for_manifests_is_waited_for_and_shown(tmp_path: Path) -> None:
    hub = DockerHub(2)
    at_source = Script(personality=hub)
    async with scene(tmp_path, at_source=at_source) as here:
        fill(here)

        async def refilled(turn: Turn) -> web.StreamResponse:
            hub.refill()
            return await turn.proceed()

        at_source.on("GET", "/manifests/", refilled, every(5))
        outcome = await here.run()
        assert outcome.code == 0
        assert all(here.whole(*image) for image in IMAGES)
        assert at_source.count("GET", "/manifests/", where=lambda seen: seen.status == 429) >= 1
        with JournalReader(outcome.folder.journal) as reader:
            assert [dict(row) for row in reader.attempts()] == []  # being throttled costs no attempt


async def test_tokens_that_are_revoked_again_and_again(tmp_path: Path) -> None:
    tokens = Tokens(Distribution2(), life=60)
    at_target = Script(personality=tokens)

    async def revoked(turn: Turn) -> web.StreamResponse:
        tokens.revoke()
        return await turn.proceed()

    at_target.on(".*", "/library/", revoked, every(17))
    async with scene(tmp_path, at_target=at_target) as here:
        fill(here)
        assert (await here.run()).code == 0
        assert all(here.whole(*image) for image in IMAGES)
        # A refused chunk keeps its session: one session for each blob, with what mounts became sessions.
        assert at_target.count("POST", "/uploads/$", where=lambda seen: seen.status == 202) == 7
    assert tokens.refused >= 2
