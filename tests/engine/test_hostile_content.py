"""Manifests and indexes as nobody should make them: each fails alone, and costs little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.harness import World, blob, picture, tasks
from tui.demo.content import INDEX
from tui.demo.images import IMAGE, Artifact, Content, content, index, json_content
from tui.plan.model import Platform, Rule

BASE = blob(1, 5000)


def multi(name: str = "multi") -> Artifact:
    platforms = ("linux/amd64", "linux/arm64/v8", "windows/amd64")
    return index([picture(name, BASE, blob(number, 500), platform=p) for number, p in enumerate(platforms, 10)])


async def plan(world: World, *rules: Rule, **options: Any) -> list[dict[str, Any]]:
    """Generate only, and return the tasks."""
    folder = world.make(*rules, **options)
    await world.work(folder, only_generate=True)
    return tasks(folder)


def brief(found: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {f"{task['target_path']}:{task['target_reference']}": (task["state"], task["message"]) for task in found}


def written(world: World) -> list[str]:
    return [str(request) for request in world.at_target.requests("POST|PUT|PATCH|DELETE")]


def platforms(*names: str) -> tuple[Platform, ...]:
    return tuple(Platform.parse(name) for name in names)


def odd(**fields: Any) -> Content:
    return json_content(IMAGE, {"schemaVersion": 2, "mediaType": IMAGE, **fields})


async def states_of(world: World, manifest: Content, **more: Any) -> dict[str, Any]:
    world.source.storage.put_manifest("library/odd", manifest.body, manifest.media_type, tags=["v1"])
    world.put(picture("good", BASE), "library/good", "v1")
    found = await plan(world, world.rule(**more))
    by_path = {task["source_path"]: task for task in found}
    assert by_path["library/good"]["state"] == "pending"  # one odd thing does not keep others from being planned
    return by_path["library/odd"]


@pytest.mark.parametrize(
    "manifest",
    [
        content(IMAGE, b"no json"),
        content(IMAGE, b"[]"),
        odd(config={"digest": "sha256:0", "size": 1}),
        odd(config=blob(1, 1).descriptor(), layers="many"),
        odd(config={**blob(1, 1).descriptor(), "size": -1}),
        content("application/vnd.docker.distribution.manifest.v1+json", b'{"schemaVersion": 1}'),
        content("application/vnd.example.unknown+json", b"{}"),
    ],
)
async def test_what_is_no_manifest_fails_alone(world: World, manifest: Content) -> None:
    task = await states_of(world, manifest)
    assert (task["state"], task["error_class"], task["phase"]) == ("failed", "UNSUPPORTED", "generate")
    assert task["source_path"] in task["message"]


async def test_a_config_that_lives_elsewhere_has_no_platform_to_ask_for(world: World) -> None:
    config = {**blob(1, 5).descriptor(), "mediaType": "application/vnd.oci.image.config.v1+json", "urls": ["http://x/"]}
    task = await states_of(world, odd(config=config, layers=[]), platforms=platforms("linux/amd64"))
    assert task["state"] == "pending"


def odd_index(children: list[Content], name: str) -> Content:
    entries = [child.descriptor() for child in children]
    fields = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": {"name": name}}
    return json_content(INDEX, fields)


async def test_indexes_of_indexes_that_list_one_thing_thousands_of_times(world: World) -> None:
    leaf = picture("leaf", BASE)
    leaf.put(world.source.storage, "library/odd")
    manifest = leaf.manifest
    for level in range(6):
        manifest = odd_index([manifest] * 2000, str(level))
        world.source.storage.put_manifest("library/odd", manifest.body, INDEX)
    task = await states_of(world, manifest)
    assert task["state"] == "pending"
    assert task["bytes_total"] == sum(len(part.body) for part in leaf.blobs)


async def test_indexes_that_grow_with_every_level_are_not_followed_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.trees._MAX_NODES", 2000)
    leaves = [picture(str(number)) for number in range(20)]
    for leaf in leaves:
        leaf.put(world.source.storage, "library/odd")
    level = [leaf.manifest for leaf in leaves]
    for depth in range(5):
        level = [odd_index(level, f"{depth}-{number}") for number in range(20)]
        for manifest in level:
            world.source.storage.put_manifest("library/odd", manifest.body, INDEX)
    task = await states_of(world, level[0])
    assert (task["state"], task["error_class"]) == ("failed", "UNSUPPORTED")


async def test_an_index_that_is_too_deep(world: World) -> None:
    nested = picture("leaf", BASE)
    for _ in range(12):
        nested = index([replace(nested, platform="linux/amd64")])
    nested.put(world.source.storage, "library/odd")
    task = await states_of(world, nested.manifest)
    assert (task["state"], task["error_class"]) == ("failed", "UNSUPPORTED")
    assert "nested" in task["message"]


async def test_a_child_that_is_missing_at_the_source(world: World) -> None:
    image = multi()
    world.put(image, "library/odd", "v1")
    world.source.storage.delete_manifest("library/odd", image.children[1].digest)
    task = await states_of(world, image.manifest)
    assert (task["state"], task["error_class"], task["error_status"]) == ("failed", "GONE", 404)
