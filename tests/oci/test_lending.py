"""Logins that are lent for a time: asked for in time, once for all who wait, and used by the client as they change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

import tui.oci.lending
from tests.oci.scripted import FAST, Asked, Scripted, access, refused, reply, repository
from tui.oci.access import Access, Credential
from tui.oci.client import RegistryClient
from tui.oci.errors import NetworkError, RegistryError, Unauthenticated
from tui.oci.lending import Lent, RenewedLogin
from tui.oci.reference import digest_of
from tui.oci.token import basic_header

DIGEST = digest_of(b"x")
KEY = Credential("LTAIexample", "the secret of the key")
CHALLENGE = 'Bearer realm="/token",service="registry"'


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(tui.oci.lending, "time", made)
    return made


class Bank:
    """Lends `user-1`, `user-2`, ... for `seconds` each; `problem` is raised instead when set."""

    def __init__(self, seconds: float = 3600.0) -> None:
        self.seconds = seconds
        self.asked = 0
        self.problem: RegistryError | None = None
        self.entered: Callable[[], None] = lambda: None

    async def __call__(self) -> Lent:
        self.asked += 1
        await asyncio.sleep(0)
        if self.problem is not None:
            raise self.problem
        return Lent(self.login(self.asked), self.seconds)

    def login(self, number: int) -> Credential:
        return Credential(f"user-{number}", f"token-{number}")


async def test_a_login_is_kept_until_shortly_before_its_end(clock: Clock) -> None:
    bank = Bank()
    login = RenewedLogin(bank)
    assert await login.current() == bank.login(1)
    clock.now += 3299
    assert await login.current() == bank.login(1)
    clock.now += 2
    assert await login.current() == bank.login(2)
    assert bank.asked == 2


async def test_a_short_one_is_renewed_after_four_fifths_of_its_time(clock: Clock) -> None:
    bank = Bank(10.0)
    login = RenewedLogin(bank)
    await login.current()
    clock.now += 7.9
    assert await login.current() == bank.login(1)
    clock.now += 0.2
    assert await login.current() == bank.login(2)


async def test_many_who_wait_share_one_question() -> None:
    bank = Bank()
    login = RenewedLogin(bank)
    assert set(await asyncio.gather(*(login.current() for _ in range(50)))) == {bank.login(1)}
    assert bank.asked == 1


async def test_one_who_goes_away_leaves_the_others_a_login() -> None:
    login = RenewedLogin(Bank())
    tasks = [asyncio.create_task(login.current()) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert (await tasks[1]).username == (await tasks[2]).username != ""


async def test_what_cannot_be_renewed_yet_is_used_to_its_end(clock: Clock) -> None:
    bank = Bank()
    login = RenewedLogin(bank)
    await login.current()
    bank.problem = NetworkError("no way to the API")
    clock.now += 3400
    assert await login.current() == bank.login(1)
    assert await login.current() == bank.login(1)
    assert bank.asked == 2
    clock.now += 40
    assert await login.current() == bank.login(1)
    assert bank.asked == 3
    clock.now += 200
    with pytest.raises(NetworkError):
        await login.current()
    bank.problem = None
    clock.now += 3
    assert (await login.current()).username == "user-5"


async def test_all_who_wait_share_a_failure() -> None:
    bank = Bank()
    bank.problem = NetworkError("no way to the API")
    login = RenewedLogin(bank)
    answers = await asyncio.gather(*(login.current() for _ in range(50)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {NetworkError}
    assert bank.asked == 1


async def test_a_refusal_for_good_is_not_asked_for_again_at_once(clock: Clock) -> None:
    bank = Bank()
    bank.problem = Unauthenticated("no such key")
    login = RenewedLogin(bank)
    for _ in range(3):
        with pytest.raises(Unauthenticated, match="no such key"):
            await login.current()
    assert bank.asked == 1
    bank.problem = None
    clock.now += 31
    assert (await login.current()).username == "user-2"


async def test_only_an_old_login_is_replaced_when_it_is_refused(clock: Clock) -> None:
    bank = Bank()
    login = RenewedLogin(bank)
    first = await login.current()
    assert not login.refused(first)
    clock.now += 61
    assert login.refused(first)
    second = await login.current()
    assert second == bank.login(2)
    assert login.refused(first)
    assert await login.current() == second


class Registry:
    """Takes the logins in `good`, over Basic or from its token server."""

    def __init__(self, *good: Credential, bearer: bool = False) -> None:
        self.good = [basic_header(each) for each in good]
        self.bearer = bearer
        self.issued: set[str] = set()
        self.count = 0

    def __call__(self, asked: Asked) -> web.StreamResponse:
        login = asked.authorization in self.good
        if asked.path.startswith("/token"):
            if not login:
                return refused(401, "UNAUTHORIZED", "expired")
            self.count += 1
            self.issued.add(f"Bearer for-{self.count}")
            return reply(200, {"token": f"for-{self.count}", "expires_in": 300})
        if (asked.authorization in self.issued) if self.bearer else login:
            return reply(Docker_Content_Digest=DIGEST)
        return refused(401, "UNAUTHORIZED", WWW_Authenticate=CHALLENGE if self.bearer else 'Basic realm="x"')


def connect(address: str, login: RenewedLogin) -> RegistryClient:
    return RegistryClient(Access(access(address).connection, KEY, login), retry=FAST)


@pytest.mark.parametrize("bearer", [False, True])
async def test_the_registry_gets_what_is_lent_and_never_the_key(bearer: bool) -> None:
    bank = Bank()
    served = Registry(bank.login(1), bearer=bearer)
    async with Scripted(served) as registry, connect(registry.address, RenewedLogin(bank)) as client:
        assert await client.has_blob(repository(registry.address), DIGEST)
    sent = {asked.authorization for asked in registry.asked}
    assert basic_header(bank.login(1)) in sent
    assert basic_header(KEY) not in sent
    assert not any(KEY.password in str(asked) for asked in registry.asked)


@pytest.mark.parametrize("bearer", [False, True])
async def test_a_login_that_has_ended_is_replaced_while_requests_go_on(clock: Clock, bearer: bool) -> None:
    bank = Bank()
    served = Registry(bank.login(1), bearer=bearer)
    async with Scripted(served) as registry, connect(registry.address, RenewedLogin(bank)) as client:
        here = repository(registry.address)
        assert await client.has_blob(here, DIGEST)
        clock.now += 120
        # Revoked, with the tokens it got: nobody told us.
        served.good, served.issued = [basic_header(bank.login(2))], set()
        assert all(await asyncio.gather(*(client.has_blob(here, DIGEST) for _ in range(10))))
    assert bank.asked == 2


@pytest.mark.parametrize("bearer", [False, True])
async def test_a_fresh_login_that_is_refused_is_not_replaced_for_ever(bearer: bool) -> None:
    bank = Bank()
    served = Registry(bearer=bearer)
    async with Scripted(served) as registry, connect(registry.address, RenewedLogin(bank)) as client:
        here = repository(registry.address)
        for _ in range(5):
            with pytest.raises(Unauthenticated, match="user-1"):
                await client.has_blob(here, DIGEST)
        sent = [asked for asked in registry.asked if asked.authorization == basic_header(bank.login(1))]
    assert len(sent) == 1
    assert bank.asked == 1


async def test_a_login_that_cannot_be_had_fails_with_the_reason() -> None:
    bank = Bank()
    bank.problem = Unauthenticated("the access key is not known", hint="see the console")
    async with Scripted(Registry()) as registry, connect(registry.address, RenewedLogin(bank)) as client:
        with pytest.raises(Unauthenticated, match="access key is not known") as caught:
            await client.has_blob(repository(registry.address), DIGEST)
    assert caught.value.hint == "see the console"
