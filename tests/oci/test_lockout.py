"""A refused login is not sent again: the account must survive ten thousand tasks with a wrong password."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from aiohttp import web

from tests.oci.scripted import USER, Asked, Scripted, access, client, refused, reply, repository
from tests.support.programs import require
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer
from tui.oci.access import Credential
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NotFound, RegistryError, Unauthenticated
from tui.oci.lockout import LoginGuard
from tui.oci.reference import digest_of

DIGEST = digest_of(b"x")
BASIC = 'Basic realm="r"'
WRONG = Credential("robot", "wrong")


class BasicRegistry:
    """Wants Basic with the right password for everything; what is unknown is answered 401 whoever asks."""

    def __init__(self) -> None:
        self.header = Login(USER.username, USER.password).header

    def __call__(self, asked: Asked) -> web.StreamResponse:
        if asked.authorization != self.header or "/unknown/" in asked.path:
            return refused(401, "UNAUTHORIZED", "wrong password", WWW_Authenticate=BASIC)
        return reply(404) if "/absent/" in asked.path else reply()


async def _refusals(connected: RegistryClient, address: str, count: int, at_once: int) -> list[BaseException]:
    """Ask for blobs in as many repositories, some at once, and return the errors."""
    found: list[BaseException] = []
    for start in range(0, count, at_once):
        tasks = [connected.has_blob(repository(address, f"team/app{start + n}"), DIGEST) for n in range(at_once)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        found += [result for result in results if isinstance(result, BaseException)]
    return found


def _all_the_same(found: list[BaseException]) -> Unauthenticated:
    first = found[0]
    assert isinstance(first, Unauthenticated)
    for error in found:
        assert type(error) is type(first)
        assert (str(error), error.hint, error.status) == (str(first), first.hint, first.status)
    return first


@pytest.mark.parametrize("at_once", [1, 40])
async def test_basic_is_sent_once_when_refused(at_once: int) -> None:
    async with Scripted(BasicRegistry()) as registry, client(registry.address, WRONG) as connected:
        found = await _refusals(connected, registry.address, 200, at_once)
    assert len(found) == 200
    error = _all_the_same(found)
    assert "robot" in str(error)
    assert "not sent again" in error.hint
    assert len([asked for asked in registry.asked if asked.authorization]) == 1


@pytest.mark.parametrize("at_once", [1, 40])
async def test_the_token_server_is_asked_once_when_it_refuses(at_once: int) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path.startswith("/token"):
            return refused(401, "UNAUTHORIZED", "invalid user name or password")
        return refused(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="/token",service="s"')

    async with Scripted(answering) as registry, client(registry.address, WRONG) as connected:
        found = await _refusals(connected, registry.address, 200, at_once)
    assert len(found) == 200
    assert "invalid user name or password" in str(_all_the_same(found))
    assert len(registry.requests(part="/token")) == 1


async def test_an_identity_token_is_sent_once_when_refused() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path.startswith("/token"):
            return refused(401, "UNAUTHORIZED")
        return refused(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="/token",service="s"')

    async with Scripted(answering) as registry, client(registry.address, Credential(identity_token="t")) as connected:
        _all_the_same(await _refusals(connected, registry.address, 50, 10))
    assert len(registry.requests(part="/token")) == 1


async def test_a_refused_ready_token_is_sent_once() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return refused(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="/token",error="invalid_token"')

    async with Scripted(answering) as registry, client(registry.address, Credential(registry_token="t")) as connected:
        _all_the_same(await _refusals(connected, registry.address, 50, 10))
    assert len([asked for asked in registry.asked if asked.authorization]) == 1


async def test_a_refusal_of_the_scope_does_not_stop_the_login() -> None:
    """403 of a token server, and `insufficient_scope`, are about one repository."""

    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path.startswith("/token"):
            return reply(403) if "private" in asked.path else reply(200, {"token": "t"})
        good = asked.authorization == "Bearer t"
        return reply() if good else refused(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="/token"')

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        with pytest.raises(Unauthenticated):
            await connected.has_blob(repository(registry.address, "private/app"), DIGEST)
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_the_first_use_of_a_login_is_alone_and_then_all_go() -> None:
    async with Scripted(BasicRegistry()) as registry, client(registry.address, USER) as connected:
        here = [repository(registry.address, f"team/app{n}") for n in range(60)]
        assert all(await asyncio.gather(*(connected.has_blob(one, DIGEST) for one in here)))
    assert len(registry.requests("HEAD")) == 60


async def test_a_registry_that_says_401_for_what_is_not_there_does_not_lock_a_good_login() -> None:
    async with Scripted(BasicRegistry()) as registry, client(registry.address, USER) as connected:
        good, unknown = repository(registry.address), repository(registry.address, "team/unknown/app")
        assert await connected.has_blob(good, DIGEST)
        for _ in range(10):
            with pytest.raises(Unauthenticated):
                await connected.has_blob(unknown, DIGEST)
            assert await connected.has_blob(good, DIGEST)
            assert not await connected.has_blob(repository(registry.address, "team/absent/app"), DIGEST)


async def test_a_password_changed_while_we_work_is_tried_three_times() -> None:
    served = BasicRegistry()
    async with Scripted(served) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        assert await connected.has_blob(here, DIGEST)
        served.header = "changed"
        before = len(registry.asked)
        found = await _refusals(connected, registry.address, 100, 1)
        assert len(found) == 100
        assert len(registry.asked) - before == 3
        _all_the_same(found[2:])
        assert isinstance(found[0], Unauthenticated)


async def test_a_login_let_in_again_in_between_is_not_counted_against() -> None:
    guard = LoginGuard()
    refusal = Unauthenticated("no", status=401)
    async with guard.turn():
        guard.accept()
    for _ in range(5):
        guard.refuse(refusal)
        guard.refuse(refusal)
        async with guard.turn():
            guard.accept()
    guard.refuse(refusal)
    guard.refuse(refusal)
    with pytest.raises(Unauthenticated):
        guard.refuse(refusal)
    with pytest.raises(Unauthenticated):
        async with guard.turn():
            pytest.fail("the login would be sent")


async def test_a_first_use_that_breaks_lets_the_next_one_try() -> None:
    guard = LoginGuard()
    with pytest.raises(NotFound):
        async with guard.turn():
            raise NotFound("broken on the way")
    async with guard.turn():
        guard.accept()


async def test_a_broken_first_connection_is_no_refusal() -> None:
    served, broken = BasicRegistry(), [True]

    def answering(asked: Asked) -> web.StreamResponse:
        if asked.authorization and broken:
            broken.pop()
            raise ConnectionError
        return served(asked)

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)


# Against the real registry


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    server = TokenServer({"robot": Account("secret", {"team/.*": frozenset({"pull", "push"})})}, lifetime=300)
    yield server
    server.close()
    assert server.complaints == []


@pytest.mark.real
async def test_htpasswd_refuses_once() -> None:
    require("docker-registry")
    with RealRegistry(htpasswd=Login("robot", "secret")) as registry:
        async with RegistryClient(access(registry.address, WRONG)) as connected:
            found = await _refusals(connected, registry.address, 100, 20)
        assert len(found) == 100
        _all_the_same(found)
        assert registry.log.count("error authenticating user") == 1
        async with RegistryClient(access(registry.address, USER)) as connected:
            assert not await connected.has_blob(repository(registry.address), DIGEST)


@pytest.mark.real
async def test_the_token_server_refuses_once(token_server: TokenServer) -> None:
    require("docker-registry")
    with RealRegistry(token_server=token_server) as registry:
        async with RegistryClient(access(registry.address, WRONG)) as connected:
            found = await _refusals(connected, registry.address, 100, 20)
        assert len(found) == 100
        _all_the_same(found)
        assert [request.status for request in token_server.requests] == [401]


class Stale(TokenServer):
    """Issues a token that is long over first, and good ones then."""

    def mint(self, access: Sequence[tuple[str, str, Sequence[str]]], subject: str = "tests") -> str:
        self.lifetime = 300 if self.requests else -3600
        return super().mint(access, subject)


@pytest.mark.real
async def test_an_expired_token_still_leads_to_a_fresh_one() -> None:
    require("docker-registry")
    server = Stale({"robot": Account("secret")}, announced=3600)
    try:
        with RealRegistry(token_server=server) as registry:
            async with RegistryClient(access(registry.address, USER)) as connected:
                assert not await connected.has_blob(repository(registry.address), DIGEST)
                assert not await connected.has_blob(repository(registry.address), DIGEST)
    finally:
        server.close()
    assert [request.status for request in server.requests] == [200, 200]


@pytest.mark.real
async def test_a_good_login_without_permission_is_denied_and_goes_on(token_server: TokenServer) -> None:
    require("docker-registry")
    with RealRegistry(token_server=token_server) as registry:
        async with RegistryClient(access(registry.address, USER)) as connected:
            for _ in range(5):
                with pytest.raises(Denied):
                    await connected.has_blob(repository(registry.address, "other/app"), DIGEST)
            assert not await connected.has_blob(repository(registry.address), DIGEST)
        with pytest.raises(RegistryError):
            async with RegistryClient(access(registry.address)) as anonymous:
                await anonymous.has_blob(repository(registry.address), DIGEST)
