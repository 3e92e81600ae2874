"""Signatures and what else refers to an image go where it goes."""

from __future__ import annotations

from aiohttp import web

from tests.engine.harness import Act, World, blob, is_whole, picture
from tui.demo.content import INDEX
from tui.demo.images import Artifact, artifact, index, json_content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.blob_work import CHUNK

BASE = blob(1, 50_000)
BIG = blob(2, CHUNK + 1000)


def multi(name: str = "multi") -> Artifact:
    platforms = ("linux/amd64", "linux/arm64/v8", "windows/amd64")
    return index([picture(name, BASE, blob(number, 500), platform=p) for number, p in enumerate(platforms, 10)])


def puts(world: World, path: str) -> list[str]:
    """The references under which manifests were pushed to a repository, in order."""
    return [request.path.rpartition("/")[2] for request in world.at_target.requests(f"PUT /v2/{path}/manifests/")]


def signed(world: World, path: str, name: str, *, signature: bool) -> Artifact:
    """Put an image under a tag, with or without something that refers to it."""
    image_ = picture(name, BASE)
    world.put(image_, path, "v1")
    if signature:
        empty = json_content("application/vnd.oci.empty.v1+json", {})
        made = artifact(empty, (blob(50, 200),), artifact_type="application/example", subject=image_.manifest)
        world.put(made, path)
    return image_


async def test_what_refers_to_an_image_comes_along(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=True)
    assert (await world.run()).code == 0
    (referrer,) = world.target.storage.referrers("library/a", image_.digest)
    assert is_whole(world.target, "library/a", referrer["digest"])


async def test_what_refers_to_an_image_stays_when_the_plan_says_so(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=True)
    assert (await world.run(referrers=False)).code == 0
    assert world.target.storage.referrers("library/a", image_.digest) == []
    assert world.at_source.requests("/referrers/") == []


async def test_the_same_image_in_two_repositories_and_signed_in_one(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=True)
    signed(world, "library/b", "a", signature=False)
    outcome = await world.run()
    assert outcome.states() == {"library/a:v1": "done", "library/b:v1": "done"}
    assert len(world.target.storage.referrers("library/a", image_.digest)) == 1
    assert world.target.storage.referrers("library/b", image_.digest) == []


async def test_referrers_that_refer_to_each_other(world: World) -> None:
    image_ = signed(world, "library/a", "a", signature=False)
    other = signed(world, "library/a", "b", signature=False)

    def says(refers: Artifact) -> Act:
        async def act(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
            fields = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [refers.manifest.descriptor()]}
            return web.Response(body=json_content(INDEX, fields).body, headers={"Content-Type": INDEX})

        return act

    world.at_source.on(f"GET .*/referrers/{image_.digest}", says(other), times=1000)
    world.at_source.on(f"GET .*/referrers/{other.digest}", says(image_), times=1000)
    outcome = await world.run()
    assert set(outcome.states().values()) <= {"done", "failed"}
    assert outcome.code in (0, 1)
