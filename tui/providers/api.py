"""A vendor's own JSON API at one host: what Harbor, Alibaba Cloud and Tencent Cloud have in common.

    provider -> ApiClient -> transport

Retries, throttling, TLS and proxies are those of the registry API; what a vendor signs or says differently comes in
as `sign` and `judge`. A request goes to the host the client was made for and to no other: redirects are not followed,
links to another host are refused, cookies are not kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import httpx

from tui import __version__
from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer, error_of, registry_words
from tui.oci.channel import Traffic
from tui.oci.errors import (
    LocalError,
    NetworkError,
    RegistryError,
    ServerError,
    Throttled,
    Unauthenticated,
    UnsupportedContent,
    UntrustedAnswer,
)
from tui.oci.host import OUT_OF_ORDER, Host
from tui.oci.lockout import LoginGuard
from tui.oci.network import network_error
from tui.oci.paging import next_page
from tui.oci.proxy import proxy_for
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.tls import context_for
from tui.oci.token import basic_header
from tui.oci.transport import RegistryTransport
from tui.oci.trust import resolve, same_origin
from tui.providers.probe import find_scheme

Item = TypeVar("Item")

MAX_BODY = 32 * 1024 * 1024
"""Bytes read of one answer."""
SECONDS = 90.0
"""How long one request may take, its answer included."""
MOST_PAGES = 10_000

_IDLE = 30.0
_MAX_ERROR_BODY = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_NO_TURN: AbstractAsyncContextManager[None] = nullcontext()


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request.

    `path` begins with `/`, is below the client's base URL and goes out byte for byte; `query` is encoded here (space
    as %20). `action` completes "cannot ..." in errors, `reference` is what they are about. The body is `payload` as
    JSON, or `body` as it is with a `Content-Type` in `headers`. `accept` are the statuses that are no error.
    `repeatable` says whether the request may be sent again after a broken connection or a 5xx; None takes it from the
    method. Being throttled is always waited out, because such a request was not done. An `anonymous` call carries no
    login. `shows_login` is for an API whose status does not tell: whether an answer shows that the login was taken (one
    to a stranger may be 200, one to somebody who is known 401).
    """

    method: str
    path: str
    action: str
    reference: str = ""
    query: Sequence[tuple[str, str]] = ()
    payload: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset({200})
    repeatable: bool | None = None
    limit: int = MAX_BODY
    anonymous: bool = False
    shows_login: Callable[[Answer], bool] | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it goes out: the whole URL, every header that we set (a `Host` is added by the transport)."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


Sign = Callable[[Outgoing], Outgoing]
"""Adds what proves who is asking. Called for every attempt, so that a date or nonce is fresh; may change URL and body,
but not the host."""

Judge = Callable[[Answer, ApiCall], RegistryError | None]
"""Returns the error an answer stands for, None when it is none. Called for every answer that is not a redirect."""


def own_host(connection: Connection, host: str) -> Connection:
    """Return the way to another host of the vendor's: by https, with the endpoint's proxy and CA files.

    The client certificate and a switched-off certificate check were meant for the registry and stay there.
    """
    return replace(connection, registry=host, scheme="https", verify=True, client_cert=None, client_key=None)


class ApiClient:
    """JSON requests to `connection.registry`, below `base` (a path such as `/api/v2.0`, or '').

    With `credential` its user name and password go as Basic, sent by one request at a time until they are accepted
    and never again once refused (so that no account is locked); with `sign` every request is signed. `judge` replaces
    the reading of errors, by default that of the registry API (`{"errors": [{"code", "message"}]}`). `host` is shared
    with whoever else talks to that host. Every method raises RegistryError. Use as an async context manager.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        base: str = "",
        credential: Credential | None = None,
        sign: Sign | None = None,
        judge: Judge | None = None,
        retry: RetryPolicy | None = None,
        host: Host | None = None,
        requests_at_once: int = 8,
    ) -> None:
        self.registry = connection.registry
        self.base = base
        self.traffic = Traffic()
        self.host = host or Host(connection.registry, requests_at_once)
        self._own_host = host is None
        self._connection = connection
        self._login = basic_header(credential) if credential is not None and credential.username else ""
        self._user = credential.username if credential is not None else ""
        self._guard = LoginGuard()
        self._sign = sign
        self._judge: Judge = judge or self.refused
        self._retry = retry or RetryPolicy()
        self._origin = ""
        self._reaching = asyncio.Lock()
        self._transport: RegistryTransport | None = None

    async def __aenter__(self) -> ApiClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._own_host:
            await self.host.close()
        if self._transport is not None:
            await self._transport.aclose()

    async def send(self, call: ApiCall) -> Answer:
        """Send a request and return its answer when it is no error; tried again as the policy says."""
        attempts = Attempts(self._retry, self.host)
        repeatable = call.method in _REPEATABLE if call.repeatable is None else call.repeatable
        while True:
            await self.host.ready()
            try:
                async with self.host.window.place():
                    return await self._once(call)
            except RegistryError as error:
                if not (repeatable or isinstance(error, Throttled)) or not await attempts.again(error):
                    raise
                self.traffic.retried += 1

    async def json(self, call: ApiCall) -> Any:
        """Send a request and return the JSON of its answer, None for an empty one."""
        answer = await self.send(call)
        return document_of(answer, call, self.registry)

    async def origin(self) -> str:
        """Return scheme, host and port; with the scheme `auto` the registry is asked for it once."""
        async with self._reaching:
            if not self._origin:
                scheme = self._connection.scheme
                if scheme == "auto":
                    scheme = "http" if (await find_scheme(self._connection)).url.startswith("http:") else "https"
                self._origin = f"{scheme}://{self._connection.registry}"
        return self._origin

    def refused(self, answer: Answer, call: ApiCall) -> RegistryError | None:
        """Return the error of an answer in the shape of the registry API, None for a status the call accepts."""
        if answer.status in call.accept:
            return None
        return error_of(answer, endpoint=self.registry, reference=call.reference, action=call.action)

    async def _once(self, call: ApiCall) -> Answer:
        outgoing = self._outgoing(call, await self.origin())
        with_login = bool(self._login) and not call.anonymous
        async with self._guard.turn() if with_login else _NO_TURN:
            answer = await self._exchange(outgoing, call)
            if with_login:
                self._judge_login(answer, call)
        if answer.status in _REDIRECTS:
            where = answer.headers.get("location", "")
            raise UntrustedAnswer(
                f"cannot {call.action}: the API sends us away to {where[:200]!r}",
                endpoint=self.registry,
                reference=call.reference,
                status=answer.status,
                hint="give the endpoint the address and scheme that it is sent to, if that is the right one",
            )
        error = self._judge(answer, call)
        if error is not None:
            raise error
        return answer

    def _judge_login(self, answer: Answer, call: ApiCall) -> None:
        if answer.status != 401 and answer.status >= 400:
            return
        taken = answer.status < 400 if call.shows_login is None else call.shows_login(answer)
        if taken:
            self._guard.accept()
            return
        code, said = registry_words(answer.body) if answer.status == 401 else ("", "")
        message = f"the login for user {self._user!r} is refused" + (f": {said}" if said else "")
        refusal = Unauthenticated(message, endpoint=self.registry, status=answer.status, code=code)
        self._guard.refuse(refusal)
        if answer.status < 400:
            raise refusal

    def _outgoing(self, call: ApiCall, origin: str) -> Outgoing:
        if not call.path.startswith("/"):
            raise ValueError(f"the path {call.path!r} does not begin with a slash")
        query = f"?{urlencode(call.query, quote_via=quote, safe='')}" if call.query else ""
        headers = {
            "User-Agent": f"regferry/{__version__}",
            "Accept-Encoding": "identity",
            "Accept": "application/json",
        }
        body = call.body
        if call.payload is not None:
            body = json.dumps(call.payload, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        if self._login and not call.anonymous:
            headers["Authorization"] = self._login
        url = f"{origin}{self.base}{call.path}{query}"
        outgoing = Outgoing(call.method, url, {**headers, **call.headers}, body)
        if self._sign is not None and not call.anonymous:
            outgoing = self._sign(outgoing)
        if not same_origin(outgoing.url, origin):
            raise UntrustedAnswer("a request would have gone to another host than its own", endpoint=self.registry)
        return outgoing

    async def _exchange(self, outgoing: Outgoing, call: ApiCall) -> Answer:
        try:
            request = httpx.Request(
                outgoing.method,
                outgoing.url,
                headers=dict(outgoing.headers),
                content=outgoing.body,
                extensions={"exact_url": outgoing.url, "idle": _IDLE},
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise LocalError(
                f"cannot {call.action}: no request can be made of these names",
                endpoint=self.registry,
                reference=call.reference,
                hint="look for odd characters in the address, the login and the names",
            ) from error
        self.traffic.requests += 1
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._connected(outgoing.url).handle_async_request(request)
                try:
                    answer = await _read(response, outgoing.url, call)
                finally:
                    await response.aclose()
        except httpx.TransportError as error:
            self.host.failed()
            raise network_error(
                error, endpoint=self.registry, reference=call.reference, action=call.action
            ) from error  # fmt: skip
        except TimeoutError as error:
            self.host.failed()
            raise NetworkError(
                f"cannot {call.action}: no complete answer within {SECONDS:.0f} seconds",
                endpoint=self.registry,
                reference=call.reference,
            ) from error
        if answer.status in OUT_OF_ORDER:
            self.host.failed()
        else:
            self.host.answered(answer.headers.get("ratelimit-remaining", ""))
        if answer.status < 400:
            self.host.window.grow()
        return answer

    def _connected(self, url: str) -> RegistryTransport:
        if self._transport is None:
            self._transport = RegistryTransport(context_for(self._connection), proxy_for(self._connection, url))
        return self._transport


def document_of(answer: Answer, call: ApiCall, endpoint: str) -> Any:
    """Return the JSON of an answer, None for an empty one. Raises ServerError when it is something else."""
    if not answer.body.strip():
        return None
    try:
        return answer.json("JSON")
    except ServerError as error:
        raise ServerError(
            f"cannot {call.action}: {error.message}",
            endpoint=endpoint,
            reference=call.reference,
            status=answer.status,
            hint="check the address, and whether a proxy or a portal is on the way",
        ) from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list, and how many items the whole list has (None when the API does not say)."""

    items: Sequence[Item]
    total: int | None = None


async def numbered_pages(
    fetch: Callable[[int], Awaitable[Page[Item]]], identity: Callable[[Item], Hashable], *, first: int = 1
) -> AsyncGenerator[Page[Item], None]:
    """Yield the pages `fetch` returns for the numbers from `first` on, each item once (told apart by `identity`).

    Ends with an empty page, a page that brings nothing new (an API that ignores the number), or when as many items
    came as there are. Raises ServerError when the list does not end.
    """
    seen: set[Hashable] = set()
    received = 0
    for number in range(first, first + MOST_PAGES):
        page = await fetch(number)
        received += len(page.items)
        fresh: list[Item] = []
        for item in page.items:
            if (name := identity(item)) not in seen:
                seen.add(name)
                fresh.append(item)
        if not fresh:
            # The total is worth telling even when there is nothing to list.
            if number == first:
                yield Page((), page.total)
            return
        yield Page(fresh, page.total)
        if page.total is not None and received >= page.total:
            return
    raise ServerError("the list does not end")


async def linked_pages(client: ApiClient, call: ApiCall) -> AsyncGenerator[Answer, None]:
    """Yield the answer to `call` and those its `Link` headers lead to, at the same host and never one twice.

    Raises UntrustedAnswer for a link to another host, ServerError when the list goes round.
    """
    seen: set[str] = set()
    prefix = await client.origin() + client.base
    while True:
        answer = await client.send(call)
        seen.add(answer.url)
        yield answer
        url = next_page(answer.headers.get("link", ""), answer.url)
        if url is None:
            return
        url = resolve(answer.url, url)
        if url in seen or len(seen) >= MOST_PAGES:
            raise ServerError("the list goes round", endpoint=client.registry, reference=call.reference)
        if not url.startswith(prefix + "/"):
            raise UntrustedAnswer("the next page of a list is outside the API", endpoint=client.registry)
        call = replace(call, path=url.removeprefix(prefix), query=())


async def _read(response: httpx.Response, url: str, call: ApiCall) -> Answer:
    failed = response.status_code >= 400
    limit = _MAX_ERROR_BODY if failed else call.limit
    parts: list[bytes] = []
    size = 0
    pieces: AsyncIterator[bytes] = response.aiter_raw()
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            if failed:
                break
            raise UnsupportedContent(
                f"cannot {call.action}: the answer is longer than the {limit} bytes that are allowed here",
                reference=call.reference,
                hint="no API has that much to say here; check who answers",
            )
        parts.append(piece)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, b"".join(parts), url)
