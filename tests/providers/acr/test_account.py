"""What an AccessKey can do at Alibaba Cloud, in both editions, against the stand-in of the API."""

from __future__ import annotations

import base64

import pytest

from tests.providers.acr.conftest import Acr
from tests.support.clouds.acr_default import TAKEN
from tests.support.clouds.acr_enterprise import INSTANCE, NAME, REGION
from tests.support.clouds.state import Key, Space
from tui.oci.access import Connection
from tui.oci.errors import NotFound, PolicyRefused
from tui.providers.acr.place import Place, locate
from tui.providers.cloud import CloudTag
from tui.providers.preparing import Namespace


async def test_a_login_is_lent_for_an_hour(edition: Acr) -> None:
    lent = await edition.account().lend()
    assert edition.cloud.knows(lent.credential.username, lent.credential.password)
    assert 3500 < lent.seconds <= 3600
    assert edition.cloud.actions == ["GetAuthorizationToken"]


async def test_a_login_lasts_no_longer_than_the_sts_token_that_asked(edition: Acr) -> None:
    edition.cloud.keys["STS.NUexample"] = Key("s", session_token="sts-token", ends_at=edition.cloud.now + 600)
    lent = await edition.account("s", key_id="STS.NUexample", token="sts-token").lend()
    assert 500 < lent.seconds <= 600


async def test_how_long_a_login_lasts_is_told_by_the_clock_of_the_cloud(edition: Acr) -> None:
    edition.cloud.skew = 800.0
    lent = await edition.account().lend()
    assert 3500 < lent.seconds <= 3600


async def test_the_challenge_tells_edition_region_and_instance(enterprise: Acr, default: Acr) -> None:
    assert await enterprise.account().place() == Place("enterprise", REGION, INSTANCE)
    assert await default.account().place() == Place("default", REGION)
    assert "ListInstance" not in enterprise.cloud.actions


@pytest.mark.parametrize(
    ("address", "instance", "expected"),
    [
        ("registry.cn-beijing.aliyuncs.com", "", Place("default", "cn-beijing")),
        ("registry-vpc.cn-beijing.aliyuncs.com", "", Place("default", "cn-beijing")),
        ("crpi-0123456789abcdef.cn-hangzhou.personal.cr.aliyuncs.com", "", Place("default", "cn-hangzhou")),
        (
            "shop-registry.cn-hangzhou.cr.aliyuncs.com", "cri-0123456789abcdef",
            Place("enterprise", "cn-hangzhou", "cri-0123456789abcdef"),
        ),
    ],
)  # fmt: skip
async def test_an_address_may_tell_all(address: str, instance: str, expected: Place) -> None:
    place = await locate(Connection(address), instance)
    assert place == expected
    assert place.api_host == f"cr.{expected.region}.aliyuncs.com"


async def test_an_instance_given_by_name_is_looked_up(enterprise: Acr) -> None:
    account = enterprise.account(instance=NAME)
    assert (await account.place()).instance == INSTANCE
    await account.lend()
    assert enterprise.cloud.actions == ["ListInstance", "GetAuthorizationToken"]


async def test_another_registry_is_not_asked_for_a_login(edition: Acr) -> None:
    edition.front.service = "registry.example.com"
    with pytest.raises(PolicyRefused, match="does not answer as a registry of Alibaba Cloud"):
        await edition.account().lend()
    assert edition.cloud.actions == []


async def test_namespaces_are_listed_and_looked_at(edition: Acr) -> None:
    account = edition.account()
    assert [each.name for page in [p async for p in account.namespaces()] for each in page] == ["strict", "team"]
    assert await account.namespace("team") == Namespace("team", False, True)
    assert await account.namespace("strict") == Namespace("strict", False, False)
    assert await account.namespace("nobody") is None


async def test_refusals_come_with_either_status(enterprise: Acr) -> None:
    enterprise.api.business_status = 400  # type: ignore[union-attr]
    assert await enterprise.account().namespace("nobody") is None


async def test_a_new_namespace_creates_repositories_and_is_private(edition: Acr) -> None:
    account = edition.account()
    await account.create_namespace("fresh")
    assert edition.cloud.spaces["fresh"] == Space(creates=True, public=False)
    edition.cloud.spaces["fresh"] = Space(creates=False, public=True)
    await account.create_namespace("fresh")
    assert edition.cloud.spaces["fresh"] == Space(creates=False, public=True)


async def test_a_name_of_the_default_edition_may_be_taken(default: Acr) -> None:
    with pytest.raises(PolicyRefused, match="another account"):
        await default.account().create_namespace(TAKEN)


async def test_auto_create_is_switched_on_and_the_visibility_stays(edition: Acr) -> None:
    edition.cloud.spaces["strict"].public = True
    await edition.account().switch_on_auto_create("strict")
    assert edition.cloud.spaces["strict"] == Space(creates=True, public=True)
    with pytest.raises(NotFound):
        await edition.account().switch_on_auto_create("nobody")


async def test_repositories_are_listed_over_many_pages_and_created(edition: Acr) -> None:
    edition.cloud.repositories |= {f"team/app-{number:03}" for number in range(250)}
    account = edition.account()
    pages = [page async for page in account.repositories("team")]
    assert [len(page) for page in pages] == [100, 100, 50]
    assert len({path async for page in account.repositories() for path in page}) == 251
    await account.create_repository("strict/new")
    await account.create_repository("strict/new")
    assert "strict/new" in edition.cloud.repositories
    with pytest.raises(NotFound):
        await account.create_repository("nobody/new")


async def test_tags_are_listed_over_many_pages(edition: Acr) -> None:
    edition.api.tags = {"strict/there": [f"v{number:03}" for number in range(130)]}
    pages = [page async for page in edition.account().tags("strict/there")]
    assert [len(page) for page in pages] == [100, 30]
    first = pages[0][0]
    assert isinstance(first, CloudTag)
    assert (first.name, first.size, first.digest) == ("v000", 1000, "sha256:" + "0" * 64)
    assert first.pushed is not None
    assert first.pushed.year == 2026
    with pytest.raises(NotFound):
        [page async for page in edition.account().tags("strict/nothing")]


async def test_a_throttled_call_is_waited_for(edition: Acr) -> None:
    edition.cloud.throttled = 1
    assert (await edition.account().lend()).credential.password


async def test_the_registry_gets_the_lent_login_and_nothing_of_the_key(edition: Acr) -> None:
    from tui.oci.client import RegistryClient
    from tui.oci.reference import Repository

    async with RegistryClient(edition.access()) as client:
        assert await client.head_manifest(Repository(edition.front.address, "team/app"), "latest") is None
    assert edition.front.tokens == [("cr_temp_user", 200)]
    sent = [request for request in edition.cloud.seen if "/auth" in request]
    loan = edition.cloud.loans[0]
    assert base64.b64encode(f"{loan.username}:{loan.password}".encode()).decode() in sent[0]
