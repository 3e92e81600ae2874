"""What an API key can do at Tencent Cloud, against the stand-in of the API."""

from __future__ import annotations

import base64

import pytest

from tests.providers.tcr.conftest import KEY_ID, SECRET, Tcr
from tests.support.chinese import assert_in_chinese, findings_in_chinese, step_in_chinese
from tests.support.clouds.state import Key, Space
from tests.support.clouds.tencent import INSTANCE, NAME, REGION
from tests.support.http_proxy import Proxy, running
from tui.oci.access import Access, Connection, Credential
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NetworkError, NotFound, PolicyRefused, RegistryError, Unauthenticated
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.providers.browse import RegistryBrowser
from tui.providers.check import check
from tui.providers.findings import Finding
from tui.providers.hints import TCR_DENIED
from tui.providers.lender import lender
from tui.providers.preparing import Namespace
from tui.providers.refusals import CLOCK_HINT
from tui.providers.tcr.errors import CAM_HINT, INSTANCE_HINT, KEY_HINT, NAMESPACE_HINT, SECRET_HINT, TOKEN_HINT
from tui.providers.tcr.instance import PERSONAL_HINT
from tui.providers.tcr.preparing import TcrPreparer

ONCE = RetryPolicy(tries=1, throttled_total=0)


async def test_a_login_is_lent_for_an_hour(tcr: Tcr) -> None:
    lent = await tcr.account().lend()
    assert tcr.cloud.knows(lent.credential.username, lent.credential.password)
    assert 3500 < lent.seconds <= 3600
    assert tcr.cloud.actions == ["DescribeInstances", "CreateInstanceToken"]


async def test_a_temporary_key_goes_with_its_token(tcr: Tcr) -> None:
    tcr.cloud.keys["IKID0123456789abc"] = Key("s", session_token="planted-token", ends_at=tcr.cloud.now + 600)
    lent = await tcr.account("s", key_id="IKID0123456789abc", token="planted-token").lend()
    assert lent.seconds <= 600


async def test_a_long_term_credential_is_a_login_too(tcr: Tcr) -> None:
    credential = await tcr.account().long_term("regferry on the jump host")
    assert credential.username.isdigit()
    access = Access(Connection(tcr.front.address, scheme="http"), credential)
    async with RegistryBrowser(access, "tcr") as browser:
        assert [page async for page in browser.repositories()] in ([], [[]])


async def test_the_instance_is_found_by_its_domain_among_many(tcr: Tcr) -> None:
    tcr.api.others = 250
    instance = await tcr.account().instance()
    assert (instance.id, instance.name, instance.region, instance.status) == (INSTANCE, NAME, REGION, "Running")
    assert tcr.cloud.actions == ["DescribeInstances"] * 3


@pytest.mark.parametrize("address", ["shop.tencentcloudcr.com", "shop-vpc.tencentcloudcr.com"])
async def test_the_instance_is_found_by_the_name_in_its_address(tcr: Tcr, address: str) -> None:
    tcr.api.others = 250
    assert (await tcr.account(address=address).instance()).id == INSTANCE
    assert tcr.cloud.actions == ["DescribeInstances"]


@pytest.mark.parametrize("given", [NAME, INSTANCE])
async def test_the_instance_may_be_given_by_name_or_id(tcr: Tcr, given: str) -> None:
    assert (await tcr.account(address="registry.example.com", instance=given).instance()).id == INSTANCE


async def test_namespaces(tcr: Tcr) -> None:
    account = tcr.account()
    assert [page async for page in account.namespaces()] == [
        [Namespace("team", False, True), Namespace("team-two", True, True)]
    ]
    assert await account.namespace("team") == Namespace("team", False, True)
    assert await account.namespace("tea") is None
    await account.create_namespace("fresh")
    await account.create_namespace("fresh")
    assert tcr.cloud.spaces["fresh"] == Space(True, False)
    with pytest.raises(PolicyRefused, match="name is reserved"):
        await account.create_namespace("library")


async def test_repositories_and_tags_over_many_pages(tcr: Tcr) -> None:
    tcr.cloud.repositories |= {f"team/app-{number:03}" for number in range(230)} | {"team-two/x"}
    tcr.api.tags = {"team/app-001": [f"v{number:03}" for number in range(120)]}
    account = tcr.account()
    assert [len(page) async for page in account.repositories("team")] == [100, 100, 30]
    assert len([path async for page in account.repositories() for path in page]) == 231
    pages = [page async for page in account.tags("team/app-001")]
    assert [len(page) for page in pages] == [100, 20]
    assert (pages[0][0].name, pages[0][0].size, pages[0][0].pushed is not None) == ("v000", 1000, True)
    await account.create_repository("team/new")
    await account.create_repository("team/new")
    assert "team/new" in tcr.cloud.repositories
    with pytest.raises(NotFound):
        [page async for page in account.tags("team/nothing")]


async def test_the_registry_gets_the_lent_login_and_nothing_of_the_key(tcr: Tcr) -> None:
    async with RegistryClient(tcr.access()) as client:
        assert await client.head_manifest(Repository(tcr.front.address, "team/app"), "latest") is None
    assert [status for _, status in tcr.front.tokens] == [200]
    loan = tcr.cloud.loans[0]
    pair = base64.b64encode(f"{loan.username}:{loan.password}".encode()).decode()
    assert any(pair in request for request in tcr.cloud.seen)


async def refusal(tcr: Tcr, **how: str) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await tcr.account(how.pop("secret", SECRET), **how).lend()
    assert SECRET not in str(caught.value)
    assert_in_chinese(caught.value)
    return caught.value


async def test_an_unknown_key(tcr: Tcr) -> None:
    error = await refusal(tcr, key_id="AKIDnobodynobodynobody")
    assert isinstance(error, Unauthenticated)
    assert "does not know this SecretId" in error.message
    assert error.hint == KEY_HINT


async def test_a_wrong_secret(tcr: Tcr) -> None:
    error = await refusal(tcr, secret="another")
    assert isinstance(error, Unauthenticated)
    assert "SecretKey is wrong" in error.message
    assert error.hint == SECRET_HINT


@pytest.mark.parametrize(("skew", "words"), [(600.0, "10 minutes slow"), (-600.0, "10 minutes fast")])
async def test_a_clock_that_is_wrong(tcr: Tcr, skew: float, words: str) -> None:
    tcr.cloud.skew = skew
    error = await refusal(tcr)
    assert isinstance(error, Unauthenticated)
    assert words in error.message
    assert error.hint == CLOCK_HINT


async def test_a_temporary_key_that_has_ended(tcr: Tcr) -> None:
    tcr.cloud.keys["IKID0123456789abc"] = Key("s", session_token="t", ends_at=tcr.cloud.now - 1)
    error = await refusal(tcr, secret="s", key_id="IKID0123456789abc", token="t")
    assert isinstance(error, Unauthenticated)
    assert "token of this temporary key has expired" in error.message
    assert error.hint == TOKEN_HINT


async def test_an_instance_the_key_does_not_see(tcr: Tcr) -> None:
    error = await refusal(tcr, instance="nobody")
    assert isinstance(error, NotFound)
    assert "nobody" in error.message
    assert error.hint == INSTANCE_HINT


async def test_an_account_without_permission(tcr: Tcr) -> None:
    tcr.cloud.keys[KEY_ID].allowed = frozenset({"tcr:DescribeInstances"})
    error = await refusal(tcr)
    assert isinstance(error, Denied)
    assert "tcr:CreateInstanceToken" in error.message
    assert error.hint == CAM_HINT


async def test_the_personal_edition_takes_no_key(tcr: Tcr) -> None:
    error = await refusal(tcr, address="ccr.ccs.tencentyun.com")
    assert isinstance(error, PolicyRefused)
    assert error.hint == PERSONAL_HINT
    assert tcr.cloud.actions == []


async def test_an_instance_that_is_not_running(tcr: Tcr) -> None:
    tcr.api.status = "Isolate"
    error = await refusal(tcr)
    assert "not running" in error.message


async def test_a_throttled_call_is_waited_for(tcr: Tcr) -> None:
    tcr.cloud.throttled = 1
    assert (await tcr.account().lend()).credential.password


async def test_an_api_that_cannot_be_reached(tcr: Tcr) -> None:
    async with RegistryClient(tcr.access(api="http://127.0.0.1:1"), retry=ONCE) as client:
        with pytest.raises(NetworkError, match="API of Tencent Cloud does not answer"):
            await client.head_manifest(Repository(tcr.front.address, "team/app"), "latest")


async def inspect(tcr: Tcr, *paths: str, **changes: str) -> list[Finding]:
    targets = [Repository(tcr.front.address, path) for path in paths]
    found = await TcrPreparer().inspect(tcr.access(**changes), targets)
    findings_in_chinese(found)
    return found


async def test_a_missing_namespace_is_offered_and_created(tcr: Tcr) -> None:
    [found] = [each for each in await inspect(tcr, "team/app", "fresh/app") if each.severity == "problem"]
    assert found.words == "the namespace fresh does not exist"
    assert found.action is not None
    await TcrPreparer().perform(tcr.access(), found.action)
    assert tcr.cloud.spaces["fresh"] == Space(True, False)
    everything = await inspect(tcr, "team/app", "fresh/app")
    assert {each.severity for each in everything} == {"note", "ok"}
    assert [each.words for each in everything if each.severity == "note"] == [
        "the instance tcr-0123abcd lets in 0.0.0.0/0 only"
    ]


@pytest.mark.parametrize(
    ("public", "networks", "severity", "words"),
    [
        ("Closed", [], "problem", "the instance tcr-0123abcd is closed to the internet"),
        ("Opening", [], "problem", "public access to the instance tcr-0123abcd is opening"),
        ("Opened", [], "problem", "the access list of the instance tcr-0123abcd is empty"),
    ],
)
async def test_an_instance_that_lets_nobody_in(
    tcr: Tcr, public: str, networks: list[str], severity: str, words: str
) -> None:
    tcr.api.public, tcr.api.networks = public, networks
    found = (await inspect(tcr, "team/app"))[0]
    assert (found.severity, found.words) == (severity, words)
    assert found.hint


async def test_names_that_cannot_be(tcr: Tcr) -> None:
    words = [each.words for each in await inspect(tcr, "app", "a--b/x") if each.severity == "problem"]
    assert "the target app names no namespace" in words
    assert "a--b cannot be the name of a namespace" in words


@pytest.mark.parametrize(
    ("address", "username", "expected"),
    [
        ("shop.tencentcloudcr.com", "100036950234", ["note"]),
        ("shop.tencentcloudcr.com", "tcr$robot", ["note"]),
        ("shop.tencentcloudcr.com", "me@example.com", ["warning", "note"]),
        ("ccr.ccs.tencentyun.com", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3", ["warning", "note"]),
    ],
)
async def test_with_a_password_it_is_said_what_cannot_be_seen(address: str, username: str, expected: list[str]) -> None:
    access = Access(Connection(address), Credential(username, "x"))
    found = await TcrPreparer().inspect(access, [Repository(address, "team/app")])
    assert [each.severity for each in found] == expected


async def test_the_connection_test_logs_in_with_what_is_lent(tcr: Tcr) -> None:
    tcr.cloud.repositories.add("team/app")
    steps = {step.name: step async for step in check(tcr.access(), "team/app", push=True)}
    assert [step for step in steps.values() if step.state == "failed"] == []


async def test_a_push_that_is_denied_says_what_to_look_at(tcr: Tcr) -> None:
    name, key = f"{NAME}.tencentcloudcr.com", Credential(KEY_ID, SECRET)
    async with running(Proxy(tcr.front.address)) as proxy:
        connection = Connection(name, scheme="http", proxy=f"http://{proxy}")
        access = Access(connection, key, lender(tcr.endpoint(), connection, key))
        denied = [step async for step in check(access, "nobody/app", push=True) if step.state == "failed"]
    assert {step.name for step in denied} <= {"pull", "push"}
    assert denied[0].hint == TCR_DENIED
    step_in_chinese(denied[0])


async def test_what_is_to_be_created_in_a_namespace_that_is_missing(tcr: Tcr) -> None:
    with pytest.raises(NotFound, match="namespace does not exist") as caught:
        await tcr.account().create_repository("nobody/app")
    assert caught.value.hint == NAMESPACE_HINT
    assert_in_chinese(caught.value)


def test_a_refusal_names_what_to_look_at() -> None:
    from tui.providers.hints import advice
    from tui.providers.kinds import vendor_of_address

    error = Denied("no", endpoint="shop.tencentcloudcr.com", reference="shop.tencentcloudcr.com/nobody/app")
    assert advice(error, vendor_of_address(error.endpoint)) == TCR_DENIED


async def test_browsing_lists_by_the_api(tcr: Tcr) -> None:
    tcr.cloud.repositories.add("team/app")
    async with RegistryBrowser(tcr.access(), "tcr") as browser:
        assert [page async for page in browser.repositories()] == [["team/app"]]
