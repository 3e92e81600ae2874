"""A Harbor as target: missing projects, quotas, immutable tags, roles, each found and explained before a push."""

from __future__ import annotations

import pytest

from tests.providers.harbor.conftest import (
    ADMIN,
    GUEST,
    MAINTAINER,
    ONCE,
    PULLER,
    ROBOT,
    SINGLE_SIGN_ON,
    Fleet,
    Open,
    access_to,
)
from tests.support.chinese import findings_in_chinese
from tests.support.harbor.state import HarborAccount, immutable_rule
from tests.support.images import image, layer
from tests.support.pusher import push
from tui.oci.client import RegistryClient
from tui.oci.errors import Conflict, Denied, PolicyRefused
from tui.oci.reference import Reference, Repository, digest_of
from tui.providers.findings import Finding
from tui.providers.harbor.preflight import inspect_source, inspect_target
from tui.providers.harbor.preparing import HarborPreparer
from tui.providers.harbor.source import HarborSource
from tui.providers.harbor.target import (
    Quota,
    create_project,
    immutable_rules,
    missing_projects,
    project_exists,
    quota_of,
)

APIS = ("2.0", "1")


def _at(address: str, *paths: str) -> list[Repository]:
    return [Repository(address, path) for path in paths]


def _said(findings: list[Finding], severity: str) -> list[str]:
    findings_in_chinese(findings)
    return [f"{each.words} | {each.hint}" for each in findings if each.severity == severity]


@pytest.mark.parametrize("api", APIS)
async def test_missing_projects_are_found_and_created(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = fleet.start(api=api)
    harbor.add_project("library")
    client = opened(harbor)
    targets = _at(harbor.address, "library/a", "new/a", "new/b/c", "other/x")
    assert await missing_projects(client, targets) == ["new", "other"]
    await create_project(client, "new")
    await create_project(client, "other", public=True, storage_limit=1_000_000)
    await create_project(client, "other")
    assert await missing_projects(client, targets) == []
    assert (harbor.projects["new"].public, harbor.projects["other"].public) == (False, True)
    assert harbor.projects["other"].storage_limit == 1_000_000


@pytest.mark.parametrize("name", ["Upper", "a..b", "-a", "a" * 256, ""])
async def test_a_name_that_harbor_does_not_take_is_not_sent(fleet: Fleet, opened: Open, name: str) -> None:
    harbor = fleet.start()
    with pytest.raises(PolicyRefused, match="no project"):
        await create_project(opened(harbor), name)
    assert harbor.count("POST") == 0


async def test_who_may_not_create_is_told_who_may(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start(ADMIN, MAINTAINER, ROBOT, creators="adminonly")
    harbor.add_project("shop")
    for account in (MAINTAINER, ROBOT):
        with pytest.raises(Denied) as caught:
            await create_project(opened(harbor, account), "new")
        assert "administrator" in caught.value.hint
    findings = await inspect_target(opened(harbor, MAINTAINER), _at(harbor.address, "new/a"))
    assert "only administrators may create projects" in _said(findings, "problem")[0]


async def test_a_robot_of_the_system_creates_projects(fleet: Fleet, opened: Open) -> None:
    robot = HarborAccount("robot$system", "x" * 20, permissions={"*": frozenset({"project:create"})})
    harbor = fleet.start(robot)
    await create_project(opened(harbor, robot), "new")
    assert "new" in harbor.projects


async def test_a_cli_secret_finds_projects_by_the_list(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start(SINGLE_SIGN_ON, auth_mode="oidc_auth")
    harbor.add_project("shop")
    client = opened(harbor, SINGLE_SIGN_ON)
    assert await project_exists(client, "shop") is True
    assert await project_exists(client, "nothing") is False


@pytest.mark.parametrize("api", APIS)
async def test_quotas(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = fleet.start(ADMIN, MAINTAINER, PULLER, api=api)
    harbor.add_project("free")
    shop = harbor.add_project("shop", storage_limit=100_000, count_limit=5)
    made = fleet.fill(harbor, "shop/api", "v1", "v2")
    size = sum(blob.size for blob in made.blobs)
    client = opened(harbor)
    source = HarborSource(client)
    assert (await quota_of(client, await source.project("free"))) == Quota()
    quota = await quota_of(client, await source.project("shop"))
    assert quota is not None
    assert (quota.storage_limit, quota.storage_used) == (100_000, size)
    assert quota.storage_left == 100_000 - size
    assert quota.count_left == (4 if api == "1" else None)
    theirs = opened(harbor, MAINTAINER)
    assert await quota_of(theirs, await HarborSource(theirs).project("shop")) == quota
    robots = opened(harbor, PULLER)
    assert await quota_of(robots, await source.project("shop")) is None
    assert shop.id == 2


async def test_what_does_not_fit_is_said_before(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start()
    harbor.add_project("shop", storage_limit=10_000)
    made = fleet.fill(harbor, "shop/api", "v1")
    targets = _at(harbor.address, "shop/api")
    client = opened(harbor)
    fits = await inspect_target(client, targets, sizes={"shop": 1_000})
    assert [each.severity for each in fits] == ["ok"]
    tight = await inspect_target(client, targets, sizes={"shop": 20_000})
    assert "left, and up to 19.5 KiB are to be copied" in _said(tight, "problem")[0]
    harbor.projects["shop"].storage_limit = sum(blob.size for blob in made.blobs) + 100
    assert "have an administrator raise the quota" in _said(await inspect_target(client, targets), "warning")[0]
    harbor.projects["shop"].storage_limit = 1_000
    assert "is full (1000 B)" in _said(await inspect_target(client, targets), "problem")[0]


async def test_the_registry_refuses_what_the_preflight_foretold(fleet: Fleet) -> None:
    harbor = fleet.start()
    harbor.add_project("shop", storage_limit=100)
    target = Repository(harbor.address, "shop/api")
    async with RegistryClient(access_to(harbor), retry=ONCE) as client:
        upload = await client.start_upload(target)
        body = b"x" * 200
        with pytest.raises(PolicyRefused) as caught:
            await upload.finish(digest_of(body), body)
        assert "quota" in caught.value.hint


@pytest.mark.parametrize("api", APIS)
async def test_immutable_tags(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = fleet.start(ADMIN, GUEST, api=api)
    harbor.add_project("shop", immutable=[immutable_rule("v*", "web/**"), immutable_rule("**", disabled=True)])
    fleet.fill(harbor, "shop/web/front", "v1")
    client = opened(harbor)
    project = await HarborSource(client).project("shop")
    rules = await immutable_rules(client, project)
    assert rules is not None
    assert [(rule.enabled, rule.keeps("web/front", "v1")) for rule in rules] == [(True, True), (False, False)]
    assert not rules[0].keeps("web/front", "latest")
    assert not rules[0].keeps("api", "v1")
    guest = opened(harbor, GUEST)
    assert await immutable_rules(guest, project) is None
    targets = _at(harbor.address, "shop/web/front")
    assert "keeps tags as they are: v* in web/**" in _said(await inspect_target(client, targets), "warning")[0]
    pushed = [Reference(targets[0], tag="v1"), Reference(targets[0], tag="latest")]
    found = await inspect_target(client, targets, tags=pushed)
    assert "1 of these tags are immutable in project shop" in _said(found, "warning")[0]
    found = await inspect_target(client, targets, tags=pushed[1:])
    assert _said(found, "warning") == []


async def test_an_immutable_tag_conflicts_when_it_is_pushed(fleet: Fleet) -> None:
    harbor = fleet.start()
    harbor.add_project("shop", immutable=[immutable_rule("v*")])
    fleet.fill(harbor, "shop/api", "v1")
    other = image([layer("other", 2_000)])
    push(fleet.registries[harbor.address], "shop/api", other, "temporary")
    async with RegistryClient(access_to(harbor), retry=ONCE) as client:
        manifest = await client.get_manifest(Repository(harbor.address, "shop/api"), other.digest)
        with pytest.raises(Conflict):
            await client.put_manifest(Repository(harbor.address, "shop/api"), "v1", manifest)


async def test_everything_in_the_way_at_once(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start(ADMIN, GUEST)
    harbor.add_project("shop")
    harbor.add_project("cache", registry_id=7, public=True)
    harbor.add_project("private")
    harbor.read_only = True
    targets = _at(harbor.address, "shop/a", "cache/b", "private/c", "new/d", "x_-y/e")
    findings = await inspect_target(opened(harbor, GUEST), targets)
    problems = " ".join(_said(findings, "problem"))
    assert "is read-only just now" in problems
    assert "guest of project shop, who may pull and not push" in problems
    assert "project cache is a cache of another registry" in problems
    assert "project private is there, and this account does not see it" in problems
    assert "projects that are not there yet: new" in problems
    assert "x_-y can be no project" in problems
    assert [each.severity for each in findings] == sorted(
        (each.severity for each in findings), key=["problem", "warning", "note", "ok"].index
    )
    offered = [each.action for each in findings if each.action is not None]
    assert [(each.deed, each.subjects) for each in offered] == [("create-namespace", ("new",))]


async def test_the_preparer_does_what_it_offered(fleet: Fleet) -> None:
    harbor = fleet.start()
    preparer = HarborPreparer()
    targets = _at(harbor.address, "one/a", "two/b")
    findings = await preparer.inspect(access_to(harbor), targets)
    action = next(each.action for each in findings if each.action)
    assert action.words == "create one, two, for members only"
    await preparer.perform(access_to(harbor), action)
    assert sorted(harbor.projects) == ["one", "two"]
    assert _said(await preparer.inspect(access_to(harbor), targets), "problem") == []


async def test_a_refused_login_is_a_finding(fleet: Fleet) -> None:
    harbor = fleet.start()
    findings = await HarborPreparer().inspect(access_to(harbor, password="wrong"), _at(harbor.address, "a/b"))
    assert len(findings) == 1
    assert "the login for user 'admin' is refused" in findings[0].words
    assert "check the user name and password" in findings[0].hint


async def test_nobody_pushes_without_a_login(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start()
    harbor.add_project("open", public=True)
    findings = await inspect_target(opened(harbor, None), _at(harbor.address, "open/a"))
    assert "no login is set" in _said(findings, "problem")[0]


async def test_what_keeps_a_source_from_handing_out(fleet: Fleet, opened: Open) -> None:
    harbor = fleet.start(api="1")
    harbor.add_project("shop", metadata={"prevent_vul": "true", "enable_content_trust": "true"}, charts=4)
    findings = await inspect_source(opened(harbor), ["shop", "nothing"])
    assert "project nothing is not there" in _said(findings, "problem")[0]
    warnings = " ".join(_said(findings, "warning"))
    assert "known vulnerabilities" in warnings
    assert "without a signature" in warnings
    assert "4 Helm charts of project shop are in ChartMuseum" in _said(findings, "note")[0]
