"""From rules to tasks: what is to be copied, what is there already, and what cannot be."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from tests.engine.faults import Hold, refuse
from tests.engine.harness import World, blob, picture, progress, tasks, until
from tui.demo.images import Artifact, artifact, index, json_content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.runner import make_run
from tui.plan.model import Options, Plan, Platform, Rule, TagSelection

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


# The list of tasks


async def test_nothing_is_written(world: World) -> None:
    world.put(multi(), "library/app", "v1", "latest")
    world.put(picture("a", BASE), "library/a", "v1")
    found = await plan(world)
    assert [task["state"] for task in found] == ["pending"] * 3
    assert written(world) == []
    assert all(task["pinned"] and task["pinned"] == task["root"] for task in found)


async def test_rules_select_repositories_and_tags(world: World) -> None:
    for tag in ("1.0", "1.1", "1.2-rc1", "latest"):
        world.put(picture(tag, BASE), "team/app", tag)
    world.put(picture("web", BASE), "team/deep/web", "v1")
    world.put(picture("other", BASE), "other/app", "v1")
    found = await plan(
        world,
        world.rule("team/app", "mirror/{name}", tags=TagSelection(include=("1.*",), exclude=("*-rc*",))),
        world.rule("team/*", "all"),
        world.rule("other/app", "one", references=("v1",), target_references=("renamed",)),
    )
    assert {f"{task['target_path']}:{task['target_reference']}" for task in found} == {
        "mirror/app:1.0",
        "mirror/app:1.1",
        *(f"all/app:{tag}" for tag in ("1.0", "1.1", "1.2-rc1", "latest")),
        "all/deep/web:v1",
        "one:renamed",
    }


async def test_long_lists_come_in_pages(world: World) -> None:
    for number in range(25):
        world.put(picture(str(number)), f"many/app{number:02}", "v1")
    for number in range(25):
        world.put(picture(str(number)), "one/app", f"v{number:02}")

    async def short(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        return await registry.answer(request.clone(rel_url=str(request.rel_url).replace("n=1000", "n=7")))

    world.at_source.on("GET .*(_catalog|tags/list)", short, times=1000)
    assert len(await plan(world)) == 50
    assert len(world.at_source.requests("tags/list.*last=")) >= 3


async def test_bytes_are_counted_before_anything_moves(world: World) -> None:
    shared, own, there = blob(1, 5000), blob(2, 300), blob(3, 70)
    world.put(picture("a", shared, own), "library/a", "v1")
    world.put(picture("b", shared, there), "library/b", "v1")
    world.target.storage.put_blob("library/b", there.body)
    folder = world.make()
    await world.work(folder, only_generate=True)
    configs = sum(
        len(picture(name, *layers).blobs[0].body) for name, layers in [("a", (shared, own)), ("b", (shared, there))]
    )
    with JournalReader(folder.journal) as reader:
        assert reader.bytes_to_move() == 5000 + 300 + configs
        assert sum(row["bytes_total"] for row in reader.tasks()) == 2 * 5000 + 300 + 70 + configs
        assert reader.progress()["bytes_present"] == 70
        assert reader.planned() == 2


async def test_manifests_of_a_whole_tree_are_kept_byte_for_byte(world: World) -> None:
    image = multi()
    world.put(image, "library/app", "v1")
    folder = world.make()
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        for part in (image, *image.children):
            assert reader.manifest(part.digest) == (part.manifest.media_type, part.manifest.body)


async def test_a_manifest_that_many_tasks_need_is_read_once(world: World) -> None:
    image = multi()
    for tag in "abcdef":
        world.put(image, "library/app", tag)
    await plan(world)
    for child in image.children:
        assert len(world.at_source.requests(f"GET .*/manifests/{child.digest}")) <= 2
    assert len(world.at_target.requests(f"HEAD .*{BASE.digest}")) == 0  # the repository is not there at all


# What is there already


async def test_the_same_digest_is_unchanged_and_costs_two_heads(world: World) -> None:
    digest = world.put(multi(), "library/app", "v1")
    multi().put(world.target.storage, "library/app", "v1")
    (task,) = await plan(world, world.rule("library/app", "library/app", references=("v1",)))
    assert (task["state"], task["root"], task["attempts"]) == ("unchanged", digest, 0)
    for script in (world.at_source, world.at_target):
        assert [str(request) for request in script.seen if "/manifests/" in request.path] == [
            "HEAD /v2/library/app/manifests/v1"
        ]
        assert len(script.requests("/v2/.+")) == 1


async def test_other_content_is_overwritten_skipped_or_a_conflict(world: World) -> None:
    new = world.put(picture("new", BASE), "library/app", "v1")
    old = picture("old", BASE).put(world.target.storage, "library/app", "v1")
    (task,) = await plan(world)
    assert (task["state"], task["replaces"], task["pinned"]) == ("pending", old, new)
    (task,) = await plan(world, on_conflict="skip")
    assert (task["state"], task["message"]) == ("skipped", f"the target has {old} and keeps it")
    (task,) = await plan(world, on_conflict="fail")
    assert (task["state"], task["error_class"]) == ("conflict", "CONFLICT")
    assert old in task["message"]
    assert new in task["message"]
    assert written(world) == []


@pytest.mark.parametrize("policy", ["overwrite", "skip", "fail"])
async def test_a_policy_is_about_what_is_there(world: World, policy: str) -> None:
    world.put(picture("new", BASE), "library/app", "v1")
    (task,) = await plan(world, on_conflict=policy)
    assert task["state"] == "pending"


async def test_force_copies_what_looks_unchanged(world: World) -> None:
    world.put(picture("a", BASE), "library/app", "v1")
    picture("a", BASE).put(world.target.storage, "library/app", "v1")
    assert (await plan(world))[0]["state"] == "unchanged"
    assert (await plan(world, force=True))[0]["state"] == "pending"


async def test_two_sources_for_one_target(world: World) -> None:
    world.put(picture("one", BASE), "one/app", "v1")
    world.put(picture("two", BASE), "two/app", "v1")
    found = await plan(world, world.rule("one/app", "all/app"), world.rule("two/app", "all/app"))
    assert sorted(task["state"] for task in found) == ["conflict", "pending"]
    (conflict,) = [task for task in found if task["state"] == "conflict"]
    assert "is to be copied there too" in conflict["message"]
    assert "another name" in conflict["hint"]


async def test_the_same_pair_in_two_rules_is_one_task(world: World) -> None:
    world.put(picture("one", BASE), "one/app", "v1")
    found = await plan(world, world.rule("one/*"), world.rule("one/app"), world.rule("one/app", references=("v1",)))
    assert [task["state"] for task in found] == ["pending"]


# Platforms


def platforms(*names: str) -> tuple[Platform, ...]:
    return tuple(Platform.parse(name) for name in names)


async def test_an_index_is_reduced_to_the_platforms_wanted(world: World) -> None:
    image = multi()
    world.put(image, "library/app", "v1")
    folder = world.make(world.rule(platforms=platforms("linux/amd64", "windows")))
    await world.work(folder, only_generate=True)
    (task,) = tasks(folder)
    assert task["state"] == "pending"
    assert task["pinned"] == image.digest != task["root"]
    with JournalReader(folder.journal) as reader:
        stored = reader.manifest(task["root"])
        assert stored is not None
        kept = json.loads(stored[1])["manifests"]
        assert [entry["digest"] for entry in kept] == [image.children[0].digest, image.children[2].digest]
        (notice,) = reader.notices()
        assert notice["text"] == f"without linux/arm64/v8 the digest changes to {task['root']}"
        assert reader.detail(task["id"]) == {"kept": ["linux/amd64", "windows/amd64"], "dropped": ["linux/arm64/v8"]}
        assert reader.manifest(image.children[1].digest) is None


async def test_a_reduced_index_that_is_there_already_is_unchanged(world: World) -> None:
    world.put(multi(), "library/app", "v1")
    rule = world.rule(platforms=platforms("linux/amd64"))
    assert (await world.run(rule)).states() == {"library/app:v1": "done"}
    assert (await world.run(rule)).states() == {"library/app:v1": "unchanged"}


async def test_images_of_other_platforms_are_skipped_and_artifacts_are_not(world: World) -> None:
    world.put(picture("amd", BASE, platform="linux/amd64"), "library/amd", "v1")
    world.put(picture("arm", BASE, platform="linux/arm64"), "library/arm", "v1")
    world.put(multi(), "library/multi", "v1")
    chart = artifact(json_content("application/vnd.cncf.helm.config.v1+json", {"name": "x"}), (BASE,))
    world.put(chart, "library/chart", "v1")
    found = brief(await plan(world, world.rule(platforms=platforms("linux/arm64"))))
    assert {name: state for name, (state, _) in found.items()} == {
        "library/amd:v1": "skipped",
        "library/arm:v1": "pending",
        "library/multi:v1": "pending",
        "library/chart:v1": "pending",
    }
    assert found["library/amd:v1"][1] == "nothing in it for linux/arm64"


# What cannot be listed or looked at


async def test_a_rule_that_fails_leaves_the_others(world: World) -> None:
    world.put(picture("good", BASE), "library/good", "v1")
    folder = world.make(
        world.rule("library/absent"),
        world.rule("library/good"),
        world.rule("library/good", "x/app:{tag", references=("v1",)),
    )
    assert await world.work(folder, only_generate=True) == 1
    with JournalReader(folder.journal) as reader:
        absent, good, broken = reader.rules()
        assert (absent["state"], absent["error_class"], absent["error_status"]) == ("failed", "GONE", 404)
        assert good["state"] == "done"
        assert (broken["state"], broken["error_class"]) == ("failed", "RULE")
        assert [row["rule_id"] for row in reader.attempts()] == [1, 3] or [
            row["rule_id"] for row in reader.attempts()
        ] == [3, 1]
    assert [task["state"] for task in tasks(folder)] == ["pending"]


async def test_a_rule_that_could_not_be_listed_at_first_is_tried_again(world: World) -> None:
    world.put(picture("good", BASE), "library/good", "v1")
    world.at_source.on("GET .*tags/list", refuse(500), times=6)
    outcome = await world.run(world.rule("library/good"))
    assert (outcome.code, outcome.states()) == (0, {"library/good:v1": "done"})
    with JournalReader(outcome.folder.journal) as reader:
        assert [row["state"] for row in reader.rules()] == ["done"]
        assert [row["error_class"] for row in reader.attempts()] == ["SRV"]


async def test_a_tag_that_is_gone(world: World) -> None:
    (task,) = await plan(world, world.rule("library/app", references=("v1",)))
    assert (task["state"], task["error_class"]) == ("failed", "GONE")


async def test_a_tag_that_went_while_the_target_has_it(world: World) -> None:
    picture("a", BASE).put(world.target.storage, "library/app", "v1")
    (task,) = await plan(world, world.rule("library/app", "library/app", references=("v1",)))
    assert (task["state"], task["error_class"]) == ("failed", "GONE")


async def test_a_target_that_does_not_list_is_asked_for_every_tag(world: World) -> None:
    for number in range(5):
        world.put(picture(str(number), BASE), "library/app", f"v{number}")
    picture("3", BASE).put(world.target.storage, "library/app", "v3")
    world.at_target.on("tags/list", refuse(403, "DENIED"), times=100)
    found = brief(await plan(world))
    assert [found[f"library/app:v{number}"][0] for number in range(5)] == [*["pending"] * 3, "unchanged", "pending"]


async def test_a_target_that_has_everything_is_not_listed(world: World) -> None:
    for number in range(5):
        for storage in (world.source.storage, world.target.storage):
            picture(str(number), BASE).put(storage, "library/app", f"v{number}")
    found = brief(await plan(world))
    assert {state for state, *_ in found.values()} == {"unchanged"}
    assert world.at_target.requests("tags/list") == []
    assert len(world.at_target.requests("HEAD .*/manifests/")) == 5


async def test_a_target_that_lacks_a_tag_is_listed_once_and_asked_for_what_it_has(world: World) -> None:
    for number in range(5):
        world.put(picture(str(number), BASE), "library/app", f"v{number}")
    picture("3", BASE).put(world.target.storage, "library/app", "v3")
    found = brief(await plan(world))
    assert found["library/app:v3"][0] == "unchanged"
    assert len(world.at_target.requests("tags/list")) == 1
    asked = [request.path.rpartition("/")[2] for request in world.at_target.requests("HEAD .*/manifests/")]
    assert asked == ["v0", "v3"]


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"), [(403, "DENIED", "DENIED", 1), (401, "UNAUTHORIZED", "AUTH", 4)]
)
async def test_a_target_that_may_not_be_looked_at(
    world: World, status: int, code: str, kind: str, exit_code: int
) -> None:
    world.put(picture("a", BASE), "library/app", "v1")
    world.at_target.on("/manifests/", refuse(status, code), times=100)
    folder = world.make()
    assert await world.work(folder, only_generate=True) == exit_code
    (task,) = tasks(folder)
    assert (task["state"], task["error_class"]) == ("failed", kind)


# Orders and stops while it goes on


async def test_a_task_that_is_skipped_while_it_is_looked_at_stays_skipped(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    world.put(picture("b", BASE), "library/b", "v1")
    hold = Hold()
    world.at_source.on("GET .*/manifests/", hold, times=100)
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting == 2 and len(tasks(folder)) == 2)
    number = next(task["id"] for task in tasks(folder) if task["source_path"] == "library/a")
    give_order(folder.journal, "skip", str(number))
    await until(lambda: "skipped" in [task["state"] for task in tasks(folder)])
    hold.release()
    assert await working == 0
    assert {task["source_path"]: task["state"] for task in tasks(folder)} == {
        "library/a": "skipped",
        "library/b": "done",
    }


async def test_a_stop_while_generating(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    hold = Hold()
    world.at_source.on("GET .*tags/list", hold)
    folder = world.make(world.rule("library/a"), world.rule("library/absent"))
    working = asyncio.create_task(world.work(folder))
    await until(lambda: hold.waiting)
    give_order(folder.journal, "stop")
    await until(lambda: progress(folder)["state"] == "stopping")
    hold.release()
    assert await working == 6
    assert progress(folder)["state"] == "stopped"
    assert await world.work(folder) == 1
    assert [task["state"] for task in tasks(folder)] == ["done"]


async def test_the_forecast(world: World) -> None:
    world.put(picture("new", BASE), "library/app", "v1")
    world.put(picture("v2", BASE), "library/app", "v2")
    world.put(picture("v3", BASE), "library/app", "v3")
    picture("old", BASE).put(world.target.storage, "library/app", "v1")
    picture("v2", BASE).put(world.target.storage, "library/app", "v2")
    folder = make_run(world.state, Plan("p", (world.rule("library/app"), world.rule("library/absent")), Options()), {})
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        found = forecast(reader)
    assert found["summary"] == {"total": 3, "overwrite": 1, "unchanged": 1, "new": 1}
    assert {task["target"].rpartition(":")[2]: task["action"] for task in found["tasks"]} == {
        "v1": "overwrite",
        "v2": "unchanged",
        "v3": "new",
    }
    assert found["bytes"]["to_move"] == sum(len(picture(name, BASE).blobs[0].body) for name in ("new", "v3"))
    assert [failed["class"] for failed in found["failed"]] == ["GONE"]
    assert set(found["tasks"][0]) == {"source", "target", "action", "digest", "bytes", "message"}


async def test_a_target_that_refuses_is_not_asked_by_one_task_after_the_other(world: World) -> None:
    for number in range(4):
        world.put(picture(str(number), BASE), "library/app", f"v{number}")
    begun: list[str] = []
    together = asyncio.Event()

    async def refused(_registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        begun.append(request.path)
        if len(begun) == 4:
            together.set()
        if len(begun) > 1:
            await together.wait()
        return web.Response(status=403)

    world.at_target.on("HEAD .*/manifests/", refused, times=4)
    world.at_target.on("GET .*/manifests/", refuse(403), times=4)  # asked for what the answer to a HEAD cannot say
    found = await plan(world, world.rule("library/app", tags=TagSelection(include=("v*",))), retries=0)
    assert [task["error_class"] for task in found] == ["DENIED"] * 4
