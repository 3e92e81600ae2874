"""Proposing deletions between two registries; whatever is found, nothing is deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import World, new_world, picture
from tests.engine.mirror.worlds import LAYER, Mirrored, mirrored, said
from tui.demo.images import artifact, json_content
from tui.engine.mirror.look import MirrorRefused
from tui.plan.errors import PlanFileError
from tui.plan.mirror.review import format_review, load_review


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Two registries; proposing never asks either to delete or write anything."""
    async with new_world(tmp_path / "state") as made:
        yield made
        assert made.at_target.requests("^DELETE") == made.at_source.requests("^(DELETE|PUT|POST)") == []


async def test_what_left_the_source_is_proposed_with_its_digest(world: World) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2")
    proposal = await pair.propose()
    (only,) = proposal.review.deletions
    stored = world.target.storage.manifest("library/app", "2")
    assert stored is not None
    assert (only.target.tag, only.reason, only.digest, only.shares) == ("2", "gone", stored.digest, ())
    assert str(only.source) == f"{world.source.address}/library/app:2"
    assert proposal.review.tags == 3
    assert pair.tags() == ["1", "2", "3"]


async def test_nothing_is_proposed_when_nothing_left(world: World) -> None:
    proposal = await (await mirrored(world, "1", "2")).propose()
    assert proposal.review.deletions == proposal.review.kept == proposal.notes == ()
    assert proposal.review.refusal() == ""


async def test_a_protected_tag_is_kept_and_said(world: World) -> None:
    pair = await mirrored(world, "1", "release-2", "3")
    pair.leave("release-2", "3")
    proposal = await pair.propose(protect=("release-*",))
    assert said(proposal) == ["3 gone"]
    assert [(each.target.rpartition(":")[2], each.why) for each in proposal.review.kept] == [
        ("release-2", "protected by 'release-*'")
    ]


async def test_too_many_are_refused_and_still_shown(world: World) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2", "3")
    assert "2 of 3 tags are 67 %" in (await pair.propose(max_percent=25)).review.refusal()
    assert "more than max_count = 1" in (await pair.propose(max_count=1)).review.refusal()


@pytest.mark.parametrize("fault", [refuse(403, "DENIED"), refuse(404, "NAME_UNKNOWN"), refuse(500)])
async def test_a_source_that_cannot_be_listed_refuses_everything(world: World, fault: object) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("2")
    world.at_source.on("GET /v2/library/app/tags/list", fault, times=99)  # type: ignore[arg-type]
    with pytest.raises(MirrorRefused, match="the source cannot be listed"):
        await pair.propose()


async def test_a_source_that_lists_nothing_refuses_everything(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    pair.leave("1", "2")
    with pytest.raises(MirrorRefused, match="lists no tags"):
        await pair.propose()


async def test_an_empty_repository_of_many_is_left_alone_and_said(world: World) -> None:
    world.put(picture("other", LAYER), "library/other", "1")
    pair = await mirrored(world, "1", "2", rule=world.rule("library/*"))
    pair.leave("1", repository="library/other")
    pair.leave("2")
    proposal = await pair.propose()
    assert said(proposal) == ["2 gone"]
    assert "library/other: the source lists no tags" in proposal.notes[0]


async def test_a_lost_repository_is_proposed_only_when_asked_for(world: World) -> None:
    digest = world.put(picture("other", LAYER), "library/other", "1")
    pair = await mirrored(world, "1", rule=world.rule("library/*", "mirror/{name}"))
    world.source.storage.delete_manifest("library/other", digest)
    world.at_source.on("GET /v2/_catalog", _catalog("library/app"), times=9)
    assert said(await pair.propose()) == []
    proposal = await pair.propose(repositories=True)
    assert [str(each.target).rpartition("/")[2] for each in proposal.review.deletions] == ["other:1"]
    assert said(proposal) == ["1 repository"]


async def test_what_accompanies_a_deleted_manifest_goes_with_it(world: World) -> None:
    pair = await mirrored(world, "1", "2")
    for tag in ("1", "2"):
        stored = world.target.storage.manifest("library/app", tag)
        assert stored is not None
        signature = artifact(json_content("application/vnd.oci.image.config.v1+json", {"of": tag}), [LAYER])
        signature.put(world.target.storage, "library/app", f"{stored.digest.replace(':', '-')}.sig")
    pair.leave("2")
    tags = [each.target.tag for each in (await pair.propose()).review.deletions]
    gone = world.target.storage.manifest("library/app", "2")
    assert gone is not None
    assert tags == ["2", f"{gone.digest.replace(':', '-')}.sig"]


async def test_tags_that_share_a_manifest_with_one_that_stays_say_so(world: World) -> None:
    world.put(picture("same", LAYER), "library/app", "1", "1-old")
    pair = await mirrored(world, "2")
    pair.leave("1-old")
    (only,) = (await pair.propose()).review.deletions
    assert (only.target.tag, only.shares) == ("1-old", ("1",))


async def test_a_review_comes_back_from_its_file_as_it_was(world: World, tmp_path: Path) -> None:
    pair = await mirrored(world, "1", "2", "3")
    pair.leave("2", "3")
    review = (await pair.propose(protect=("3",))).review
    path = tmp_path / "review.toml"
    path.write_text(format_review(review))
    again = load_review(path)
    assert (again.deletions, again.kept, again.tags, again.created) == (
        review.deletions, review.kept, review.tags, review.created,
    )  # fmt: skip
    assert again.plan == review.plan
    assert again.limits.protect == ("3",)


@pytest.mark.parametrize(
    ("old", "new", "said_of_it"),
    [
        ("kind =", "sort =", "another kind of file"),
        ("tags =", "tagged =", "unknown key 'tagged'"),
        ('reason = "gone"', 'reason = "because"', "one of gone, unselected, repository"),
        ("digest = ", "digests = ", "unknown key 'digests'"),
        (':2"\ndigest', '"\ndigest', "only tags are deleted"),
        ("max_count = 100", "", "protect, max_count and max_percent"),
        ("version = 1", "version = 2", "another kind of file"),
    ],
)
async def test_a_review_that_was_changed_otherwise_is_no_review(
    world: World, tmp_path: Path, old: str, new: str, said_of_it: str
) -> None:
    pair = Mirrored(world, (await mirrored(world, "1", "2")).rules)
    pair.leave("2")
    text = format_review((await pair.propose()).review)
    assert old in text
    path = tmp_path / "review.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(PlanFileError) as caught:
        load_review(path)
    assert said_of_it in str(caught.value)


def _catalog(*names: str):  # type: ignore[no-untyped-def]
    from aiohttp import web

    async def act(_registry: object, _request: object) -> web.StreamResponse:
        return web.json_response({"repositories": list(names)})

    return act
