"""Runs that a Harbor carries out: the stand-in's jobs really copy, and the journal says what became of each tag."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.harness import until
from tests.providers.harbor.conftest import Fleet
from tests.providers.harbor.site import REPOSITORIES, TAGS, HandedRuns, handed_runs, states
from tests.real.conftest import StartRegistry
from tests.support.clouds.background import ACR_KEY, KEY_SECRET, TCR_KEY, BackgroundCloud
from tests.support.clouds.background import PASSWORD as ACR_PASSWORD
from tests.support.clouds.background import PASSWORD as TCR_PASSWORD
from tests.support.clouds.background import USER as ACR_USER
from tests.support.clouds.state import Space
from tests.support.harbor.state import Outside
from tests.support.http_proxy import Proxy, running
from tui.endpoints.model import Endpoint
from tui.engine.forecast import forecast
from tui.engine.harbor import following
from tui.engine.journal.reader import JournalReader, give_order
from tui.engine.report import document, notices
from tui.engine.runs import RunFolder
from tui.engine.verify.record import Manner as HowDeep
from tui.engine.verify.work import verify_run
from tui.oci.access import Access, Connection, Credential
from tui.plan.model import TagSelection
from tui.plan.replication import Replication
from tui.providers.lender import lender

Start = Callable[..., HandedRuns]
TCR_NAME = "shop.tencentcloudcr.com"
WHOLE = {path: list(TAGS) for path in REPOSITORIES}


@pytest.fixture
def start(tmp_path: Path, fleet: Fleet, start_registry: StartRegistry, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts a Harbor and a registry outside; executions are looked at quickly."""
    monkeypatch.setattr(following, "ASK_EVERY", 0.02)
    monkeypatch.setattr(following, "_QUICKLY", 0.02)
    return lambda **options: handed_runs(tmp_path, fleet, start_registry, **options)


async def test_a_project_goes_through_harbor_and_not_through_here(start: Start) -> None:
    world = start()
    folder = world.make()
    assert await world.work(folder) == 0
    assert await world.there() == WHOLE
    assert set(states(folder).values()) == {"done"}
    with JournalReader(folder.journal) as reader:
        report = document(reader, folder.name)
        assert report["tasks"]["done"] == 4
        # Not a byte of a layer went through this machine.
        assert report["bytes"]["written"] == 0
        story = [row["text"] for row in reader.events()]
    verified = await verify_run(folder, world, HowDeep(deep=True))
    assert (verified.exit, list(verified.verdicts.values())) == (0, ["same"] * 4)
    assert any("execution" in line and "began" in line for line in story)
    assert any("copy completed" in line for line in story)
    assert any("was given the login of" in line for line in story)
    (registry,) = world.harbor.replication.registries.values()
    assert registry.type == "docker-registry"
    again = world.make()
    assert await world.work(again) == 0
    assert set(states(again).values()) == {"unchanged"}
    assert world.harbor.count("POST /api/v2.0/replication/executions") == 1
    by_name = world.make(
        world.rule("shop/api", "again/{name}"), how=Replication(world.harbor.address, registry=registry.name)
    )
    assert await world.work(by_name) == 0
    missing = world.make(world.rule(target="b/{name}"), how=Replication(world.harbor.address, registry="other"))
    assert await world.work(missing) == 1
    with JournalReader(missing.journal) as reader:
        assert "no registry called other" in document(reader, missing.name)["failed"][0]["message"]


async def test_what_harbor_cannot_express_is_copied_from_here(start: Start) -> None:
    world = start()
    world.fleet.fill(world.harbor, "shop/db", *TAGS)
    folder = world.make(
        world.rule("shop/api", "all/{name}"),
        world.rule("shop/db", "all/{name}"),
        world.rule("shop/web/front", "all/{name}", tags=TagSelection(regex="^v[12]$")),
    )
    assert await world.work(folder) == 0
    assert await world.there() == {"all/api": list(TAGS), "all/db": list(TAGS), "all/front": ["v1"]}
    with JournalReader(folder.journal) as reader:
        assert any("not by a regular expression" in line for line in notices(reader))
    # One policy for the two rules that want the same.
    (policy,) = world.harbor.replication.policies.values()
    assert {"type": "name", "value": "shop/{api,db}"} in policy["filters"]


async def test_a_failure_is_told_with_harbors_own_words_and_tried_again(start: Start) -> None:
    world = start()
    world.harbor.failures["shop/web/front"] = "http status code: 503, body: upstream timeout"
    folder = world.make(retries=0)
    assert await world.work(folder) == 3
    with JournalReader(folder.journal) as reader:
        failed = document(reader, folder.name)["failed"]
        (first, *_) = [row["id"] for row in reader.tasks("failed")]
        assert any("upstream timeout" in row["text"] for row in reader.events(task_id=first))
    assert {(each["class"], "upstream timeout" in each["message"]) for each in failed} == {("NET", True)}
    assert await world.work(folder, failed_too=True) == 0
    assert set(states(folder).values()) == {"done"}
    last = list(world.harbor.replication.policies.values())[-1]
    assert last["filters"][0] == {"type": "name", "value": "shop/web/front"}


async def test_a_stop_reaches_harbor_and_the_rest_is_done_later(start: Start) -> None:
    world = start()
    world.harbor.hold.clear()
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: world.harbor.count("POST /api/v2.0/replication/executions") == 1)
    give_order(folder.journal, "stop")
    await until(lambda: world.harbor.count("PUT /api/v2.0/replication/executions") == 1)
    world.harbor.hold.set()
    assert await working == 6
    assert set(states(folder).values()) == {"pending"}
    assert await world.work(folder) == 0
    assert await world.there() == WHOLE


async def test_a_pause_stops_what_harbor_had_begun_and_it_begins_again_later(start: Start) -> None:
    world = start()
    world.harbor.hold.clear()
    world.harbor.holds = lambda task: task.source == "shop/web/front"
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: Counter(states(folder).values())["done"] == 2)
    give_order(folder.journal, "pause")
    await until(lambda: world.harbor.count("PUT /api/v2.0/replication/executions") == 1)
    world.harbor.hold.set()
    await until(lambda: told(folder, "begins again at 'resume'"))
    await until(lambda: over(folder))
    assert Counter(states(folder).values()) == {"done": 2, "pending": 2}
    with JournalReader(folder.journal) as reader:
        assert reader.progress()["state"] == "paused"
        (done, handed), size = reader.handed(), forecast(reader)["bytes"]["by_harbor"]
        assert 0 < done < handed == size
    give_order(folder.journal, "resume")
    assert await working == 0
    assert await world.there() == WHOLE
    assert world.harbor.count("POST /api/v2.0/replication/executions") == 2
    last = list(world.harbor.replication.policies.values())[-1]
    assert last["filters"][0] == {"type": "name", "value": "shop/web/front"}
    with JournalReader(folder.journal) as reader:
        assert reader.handed() == (handed, handed)


def told(folder: RunFolder, words: str) -> bool:
    with JournalReader(folder.journal) as reader:
        return any(words in line for line in notices(reader))


def over(folder: RunFolder) -> bool:
    """Return whether all executions that were started are known to have ended."""
    with JournalReader(folder.journal) as reader:
        return all(each["over"] for each in reader.meta("replication"))


async def test_a_killed_driver_is_followed_by_another_that_starts_nothing_twice(start: Start) -> None:
    world = start()
    world.harbor.hold.clear()
    folder = world.make()
    working = asyncio.create_task(world.work(folder))
    await until(lambda: world.harbor.count("GET /api/v2.0/replication/executions/") >= 2)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    world.harbor.hold.set()
    assert await world.work(folder) == 0
    assert world.harbor.count("POST /api/v2.0/replication/executions") == 1
    assert set(states(folder).values()) == {"done"}


async def test_the_settings_reach_the_policy(start: Start) -> None:
    world = start()
    how = Replication(
        world.harbor.address,
        name="nightly",
        description="every night",
        trigger="scheduled",
        cron="0 30 3 * * *",
        resource="image",
        speed=512,
        chunks=True,
    )
    assert await world.work(world.make(how=how, on_conflict="skip")) == 0
    (policy,) = world.harbor.replication.policies.values()
    assert (policy["name"], policy["description"]) == ("nightly", "every night")
    assert policy["trigger"] == {"type": "scheduled", "trigger_settings": {"cron": "0 30 3 * * *"}}
    assert (policy["speed"], policy["copy_by_chunk"], policy["override"]) == (512, True, False)
    assert {"type": "resource", "value": "image"} in policy["filters"]
    assert not policy["deletion"]


async def test_a_target_that_only_harbor_reaches(start: Start) -> None:
    world = start()
    nowhere = replace(world.accesses[world.registry.address].connection, registry="127.0.0.1:1")
    world.outside.url = "http://127.0.0.1:1"
    login = world.accesses[world.registry.address].credential
    world.accesses["127.0.0.1:1"] = replace(world.accesses[world.registry.address], connection=nowhere)
    assert login is not None
    rule = replace(world.rule(), target="127.0.0.1:1/{path}")
    folder = world.make(rule)
    assert await world.work(folder) == 0
    assert await world.there() == WHOLE
    with JournalReader(folder.journal) as reader:
        assert any("does not answer this machine" in line for line in notices(reader))
        assert all("done as Harbor says" in row["message"] for row in reader.tasks("done"))


async def test_a_cloud_with_an_access_key_is_a_registry_of_the_clouds_own_type(start: Start) -> None:
    world = start()
    with BackgroundCloud("acr") as acr:
        address = acr.front.address
        world.harbor.outside.append(
            Outside(f"http://{address}", "ali-acr", address, ACR_KEY, KEY_SECRET, (ACR_USER, ACR_PASSWORD))
        )
        endpoint = Endpoint("acr", address, kind="acr", scheme="http", username=ACR_KEY, api=acr.api.url)
        key = Credential(ACR_KEY, KEY_SECRET)
        connection = endpoint.connection()
        world.accesses[address] = Access(connection, key, lender(endpoint, connection, key))
        rule = replace(world.rule("shop/api"), target=f"{address}/team/{{name}}")
        folder = world.make(rule)
        assert await world.work(folder) == 0
        assert states(folder) == {"team/api:rc": "done", "team/api:v1": "done"}
        (known,) = world.harbor.replication.registries.values()
        assert (known.type, known.access_key) == ("ali-acr", ACR_KEY)
        assert not [request for request in acr.cloud.seen if KEY_SECRET in request]


@pytest.fixture
async def tcr() -> AsyncIterator[tuple[BackgroundCloud, Access]]:
    """An instance of TCR at its own name, which a proxy leads to."""
    with BackgroundCloud("tcr") as cloud:
        async with running(Proxy(cloud.front.address)) as proxy:
            cloud.api.domain = TCR_NAME  # type: ignore[union-attr]
            endpoint = Endpoint("tcr", TCR_NAME, kind="tcr", scheme="http", username=TCR_KEY, api=cloud.api.url)
            key, connection = Credential(TCR_KEY, KEY_SECRET), Connection(TCR_NAME, "http", proxy=f"http://{proxy}")
            yield cloud, Access(connection, key, lender(endpoint, connection, key))
    assert cloud.cloud.complaints == []


async def test_a_harbor_makes_namespaces_of_tencent_cloud_with_the_key_it_was_given(
    start: Start, tcr: tuple[BackgroundCloud, Access]
) -> None:
    world, (cloud, access) = start(), tcr
    outside = Outside(
        f"http://{TCR_NAME}", "tencent-tcr", cloud.front.address, TCR_KEY, KEY_SECRET, ("100036950234", TCR_PASSWORD)
    )
    outside.create_namespace = lambda name: cloud.cloud.spaces.update({name: Space()})
    world.harbor.outside.append(outside)
    world.accesses[TCR_NAME] = access
    folder = world.make(replace(world.rule(), target=f"{TCR_NAME}/fresh/{{name}}"))
    assert await world.work(folder) == 0
    assert states(folder) == {f"fresh/{name}:{tag}": "done" for name in ("api", "front") for tag in TAGS}
    with JournalReader(folder.journal) as reader:
        assert {row["message"] for row in reader.tasks("done")} == {""}  # every one was seen at the target
    (known,) = world.harbor.replication.registries.values()
    assert (known.type, known.url, known.access_key) == ("tencent-tcr", f"http://{TCR_NAME}", TCR_KEY)
    (policy,) = world.harbor.replication.policies.values()
    assert (policy["dest_namespace"], policy["dest_namespace_replace_count"]) == ("fresh", -1)
    assert [each.status for each in world.harbor.replication.executions.values()] == ["Succeed"]
    assert not [request for request in cloud.cloud.seen if KEY_SECRET in request]


async def test_an_instance_that_harbor_would_not_find_is_said(
    start: Start, tcr: tuple[BackgroundCloud, Access]
) -> None:
    world, (_, access) = start(), tcr
    inside = "shop-vpc.tencentcloudcr.com"
    world.accesses[inside] = replace(access, connection=replace(access.connection, registry=inside))
    folder = world.make(replace(world.rule("shop/api"), target=f"{inside}/team/{{name}}"), retries=0)
    assert await world.work(folder) == 1
    with JournalReader(folder.journal) as reader:
        failed = document(reader, folder.name)["failed"]
    assert {each["message"].partition(": ")[2].partition(",")[0] for each in failed} == {
        "Harbor finds an instance of Tencent Cloud TCR by its public name only"
    }
    assert "long-term login" in failed[0]["hint"]
    assert world.harbor.count("POST /api/v2.0/registries") == 0


async def test_a_wrong_password_for_either_side_and_no_harbor_at_all_are_said(start: Start) -> None:
    world = start()
    good = world.accesses[world.harbor.address]
    world.accesses[world.harbor.address] = replace(good, credential=Credential("admin", "wrong"))
    folder = world.make(retries=0)
    assert await world.work(folder) == 4
    world.accesses[world.harbor.address] = good
    world.outside.access_secret = "another"
    folder = world.make(retries=0)
    assert await world.work(folder) == 1
    with JournalReader(folder.journal) as reader:
        hints = {each["hint"] for each in document(reader, folder.name)["failed"]}
    assert any("Harbor itself must reach" in hint for hint in hints)

    nobody = world.make(how=Replication())
    assert await world.work(nobody) == 1
    with JournalReader(nobody.journal) as reader:
        assert "--harbor HOST" in document(reader, nobody.name)["failed"][0]["hint"]
