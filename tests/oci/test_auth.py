"""Logging in: tokens fetched once, in time and for the right scopes; the realms we go to; what a 401 leads to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from tests.oci.scripted import USER, Asked, Scripted, client, refused, reply, repository
from tui.oci.access import Credential
from tui.oci.answers import Answer
from tui.oci.auth import repository_scope
from tui.oci.errors import Denied, RegistryError, ServerError, Throttled, Unauthenticated, UntrustedAnswer
from tui.oci.reference import digest_of
from tui.oci.token import Token, basic_header, fetch_token

DIGEST = digest_of(b"x")
PULL = "repository:team/app:pull"
PUSH = "repository:team/app:pull,push"


class TokenRegistry:
    """A registry and its token server in one: `/token` issues `token-N`, everything else wants a token it knows."""

    def __init__(self) -> None:
        self.issued = 0
        self.valid: set[str] = set()
        self.answer: Callable[[str], Any] = lambda token: {"token": token}
        self.status = 200
        self.challenge = 'Bearer realm="/token",service="registry"'
        self.wanted = ""

    def __call__(self, asked: Asked) -> web.StreamResponse:
        if asked.path.startswith("/token"):
            self.issued += 1
            token = f"token-{self.issued}"
            self.valid.add(f"Bearer {token}")
            return reply(self.status, self.answer(token))
        if asked.authorization in self.valid:
            return reply(Docker_Content_Digest=DIGEST)
        scope = f',scope="{self.wanted}"' if self.wanted else ""
        return refused(401, "UNAUTHORIZED", WWW_Authenticate=self.challenge + scope)


def _query(asked: Asked) -> dict[str, list[str]]:
    return parse_qs(urlsplit(asked.path).query, keep_blank_values=True)


async def test_a_token_is_fetched_with_the_login_and_used_for_all_that_needs_its_scope() -> None:
    async with Scripted(TokenRegistry()) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        assert await connected.has_blob(here, DIGEST)
        assert await connected.has_blob(here, DIGEST)
    [asked] = registry.requests(part="/token")
    assert asked.authorization == basic_header(USER)
    assert _query(asked) == {
        "service": ["registry"],
        "scope": [PUSH],
        "account": ["robot"],
        "client_id": ["regferry"],
    }
    assert [asked.authorization for asked in registry.requests("HEAD")] == ["Bearer token-1"] * 2


async def test_without_a_login_an_anonymous_token_is_fetched() -> None:
    async with Scripted(TokenRegistry()) as registry, client(registry.address) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
    [asked] = registry.requests(part="/token")
    assert asked.authorization == ""
    assert "account" not in _query(asked)


async def test_one_fetch_serves_all_who_wait() -> None:
    async with Scripted(TokenRegistry()) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        assert all(await asyncio.gather(*(connected.has_blob(here, DIGEST) for _ in range(50))))
        assert len(registry.requests(part="/token")) == 1
        assert len(registry.requests("GET", "/v2/")) == 1
        elsewhere = repository(registry.address, "team/other")
        await asyncio.gather(*(connected.has_blob(elsewhere, DIGEST) for _ in range(10)))
        assert len(registry.requests(part="/token")) == 2


async def test_one_who_goes_away_does_not_take_the_token_from_the_others() -> None:
    served, asked_for = TokenRegistry(), asyncio.Event()

    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path.startswith("/token"):
            asked_for.set()
        return served(asked)

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        first = asyncio.create_task(connected.has_blob(here, DIGEST))
        others = [asyncio.create_task(connected.has_blob(here, DIGEST)) for _ in range(3)]
        await asked_for.wait()
        first.cancel()
        assert all(await asyncio.gather(*others))
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_an_expired_token_is_replaced() -> None:
    served = TokenRegistry()
    async with Scripted(served) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        for _ in range(5):
            served.valid.clear()
            assert await connected.has_blob(here, DIGEST)
    assert served.issued == 5


async def test_a_token_is_renewed_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("tui.oci.token.time.monotonic", lambda: now)
    served = TokenRegistry()
    served.answer = lambda token: {"token": token, "expires_in": 100}
    async with Scripted(served) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        await connected.has_blob(here, DIGEST)
        now += 79
        await connected.has_blob(here, DIGEST)
        assert served.issued == 1
        now += 2
        await connected.has_blob(here, DIGEST)
        assert served.issued == 2
    assert [asked.authorization for asked in registry.requests("HEAD")][-1] == "Bearer token-2"


async def test_harbor_asks_for_basic_when_a_token_is_stale() -> None:
    served = TokenRegistry()
    async with Scripted(served) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        await connected.has_blob(here, DIGEST)
        served.valid.clear()
        served.challenge = 'Basic realm="harbor"'
        assert await connected.has_blob(here, DIGEST)
    assert not [asked for asked in registry.requests("HEAD") if asked.authorization.startswith("Basic")]


async def test_a_registry_that_wants_a_wider_scope_gets_a_token_for_it() -> None:
    served = TokenRegistry()
    served.wanted = "repository:team/base:pull"

    def answering(asked: Asked) -> web.StreamResponse:
        if asked.method == "HEAD" and asked.authorization == "Bearer token-1":
            challenge = f'{served.challenge},scope="{served.wanted}",error="insufficient_scope"'
            return refused(401, "UNAUTHORIZED", WWW_Authenticate=challenge)
        return served(asked)

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        assert await connected.has_blob(here, DIGEST)
        assert await connected.has_blob(here, DIGEST)
    assert [_query(asked)["scope"] for asked in registry.requests(part="/token")] == [
        [PUSH],
        [PUSH, "repository:team/base:pull"],
    ]


async def test_a_hostile_registry_cannot_make_the_scopes_grow_without_end() -> None:
    count = 0

    def answering(asked: Asked) -> web.StreamResponse:
        nonlocal count
        if asked.path.startswith("/token"):
            return reply(200, {"token": f"t{count}"})
        count += 1
        scopes = " ".join(f"repository:x{count}-{n}:pull" for n in range(50)) + " junk repository::pull x:y"
        return refused(401, "U", WWW_Authenticate=f'Bearer realm="/token",scope="{scopes}"')

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        for _ in range(10):
            with pytest.raises(Denied):
                await connected.has_blob(repository(registry.address), DIGEST)
    asked_for = [_query(asked)["scope"] for asked in registry.requests(part="/token")]
    assert max(len(scopes) for scopes in asked_for) <= 8
    assert not [
        scope for scopes in asked_for for scope in scopes if not scope.startswith("repository:") or "::" in scope
    ]


async def test_a_fresh_token_that_is_refused_means_a_missing_permission() -> None:
    served = TokenRegistry()

    def answering(asked: Asked) -> web.StreamResponse:
        return served(asked) if asked.path.startswith(("/token", "/v2/ ")) else refused(
            401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=served.challenge
        )  # fmt: skip

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        with pytest.raises(Denied, match="authentication required") as caught:
            await connected.start_upload(repository(registry.address))
    assert PUSH in caught.value.hint
    assert len(registry.requests("POST")) == 2
    assert len(registry.requests(part="/token")) == 2


async def test_an_anonymous_refusal_says_to_log_in() -> None:
    served = TokenRegistry()
    served.answer = lambda token: {"token": "another"}
    async with Scripted(served) as registry, client(registry.address) as connected:
        with pytest.raises(Unauthenticated) as caught:
            await connected.has_blob(repository(registry.address), DIGEST)
    assert "login" in caught.value.hint


async def test_a_mount_needs_both_repositories_the_one_to_push_first() -> None:
    async with Scripted(TokenRegistry()) as registry, client(registry.address, USER) as connected:
        with pytest.raises(RegistryError):
            await connected.mount(repository(registry.address), DIGEST, repository(registry.address, "team/base"))
    [asked] = registry.requests(part="/token")
    assert _query(asked)["scope"] == [PUSH, "repository:team/base:pull"]


async def test_the_identity_token_goes_to_the_token_server_by_post_and_nowhere_else() -> None:
    credential = Credential("me", identity_token="refresh+me/=")
    async with Scripted(TokenRegistry()) as registry, client(registry.address, credential) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
    [asked] = registry.requests(part="/token")
    assert asked.method == "POST"
    assert asked.authorization == ""
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh+me/="],
        "service": ["registry"],
        "client_id": ["regferry"],
        "scope": [PUSH],
    }
    assert not [asked for asked in registry.requests(part="/v2/") if "refresh" in asked.authorization]


@pytest.mark.parametrize("status", [400, 401, 404, 405])
async def test_a_token_server_without_post_is_asked_by_get_when_there_is_a_password(status: int) -> None:
    served = TokenRegistry()

    def answering(asked: Asked) -> web.StreamResponse:
        return reply(status) if asked.method == "POST" else served(asked)

    credential = Credential("me", "password", identity_token="refresh")
    async with Scripted(answering) as registry, client(registry.address, credential) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
    assert [asked.method for asked in registry.requests(part="/token")] == ["POST", "GET"]
    assert registry.requests("GET", "/token")[0].authorization == basic_header(credential)


async def test_an_identity_token_alone_is_no_password_for_a_basic_registry() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return refused(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"')

    async with Scripted(answering) as registry, client(registry.address, Credential("me", identity_token="t")) as open_:
        with pytest.raises(Unauthenticated):
            await open_.has_blob(repository(registry.address), DIGEST)
    assert not [asked for asked in registry.asked if asked.authorization]


async def test_a_ready_bearer_token_is_sent_as_it_is() -> None:
    credential = Credential(registry_token="ready.made.token")

    def answering(asked: Asked) -> web.StreamResponse:
        good = asked.authorization == "Bearer ready.made.token" or asked.path == "/v2/"
        return reply() if good else refused(401, "UNAUTHORIZED")

    async with Scripted(answering) as registry, client(registry.address, credential) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
        assert registry.asked[0].authorization == ""


CHALLENGES = [
    # challenge, class of the error, part of its message
    ('Bearer realm=""', ServerError, "does not say from where"),
    ("Bearer service=s", ServerError, "does not say from where"),
    ('Bearer realm="http://169.254.169.254/token"', UntrustedAnswer, "internal network"),
    ('Bearer realm="http://metadata.google.internal/token"', UntrustedAnswer, "internal network"),
    ('Bearer realm="ftp://127.0.0.1/token"', UntrustedAnswer, "not http"),
    ('Bearer realm="null://null/token"', UntrustedAnswer, "not http"),
    ('Bearer realm="http://["', UntrustedAnswer, "no URL"),
    ('Bearer realm="http://me:pw@127.0.0.1/token"', UntrustedAnswer, "user name"),
]


@pytest.mark.parametrize(("challenge", "kind", "words"), CHALLENGES)
async def test_a_hostile_realm_gets_nothing(challenge: str, kind: type[RegistryError], words: str) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return refused(401, "UNAUTHORIZED", WWW_Authenticate=challenge)

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        with pytest.raises(kind, match=words):
            await connected.has_blob(repository(registry.address), DIGEST)
    assert not [asked for asked in registry.asked if asked.authorization]


async def test_a_realm_on_another_host_with_a_query_of_its_own() -> None:
    served = TokenRegistry()
    async with Scripted(served) as auth, Scripted(served) as registry:
        served.challenge = f'Bearer realm="{auth.url}/token?tenant=a%26b&x=",service="registry"'
        async with client(registry.address, USER) as connected:
            assert await connected.has_blob(repository(registry.address), DIGEST)
    [asked] = auth.asked
    assert _query(asked)["tenant"] == ["a&b"]
    assert _query(asked)["x"] == [""]
    assert not registry.requests(part="/token")


async def test_a_token_server_that_redirects_is_not_followed() -> None:
    async with Scripted(lambda asked: reply(200, {"token": "t"})) as elsewhere:

        def answering(asked: Asked) -> web.StreamResponse:
            if asked.path.startswith("/token"):
                return reply(307, Location=f"{elsewhere.url}/token")
            return refused(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="/token"')

        async with Scripted(answering) as registry, client(registry.address, USER) as connected:
            with pytest.raises(RegistryError):
                await connected.has_blob(repository(registry.address), DIGEST)
    assert elsewhere.asked == []


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_token_server_that_is_down_is_not_hammered(status: int) -> None:
    served = TokenRegistry()
    served.status = status
    async with Scripted(served) as registry, client(registry.address, USER) as connected:
        here = repository(registry.address)
        results = await asyncio.gather(*(connected.has_blob(here, DIGEST) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(result, ServerError) for result in results)
    # Three tries, by one for all.
    assert len(registry.requests(part="/token")) == 3


async def test_a_token_server_that_recovers() -> None:
    served = TokenRegistry()
    served.status = 503

    def answering(asked: Asked) -> web.StreamResponse:
        answer = served(asked)
        if asked.path.startswith("/token"):
            served.status = 200
        return answer

    async with Scripted(answering) as registry, client(registry.address, USER) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
    assert served.issued == 2


# The answer of the token server, without sockets


def _send(*answers: Answer) -> Callable[..., Any]:
    left = list(answers)

    async def send(method: str, url: str, headers: Any, body: bytes) -> Answer:
        return left.pop(0)

    return send


async def _fetched(document: Any, credential: Credential | None = None, status: int = 200) -> Token:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    send = _send(Answer(status, {}, body, "https://auth.io/token"))
    return await fetch_token(send, "https://auth.io/token", "s", (PULL,), credential, "r.io")


TOKENS = [
    ({"token": "a"}, "a", 60),
    ({"access_token": "a"}, "a", 60),
    ({"token": "a", "access_token": "b"}, "a", 60),
    ({"token": "a", "access_token": ""}, "a", 60),
    ({"token": "", "access_token": "b"}, "b", 60),
    ({"token": None, "access_token": "b"}, "b", 60),
    ({"token": "a", "expires_in": 300}, "a", 300),
    ({"token": "a", "expires_in": 1}, "a", 1),
    ({"token": "a", "expires_in": 0}, "a", 60),
    ({"token": "a", "expires_in": -5}, "a", 60),
    ({"token": "a", "expires_in": None}, "a", 60),
    ({"token": "a", "expires_in": "300"}, "a", 60),
    ({"token": "a", "expires_in": True}, "a", 60),
    ({"token": "a", "expires_in": 1e300}, "a", 86400),
    ({"token": "a", "expires_in": 10**400}, "a", 86400),
    ({"token": "a", "expires_in": float("inf")}, "a", 86400),
    ({"token": "a", "expires_in": float("nan")}, "a", 60),
    ({"token": "a", "issued_at": "2001-01-01T00:00:00Z", "refresh_token": "r"}, "a", 60),
]


@pytest.mark.parametrize(("document", "value", "life"), TOKENS)
async def test_what_a_token_server_may_answer(
    document: Any, value: str, life: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.oci.token.time.monotonic", lambda: 1000.0)
    token = await _fetched(document)
    assert token.value == value
    # Some time before it expires, but never at once.
    assert 1000 + 0.7 * life <= token.refresh_at < 1000 + life
    assert token.fresh


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b'"token"', b"null", {}, {"token": ""}, {"token": 5}, {"token": "a\r\nX: y"},
     {"token": "a b"}, {"token": "ü"}, b"[" * 100_000, b'{"token":"a","expires_in":' + b"9" * 5000 + b"}"],
)  # fmt: skip
async def test_what_is_no_token(document: Any) -> None:
    with pytest.raises(ServerError):
        await _fetched(document)


@pytest.mark.parametrize(
    ("status", "credential", "kind"),
    [
        (401, USER, Unauthenticated),
        (403, USER, Unauthenticated),
        (400, USER, Unauthenticated),
        (401, None, Unauthenticated),
        (404, USER, RegistryError),
        (429, USER, Throttled),
        (500, USER, ServerError),
    ],
)
async def test_what_a_token_servers_status_means(
    status: int, credential: Credential | None, kind: type[RegistryError]
) -> None:
    with pytest.raises(kind) as caught:
        await _fetched({"errors": [{"code": "X", "message": "no\x1b[2J"}]}, credential, status)
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


async def test_a_huge_token_is_refused() -> None:
    served = TokenRegistry()
    served.answer = lambda token: {"token": "x" * 200_000}
    async with Scripted(served) as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError, match="longer than"):
            await connected.has_blob(repository(registry.address), DIGEST)


def test_basic_is_utf8_and_takes_colons_in_the_password() -> None:
    header = basic_header(Credential("robot$ferry+ci", "pa ss:wörd"))
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "robot$ferry+ci:pa ss:wörd"


def test_a_scope_names_repository_and_actions() -> None:
    assert repository_scope("a/b", "pull", "push") == "repository:a/b:pull,push"


def test_secrets_are_not_in_any_repr() -> None:
    credential = Credential("me", "hidden", "hidden", "hidden", origin="test")
    assert "hidden" not in repr(credential)
