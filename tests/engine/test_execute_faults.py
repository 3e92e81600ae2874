"""Images through registries that lose, refuse and lie."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.engine.faults import hang_up, lie, lose_answer, refuse
from tests.engine.harness import World, blob, picture, tasks
from tui.demo.images import Artifact, index
from tui.demo.registry import EmbeddedRegistry
from tui.engine.blob_work import CHUNK
from tui.engine.journal.reader import JournalReader

BASE = blob(1, 50_000)
BIG = blob(2, CHUNK + 1000)


def multi(name: str = "multi") -> Artifact:
    platforms = ("linux/amd64", "linux/arm64/v8", "windows/amd64")
    return index([picture(name, BASE, blob(number, 500), platform=p) for number, p in enumerate(platforms, 10)])


def puts(world: World, path: str) -> list[str]:
    """The references under which manifests were pushed to a repository, in order."""
    return [request.path.rpartition("/")[2] for request in world.at_target.requests(f"PUT /v2/{path}/manifests/")]


# Faults at the target


async def test_a_target_that_lost_blobs_gets_them_again(world: World) -> None:
    image = picture("a", BASE, blob(3, 100))
    world.put(image, "library/a", "v1")

    async def lose_blobs(registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
        for part in image.blobs:
            registry.storage.delete_blob("library/a", part.digest)
        return None

    world.at_target.on("PUT .*/manifests/", lose_blobs)
    outcome = await world.run(retries=0)
    assert (outcome.code, outcome.states()) == (0, {"library/a:v1": "done"})
    assert world.same("library/a", "v1")
    assert set(world.at_target.uploads().values()) == {2}
    world.at_target.violations.clear()  # the target was made to lose them


async def test_a_target_that_lost_a_child_manifest_gets_it_again(world: World) -> None:
    image = multi()
    world.put(image, "library/a", "v1")

    async def lose_child(registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
        registry.storage.delete_manifest("library/a", image.children[0].digest)
        return None

    world.at_target.on("PUT .*/manifests/v1", lose_child)
    outcome = await world.run(retries=0)
    assert (outcome.code, outcome.states()) == (0, {"library/a:v1": "done"})
    assert world.same("library/a", "v1")
    world.at_target.violations.clear()


async def test_a_target_that_says_it_has_what_it_has_not(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    picture("old", blob(5, 5)).put(world.target.storage, "library/a", "old")

    async def there(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    world.at_target.on(f"HEAD .*/blobs/{BASE.digest}", there)
    outcome = await world.run(retries=0)
    assert (outcome.code, world.same("library/a", "v1")) == (0, True)
    world.at_target.violations.clear()


@pytest.mark.parametrize("act", [hang_up, lose_answer, refuse(500), refuse(502)])
async def test_a_manifest_that_does_not_get_through_at_once(world: World, act: object) -> None:
    world.put(multi(), "library/a", "v1")
    world.at_target.on("PUT .*/manifests/", act, times=2)  # type: ignore[arg-type]
    outcome = await world.run(retries=0)
    assert (outcome.code, outcome.states()) == (0, {"library/a:v1": "done"})
    assert world.same("library/a", "v1")


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "state"),
    [
        (403, "DENIED", "requested access is denied", "DENIED", "failed"),
        (412, "PRECONDITION", "configured as immutable", "IMMUTABLE", "conflict"),
        (400, "TAG_INVALID", "tag is immutable", "IMMUTABLE", "conflict"),
        (403, "DENIED", "adding 3 MiB will exceed the configured upper limit of quota", "QUOTA", "failed"),
        (400, "MANIFEST_INVALID", "manifest invalid", "POLICY", "failed"),
        (404, "NAME_UNKNOWN", "project not found", "GONE", "failed"),
    ],
)
async def test_a_tag_that_the_target_refuses(
    world: World, status: int, code: str, message: str, kind: str, state: str
) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    world.at_target.on("PUT .*/a/manifests/", refuse(status, code, message), times=100)
    outcome = await world.run()
    world.at_target.violations.clear()  # that 400 is the script's
    assert outcome.code == 1
    assert outcome.states() == {"library/a:v1": state, "library/b:v1": "done"}
    (task,) = [task for task in outcome.tasks() if task["target_path"] == "library/a"]
    assert (task["error_class"], task["error_status"], task["error_code"]) == (kind, status, code)
    assert message in task["message"]
    assert task["hint"]
    assert world.target.storage.tags("library/a") == []


async def test_a_target_whose_disk_is_full_is_told_as_such_and_gets_the_image_when_there_is_room(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    full = refuse(500, "UNKNOWN", "write /var/lib/registry: no space left on device")
    world.at_target.on("(POST|PATCH|PUT) .*/uploads/", full, times=1000)
    outcome = await world.run(retries=1)
    assert (outcome.code, outcome.states()) == (3, {"library/a:v1": "failed"})
    (task,) = outcome.tasks()
    assert "storage is full" in task["hint"]
    world.at_target.faults.clear()
    assert await world.work(outcome.folder, failed_too=True) == 0
    assert world.same("library/a", "v1")


# Faults at the source


async def test_a_corrupt_blob_fails_the_images_that_need_it_and_no_others(world: World) -> None:
    world.put(picture("a", BASE, BIG), "library/a", "v1")
    world.put(picture("b", BASE, BIG), "library/b", "v1")
    world.put(picture("c", BASE), "library/c", "v1")
    world.at_source.on(f"GET .*{BIG.digest}", lie(BIG.body[:-1] + b"!"), times=100)
    outcome = await world.run()
    assert outcome.code == 1
    assert outcome.states() == {"library/a:v1": "failed", "library/b:v1": "failed", "library/c:v1": "done"}
    assert {task["error_class"] for task in outcome.tasks() if task["state"] == "failed"} == {"INTEGRITY"}
    assert world.target.storage.repositories() == ["library/c"]
    assert world.target.storage.uploads() == 0


async def test_a_blob_that_was_corrupt_on_the_way_once(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.at_source.on(f"GET .*{BASE.digest}", lie(b"!" * len(BASE.body)))
    outcome = await world.run()
    assert (outcome.code, outcome.states()) == (0, {"library/a:v1": "done"})
    with JournalReader(outcome.folder.journal) as reader:
        (attempt,) = reader.attempts()
        assert (attempt["error_class"], attempt["phase"]) == ("INTEGRITY", "execute")


async def test_an_image_that_went_away_between_generate_and_execute(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    folder = world.make()
    await world.work(folder, only_generate=True)
    world.source.storage.delete_blob("library/a", BASE.digest)
    assert await world.work(folder) == 1
    (task,) = tasks(folder)
    assert (task["state"], task["error_class"], task["attempts"]) == ("failed", "GONE", 2)
    assert world.target.storage.tags("library/a") == []


async def test_a_shared_blob_that_cannot_be_read_from_one_repository(world: World) -> None:
    """It is read from where the task has it, not only from where it was first seen."""
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    world.at_source.on(f"GET .*/library/a/blobs/{BASE.digest}", refuse(403, "DENIED"), times=100)
    outcome = await world.run()
    assert outcome.states() == {"library/a:v1": "failed", "library/b:v1": "done"}
