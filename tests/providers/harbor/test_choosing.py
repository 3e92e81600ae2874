"""Labels and push times as Harbor tells them, in plans that choose by them."""

from __future__ import annotations

from pathlib import Path

from tests.providers.harbor.conftest import ADMIN, PULLER, Fleet, access_to
from tests.providers.harbor.site import HandedRuns, handed_runs, states
from tests.real.conftest import StartRegistry
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader
from tui.engine.runner import make_run
from tui.engine.runs import RunFolder
from tui.plan.model import Options, Order, Plan, Rule, TagSelection


def filled(tmp_path: Path, fleet: Fleet, start_registry: StartRegistry) -> HandedRuns:
    """A repository with four tags, pushed in another order than that of their versions, two of them labelled."""
    world = handed_runs(tmp_path, fleet, start_registry)
    for day, tag in enumerate(("v4", "v2", "v1", "v3"), 1):
        made = fleet.fill(world.harbor, "shop/aged", tag, content=tag)
        world.harbor.backing.pushed["shop/aged", tag] = f"2026-01-0{day}T00:00:00.000Z"
        if tag in ("v1", "v4"):
            world.harbor.labels["shop/aged", made.digest] = ["prod", f"day {day}"]
    return world


def make(world: HandedRuns, tags: TagSelection, order: Order = "any") -> RunFolder:
    rule = Rule(world.harbor.address, "shop/aged", f"{world.registry.address}/aged", tags=tags)
    return make_run(world.state, Plan("choose", (rule,), Options(order=order)), {})


async def test_the_latest_by_push_time_and_by_label(
    tmp_path: Path, fleet: Fleet, start_registry: StartRegistry
) -> None:
    world = filled(tmp_path, fleet, start_registry)
    folder = make(world, TagSelection(newest=2, newest_by="time"))
    assert await world.work(folder, only_generate=True) == 0
    assert set(states(folder)) == {"aged:v1", "aged:v3"}
    with JournalReader(folder.journal) as reader:
        (rule,) = forecast(reader)["rules"]
    assert (rule["time"], rule["configs"]) == ("pushed", 0)
    folder = make(world, TagSelection(labels=("prod",), exclude_labels=("day 1",)))
    assert await world.work(folder, only_generate=True) == 0
    assert set(states(folder)) == {"aged:v1"}
    with JournalReader(folder.journal) as reader:
        (rule,) = forecast(reader)["rules"]
    assert [(each["step"], each["left"]) for each in rule["tags"]] == [("listed", 4), ("labels", 1)]


async def test_what_was_pushed_first_is_written_first(
    tmp_path: Path, fleet: Fleet, start_registry: StartRegistry
) -> None:
    world = filled(tmp_path, fleet, start_registry)
    folder = make(world, TagSelection(newer_than="2026-01-01T12:00:00Z"), "oldest-first")
    assert await world.work(folder) == 0
    with JournalReader(folder.journal) as reader:
        ended = {row["source_reference"]: row["ended"] for row in reader.tasks("done")}
    assert sorted(ended, key=lambda tag: float(ended[tag])) == ["v2", "v1", "v3"]


async def test_an_account_that_may_not_see_labels_is_told_so_and_ages_are_read_from_configs(
    tmp_path: Path, fleet: Fleet, start_registry: StartRegistry
) -> None:
    world = handed_runs(tmp_path, fleet, start_registry)
    puller = fleet.start(ADMIN, PULLER)
    puller.add_project("shop")
    fleet.fill(puller, "shop/aged", "v1")
    world.accesses[puller.address] = access_to(puller, PULLER)
    source = Rule(puller.address, "shop/aged", f"{world.registry.address}/aged", tags=TagSelection(labels=("prod",)))
    folder = make_run(world.state, Plan("labels", (source,)), {})
    assert await world.work(folder, only_generate=True) == 1
    with JournalReader(folder.journal) as reader:
        (rule,) = reader.rules()
    assert "Harbor does not tell the labels" in rule["message"]
    assert rule["hint"]
