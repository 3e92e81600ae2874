"""What is attached to an image after it was copied comes with the next run, and the image is not touched."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.engine.faults import refuse
from tests.engine.harness import QUICK, Act, Outcome, World, blob, is_whole, picture
from tui.demo.images import Artifact, artifact, index, json_content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader
from tui.engine.verify.record import Manner
from tui.engine.verify.work import verify_run
from tui.oci.client import fallback_tag
from tui.plan.model import Platform, Rule, TagSelection

BASE = blob(1, 2_000)
SIGNATURE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SBOM = "application/spdx+json"
EMPTY = json_content("application/vnd.oci.empty.v1+json", {})


def attach(world: World, path: str, subject: Artifact, kind: str, seed: int = 50) -> Artifact:
    """Put something that refers to a manifest into the source."""
    made = artifact(EMPTY, (blob(seed, 300),), artifact_type=kind, subject=subject.manifest)
    world.put(made, path)
    return made


async def again(world: World, *rules: Rule) -> Outcome:
    return await world.run(*rules, check_referrers=True)


async def no_api(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=404, text="404 page not found")


@pytest.fixture
async def copied(world: World) -> Artifact:
    """An image that both have, under two tags."""
    image = picture("one", BASE)
    world.put(image, "library/app", "v1", "stable")
    assert (await world.run()).code == 0
    world.at_source.seen.clear()
    world.at_target.seen.clear()
    return image


def listed(world: World, subject: Artifact) -> set[str]:
    return {each["digest"] for each in world.target.storage.referrers("library/app", subject.digest)}


def message_of(outcome: Outcome, state: str) -> list[str]:
    return [task["message"] for task in outcome.tasks() if task["state"] == state]


async def test_what_is_attached_later_is_all_that_is_written(world: World, copied: Artifact) -> None:
    sbom = attach(world, "library/app", copied, SBOM)
    signature = attach(world, "library/app", sbom, SIGNATURE, 51)
    folder = world.make(check_referrers=True)
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        document = forecast(reader)
    assert document["summary"] == {"total": 2, "add": 1, "unchanged": 1}
    assert document["artifacts"] == {"sbom": 1, "signature": 1}
    assert document["bytes"]["to_move"] == document["bytes"]["tasks"] == 600 + len(EMPTY.body)

    assert await world.work(folder) == 0
    outcome = Outcome(folder, 0)
    assert sorted(outcome.states().values()) == ["done", "unchanged"]
    assert message_of(outcome, "done") == ["the image was there; added: 1 sbom, 1 signature"]
    assert listed(world, copied) == {sbom.digest}
    assert listed(world, sbom) == {signature.digest}
    written = [seen.path.rpartition("/")[2] for seen in world.at_target.requests("PUT .*/manifests/")]
    assert written == [sbom.digest, signature.digest]


async def test_what_signs_what_is_attached_already_comes_too(world: World, copied: Artifact) -> None:
    sbom = attach(world, "library/app", copied, SBOM)
    assert (await again(world)).code == 0
    signature = attach(world, "library/app", sbom, SIGNATURE, 51)
    outcome = await again(world)
    assert message_of(outcome, "done") == ["the image was there; added: 1 signature"]
    assert listed(world, sbom) == {signature.digest}


async def test_when_nothing_is_new_nothing_is_read_or_written(world: World, copied: Artifact) -> None:
    attach(world, "library/app", copied, SBOM)
    assert (await again(world)).code == 0
    for script in (world.at_source, world.at_target):
        script.seen.clear()
    outcome = await again(world)
    assert set(outcome.states().values()) == {"unchanged"}
    for script in (world.at_source, world.at_target):
        assert script.requests("^(GET|HEAD) .*/blobs/|^GET .*/manifests/|^(POST|PUT|PATCH) ") == []
    # Of the image, and of what refers to it; of the two tags one asks for both.
    assert (len(world.at_source.requests("/referrers/")), len(world.at_target.requests("/referrers/"))) == (2, 1)


@pytest.mark.parametrize("options", [{}, {"referrers": False, "check_referrers": True}])
async def test_who_does_not_ask_for_it_pays_nothing(world: World, copied: Artifact, options: dict[str, bool]) -> None:
    attach(world, "library/app", copied, SBOM)
    outcome = await world.run(world.rule("library/app", references=("v1", "stable")), **options)
    assert set(outcome.states().values()) == {"unchanged"}
    for script in (world.at_source, world.at_target):
        assert sorted(str(seen) for seen in script.seen if seen.path != "/v2/") == [
            "HEAD /v2/library/app/manifests/stable",
            "HEAD /v2/library/app/manifests/v1",
        ]


async def test_a_list_of_referrers_among_the_tags_is_followed_without_asking(world: World) -> None:
    """As at registries without the API, whose tags were listed for a selection."""
    for script in (world.at_source, world.at_target):
        script.on("/referrers/", no_api, times=1000)
    image = picture("one", BASE)
    world.put(image, "library/app", "v1")
    rule = world.rule("library/app", tags=TagSelection(include=("v*",)))
    assert (await world.run(rule)).code == 0
    sbom = attach(world, "library/app", image, SBOM)
    world.put(index([sbom]), "library/app", fallback_tag(image.digest))
    outcome = await world.run(rule)
    assert message_of(outcome, "done") == ["the image was there; added: 1 sbom"]
    assert is_whole(world.target, "library/app", sbom.digest)


async def test_the_list_is_mended_where_the_target_has_no_api(world: World, copied: Artifact) -> None:
    """The referrer is there, but a process ended before it was listed."""
    world.at_target.on("/referrers/", no_api, times=1000)
    signature = attach(world, "library/app", copied, SIGNATURE)
    answer = world.target.answer

    async def unlisted(_registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        response = await answer(request)
        response.headers.pop("OCI-Subject", None)
        return response

    world.at_target.on("PUT .*/manifests/sha256:", unlisted, times=1000)
    outcome = await again(world)
    assert message_of(outcome, "done") == ["the image was there; added: 1 signature"]
    assert is_whole(world.target, "library/app", fallback_tag(copied.digest))
    world.at_target.seen.clear()
    assert set((await again(world)).states().values()) == {"unchanged"}
    assert world.at_target.requests("PUT") == []
    assert is_whole(world.target, "library/app", signature.digest)


async def test_what_refers_to_a_kept_platform_comes_too(world: World) -> None:
    amd, arm = (picture(name, BASE, platform=f"linux/{name}") for name in ("amd64", "arm64"))
    world.put(index([amd, arm]), "library/app", "v1")
    rule = world.rule("library/app", tags=TagSelection(include=("v1",)), platforms=(Platform("linux", "amd64"),))
    assert (await world.run(rule)).code == 0
    signature = attach(world, "library/app", amd, SIGNATURE)
    attach(world, "library/app", arm, SIGNATURE, 51)
    outcome = await again(world, rule)
    assert message_of(outcome, "done") == ["the image was there; added: 1 signature"]
    assert listed(world, amd) == {signature.digest}
    assert listed(world, arm) == set()


@pytest.mark.parametrize("may_list", [True, False])
async def test_cosign_tags_come_with_tags_that_are_named(world: World, copied: Artifact, may_list: bool) -> None:
    if not may_list:
        world.at_source.on("tags/list", refuse(403, "DENIED"), times=100)
    made = artifact(EMPTY, (blob(60, 100),), artifact_type=SIGNATURE)
    world.put(made, "library/app", fallback_tag(copied.digest) + ".sig")
    outcome = await again(world, world.rule("library/app", references=("v1",)))
    assert outcome.code == 0
    assert outcome.states()["library/app:v1"] == "unchanged"
    assert outcome.states()[f"library/app:{fallback_tag(copied.digest)}.sig"] == "done"


async def test_a_stopped_addition_goes_on(world: World, copied: Artifact) -> None:
    signature = attach(world, "library/app", copied, SIGNATURE)
    folder = world.make(check_referrers=True)
    await world.work(folder, only_generate=True)
    world.at_target.seen.clear()
    assert await world.work(folder) == 0
    assert listed(world, copied) == {signature.digest}
    assert [seen.path.rpartition("/")[2] for seen in world.at_target.requests("PUT .*/manifests/")] == [
        signature.digest
    ]


async def test_a_list_that_cannot_be_read_now_is_asked_for_again(world: World, copied: Artifact) -> None:
    signature = attach(world, "library/app", copied, SIGNATURE)

    def busy() -> Act:
        async def act(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=503)

        return act

    world.at_source.on("/referrers/", busy(), times=5)
    outcome = await again(world)
    assert outcome.code == 0
    assert listed(world, copied) == {signature.digest}


async def test_an_image_that_cannot_be_read_now_gets_its_additions_later(world: World, copied: Artifact) -> None:
    """Of two tags one was to bring them, and fails after it was found to be the one."""
    signature = attach(world, "library/app", copied, SIGNATURE)
    fault = world.at_source.on(f"GET .*/manifests/{copied.digest}", refuse(500), times=1000)
    folder = world.make(check_referrers=True, retries=0)
    assert await world.work(folder) == 3
    in_one_round = fault.happened
    fault.times = 0
    assert await world.work(folder, failed_too=True) == 0
    assert listed(world, copied) == {signature.digest}
    # The same in one process, whose retry round it is left to.
    later = attach(world, "library/app", copied, SBOM, 61)
    fault.times = fault.happened + in_one_round
    outcome = await world.run(check_referrers=True, retries=3)
    assert sorted(outcome.states().values()) == ["done", "unchanged"]
    assert listed(world, copied) == {signature.digest, later.digest}


async def test_verify_misses_what_refers_to_an_unchanged_image(world: World, copied: Artifact) -> None:
    signature = attach(world, "library/app", copied, SIGNATURE)
    assert (await again(world)).code == 0
    outcome = await again(world)
    assert set(outcome.states().values()) == {"unchanged"}
    found = await verify_run(outcome.folder, world.access, Manner(), retry=QUICK)
    assert (found.findings.counts(), found.tally.referrers) == ({}, 1)
    assert world.target.storage.delete_manifest("library/app", signature.digest)
    found = await verify_run(outcome.folder, world.access, Manner(), retry=QUICK)
    assert found.findings.counts() == {"missing-manifest": 1, "missing-referrer": 1}
