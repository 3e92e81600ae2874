"""Harbor's replication from end to end: the stand-in's jobs copy with skopeo between real registries."""

from __future__ import annotations

import asyncio

import pytest

from tests.providers.harbor.conftest import ADMIN, MAINTAINER, Fleet, Open
from tests.real.conftest import LOGIN, StartRegistry
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import Outside
from tests.support.registry import RealRegistry
from tui.oci.client import RegistryClient
from tui.oci.errors import Conflict, Denied, PolicyRefused
from tui.oci.reference import Reference, Repository
from tui.plan.expand import Pair
from tui.plan.model import Plan, Rule, TagSelection
from tui.providers.harbor.client import Harbor
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.engine import HarborReplication, Progress
from tui.providers.harbor.replication.model import Filter, Policy, RegistrySpec, Trigger
from tui.providers.harbor.replication.outcome import merged, of_pairs, outcome_of, problem_of
from tui.providers.harbor.replication.policies import drafts, expressible, policies
from tui.providers.harbor.replication.registries import HarborRegistries

EVERY = 0.05


class Site:
    """A Harbor with images, and a registry outside that it can push to and pull from."""

    def __init__(self, fleet: Fleet, start_registry: StartRegistry, kind: str = "docker-registry", **options: object):
        self.registry: RealRegistry = start_registry("htpasswd")
        keys = {"ali-acr": ("LTAI-key", "acr-secret"), "tencent-tcr": ("AKID-key", "tcr-secret")}.get(
            kind, (LOGIN.username, LOGIN.password)
        )
        self.outside = Outside(
            url=f"http://{self.registry.address}" if kind != "tencent-tcr" else "http://shop.tencentcloudcr.com",
            type=kind,
            address=self.registry.address,
            access_key=keys[0],
            access_secret=keys[1],
            docker_login=(LOGIN.username, LOGIN.password),
        )
        self.harbor: StandInHarbor = fleet.start(ADMIN, MAINTAINER, outside=[self.outside], **options)
        self.harbor.add_project("shop")
        self.spec = RegistrySpec("target", kind, self.outside.url, keys[0], keys[1], description="made by a test")
        for repository in ("shop/api", "shop/web/front", "shop/db"):
            fleet.fill(self.harbor, repository, "v1", "v2", "v3-rc")

    async def there(self) -> dict[str, list[str]]:
        """Return the tags at the registry outside."""
        from tests.providers.conftest import access_of

        async with RegistryClient(access_of(self.registry)) as client:
            found = {}
            for name in [name async for page in client.catalog() for name in page]:
                repository = Repository(self.registry.address, name)
                found[name] = sorted([tag async for page in client.tags(repository) for tag in page])
            return found


async def _over(replication: HarborReplication, execution: int) -> Progress:
    last = None
    async with asyncio.timeout(60):
        async for progress in replication.follow(execution, every=EVERY):
            last = progress
    assert last is not None
    return last


@pytest.mark.parametrize(("api", "version"), [("2.0", "2.14.0"), ("2.0", "2.2.1"), ("1", "1.10.19")])
async def test_push_a_project(
    fleet: Fleet, start_registry: StartRegistry, opened: Open, api: str, version: str
) -> None:
    site = Site(fleet, start_registry, api=api, version=version, names_tags=api == "1")
    client = opened(site.harbor)
    registries, replication = HarborRegistries(client), HarborReplication(client)
    assert "docker-registry" in await registries.types()
    await registries.test(site.spec)
    known = await registries.ensure(site.spec)
    abilities = await registries.abilities(known.id)
    assert abilities.filters == ("name", "tag")
    policy = await replication.ensure_policy(
        Policy(
            "move the shop", known.id, filters=(Filter("name", ("shop/**",)), Filter("tag", ("v?",))), destination="all"
        )
    )
    execution = await replication.start(policy.id)
    progress = await _over(replication, execution)
    assert (progress.execution.status, progress.execution.total, progress.execution.succeeded) == ("Succeed", 3, 3)
    assert await site.there() == {"all/api": ["v1", "v2"], "all/db": ["v1", "v2"], "all/front": ["v1", "v2"]}
    outcomes = [outcome_of(task) for task in progress.tasks]
    assert {each.state for each in outcomes} == {"done"}
    assert {each.target.path for each in outcomes} == {"all/api", "all/db", "all/front"}
    assert {each.target.items for each in outcomes} == {2}
    assert {each.target.tags for each in outcomes} == ({("v1", "v2")} if api == "1" else {()})
    assert "copy completed" in (await replication.log(progress.tasks[0]))[-1]
    listed = [each async for page in replication.executions(policy.id) for each in page.items]
    assert [each.id for each in listed] == [execution]
    await replication.delete_policy(policy.id)
    await registries.delete(known.id)
    assert await registries.known() == []


async def test_pull_into_harbor_makes_the_projects(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    client = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    pushed = await replication.ensure_policy(
        Policy("out", known.id, filters=(Filter("name", ("shop/web/*",)),), destination="x/y", flatten=1)
    )
    await _over(replication, await replication.start(pushed.id))
    assert await site.there() == {"x/y/web/front": ["v1", "v2", "v3-rc"]}
    pulled = await replication.ensure_policy(
        Policy("in", known.id, "pull", filters=(Filter("name", ("x/**",)),), destination="back", flatten=2)
    )
    progress = await _over(replication, await replication.start(pulled.id))
    assert progress.execution.status == "Succeed"
    assert "back" in site.harbor.projects
    assert await replication.policy(pulled.id) == pulled


async def test_a_registry_is_reused_and_its_secret_renewed_when_it_no_longer_works(
    fleet: Fleet, start_registry: StartRegistry, opened: Open
) -> None:
    site = Site(fleet, start_registry)
    registries = HarborRegistries(opened(site.harbor))
    first = await registries.ensure(site.spec)
    again = await registries.ensure(RegistrySpec("other name", site.spec.type, site.spec.url + "/", LOGIN.username))
    assert again.id == first.id
    site.outside.access_secret = "changed"
    with pytest.raises(PolicyRefused) as caught:
        await registries.ensure(RegistrySpec("target", site.spec.type, site.spec.url, LOGIN.username))
    assert "Harbor itself must reach" in caught.value.hint
    renewed = RegistrySpec("target", site.spec.type, site.spec.url, LOGIN.username, "changed")
    assert (await registries.ensure(renewed)).id == first.id
    assert site.harbor.replication.registries[first.id].access_secret == "changed"


async def test_a_name_that_is_taken_gets_a_number(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    site.harbor.outside.append(Outside("http://other", "docker-registry", site.outside.address))
    registries = HarborRegistries(opened(site.harbor))
    await registries.ensure(site.spec)
    other = await registries.ensure(RegistrySpec("target", "docker-registry", "http://other"))
    assert other.name == "target-2"


@pytest.mark.parametrize("kind", ["ali-acr", "tencent-tcr"])
async def test_the_clouds_take_keys_and_no_docker_login(
    fleet: Fleet, start_registry: StartRegistry, opened: Open, kind: str
) -> None:
    site = Site(fleet, start_registry, kind)
    registries = HarborRegistries(opened(site.harbor))
    wrong = RegistrySpec("target", kind, site.spec.url, LOGIN.username, LOGIN.password)
    for attempt in (registries.test(wrong), registries.create(wrong)):
        with pytest.raises(PolicyRefused) as caught:
            await attempt
        assert caught.value.status == 400
        assert "not the registry's user and password" in caught.value.hint
    await registries.test(site.spec)
    assert (await registries.ensure(site.spec)).type == kind


async def test_a_type_this_harbor_does_not_know(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry, "tencent-tcr", version="2.1.6")
    with pytest.raises(PolicyRefused, match=r"tencent-tcr from 2\.2 on, and this one is 2\.1"):
        await HarborRegistries(opened(site.harbor)).ensure(site.spec)


async def test_only_administrators_replicate(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    with pytest.raises(Denied) as caught:
        await HarborRegistries(opened(site.harbor, MAINTAINER)).known()
    assert "system administrator" in caught.value.hint


async def test_what_is_changed_in_a_policy_is_changed_at_harbor(
    fleet: Fleet, start_registry: StartRegistry, opened: Open
) -> None:
    site = Site(fleet, start_registry)
    client = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    made = await replication.ensure_policy(Policy("nightly", known.id, trigger=Trigger("scheduled", "0 30 3 * * *")))
    assert await replication.ensure_policy(Policy("nightly", known.id, trigger=made.trigger)) == made
    assert site.harbor.count("PUT") == 0
    changed = await replication.ensure_policy(
        Policy(
            "nightly",
            known.id,
            filters=(Filter("label", ("a", "b")), Filter("tag", ("*-rc",), excludes=True)),
            speed=512,
        )
    )
    assert changed.id == made.id
    assert [each for each in await replication.policies("night") if each.name == "nightly"] == [changed]
    with pytest.raises(PolicyRefused):
        await HarborRegistries(client).delete(known.id)
    switched_off = await replication.ensure_policy(Policy("off", known.id, enabled=False))
    with pytest.raises(PolicyRefused, match="disabled"):
        await replication.start(switched_off.id)


async def test_stop_then_retry_what_was_stopped(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    client = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    policy = await replication.ensure_policy(Policy("move", known.id, filters=(Filter("name", ("shop/**",)),)))
    site.harbor.hold.clear()
    execution = await replication.start(policy.id)
    await replication.stop(execution)
    site.harbor.hold.set()
    progress = await _over(replication, execution)
    assert progress.execution.status == "Stopped"
    assert {outcome_of(task).state for task in progress.tasks} == {"cancelled"}
    assert await replication.log(progress.tasks[0]) == []
    again = await replication.retry_failed(execution)
    later = [await _over(replication, each) for each in again]
    assert {each.execution.status for each in later} == {"Succeed"}
    assert sorted(await site.there()) == ["shop/api", "shop/db", "shop/web/front"]


async def test_what_failed_is_explained_and_tried_again_alone(
    fleet: Fleet, start_registry: StartRegistry, opened: Open
) -> None:
    site = Site(fleet, start_registry)
    client = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    policy = await replication.ensure_policy(Policy("move", known.id, filters=(Filter("name", ("shop/**",)),)))
    site.harbor.failures["shop/db"] = "http status code: 403, body: denied: requested access"
    first = await _over(replication, await replication.start(policy.id))
    assert (first.execution.status, first.execution.failed) == ("Failed", 1)
    outcomes = [outcome_of(task, await replication.log(task)) for task in first.tasks]
    failed = next(each for each in outcomes if each.state == "failed")
    assert (failed.source.path, failed.failure) == ("shop/db", "DENIED")
    assert "requested access" in failed.message
    assert "permission to push" in failed.hint
    again = await replication.retry_failed(first.execution.id)
    assert len(again) == 1
    second = await _over(replication, again[0])
    assert [task.source for task in second.tasks] == ["shop/db [3 item(s) in total]"]
    outcomes += [outcome_of(task) for task in second.tasks]
    assert {each.state for each in merged(outcomes)} == {"done"}
    pairs = [
        Pair(
            Reference(Repository(site.harbor.address, path), tag="v1"),
            Reference(Repository(site.registry.address, path), tag="v1"),
        )
        for path in ("shop/db", "shop/api", "shop/gone")
    ]
    results = of_pairs(pairs, outcomes)
    assert [each.state for each in results] == ["done", "done", "failed"]
    assert results[2].message == "Harbor had no task for it"
    assert await replication.retry_failed(second.execution.id) == []


async def test_nothing_matched_is_no_success(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    client = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    policy = await replication.ensure_policy(Policy("none", known.id, filters=(Filter("name", ("other/**",)),)))
    progress = await _over(replication, await replication.start(policy.id))
    assert progress.execution.status == "Succeed"
    assert "nothing matched" in problem_of(progress.execution)
    deep = await replication.ensure_policy(Policy("deep", known.id, destination="n", flatten=3))
    failed = await _over(replication, await replication.start(deep.id))
    assert "path components" in problem_of(failed.execution)
    assert len(await replication.retry_failed(failed.execution.id)) == 1


async def test_a_plan_goes_through_harbor(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    version = Version(2, 13)
    here, there = site.harbor.address, site.registry.address
    plan = Plan(
        "harbor to cloud",
        (
            Rule(here, "shop/*", f"{there}/mirror", tags=TagSelection(include=("v1", "v3*"), exclude=("*-rc",))),
            Rule(here, "shop/db", f"{there}/other/db", ("v2",)),
        ),
    )
    assert expressible(plan, here, version) == []
    client: Harbor = opened(site.harbor)
    replication = HarborReplication(client)
    known = await HarborRegistries(client).ensure(site.spec)
    for policy in policies(plan, drafts(plan, here, version), {there: known.id}):
        made = await replication.ensure_policy(policy)
        progress = await _over(replication, await replication.start(made.id))
        assert problem_of(progress.execution) == ""
    assert await site.there() == {
        "mirror/api": ["v1"],
        "mirror/db": ["v1"],
        "mirror/web/front": ["v1"],
        "other/db": ["v2"],
    }


async def test_names_that_are_all_taken(fleet: Fleet, start_registry: StartRegistry, opened: Open) -> None:
    site = Site(fleet, start_registry)
    registries = HarborRegistries(opened(site.harbor))
    for number in range(1, 10):
        url = f"http://other{number}"
        site.harbor.outside.append(Outside(url, "docker-registry", site.outside.address))
        await registries.create(RegistrySpec("target", "docker-registry", url))
    with pytest.raises(Conflict):
        await registries.create(site.spec)
