"""Tags that move at the source between generate and execute, and what `on_drift` makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import World, blob, picture, tasks
from tui.cli.summary import summary
from tui.demo.images import artifact, json_content
from tui.engine.audit.forms import task_report
from tui.engine.forecast import forecast
from tui.engine.journal.drift import Drift
from tui.engine.journal.reader import JournalReader
from tui.engine.report import document
from tui.engine.runs import RunFolder

BASE = blob(1, 50_000)


def report(folder: RunFolder) -> dict[str, Any]:
    with JournalReader(folder.journal) as reader:
        return document(reader, folder.name)


def at_target(world: World, tag: str = "v1") -> str:
    stored = world.target.storage.manifest("library/a", tag)
    return stored.digest if stored is not None else ""


async def moved(world: World, on_drift: str) -> tuple[RunFolder, str, str]:
    """Return a planned run whose one tag was moved since: what was planned, and what the tag is now."""
    old = world.put(picture("old", BASE, blob(2, 300)), "library/a", "v1")
    folder = world.make(on_drift=on_drift)
    await world.work(folder, only_generate=True)
    new = world.put(picture("new", BASE, blob(3, 300)), "library/a", "v1")
    return folder, old, new


async def test_a_tag_that_moves_while_we_copy_is_copied_as_it_was_planned(world: World) -> None:
    old = world.put(picture("old", BASE), "library/a", "v1")
    folder = world.make()
    await world.work(folder, only_generate=True)
    new = world.put(picture("new", blob(7, 70)), "library/a", "v1")
    assert await world.work(folder) == 0
    stored = world.target.storage.manifest("library/a", "v1")
    assert stored is not None
    assert stored.digest == old != new
    with JournalReader(folder.journal) as reader:
        (moved,) = document(reader, folder.name)["drift"]
        assert (moved["planned"], moved["now"], moved["done"]) == (old, new, "kept")
    assert f"{old} | {new} | kept |" in task_report(folder, "md")
    assert new in task_report(folder, "html")


async def test_a_tag_that_goes_away_is_copied_as_it_was_planned_and_told(world: World) -> None:
    old = world.put(picture("old", BASE), "library/a", "v1")
    folder = world.make()
    await world.work(folder, only_generate=True)
    world.at_source.on("(HEAD|GET) .*/manifests/v1", refuse(404, "MANIFEST_UNKNOWN", "manifest unknown"), times=10)
    assert await world.work(folder) == 0
    with JournalReader(folder.journal) as reader:
        assert [(moved["planned"], moved["now"]) for moved in document(reader, folder.name)["drift"]] == [(old, "")]


async def test_a_tag_that_stays_is_no_drift_and_is_not_asked_for_again_in_a_short_run(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    outcome = await world.run()
    assert outcome.code == 0
    assert world.at_source.requests("HEAD .*/manifests/v1") == []
    with JournalReader(outcome.folder.journal) as reader:
        assert document(reader, outcome.folder.name)["drift"] == []


async def test_the_latest_is_planned_anew_and_copied_by_the_same_process(world: World) -> None:
    folder, old, new = await moved(world, "latest")
    planned = world.source.storage.manifest("library/a", old)
    assert await world.work(folder) == 0
    assert at_target(world) == new != old
    assert world.same("library/a", "v1")
    assert planned is not None
    assert not world.target.storage.has_blob("library/a", blob(2, 300).digest), "nothing of what was planned is left"
    (drift,) = report(folder)["drift"]
    assert (drift["planned"], drift["now"], drift["done"]) == (old, new, "latest")
    (task,) = tasks(folder)
    assert (task["state"], task["pinned"], task["root"]) == ("done", new, new)
    assert "planned anew" in summary(report(folder), [])


async def test_the_latest_brings_what_is_attached_to_it(world: World) -> None:
    folder, _, new = await moved(world, "latest")
    signature = f"{new.replace(':', '-')}.sig"
    world.put(picture("signature"), "library/a", signature)
    assert await world.work(folder) == 0
    assert at_target(world, signature)
    assert {task["state"] for task in tasks(folder)} == {"done"}


async def test_the_latest_that_the_target_has_already_is_unchanged(world: World) -> None:
    folder, _, new = await moved(world, "latest")
    picture("new", BASE, blob(3, 300)).put(world.target.storage, "library/a", "v1")
    assert await world.work(folder) == 0
    assert [task["state"] for task in tasks(folder)] == ["unchanged"]
    assert world.at_target.uploads() == {}
    assert at_target(world) == new


async def test_the_latest_is_not_held_for_what_the_target_had_when_it_was_planned(world: World) -> None:
    """The target lost its tag meanwhile, and the source went back to what that was."""
    base, other = picture("base", BASE), picture("other", blob(2, 300))
    was = world.put(base, "library/a", "v1")
    base.put(world.target.storage, "library/a", "v1")
    world.put(other, "library/a", "v1")
    folder = world.make(on_drift="latest")
    await world.work(folder, only_generate=True)
    world.put(base, "library/a", "v1")
    assert world.target.storage.delete_manifest("library/a", was)
    assert await world.work(folder) == 0
    assert at_target(world) == was
    assert [task["state"] for task in tasks(folder)] == ["done"]


async def test_what_was_found_out_about_what_was_planned_is_not_said_of_the_latest(world: World) -> None:
    old = picture("old", BASE)
    world.put(old, "library/a", "v1")
    assert (await world.run()).code == 0
    attached = artifact(json_content("application/vnd.oci.empty.v1+json", {}), (blob(5, 30),), subject=old.manifest)
    world.put(attached, "library/a")
    folder = world.make(on_drift="latest", check_referrers=True)
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        assert [task["action"] for task in forecast(reader)["tasks"]] == ["add"]
    new = world.put(picture("new", blob(3, 300)), "library/a", "v1")
    assert await world.work(folder) == 0
    assert at_target(world) == new
    with JournalReader(folder.journal) as reader:
        assert [task.get("adds", {}) for task in forecast(reader)["tasks"]] == [{}]


async def test_a_process_that_dies_while_it_plans_anew_leaves_a_task_to_plan(world: World) -> None:
    folder, old, new = await moved(world, "latest")
    # The tag is seen to be another, and then nobody says what it is.
    world.at_source.on(f"GET .*/manifests/(v1|{new})", refuse(500), times=100)
    assert await world.work(folder) == 3
    (task,) = tasks(folder)
    assert (task["state"], task["root"]) == ("failed", "")
    world.at_source.faults.clear()
    assert await world.work(folder, failed_too=True) == 0
    assert at_target(world) == new != old


async def test_a_tag_that_is_gone_leaves_the_latest_nothing_but_what_was_planned(world: World) -> None:
    folder, old, _ = await moved(world, "latest")
    world.at_source.on("(HEAD|GET) .*/manifests/v1", refuse(404, "MANIFEST_UNKNOWN", "manifest unknown"), times=10)
    assert await world.work(folder) == 0
    assert at_target(world) == old
    assert [(drift["now"], drift["done"]) for drift in report(folder)["drift"]] == [("", "kept")]


async def test_a_moved_tag_fails_its_task_and_a_retry_is_the_word_to_take_what_it_is_now(world: World) -> None:
    folder, old, new = await moved(world, "fail")
    world.put(picture("b", blob(4, 90)), "library/b", "v1")
    assert await world.work(folder) == 1
    assert at_target(world) == ""
    (task,) = tasks(folder)
    assert (task["state"], task["error_class"], task["pinned"]) == ("failed", "DRIFT", old)
    assert old in task["message"]
    assert new in task["message"]
    assert [(drift["planned"], drift["now"], drift["done"]) for drift in report(folder)["drift"]] == [
        (old, new, "failed")
    ]
    assert await world.work(folder) == 1, "a resumed run leaves it alone"
    assert at_target(world) == ""
    assert await world.work(folder, failed_too=True) == 0
    assert at_target(world) == new


@pytest.mark.parametrize("on_drift", ["keep", "latest", "fail"])
async def test_a_tag_that_did_not_move_is_copied_whatever_is_to_happen_to_those_that_do(
    world: World, on_drift: str
) -> None:
    digest = world.put(picture("a", BASE), "library/a", "v1")
    folder = world.make(on_drift=on_drift)
    await world.work(folder, only_generate=True)
    assert await world.work(folder) == 0
    assert (at_target(world), report(folder)["drift"]) == (digest, [])


def test_the_events_of_earlier_versions_say_what_there_is_now() -> None:
    assert Drift.of_event({"text": "sha256:1"}) == Drift("", "sha256:1", "kept")
    assert Drift.of_event({"text": ""}) == Drift("", "", "kept")
    known = Drift("sha256:1", "sha256:2", "latest")
    assert Drift.of_event({"text": known.text()}) == known
    assert json.loads(known.text())["done"] == "latest"
