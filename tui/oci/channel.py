"""One registry's HTTP: every request to it goes through here, and only here are gates, login, redirects and retries.

    client -> channel -> dispatch -> transport

The client above knows the words of the distribution specification, the transport below knows sockets.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from tui.oci.access import Access
from tui.oci.answers import SOME_NETWORKS_ONLY, Answer, error_of
from tui.oci.auth import Authenticator
from tui.oci.call import Call
from tui.oci.challenge import Challenge, parse_challenges
from tui.oci.dispatch import Dispatch, read
from tui.oci.errors import (
    NetworkError,
    RegistryError,
    UntrustedAnswer,
    UploadSessionLost,
)
from tui.oci.exchange import REDIRECTS, Traffic, tried
from tui.oci.host import OUT_OF_ORDER, REFUSED, Host
from tui.oci.network import speaks_no_tls
from tui.oci.reference import DOCKER_HUB
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.saying import N_, phrase
from tui.oci.trust import same_origin

_HUB_HOST = "registry-1.docker.io"
_MAX_REFUSALS = 2
_MAX_TOKEN_BODY = 128 * 1024
_UNREACHABLE_FOR = 3.0


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
        self._dispatch = Dispatch(access.connection, self.host, self.traffic)
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
        await self._dispatch.close()

    @property
    def challenge(self) -> Challenge | None:
        """How the registry asks for a login; None before it was reached, and where it asks for none."""
        return self._auth.challenge

    async def send(self, call: Call) -> Answer:
        """Send a request and return its answer when the status is one of `call.accept`.

        Raises a RegistryError otherwise: retried as the policy says where the request may be repeated.
        """
        return await tried(
            lambda: self._answer(call), self.attempts(), self.host, self.traffic, lambda error: _may_repeat(call, error)
        )

    async def _answer(self, call: Call) -> Answer:
        async with self._response(call) as response:
            return await read(response, call)

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
            raise self._dispatch.broken(error, call) from error

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
        """Return whether a registry answers at its address now: no broken gateway, nobody who refuses even this."""
        call = Call("GET", f"{self._base}/v2/", (), N_("reach the registry"), self.registry)
        try:
            answer = await self._dispatch.answer(call, call.path)
        except RegistryError:
            return False
        return answer.status not in OUT_OF_ORDER and answer.status != REFUSED

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
        response = await self._dispatch.send(call, call.path, "")
        answer = await self._dispatch.whole(response, call)
        if answer.status in REDIRECTS:
            where = answer.headers.get("location", "")
            raise UntrustedAnswer(
                phrase("cannot reach the registry: it sends us away to {where!r}", where=where[:200]),
                endpoint=self.registry,
                status=answer.status,
                hint=N_("give the endpoint the address and scheme that it is sent to, if that is the registry"),
            )
        if answer.status not in call.accept:
            error = self._error(answer, call)
            error.hint = SOME_NETWORKS_ONLY if answer.status == REFUSED else error.hint
            raise error
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
                response = await self._dispatch.follow(call, url, header, base)
                status = response.status_code
                refused = await self._dispatch.whole(response, call) if status == 401 else None
                challenges = parse_challenges(response.headers.get_list("www-authenticate")) if refused else []
                self._auth.judge(header, status, refused, challenges)
            if refused is None:
                try:
                    if status not in call.accept:
                        raise self._error(await read(response, call), call)
                    yield response
                    return
                except httpx.TransportError as error:
                    raise self._dispatch.broken(error, call) from error
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

    async def _send_to_token_server(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        call = Call(
            method, url, (), N_("get a token"), self.registry, headers=headers, body=body, limit=_MAX_TOKEN_BODY
        )
        attempts = Attempts(self._retry)
        while True:
            try:
                answer = await self._dispatch.answer(call, url)
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


def _may_repeat(call: Call, error: RegistryError) -> bool:
    # A lost session stays lost, however often it is asked for. A manifest that is refused so may be a race.
    lost = isinstance(error, UploadSessionLost) and call.method != "PUT"
    return call.repeatable and not error.exhausted and not lost
