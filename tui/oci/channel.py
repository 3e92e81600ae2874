"""One registry's HTTP: every request to it goes through here, and only here are gates, login, redirects and retries.

    client -> channel -> transport

The client above knows the words of the distribution specification, the transport below knows sockets.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tui import __version__
from tui.oci.access import Access
from tui.oci.answers import Answer, error_of
from tui.oci.auth import Authenticator, Scopes
from tui.oci.challenge import parse_challenges
from tui.oci.errors import (
    NetworkError,
    RegistryError,
    ServerError,
    UntrustedAnswer,
    UploadSessionLost,
)
from tui.oci.exchange import MAX_ERROR_BODY, REDIRECTS, Traffic, exchanged, read_answer, tried
from tui.oci.host import OUT_OF_ORDER, Host
from tui.oci.network import network_error, speaks_no_tls
from tui.oci.proxy import proxy_for
from tui.oci.reference import DOCKER_HUB
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.saying import N_
from tui.oci.tls import context_for
from tui.oci.transport import IDLE_TIMEOUT, RegistryTransport
from tui.oci.trust import check_destination, origin, resolve, same_origin

_HUB_HOST = "registry-1.docker.io"
_MAX_REDIRECTS = 5
_MAX_REFUSALS = 2
_MAX_ROUTES = 1000
_MAX_TOKEN_BODY = 128 * 1024
MAX_PAGE = 32 * 1024 * 1024
"""Bytes read of one page of tags or repositories; distribution 2 gives all tags in one, however many there are."""
_UNREACHABLE_FOR = 3.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request in the terms of the specification.

    `path` is below `/v2/`, or a whole URL that the registry gave us. `action` completes "cannot ..." in errors.
    `accept` are the statuses that are no error. `repeatable` says whether it may simply be sent again, `is_blob`
    whether the body is part of a blob.
    """

    method: str
    path: str
    scopes: Scopes
    action: str
    reference: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    accept: frozenset[int] = frozenset({200})
    limit: int = MAX_ERROR_BODY
    repeatable: bool = True
    is_blob: bool = False
    streamed: AsyncIterable[bytes] | None = None
    idle: float = IDLE_TIMEOUT


class Channel:
    """Requests to one registry with one credential. Use as an async context manager."""

    def __init__(
        self,
        access: Access,
        *,
        requests_at_once: int = 32,
        retry: RetryPolicy | None = None,
        host: Host | None = None,
    ) -> None:
        """`host` is shared by all channels to the registry; by default this one is alone."""
        self.registry = access.connection.registry
        self.host = host or Host(self.registry, requests_at_once)
        self._own_host = host is None
        self.traffic = Traffic()
        self._connection = access.connection
        self._retry = retry or RetryPolicy()
        self._base = ""
        self._reaching: asyncio.Task[str] | None = None
        self._unreachable: tuple[float, RegistryError] | None = None
        self._transports: dict[str, RegistryTransport] = {}
        self._routes: dict[tuple[str, str, int], RegistryTransport] = {}
        self._auth = Authenticator(self.registry, access.credential, self._send_to_token_server, access.temporary)

    async def __aenter__(self) -> Channel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._own_host:
            await self.host.close()
        if self._reaching is not None:
            self._reaching.cancel()
        self._auth.close()
        for transport in self._transports.values():
            await transport.aclose()

    async def send(self, call: Call) -> Answer:
        """Send a request and return its answer when the status is one of `call.accept`.

        Raises a RegistryError otherwise: retried as the policy says where the request may be repeated.
        """
        return await tried(
            lambda: self._answer(call), self.attempts(), self.host, self.traffic, lambda error: _may_repeat(call, error)
        )

    async def _answer(self, call: Call) -> Answer:
        async with self._response(call) as response:
            return await _read(response, call)

    def attempts(self) -> Attempts:
        """Return a count of attempts at one thing at this registry."""
        return Attempts(self._retry, self.host)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[httpx.Response]:
        """Send a GET whose body is read piece by piece; not retried here, because the reader knows where it stands.

        Raises RegistryError for another status than `call.accept`, and for a break while reading.
        """
        await self.host.ready()
        try:
            async with self._response(call) as response:
                yield response
        except httpx.TransportError as error:
            raise self._network_error(error, call) from error

    async def reach(self) -> str:
        """Find out how the registry speaks and return its base URL; asked once and remembered.

        Raises NetworkError, UntrustedAnswer or ServerError when nothing that is a registry answers.
        """
        if self._base:
            return self._base
        if self._unreachable is not None and time.monotonic() < self._unreachable[0]:
            # A copy, because every raise lengthens an error's traceback.
            raise copy.copy(self._unreachable[1])
        if self._reaching is None:
            self._reaching = asyncio.create_task(self._probe())
        try:
            self._base = await asyncio.shield(self._reaching)
        except RegistryError as error:
            self._unreachable = (time.monotonic() + _UNREACHABLE_FOR, error)
            self._reaching = None
            raise
        self._unreachable = None
        self.host.ping = self._answers
        return self._base

    async def _answers(self) -> bool:
        """Return whether anything that is no broken gateway answers at the registry's address now."""
        call = Call("GET", f"{self._base}/v2/", (), N_("reach the registry"), self.registry)
        try:
            answer = await self._whole(await self._dispatch(call, call.path, ""), call)
        except RegistryError:
            return False
        return answer.status not in OUT_OF_ORDER

    async def _probe(self) -> str:
        scheme = self._connection.scheme
        host = _HUB_HOST if self.registry == DOCKER_HUB else self.registry
        attempts = self.attempts()
        while True:
            try:
                if scheme != "auto":
                    return await self._ping(f"{scheme}://{host}")
                try:
                    return await self._ping(f"https://{host}")
                except (NetworkError, UntrustedAnswer) as error:
                    if not speaks_no_tls(error):
                        raise
                    return await self._ping(f"http://{host}")
            except RegistryError as error:
                if not await attempts.again(error):
                    error.exhausted = True
                    raise

    async def _ping(self, base: str) -> str:
        """GET /v2/ ("Determining Support"): 200, or 401 with the challenge."""
        call = Call("GET", f"{base}/v2/", (), N_("reach the registry"), self.registry, accept=frozenset({200, 401}))
        response = await self._dispatch(call, call.path, "")
        answer = await self._whole(response, call)
        if answer.status in REDIRECTS:
            where = answer.headers.get("location", "")
            raise UntrustedAnswer(
                f"cannot reach the registry: it sends us away to {where[:200]!r}",
                endpoint=self.registry,
                status=answer.status,
                hint="give the endpoint the address and scheme that it is sent to, if that is the registry",
            )
        if answer.status not in call.accept:
            raise self._error(answer, call)
        if answer.status == 401:
            self._auth.learn(parse_challenges(response.headers.get_list("www-authenticate")), call.path)
        return base

    @asynccontextmanager
    async def _response(self, call: Call) -> AsyncIterator[httpx.Response]:
        """The response to a call after login and redirects, its status among those accepted."""
        base = await self.reach()
        url = call.path if "://" in call.path else f"{base}/v2/{call.path}"
        header = await self._auth.header(call.scopes)
        refusals = 0
        while True:
            async with self._auth.turn(header):
                response = await self._follow(call, url, header)
                status = response.status_code
                refused = await self._whole(response, call) if status == 401 else None
                challenges = parse_challenges(response.headers.get_list("www-authenticate")) if refused else []
                self._auth.judge(header, status, refused, challenges)
            if refused is None:
                try:
                    if status not in call.accept:
                        raise self._error(await _read(response, call), call)
                    yield response
                    return
                except httpx.TransportError as error:
                    raise self._network_error(error, call) from error
                finally:
                    await response.aclose()
            refusals += 1
            if refusals <= _MAX_REFUSALS and same_origin(refused.url, base):
                again = refusals == _MAX_REFUSALS
                better = await self._auth.after_refusal(call.scopes, header, challenges, refused.url, again=again)
                if better and better != header:
                    header = better
                    continue
            raise self._error(refused, call)

    async def _whole(self, response: httpx.Response, call: Call) -> Answer:
        """Read what was not streamed to its end, and give the connection back."""
        try:
            return await _read(response, call)
        except httpx.TransportError as error:
            raise self._network_error(error, call) from error
        finally:
            await response.aclose()

    async def _follow(self, call: Call, url: str, header: str) -> httpx.Response:
        for _ in range(_MAX_REDIRECTS + 1):
            own = same_origin(url, self._base)
            response = await self._dispatch(call, url, header if own else "")
            if response.status_code not in REDIRECTS or call.method not in ("GET", "HEAD"):
                return response
            location = response.headers.get("location", "")
            await response.aclose()
            url = resolve(url, location)
            check_destination(url, self._base, self.registry)
        raise ServerError("the registry redirects in a circle", endpoint=self.registry, reference=call.reference)

    async def _dispatch(self, call: Call, url: str, header: str) -> httpx.Response:
        headers = {"User-Agent": f"regferry/{__version__}", "Accept-Encoding": "identity", **call.headers}
        if header:
            headers["Authorization"] = header
        try:
            request = httpx.Request(
                call.method,
                url,
                headers=headers,
                content=call.body,
                extensions=self._extensions(call, url),
            )
            response = await exchanged(self._transport(url), request, self.host, self.traffic)
        except httpx.TransportError as error:
            raise self._network_error(error, call) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UntrustedAnswer(
                f"cannot {call.action}: no request can be made of what the registry or the login says",
                endpoint=self.registry,
                reference=call.reference,
            ) from error
        response.request = request
        return response

    def _extensions(self, call: Call, url: str) -> dict[str, Any]:
        extensions: dict[str, Any] = {"exact_url": url, "idle": call.idle}
        if call.is_blob:
            extensions["wrote"] = self._wrote
        if call.streamed is not None:
            extensions["streamed"] = call.streamed
        return extensions

    async def _wrote(self, count: int) -> None:
        self.traffic.bytes_out += count
        await self.host.writes.take(count)

    def _transport(self, url: str) -> RegistryTransport:
        place = origin(url)
        transport = self._routes.get(place)
        if transport is None:
            proxy = proxy_for(self._connection, url)
            transport = self._transports.get(proxy or "")
            if transport is None:
                transport = RegistryTransport(context_for(self._connection), proxy)
                self._transports[proxy or ""] = transport
            if len(self._routes) < _MAX_ROUTES:
                self._routes[place] = transport
        return transport

    async def _send_to_token_server(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        call = Call(
            method, url, (), N_("get a token"), self.registry, headers=headers, body=body, limit=_MAX_TOKEN_BODY
        )
        attempts = Attempts(self._retry)
        while True:
            try:
                answer = await self._whole(await self._dispatch(call, url, ""), call)
                if answer.status == 429 or answer.status >= 500:
                    raise self._error(answer, call)
                return answer
            except RegistryError as error:
                if not await attempts.again(error):
                    error.exhausted = True
                    raise

    def _error(self, answer: Answer, call: Call) -> RegistryError:
        error = error_of(answer, endpoint=self.registry, reference=call.reference, action=call.action)
        return self._auth.refusal(call.scopes, error) if answer.status == 401 else error

    def _network_error(self, error: httpx.TransportError, call: Call) -> RegistryError:
        return network_error(error, endpoint=self.registry, reference=call.reference, action=call.action)


def _may_repeat(call: Call, error: RegistryError) -> bool:
    # A lost session stays lost, however often it is asked for. A manifest that is refused so may be a race.
    lost = isinstance(error, UploadSessionLost) and call.method != "PUT"
    return call.repeatable and not error.exhausted and not lost


async def _read(response: httpx.Response, call: Call) -> Answer:
    url = str(response.request.extensions["exact_url"])
    return await read_answer(response, url, call.limit, call.action, call.reference)
