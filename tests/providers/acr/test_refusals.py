"""What goes wrong with an AccessKey, its clock, its instance or its network: each is said with the step to take."""

from __future__ import annotations

import time

import pytest

from tests.providers.acr.conftest import KEY_ID, SECRET, Acr
from tests.support.chinese import assert_in_chinese, step_in_chinese
from tests.support.clouds.acr_enterprise import REGION
from tests.support.clouds.state import Key
from tui.engine.tasks import Failure
from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NetworkError, NotFound, RegistryError, Throttled, Unauthenticated
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.providers.acr.enterprise import Enterprise
from tui.providers.acr.errors import INSTANCE_HINT, KEY_HINT, NAMESPACE_HINT, RAM_HINT, SECRET_HINT, STS_HINT, judge
from tui.providers.acr.signed import signer
from tui.providers.api.call import ApiCall
from tui.providers.api.client import ApiClient
from tui.providers.catalog import CatalogUnavailable, Session, provider_for
from tui.providers.check import check
from tui.providers.check_steps import Step
from tui.providers.hints import ACR_DENIED, ACR_DEPTH, advice
from tui.providers.kinds import Vendor
from tui.providers.refusals import CLOCK_HINT

ONCE = RetryPolicy(tries=1, throttled_total=0)


async def refusal(acr: Acr, **how: str) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await acr.account(how.pop("secret", SECRET), **how).lend()
    assert SECRET not in str(caught.value)
    assert str(caught.value).startswith("127.0.0.1:")
    assert_in_chinese(caught.value)
    return caught.value


async def test_an_unknown_key(edition: Acr) -> None:
    error = await refusal(edition, key_id="LTAI5tNobodyNobody0001")
    assert isinstance(error, Unauthenticated)
    assert "does not know this AccessKey" in error.message
    assert error.hint == KEY_HINT


async def test_a_disabled_key(edition: Acr) -> None:
    edition.cloud.keys[KEY_ID].enabled = False
    error = await refusal(edition)
    assert isinstance(error, Unauthenticated)
    assert "disabled" in error.message
    assert error.hint == KEY_HINT


async def test_a_wrong_secret(edition: Acr) -> None:
    error = await refusal(edition, secret="another")
    assert isinstance(error, Unauthenticated)
    assert "secret of the AccessKey is wrong" in error.message
    assert error.hint == SECRET_HINT
    assert "string to sign" not in str(error)


@pytest.mark.parametrize(("skew", "words"), [(3600.0, "60 minutes slow"), (-7200.0, "120 minutes fast")])
async def test_a_clock_that_is_wrong(edition: Acr, skew: float, words: str) -> None:
    edition.cloud.skew = skew
    error = await refusal(edition)
    assert isinstance(error, Unauthenticated)
    assert "clock of this machine is wrong" in error.message
    assert words in error.message
    assert error.hint == CLOCK_HINT


async def test_an_sts_token_that_has_ended(edition: Acr) -> None:
    edition.cloud.keys["STS.NUexample"] = Key("s", session_token="sts-token", ends_at=time.time() - 1)
    error = await refusal(edition, secret="s", key_id="STS.NUexample", token="sts-token")
    assert isinstance(error, Unauthenticated)
    assert "STS token of this AccessKey has expired" in error.message
    assert error.hint == STS_HINT


@pytest.mark.parametrize(("token", "words"), [("", "STS token is missing"), ("other", "of another AccessKey")])
async def test_an_sts_token_that_is_missing_or_another(edition: Acr, token: str, words: str) -> None:
    edition.cloud.keys["STS.NUexample"] = Key("s", session_token="sts-token")
    error = await refusal(edition, secret="s", key_id="STS.NUexample", token=token)
    assert isinstance(error, Unauthenticated)
    assert words in error.message
    assert error.hint == STS_HINT


@pytest.mark.parametrize("instance", ["cri-another", "nobody"])
@pytest.mark.parametrize("status", [200, 400])
async def test_an_unknown_instance(enterprise: Acr, instance: str, status: int) -> None:
    enterprise.api.business_status = status  # type: ignore[union-attr]
    error = await refusal(enterprise, instance=instance)
    assert isinstance(error, NotFound)
    assert "instance" in error.message
    assert error.hint == INSTANCE_HINT


async def test_a_ram_user_without_the_permission(edition: Acr) -> None:
    edition.cloud.keys[KEY_ID].allowed = frozenset()
    error = await refusal(edition)
    assert isinstance(error, Denied)
    assert "lacks a permission" in error.message
    assert "cr:GetAuthorizationToken" in error.message
    assert error.hint == RAM_HINT


async def test_an_api_that_cannot_be_reached(edition: Acr) -> None:
    access = edition.access(api="http://127.0.0.1:1")
    async with RegistryClient(access, retry=ONCE) as client:
        with pytest.raises(NetworkError, match="API of Alibaba Cloud does not answer") as caught:
            await client.head_manifest(Repository(edition.front.address, "team/app"), "latest")
    assert "127.0.0.1:1" in caught.value.hint
    assert "VPC" in caught.value.hint


async def test_what_the_api_throttles_for_ever_is_said(enterprise: Acr) -> None:
    edition = enterprise
    edition.cloud.throttled = 10
    host = Connection(edition.api.url.removeprefix("http://"), scheme="http")
    sign = signer(Credential(KEY_ID, SECRET), "2018-12-01")
    async with ApiClient(host, sign=sign, judge=judge, retry=ONCE) as client:
        with pytest.raises(Throttled):
            await Enterprise(client, REGION).instance_named("shop")


async def test_an_answer_that_is_none_of_the_api(edition: Acr) -> None:
    call = ApiCall("GET", "/tokens", "get a login")
    error = judge(Answer(502, {}, b"<html>bad gateway</html>", "https://cr.x.aliyuncs.com/tokens"), call)
    assert error is not None
    assert error.retryable
    assert error.message == "cannot get a login: HTTP status 502"
    assert judge(Answer(200, {}, b'{"data": {}}', "https://cr.x.aliyuncs.com/tokens"), call) is None


async def steps(acr: Acr, repository: str, secret: str = SECRET) -> dict[str, Step]:
    return {step.name: step async for step in check(acr.access(secret), repository, push=True)}


async def test_the_connection_test_logs_in_with_what_is_lent_and_lists(edition: Acr) -> None:
    found = await steps(edition, "team/app")
    assert {name: step.state for name, step in found.items() if step.state == "failed"} == {}
    assert KEY_ID in found["login"].detail
    assert found["list"].detail == "one repository"
    assert found["push"].state == "ok"


async def test_the_connection_test_says_what_is_wrong_with_the_key(edition: Acr) -> None:
    found = await steps(edition, "team/app", "another")
    assert found["login"].state == "failed"
    assert "secret of the AccessKey is wrong" in found["login"].detail
    assert found["login"].hint == SECRET_HINT
    assert found["push"].state == "skipped"


@pytest.mark.parametrize("path", ["nobody/app", "strict/new"])
async def test_a_push_that_is_denied_names_the_three_reasons(edition: Acr, path: str) -> None:
    found = await steps(edition, path)
    assert found["push"].state == "failed" or found["pull"].state == "failed"
    failed = found["push"] if found["push"].state == "failed" else found["pull"]
    step_in_chinese(failed)
    for reason in ("namespace", "create", "permission"):
        assert reason in failed.hint


async def test_what_is_to_be_created_in_a_namespace_that_is_missing(edition: Acr) -> None:
    with pytest.raises(NotFound, match="namespace does not exist") as caught:
        await edition.account().create_repository("nobody/app")
    assert caught.value.hint == NAMESPACE_HINT
    assert_in_chinese(caught.value)


def test_a_run_says_the_usual_reason_as_well() -> None:
    where = "registry.cn-beijing.aliyuncs.com"
    assert Failure.of(Denied("no", endpoint=where, reference=f"{where}/team/app")).hint == ACR_DENIED
    assert Failure.of(Denied("no", endpoint="cr.cn-beijing.aliyuncs.com", hint=RAM_HINT)).hint == RAM_HINT


def test_a_deep_path_is_told_apart() -> None:
    error = Denied("no", endpoint="r.example.com", reference="r.example.com/team/a/b")
    assert advice(error, Vendor("acr")) == ACR_DEPTH
    assert advice(Denied("no", endpoint="r.example.com", reference="r.example.com/a/b"), Vendor("acr")) == ACR_DENIED
    assert advice(Denied("no", hint="as it says"), Vendor()) == "as it says"


async def test_without_the_permission_to_list_names_must_be_typed(edition: Acr) -> None:
    edition.cloud.keys[KEY_ID].allowed = frozenset({"cr:GetAuthorizationToken"})
    access = edition.access()
    async with RegistryClient(access) as client:
        with pytest.raises(CatalogUnavailable) as caught:
            [page async for page in provider_for("acr").repositories(Session(access, client))]
    assert caught.value.hint
