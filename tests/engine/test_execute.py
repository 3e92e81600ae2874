"""Blobs, then manifests, then the tag: what is sent where, and how often."""

from __future__ import annotations

import asyncio

from tests.engine.faults import Hold, lose_answer, refuse, refuse_mount
from tests.engine.harness import World, blob, is_whole, picture, progress, tasks, until
from tui.demo.images import IMAGE, Artifact, artifact, index, json_content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.blob_work import CHUNK
from tui.engine.runner import make_run
from tui.plan.model import Options, Plan, Platform, Rule

BASE = blob(1, 50_000)
BIG = blob(2, CHUNK + 1000)


def multi(name: str = "multi") -> Artifact:
    platforms = ("linux/amd64", "linux/arm64/v8", "windows/amd64")
    return index([picture(name, BASE, blob(number, 500), platform=p) for number, p in enumerate(platforms, 10)])


def puts(world: World, path: str) -> list[str]:
    """The references under which manifests were pushed to a repository, in order."""
    return [request.path.rpartition("/")[2] for request in world.at_target.requests(f"PUT /v2/{path}/manifests/")]


# What arrives


async def test_every_shape_arrives_byte_for_byte(world: World) -> None:
    chart = artifact(json_content("application/vnd.cncf.helm.config.v1+json", {"name": "x"}), (BASE,))
    empty = json_content("application/vnd.oci.empty.v1+json", {})
    twice = picture("twice", BASE, BASE, blob(3, 10))
    shapes = {
        "library/app": picture("app", BASE, BIG),
        "library/multi": multi(),
        "library/nested": index([multi("inner"), picture("own", BASE)]),
        "library/none": picture("none"),
        "library/twice": twice,
        "charts/web": chart,
        "artifacts/sbom": artifact(empty, (empty,), artifact_type="text/spdx+json"),
        "deep/er/still__deeper/name.d": picture("deep", blob(4, 1)),
    }
    for path, shape in shapes.items():
        world.put(shape, path, "v1", "latest")
    outcome = await world.run()
    assert outcome.code == 0
    assert set(outcome.states().values()) == {"done"}
    assert len(outcome.states()) == 2 * len(shapes)
    assert all(world.same(path, tag) for path in shapes for tag in ("v1", "latest"))
    assert world.target.storage.uploads() == 0
    assert set(world.at_target.uploads().values()) == {1}


async def test_a_digest_is_copied_under_a_digest_and_under_a_tag(world: World) -> None:
    digest = world.put(picture("a", BASE), "library/a")
    outcome = await world.run(
        world.rule("library/a", "by/digest", references=(digest,)),
        world.rule("library/a", "by/tag", references=(digest,), target_references=("v1",)),
    )
    assert outcome.code == 0
    assert is_whole(world.target, "by/digest", digest)
    assert world.target.storage.tags("by/digest") == []
    assert is_whole(world.target, "by/tag", "v1")


async def test_only_the_wanted_platforms_arrive(world: World) -> None:
    world.put(multi(), "library/app", "v1")
    outcome = await world.run(world.rule(platforms=(Platform.parse("linux/arm64"),)))
    assert outcome.code == 0
    assert is_whole(world.target, "library/app", "v1")
    amd, arm, windows = multi().children
    manifests = world.target.storage
    assert manifests.manifest("library/app", arm.digest)
    assert not manifests.manifest("library/app", amd.digest)
    assert not manifests.manifest("library/app", windows.digest)
    (task,) = outcome.tasks()
    assert task["bytes_total"] == sum(len(part.body) for part in arm.blobs)


async def test_layers_that_live_elsewhere_stay_there(world: World) -> None:
    foreign = {**blob(9, 100).descriptor(), "urls": ["https://example.com/layer"]}
    config = json_content("application/vnd.oci.image.config.v1+json", {"os": "windows"})
    world.source.storage.put_blob("library/win", config.body)
    fields = {"schemaVersion": 2, "mediaType": IMAGE, "config": config.descriptor(), "layers": [foreign]}
    manifest = json_content(IMAGE, fields)
    world.source.storage.put_manifest("library/win", manifest.body, manifest.media_type, tags=["v1"])
    assert (await world.run()).states() == {"library/win:v1": "done"}


# Order


async def test_children_go_before_parents_and_the_tag_last(world: World) -> None:
    inner, own = multi("inner"), picture("own", BASE)
    nested = index([inner, own])
    world.put(nested, "library/nested", "v1")
    assert (await world.run()).code == 0
    order = puts(world, "library/nested")
    assert order[-1] == "v1"
    assert order.count("v1") == 1
    for child in inner.children:
        assert order.index(child.digest) < order.index(inner.digest)
    assert set(order) == {*(child.digest for child in inner.children), inner.digest, own.digest, "v1"}
    last_blob = max(number for number, request in enumerate(world.at_target.seen) if "/blobs/" in request.path)
    first_tag = next(
        number
        for number, request in enumerate(world.at_target.seen)
        if request.path.endswith("/v1") and request.method == "PUT"
    )
    assert last_blob < first_tag


async def test_no_tag_for_an_image_that_did_not_arrive(world: World) -> None:
    image = multi()
    world.put(image, "library/app", "v1")
    world.at_source.on(f"GET .*{blob(11, 500).digest}", refuse(404, "BLOB_UNKNOWN"), times=100)
    outcome = await world.run()
    assert (outcome.code, outcome.states()) == (1, {"library/app:v1": "failed"})
    assert world.target.storage.tags("library/app") == []
    assert "v1" not in puts(world, "library/app")
    assert image.digest not in puts(world, "library/app")


# Each blob once


def shared_world(world: World, repositories: int = 6) -> None:
    for number in range(repositories):
        world.put(picture(f"{number}", BASE, BIG, blob(100 + number, 300)), f"team{number}/app", "v1", "v2")


async def test_a_blob_is_uploaded_once_and_mounted_everywhere_else(world: World) -> None:
    shared_world(world)
    outcome = await world.run()
    assert outcome.code == 0
    assert set(world.at_target.uploads().values()) == {1}
    assert world.at_target.at_the_same_time() == []
    mounted = [path for path, status in world.at_target.mounts if status == 201]
    assert len(mounted) == len(set(mounted)) == 5 * 2  # five repositories, two shared blobs, and never twice
    assert len(world.at_source.requests(f"GET .*{BIG.digest}")) == 1
    row = progress(outcome.folder)
    assert row["bytes_mounted"] == 5 * (len(BASE.body) + len(BIG.body))
    unique = (
        len(BASE.body)
        + len(BIG.body)
        + sum(len(picture(f"{n}", BASE, BIG, blob(100 + n, 300)).blobs[0].body) + 300 for n in range(6))
    )
    assert row["bytes_read"] == row["bytes_written"] == unique


async def test_many_tags_of_one_repository_share_their_blobs(world: World) -> None:
    for number in range(20):
        world.put(picture(f"{number}", BASE), "library/many", f"v{number}")
    outcome = await world.run()
    assert outcome.code == 0
    assert world.at_target.uploads()[BASE.digest] == 1
    assert world.at_target.mounts == []


async def test_one_upload_of_a_blob_at_a_time_also_when_a_run_goes_on(world: World) -> None:
    shared_world(world)
    folder = world.make()
    await world.work(folder, only_generate=True)
    assert await world.work(folder) == 0
    assert set(world.at_target.uploads().values()) == {1}
    assert world.at_target.at_the_same_time() == []


async def test_a_mount_is_refused_and_its_session_used(world: World) -> None:
    shared_world(world, 3)
    world.at_target.on("POST .*mount=", refuse_mount, times=1000)
    outcome = await world.run()
    assert outcome.code == 0
    assert all(world.same(f"team{number}/app", "v1") for number in range(3))
    assert world.at_target.uploads()[BIG.digest] == 3
    assert world.target.storage.uploads() == 0  # no session that a mount opened was left behind


async def test_a_registry_that_never_mounts_is_not_asked_for_ever(world: World) -> None:
    for number in range(12):
        world.put(picture(f"{number}", BASE), f"team/app{number:02}", "v1")
    world.at_target.on("POST .*mount=", refuse_mount, times=1000)
    assert (await world.run(concurrency=1)).code == 0
    assert len(world.at_target.mounts) == 3


async def test_a_mount_that_is_denied_is_an_upload(world: World) -> None:
    shared_world(world, 2)
    world.at_target.on("POST .*mount=", refuse(403, "DENIED"), times=1000)
    outcome = await world.run()
    assert outcome.code == 0
    assert world.at_target.uploads()[BASE.digest] == 2


async def test_a_lost_answer_to_a_mount(world: World) -> None:
    shared_world(world, 2)
    world.at_target.on("POST .*mount=", lose_answer)
    assert (await world.run()).code == 0
    assert set(world.at_target.uploads().values()) == {1}


async def test_within_one_registry_everything_is_mounted_from_the_source(world: World) -> None:
    picture("a", BASE, BIG).put(world.target.storage, "library/a", "v1")
    rule = Rule(world.target.address, "library/a", f"{world.target.address}/copy/a")
    folder = make_run(world.state, Plan("p", (rule,), Options()), {})
    assert await world.work(folder) == 0
    assert is_whole(world.target, "copy/a", "v1")
    assert world.at_target.uploads() == {}
    assert len(world.at_target.mounts) == 3
    assert progress(folder)["bytes_read"] == 0


async def test_a_registry_is_never_asked_to_mount_from_another_one(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    async with EmbeddedRegistry(world.target.storage.__class__()) as third:
        folder = world.make(
            world.rule("library/a"),
            Rule(world.source.address, "library/b", f"{third.address}/library/b"),
        )
        assert await world.work(folder) == 0
        assert is_whole(third, "library/b", "v1")
    assert world.at_target.mounts == []


# Nothing twice


async def test_a_second_run_is_unchanged_and_costs_two_heads_a_tag(world: World) -> None:
    for number in range(3):
        world.put(multi(f"{number}"), "library/many", f"v{number}")
    world.put(picture("a", BASE), "library/a", "v1", "v2")
    assert (await world.run()).code == 0
    world.at_source.seen.clear()
    world.at_target.seen.clear()
    outcome = await world.run()
    assert outcome.code == 0
    assert set(outcome.states().values()) == {"unchanged"}
    for script in (world.at_source, world.at_target):
        manifests = script.requests("/manifests/")
        assert [request.method for request in manifests] == ["HEAD"] * 5
        assert script.requests("/blobs/") == []
    assert world.at_target.requests("POST|PUT|PATCH|DELETE") == []
    row = progress(outcome.folder)
    assert (row["bytes_read"], row["bytes_written"]) == (0, 0)


async def test_blobs_that_are_there_are_not_sent(world: World) -> None:
    world.put(picture("a", BASE, BIG), "library/a", "v1")
    world.target.storage.put_blob("library/a", BIG.body)
    outcome = await world.run()
    assert outcome.code == 0
    assert world.same("library/a", "v1")
    assert BIG.digest not in world.at_target.uploads()
    assert progress(outcome.folder)["bytes_present"] == len(BIG.body)


async def test_what_was_there_under_the_tag_is_replaced(world: World) -> None:
    world.put(picture("new", BASE), "library/a", "v1")
    old = picture("old", BASE).put(world.target.storage, "library/a", "v1")
    outcome = await world.run()
    assert outcome.states() == {"library/a:v1": "done"}
    assert world.same("library/a", "v1")
    assert outcome.tasks()[0]["replaces"] == old


# How much at once


async def test_as_many_copies_at_once_as_the_plan_says(world: World) -> None:
    for number in range(8):
        world.put(picture(f"{number}", blob(100 + number, 10)), f"library/app{number}", "v1")
    hold = Hold()
    world.at_source.on("GET .*/blobs/", hold, times=1000)
    folder = world.make(concurrency=3)
    working = asyncio.create_task(world.work(folder))
    await until(lambda: sum(task["state"] == "running" for task in tasks(folder)) == 3)
    await asyncio.sleep(0.2)
    assert sum(task["state"] == "running" for task in tasks(folder)) == 3
    hold.release()
    assert await working == 0
