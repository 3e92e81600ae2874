"""What cosign keeps under tags goes with the image it is about, whatever the tags of the rule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.harness import Outcome, World, blob, picture
from tui.demo.images import Artifact, artifact, content, index, json_content
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader
from tui.plan.attached import cosign_tags
from tui.plan.model import ArtifactSelection, Platform, TagSelection

BASE = blob(1, 2_000)
_LAYERS = {
    ".sig": "application/vnd.dev.cosign.simplesigning.v1+json",
    ".att": "application/vnd.dsse.envelope.v1+json",
    ".sbom": "text/spdx+json",
}
_CONFIG = "application/vnd.oci.image.config.v1+json"


def attach(world: World, repository: str, digest: str, *suffixes: str) -> None:
    """Put what cosign would under the tags of a manifest."""
    for suffix in suffixes or _LAYERS:
        layer = content(_LAYERS[suffix], f"{suffix} of {digest}".encode())
        made = artifact(json_content(_CONFIG, {"os": "", "architecture": ""}), (layer,))
        world.put(made, repository, digest.replace(":", "-") + suffix)


def at_target(world: World, repository: str) -> set[str]:
    return set(world.target.storage.tags(repository))


def kinds(outcome: Outcome) -> dict[str, int]:
    with JournalReader(outcome.folder.journal) as reader:
        return {detail["kind"]: 1 for detail in reader.details().values() if "kind" in detail}


@pytest.fixture
def signed(world: World) -> list[Artifact]:
    """Two images with everything attached, one of them under two tags."""
    images = [picture(name, BASE) for name in ("one", "two")]
    for number, image in enumerate(images, 1):
        world.put(image, "library/app", f"v{number}")
        attach(world, "library/app", image.digest)
    world.put(images[0], "library/app", "first")
    return images


async def test_a_selection_takes_along_what_is_attached(world: World, signed: list[Artifact]) -> None:
    rule = world.rule("library/app", "mirror/app", tags=TagSelection(newest=1))
    outcome = await world.run(rule)
    assert outcome.code == 0
    assert at_target(world, "mirror/app") == {"v2", *cosign_tags(signed[1].digest)}
    assert kinds(outcome) == {"signature": 1, "attestation": 1, "sbom": 1}


async def test_signatures_do_not_take_the_place_of_tags(world: World, signed: list[Artifact]) -> None:
    folder = world.make(world.rule("library/app", tags=TagSelection(newest=3)))
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        document = forecast(reader)
    assert [(each["step"], each["left"]) for each in document["rules"][0]["tags"]] == [
        ("listed", 9),
        ("attached", 3),
        ("newest", 3),
    ]
    assert document["artifacts"] == {"image": 3, "signature": 2, "attestation": 2, "sbom": 2}


@pytest.mark.parametrize("listed", [True, False])
async def test_a_tag_that_is_named_takes_along_what_is_attached(
    world: World, signed: list[Artifact], listed: bool
) -> None:
    from tests.engine.faults import refuse

    if not listed:
        world.at_source.on("tags/list", refuse(403, "DENIED"), times=100)
    rule = world.rule("library/app", "mirror/app:release", references=("v2",))
    outcome = await world.run(rule)
    assert outcome.code == 0
    assert at_target(world, "mirror/app") == {"release", *cosign_tags(signed[1].digest)}


async def test_names_made_from_tags_are_not_made_for_what_is_attached(world: World, signed: list[Artifact]) -> None:
    rule = world.rule("library/app", "mirror/app:{tag}-old")
    assert (await world.run(rule)).code == 0
    attached = {tag for image in signed for tag in cosign_tags(image.digest)}
    assert at_target(world, "mirror/app") == {"v1-old", "v2-old", "first-old", *attached}


async def test_what_was_signed_later_comes_with_an_image_that_is_there(world: World) -> None:
    image = picture("one", BASE)
    world.put(image, "library/app", "v1")
    rule = world.rule("library/app", tags=TagSelection(include=("v*",)))
    assert (await world.run(rule)).code == 0
    attach(world, "library/app", image.digest, ".sig")
    outcome = await world.run(rule)
    assert sorted(outcome.states().values()) == ["done", "unchanged"]
    assert at_target(world, "library/app") == {"v1", cosign_tags(image.digest)[0]}


@pytest.mark.parametrize(
    ("tags", "more", "options", "expected"),
    [
        ({"exclude": ("*.sbom",)}, {}, {}, (".sig", ".att")),
        ({"exclude_regex": r"\.(sig|att)$"}, {}, {}, (".sbom",)),
        ({}, {"artifacts": ArtifactSelection(exclude=("sbom",))}, {}, (".sig", ".att")),
        ({}, {"artifacts": ArtifactSelection(include=("image",))}, {}, ()),
        ({}, {}, {"referrers": False}, ()),
    ],
)
async def test_what_is_attached_and_not_wanted_stays(
    world: World,
    signed: list[Artifact],
    tags: dict[str, Any],
    more: dict[str, Any],
    options: dict[str, Any],
    expected: tuple[str, ...],
) -> None:
    rule = world.rule("library/app", tags=TagSelection(include=("v2",), **tags), **more)
    outcome = await world.run(rule, **options)
    assert outcome.code == 0
    stem = signed[1].digest.replace(":", "-")
    assert at_target(world, "library/app") == {"v2", *(stem + suffix for suffix in expected)}


async def test_signatures_of_single_platforms_come_and_those_of_dropped_ones_do_not(world: World) -> None:
    amd, arm = (picture(name, BASE, platform=f"linux/{name}") for name in ("amd64", "arm64"))
    whole = index([amd, arm])
    world.put(whole, "library/app", "v1")
    for part in (whole, amd, arm):
        attach(world, "library/app", part.digest, ".sig")
    selection = TagSelection(include=("v1",))
    rule = world.rule("library/app", tags=selection, platforms=(Platform("linux", "amd64"),))
    assert (await world.run(rule)).code == 0
    assert at_target(world, "library/app") == {"v1", cosign_tags(amd.digest)[0]}


async def test_referrers_of_a_kind_that_is_not_wanted_stay(world: World) -> None:
    image = picture("one", BASE)
    world.put(image, "library/app", "v1")
    empty = json_content("application/vnd.oci.empty.v1+json", {})
    for number, kind in enumerate(("application/spdx+json", "application/vnd.dev.sigstore.bundle.v0.3+json")):
        layer = blob(50 + number, 200)
        world.put(artifact(empty, (layer,), artifact_type=kind, subject=image.manifest), "library/app")
    rule = world.rule("library/app", artifacts=ArtifactSelection(exclude=("sbom",)))
    folder = world.make(rule)
    assert await world.work(folder) == 0
    found = [each["artifactType"] for each in world.target.storage.referrers("library/app", image.digest)]
    assert found == ["application/vnd.dev.sigstore.bundle.v0.3+json"]
    with JournalReader(folder.journal) as reader:
        assert [detail["attached"] for detail in reader.details().values()] == [{"signature": 1}]
