"""Carrying out a review: exactly what is in it and still as it was, and nothing that something else needs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.faults import lose_answer, refuse
from tests.engine.harness import World, is_whole, picture
from tests.engine.mirror.worlds import LAYER, fates, mirrored
from tui.demo.images import index
from tui.engine.mirror.apply import exit_code
from tui.engine.mirror.look import MirrorRefused
from tui.engine.mirror.record import Record
from tui.oci.errors import LocalError
from tui.plan.mirror.settings import Mirror

NO_TAGS = refuse(405, "UNSUPPORTED")
_TAG = r"DELETE /v2/library/app/manifests/[^:]+$"


async def test_a_tag_is_deleted_alone_where_the_registry_can(world: World) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2", "3")
    outcomes = await pair.apply((await pair.propose()).review)
    assert fates(outcomes) == {"2": "deleted tag", "3": "deleted tag"}
    assert exit_code(outcomes) == 0
    assert pair.tags() == ["1"]


async def test_only_what_is_left_in_the_review_is_deleted(world: World) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2", "3")
    review = (await pair.propose()).review
    await pair.apply(replace(review, deletions=review.deletions[:1]))
    assert pair.tags() == ["1", "3"]


async def test_a_tag_that_moved_since_is_left_alone(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    picture("new", LAYER).put(world.target.storage, "library/app", "2")
    outcomes = await pair.apply(review)
    assert fates(outcomes) == {"2": "changed"}
    assert exit_code(outcomes) == 1
    assert pair.tags() == ["1", "2"]
    assert world.at_target.requests("^DELETE") == []


async def test_a_tag_that_came_back_at_the_source_is_left_alone(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    world.put(picture("2", LAYER), "library/app", "2")
    assert fates(await pair.apply(review)) == {"2": "wanted"}
    assert pair.tags() == ["1", "2"]


async def test_what_somebody_else_deleted_is_well(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    world.target.storage.untag("library/app", "2")
    outcomes = await pair.apply(review)
    assert (fates(outcomes), exit_code(outcomes)) == ({"2": "gone"}, 0)


@pytest.mark.parametrize(
    "limits", [Mirror(max_percent=10), Mirror(max_count=0), Mirror(protect=("2",), max_percent=100)]
)
async def test_limits_and_protection_hold_when_applied(world: World, limits: Mirror) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = replace((await pair.propose()).review, limits=limits)
    with pytest.raises(MirrorRefused, match="nothing was deleted"):
        await pair.apply(review)
    assert pair.tags() == ["1", "2"]


async def test_a_source_that_lists_nothing_by_then_refuses_everything(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    pair.leave("1")
    with pytest.raises(MirrorRefused, match="lists no tags"):
        await pair.apply(review)
    assert pair.tags() == ["1", "2"]


# Registries that delete whole manifests only


async def test_without_tag_deletion_the_manifest_goes_when_nothing_else_has_it(world: World) -> None:
    world.put(picture("twice", LAYER), "library/app", "2", "2-alias")
    pair = await mirrored(world, "1")
    pair.leave("2", "2-alias")
    world.at_target.on(_TAG, NO_TAGS, times=99)
    outcomes = await pair.apply((await pair.propose()).review)
    assert fates(outcomes) == {"2": "deleted digest", "2-alias": "deleted digest"}
    assert pair.tags() == ["1"]
    assert len(world.at_target.requests(_TAG)) == 1, "asked once, then known"


async def test_without_tag_deletion_a_manifest_that_another_tag_has_stays(world: World) -> None:
    world.put(picture("same", LAYER), "library/app", "1", "1-old")
    pair = await mirrored(world, "2")
    pair.leave("1-old")
    world.at_target.on(_TAG, NO_TAGS, times=99)
    outcomes = await pair.apply((await pair.propose()).review)
    assert fates(outcomes) == {"1-old": "kept"}
    assert "the tag 1 has the same manifest" in outcomes[0].message
    assert pair.tags() == ["1", "1-old", "2"]


async def test_a_tag_taken_out_of_the_review_protects_its_manifest(world: World) -> None:
    world.put(picture("twice", LAYER), "library/app", "2", "2-alias")
    pair = await mirrored(world, "1")
    pair.leave("2", "2-alias")
    review = (await pair.propose()).review
    world.at_target.on(_TAG, NO_TAGS, times=99)
    outcomes = await pair.apply(replace(review, deletions=review.deletions[:1]))
    assert fates(outcomes) == {"2": "kept"}
    assert pair.tags() == ["1", "2", "2-alias"]


async def test_a_manifest_that_an_index_lists_stays(world: World) -> None:
    child = picture("child", LAYER)
    world.put(child, "library/app", "1-amd64")
    world.put(index([child, picture("arm", LAYER, platform="linux/arm64")]), "library/app", "1")
    pair = await mirrored(world, "2")
    pair.leave("1-amd64")
    world.at_target.on(_TAG, NO_TAGS, times=99)
    outcomes = await pair.apply((await pair.propose()).review)
    assert fates(outcomes) == {"1-amd64": "kept"}
    assert "the index 1 lists the manifest" in outcomes[0].message
    assert is_whole(world.target, "library/app", "1")


async def test_a_tag_that_came_meanwhile_protects_its_manifest(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    world.at_target.on(_TAG, _tagging("new"), times=1)
    assert fates(await pair.apply(review)) == {"2": "kept"}
    assert pair.tags() == ["1", "2", "new"]


async def test_a_registry_that_takes_the_manifest_with_the_tag_gets_it_back(world: World) -> None:
    world.put(picture("same", LAYER), "library/app", "1", "1-old")
    pair = await mirrored(world, "2")
    pair.leave("1-old")
    review = (await pair.propose()).review
    world.at_target.on(_TAG, _whole_manifest, times=1)
    outcomes = await pair.apply(review)
    assert (fates(outcomes), pair.tags()) == ({"1-old": "failed"}, ["1", "2"])
    assert "were put back" in outcomes[0].message
    assert is_whole(world.target, "library/app", "1")


# Failures


async def test_a_refusal_is_said_and_the_rest_goes_on(world: World) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2", "3")
    world.at_target.on("DELETE .*manifests/2", refuse(403, "DENIED", "no"), times=9)
    outcomes = await pair.apply((await pair.propose()).review)
    assert fates(outcomes) == {"2": "failed", "3": "deleted tag"}
    assert (exit_code(outcomes), outcomes[0].retryable) == (1, False)


async def test_a_lost_answer_is_asked_after(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    world.at_target.on(_TAG, lose_answer)
    assert fates(await pair.apply((await pair.propose()).review)) == {"2": "deleted tag"}
    assert pair.tags() == ["1"]


async def test_everything_is_on_record_before_and_after(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    review = (await pair.propose()).review
    await pair.apply(review)
    lines = [json.loads(line) for line in pair.records().splitlines()]
    assert [line["event"] for line in lines] == ["deleting", "result"]
    assert {line["digest"] for line in lines} == {review.deletions[0].digest}
    assert lines[1]["fate"] == "deleted"


async def test_there_is_no_deletion_without_a_record(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot write the record"), Record(tmp_path / "file", "x"):
        pytest.fail("a record below a file")


def _tagging(tag: str):  # type: ignore[no-untyped-def]
    async def act(registry, request):  # type: ignore[no-untyped-def]
        stored = registry.storage.manifest("library/app", request.path.rpartition("/")[2])
        registry.storage.tag("library/app", tag, stored.digest)
        return await NO_TAGS(registry, request)

    return act


async def _whole_manifest(registry, request):  # type: ignore[no-untyped-def]
    from aiohttp import web

    stored = registry.storage.manifest("library/app", request.path.rpartition("/")[2])
    registry.storage.delete_manifest("library/app", stored.digest)
    return web.Response(status=202)
