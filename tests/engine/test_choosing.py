"""Which tags a rule takes when more than their names counts, in which order, and what the plan says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.harness import World, blob
from tui.cli.forecast import forecast_lines
from tui.demo.images import Artifact, artifact, index, json_content
from tui.engine.forecast import forecast
from tui.engine.journal.reader import JournalReader
from tui.engine.runs import RunFolder
from tui.plan.model import ArtifactSelection, RepositorySelection, TagSelection

BASE = blob(1, 2_000)
CONFIG = "application/vnd.oci.image.config.v1+json"
NOW = datetime.now(UTC)


def dated(name: str, days: float | None) -> Artifact:
    """An image that says it was made so many days ago; None says nothing."""
    fields: dict[str, Any] = {"architecture": "amd64", "os": "linux", "config": {"Labels": {"name": name}}}
    if days is not None:
        fields["created"] = (NOW - timedelta(days=days)).isoformat()
    return artifact(json_content(CONFIG, fields), (BASE,), platform="linux/amd64")


def put_dated(world: World, repository: str = "library/app", **days: float | None) -> None:
    for tag, age in days.items():
        world.put(dated(tag, age), repository, tag)


async def planned(world: World, *rules: Any, **options: Any) -> tuple[RunFolder, dict[str, Any]]:
    folder = world.make(*rules, **options)
    await world.work(folder, only_generate=True)
    with JournalReader(folder.journal) as reader:
        return folder, forecast(reader)


def tags_of(document: dict[str, Any]) -> list[str]:
    return [task["source"].rpartition(":")[2] for task in document["tasks"]]


def left(document: dict[str, Any]) -> list[tuple[str, int]]:
    (rule,) = document["rules"]
    return [(each["step"], each["left"]) for each in rule["tags"]]


async def test_the_latest_by_the_time_in_their_configs(world: World) -> None:
    put_dated(world, v9=300, v1=1, v2=2, v3=40, other=3, unknown=None)
    rule = world.rule("library/app", tags=TagSelection(include=("v*",), newest=2, newest_by="time"))
    _, document = await planned(world, rule)
    assert tags_of(document) == ["v1", "v2"]
    assert left(document) == [("listed", 6), ("include", 4), ("newest", 2)]
    assert (document["rules"][0]["time"], document["rules"][0]["configs"]) == ("created", 4)
    assert "6 tags -> 4 match -> 2 newest; their age read from 4 image configs" in "\n".join(
        forecast_lines({"run": "x", **document})
    )
    # Only what passed the cheaper steps was asked for: two requests each, and one manifest again for each copy.
    assert len(world.at_source.requests("GET .*/blobs/")) == 4
    assert world.at_source.requests("/manifests/(other|unknown)") == []


async def test_only_what_is_newer_than_an_age(world: World) -> None:
    put_dated(world, old=91, new=89, unknown=None)
    world.put(index([dated("x", 5), dated("y", 500)]), "library/app", "multi")
    _, document = await planned(world, world.rule("library/app", tags=TagSelection(newer_than="90d")))
    assert sorted(tags_of(document)) == ["multi", "new"]
    assert left(document) == [("listed", 4), ("newer_than", 2)]
    assert document["rules"][0]["timeless"] == 1
    assert "1 tag left out because nobody knows their age" in "\n".join(forecast_lines({"run": "x", **document}))


async def test_a_resumed_run_counts_ages_from_when_it_was_made(world: World) -> None:
    put_dated(world, new=1)
    folder = world.make(world.rule("library/app", tags=TagSelection(newer_than="90d")))
    with JournalReader(folder.journal) as reader:
        made = reader.meta("created")
    assert abs(made - NOW.timestamp()) < 24 * 3600
    assert await world.work(folder, only_generate=True) == 0


async def test_labels_where_the_registry_knows_none(world: World) -> None:
    put_dated(world, v1=1)
    folder, _ = await planned(world, world.rule("library/app", tags=TagSelection(labels=("prod",))))
    with JournalReader(folder.journal) as reader:
        (rule,) = reader.rules()
    assert (rule["state"], rule["error_class"]) == ("failed", "UNSUPPORTED")
    assert "knows no labels" in rule["message"]
    assert rule["hint"]


async def test_repositories_of_a_project_are_chosen_and_counted(world: World) -> None:
    for path in ("team/app", "team/db", "team/test-app", "other/app"):
        put_dated(world, path, v1=1, v2=2)
    chosen = RepositorySelection(include=("team/*",), exclude=("*/test-*",))
    rule = world.rule("*", repositories=chosen, tags=TagSelection(newest=1))
    _, document = await planned(world, rule)
    assert {task["source"].partition("/")[2] for task in document["tasks"]} == {"team/app:v2", "team/db:v2"}
    (said,) = document["rules"]
    assert [each["left"] for each in said["repositories"]] == [4, 2]
    assert left(document) == [("listed", 4), ("newest", 2)]
    text = "\n".join(forecast_lines({"run": "x", **document}))
    assert "4 repositories -> 2 chosen: 4 tags -> 2 newest" in text


@pytest.mark.parametrize(
    ("order", "written"),
    [("oldest-first", ["unknown", "v9", "v3", "v2", "v10"]), ("version", ["unknown", "v2", "v3", "v9", "v10"])],
)
async def test_tags_of_a_repository_are_written_in_order(world: World, order: str, written: list[str]) -> None:
    put_dated(world, v9=90, v10=1, v2=2, v3=40, unknown=None)
    outcome = await world.run(world.rule("library/app"), order=order, concurrency=5)
    assert outcome.code == 0
    pushed = [request.path.rpartition("/")[2] for request in world.at_target.requests("PUT /v2/library/app/manifests/")]
    assert pushed == written


async def test_a_tag_that_fails_does_not_hold_up_those_after_it(world: World) -> None:
    from tests.engine.faults import refuse

    put_dated(world, v1=3, v2=2, v3=1)
    world.at_target.on("PUT .*/manifests/v2", refuse(500), times=4)
    outcome = await world.run(world.rule("library/app"), order="oldest-first", concurrency=3)
    assert outcome.code == 0
    assert set(outcome.states().values()) == {"done"}


# Kinds of artifact


async def test_charts_alone_and_everything_but_charts(world: World) -> None:
    put_dated(world, v1=1)
    chart = artifact(json_content("application/vnd.cncf.helm.config.v1+json", {"name": "x"}), (BASE,))
    world.put(chart, "library/app", "chart-1")
    _, document = await planned(world, world.rule("library/app"))
    assert document["artifacts"] == {"image": 1, "chart": 1}
    rule = world.rule("library/app", artifacts=ArtifactSelection(include=("chart",)))
    _, document = await planned(world, rule)
    assert {task["source"].rpartition(":")[2]: task["action"] for task in document["tasks"]} == {
        "v1": "skipped",
        "chart-1": "new",
    }
    rule = world.rule("library/app", artifacts=ArtifactSelection(exclude=("application/vnd.cncf.*",)))
    _, document = await planned(world, rule)
    assert document["artifacts"] == {"image": 1}
