"""What is found before a run to Alibaba Cloud, and what is done about it when asked."""

from __future__ import annotations

import json

import pytest

from tests.providers.acr.conftest import KEY_ID, Acr
from tests.support.chinese import findings_in_chinese
from tests.support.clouds.state import Space
from tui.oci.access import Access, Connection, Credential
from tui.oci.client import RegistryClient
from tui.oci.errors import NotFound, PolicyRefused
from tui.oci.reference import Repository
from tui.providers.acr.policy import ram_policy
from tui.providers.acr.preparing import AcrPreparer
from tui.providers.acr.users import EXAMPLES, user_name_problem
from tui.providers.browse import RegistryBrowser
from tui.providers.catalog import CatalogUnavailable, Session, provider_for
from tui.providers.findings import Action, Finding
from tui.providers.preparing import preparer_for


async def inspect(acr: Acr, *paths: str, **changes: str) -> list[Finding]:
    targets = [Repository(acr.front.address, path) for path in paths]
    found = await AcrPreparer().inspect(acr.access(**changes), targets)
    findings_in_chinese(found)
    return found


def problems(findings: list[Finding]) -> list[str]:
    return [finding.words for finding in findings if finding.severity == "problem"]


async def test_all_is_well(edition: Acr) -> None:
    found = await inspect(edition, "team/app", "team/other", "strict/there")
    assert {finding.severity for finding in found} == {"ok"}
    assert [finding.words for finding in found] == [
        "the AccessKey gives a login for the registry",
        "the namespace strict and its repositories are there",
        "the namespace team is there, and a push creates what is missing",
    ]


async def test_a_missing_namespace_is_offered_and_created(edition: Acr) -> None:
    [found] = [each for each in await inspect(edition, "fresh/app") if each.severity == "problem"]
    assert found.words == "the namespace fresh does not exist"
    assert found.action is not None
    assert found.action.words == "create the namespace fresh, private"
    assert "fresh" not in edition.cloud.spaces
    await AcrPreparer().perform(edition.access(), found.action)
    assert edition.cloud.spaces["fresh"] == Space(creates=True, public=False)
    assert problems(await inspect(edition, "fresh/app")) == []


async def test_a_namespace_that_creates_nothing_is_offered_both_ways_out(edition: Acr) -> None:
    found = await inspect(edition, "strict/there", "strict/one", "strict/two")
    assert problems(found) == [
        "the namespace strict does not create repositories by itself, and 2 are missing: strict/one, strict/two"
    ]
    actions = {each.action.deed: each.action for each in found if each.action}
    assert actions["create-repositories"].subjects == ("strict/one", "strict/two")
    await AcrPreparer().perform(edition.access(), actions["create-repositories"])
    assert {"strict/one", "strict/two"} <= edition.cloud.repositories
    assert problems(await inspect(edition, "strict/one", "strict/two")) == []
    assert not edition.cloud.spaces["strict"].creates
    await AcrPreparer().perform(edition.access(), actions["switch-on-auto-create"])
    assert edition.cloud.spaces["strict"].creates


async def test_names_that_cannot_be(default: Acr) -> None:
    found = problems(await inspect(default, "team/sub/app", "app"))
    assert found[0] == "2 targets are not namespace/repository, the first is team/sub/app"
    deep = [each for each in await inspect(default, "team/a/b") if each.severity == "problem"]
    assert "{namespace}/{name}" in deep[0].hint
    assert "a.b cannot be the name of a namespace" in problems(await inspect(default, "a.b/app"))


async def test_names_of_enterprise_instances(enterprise: Acr) -> None:
    assert "a.b cannot be the name of a namespace" not in problems(await inspect(enterprise, "a.b/app"))
    found = await inspect(enterprise, "team/sub/app")
    assert [each.words for each in found if each.severity == "warning"] == [
        "1 targets are not namespace/repository, the first is team/sub/app"
    ]


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ({"Enable": False, "AclEnable": True, "AclEntries": []}, "is closed to the internet"),
        ({"Enable": True, "AclEnable": True, "AclEntries": []}, "access list of the instance"),
    ],
)
async def test_an_instance_that_lets_nobody_in(enterprise: Acr, endpoint: dict[str, object], words: str) -> None:
    enterprise.api.endpoint = endpoint  # type: ignore[union-attr]
    [found] = [each for each in await inspect(enterprise, "team/app") if each.severity == "problem"]
    assert words in found.words
    assert "this machine's address" in found.hint


async def test_an_instance_that_lets_some_in(enterprise: Acr) -> None:
    entries = [{"Entry": "203.0.113.0/24"}]
    enterprise.api.endpoint = {"Enable": True, "AclEnable": True, "AclEntries": entries}  # type: ignore[union-attr]
    [found] = [each for each in await inspect(enterprise, "team/app") if each.severity == "note"]
    assert "lets in 203.0.113.0/24 only" in found.words


async def test_what_may_not_be_looked_at_is_no_obstacle(enterprise: Acr) -> None:
    enterprise.cloud.keys[KEY_ID].allowed = frozenset({"cr:GetAuthorizationToken", "cr:GetNamespace"})
    assert problems(await inspect(enterprise, "team/app")) == []


async def test_a_key_without_permission_on_the_namespace(edition: Acr) -> None:
    edition.cloud.keys[KEY_ID].allowed = frozenset({"cr:GetAuthorizationToken", "cr:GetInstanceEndpoint"})
    [found] = [each for each in await inspect(edition, "team/app") if each.severity == "problem"]
    assert "cr:GetNamespace" in found.words
    assert "RAM" in found.hint


async def test_a_wrong_key_is_the_one_finding(edition: Acr) -> None:
    [found] = await inspect(edition, "team/app", secret="another")
    assert found.severity == "problem"
    assert "secret of the AccessKey is wrong" in found.words


async def test_with_a_password_it_is_said_what_cannot_be_seen() -> None:
    address = "registry.cn-beijing.aliyuncs.com"
    access = Access(Connection(address), Credential("1234567890123456", "x"))
    preparer = preparer_for("acr")
    assert preparer is not None
    found = await preparer.inspect(access, [Repository(address, "team/app")])
    assert [each.severity for each in found] == ["warning", "note"]
    assert "automatically create repository" in found[1].hint
    with pytest.raises(PolicyRefused, match="without an access key"):
        await preparer.perform(access, Action("create-namespace", ("x",), ""))


@pytest.mark.parametrize("username", EXAMPLES)
def test_user_names_that_may_be(username: str) -> None:
    assert user_name_problem(username) == ("", "")


@pytest.mark.parametrize("username", ["1234567890123456", "cr_temp_user", "a:b", "name@", " x"])
def test_user_names_that_will_hardly_be(username: str) -> None:
    wrong, hint = user_name_problem(username)
    assert wrong
    assert hint


def test_the_policy_of_an_enterprise_instance() -> None:
    policy = json.loads(ram_policy(["team", "apps"], instance="cri-1", region="cn-hangzhou", account="123"))
    assert policy["Version"] == "1"
    allowed = {action: each["Resource"] for each in policy["Statement"] for action in each["Action"]}
    assert allowed["cr:PushRepository"] == [
        "acs:cr:cn-hangzhou:123:repository/cri-1/apps/*",
        "acs:cr:cn-hangzhou:123:repository/cri-1/team/*",
    ]
    assert allowed["cr:GetAuthorizationToken"] == ["acs:cr:cn-hangzhou:123:instance/cri-1"]
    assert "cr:CreateNamespace" not in allowed
    assert not any("*" in action or "Delete" in action for action in allowed)


def test_the_policy_of_the_default_edition() -> None:
    policy = json.loads(ram_policy(["team"], create=True))
    allowed = {action: each["Resource"] for each in policy["Statement"] for action in each["Action"]}
    assert allowed["cr:PullRepository"] == ["acs:cr:*:*:repository/team/*"]
    assert allowed["cr:GetAuthorizationToken"] == ["*"]
    assert allowed["cr:CreateNamespace"] == ["acs:cr:*:*:repository/*"]


async def test_a_key_may_do_all_of_it_with_that_policy(enterprise: Acr) -> None:
    policy = json.loads(ram_policy(["fresh"], instance="cri-1", create=True))
    enterprise.cloud.keys[KEY_ID].allowed = frozenset(
        action for each in policy["Statement"] for action in each["Action"]
    )
    [found] = [each for each in await inspect(enterprise, "fresh/app") if each.severity == "problem"]
    assert found.action is not None
    await AcrPreparer().perform(enterprise.access(), found.action)
    await enterprise.account().create_repository("fresh/app")
    assert [page async for page in enterprise.account().repositories("fresh")] == [["fresh/app"]]


async def test_browsing_lists_by_the_api_and_reads_tags_by_the_registry(edition: Acr) -> None:
    async with RegistryBrowser(edition.access(), "acr") as browser:
        assert [page async for page in browser.repositories()] == [["strict/there"]]
        with pytest.raises(NotFound):
            [page async for page in browser.tags("strict/nothing")]


async def test_tags_come_from_the_api_where_the_registry_gives_none(edition: Acr) -> None:
    edition.front.no_tag_lists = True
    edition.api.tags = {"strict/there": ["v1", "v2"]}
    async with RegistryBrowser(edition.access(), "acr") as browser:
        assert [page async for page in browser.tags("strict/there")] == [["v1", "v2"]]


async def test_with_a_password_names_must_be_typed(edition: Acr) -> None:
    edition.cloud.fixed["aliyun4681828459"] = "fixed"
    access = Access(Connection(edition.front.address, scheme="http"), Credential("aliyun4681828459", "fixed"))
    async with RegistryClient(access) as client:
        with pytest.raises(CatalogUnavailable) as caught:
            [page async for page in provider_for("acr").repositories(Session(access, client))]
    assert "access key" in caught.value.hint
