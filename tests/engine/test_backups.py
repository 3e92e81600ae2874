"""A tag that is at the target with other content is kept under another name before it is overwritten."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import World, blob, picture, tasks
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader

BASE = blob(1, 2_000)
TODAY = time.strftime("%Y%m%d", time.gmtime())


def there(world: World, repository: str = "library/app") -> dict[str, str]:
    """Digests by tag at the target."""
    storage = world.target.storage
    found = {tag: storage.manifest(repository, tag) for tag in storage.tags(repository)}
    return {tag: stored.digest for tag, stored in found.items() if stored is not None}


def differ(world: World) -> tuple[str, str]:
    """Put other content under one tag on both sides; return the digests at source and target."""
    new = world.put(picture("new", BASE), "library/app", "v1")
    return new, picture("old", BASE).put(world.target.storage, "library/app", "v1")


async def test_the_old_tag_is_kept_under_the_name_the_plan_says(world: World) -> None:
    new, old = differ(world)
    folder = world.make(on_conflict="backup", backup="{tag}-was-{digest}")
    await world.work(folder, only_generate=True)
    name = f"v1-was-{old.removeprefix('sha256:')[:12]}"
    with JournalReader(folder.journal) as reader:
        (task,) = forecast(reader)["tasks"]
    assert (task["action"], task["backup"]) == ("overwrite", name)
    assert await world.work(folder) == 0
    assert there(world) == {"v1": new, name: old}
    pushed = [request.path.rpartition("/")[2] for request in world.at_target.requests("PUT .*/manifests/")]
    assert pushed == [name, "v1"]
    with JournalReader(folder.journal) as reader:
        assert [row["text"] for row in reader.notices()] == [f"what v1 was is kept as {name}"]


async def test_a_second_change_on_one_day_gets_a_name_of_its_own(world: World) -> None:
    _, old = differ(world)
    assert (await world.run(on_conflict="backup")).code == 0
    second = there(world)["v1"]
    third = world.put(picture("newer", BASE), "library/app", "v1")
    assert (await world.run(on_conflict="backup")).code == 0
    assert there(world) == {"v1": third, f"v1-before-{TODAY}": old, f"v1-before-{TODAY}-2": second}


async def test_what_was_kept_before_a_stop_is_not_kept_twice(world: World) -> None:
    new, old = differ(world)
    world.at_target.on("PUT .*/manifests/v1$", refuse(500), times=6)
    assert (await world.run(on_conflict="backup")).code == 0
    assert there(world) == {"v1": new, f"v1-before-{TODAY}": old}
    assert len(world.at_target.requests("PUT .*/manifests/v1-before")) == 1


async def test_what_came_to_the_target_after_the_plan_is_kept_as_well(world: World) -> None:
    new, _ = differ(world)
    folder = world.make(on_conflict="backup")
    await world.work(folder, only_generate=True)
    latest = picture("pushed meanwhile", BASE).put(world.target.storage, "library/app", "v1")
    assert await world.work(folder) == 0
    assert there(world) == {"v1": new, f"v1-before-{TODAY}": latest}


@pytest.mark.parametrize(
    ("status", "code", "message", "state"),
    [
        (412, "PRECONDITION", "Failed to process request due to 'app:v1' configured as immutable.", "conflict"),
        (409, "TAG_INVALID", "The image tag 'v1' already exists and cannot be overwritten", "conflict"),
        (403, "DENIED", "no", "failed"),
    ],
)
async def test_a_tag_that_may_not_be_moved_says_so_and_nothing_is_lost(
    world: World, status: int, code: str, message: str, state: str
) -> None:
    _, old = differ(world)
    world.at_target.on("PUT .*/manifests/v1$", refuse(status, code, message), times=100)
    outcome = await world.run(on_conflict="backup")
    assert outcome.states() == {"library/app:v1": state}
    assert there(world) == {"v1": old, f"v1-before-{TODAY}": old}


async def test_a_name_that_is_too_long_is_said_before_anything_moves(world: World) -> None:
    tag = "v" * 120
    world.put(picture("new", BASE), "library/app", tag)
    picture("old", BASE).put(world.target.storage, "library/app", tag)
    folder = world.make(on_conflict="backup")
    await world.work(folder, only_generate=True)
    (task,) = tasks(folder)
    row: dict[str, Any] = task
    assert (row["state"], row["hint"]) == ("conflict", "shorten 'backup'")
