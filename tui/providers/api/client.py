"""Sends a provider's requests to the one host it was made for, signed or with its login.

Retries, throttling, TLS and proxies are those of the registry API; what a vendor signs or says differently comes in
as `sign` and `judge`. A request goes to the host the client was made for and to no other: redirects are not followed,
links to another host are refused, cookies are not kept.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from tui import __version__
from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer, error_of, registry_words
from tui.oci.errors import (
    LocalError,
    NetworkError,
    RegistryError,
    ServerError,
    Throttled,
    Unauthenticated,
    UntrustedAnswer,
)
from tui.oci.exchange import REDIRECTS, Traffic, exchanged, read_answer, tried
from tui.oci.host import Host
from tui.oci.lockout import LoginGuard
from tui.oci.network import network_error
from tui.oci.proxy import proxy_for
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.saying import N_, phrase
from tui.oci.tls import context_for
from tui.oci.token import basic_header
from tui.oci.transport import RegistryTransport
from tui.oci.trust import same_origin
from tui.providers.api.call import ApiCall, Judge, Outgoing, Sign
from tui.providers.probe import find_scheme

SECONDS = 90.0
"""How long one request may take, its answer included."""

_IDLE = 30.0
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_NO_TURN: AbstractAsyncContextManager[None] = nullcontext()


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
        return await tried(
            lambda: self._once(call),
            attempts,
            self.host,
            self.traffic,
            lambda error: repeatable or isinstance(error, Throttled),
        )

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
        if answer.status in REDIRECTS:
            where = answer.headers.get("location", "")
            raise UntrustedAnswer(
                phrase("cannot {action}: the API sends us away to {where!r}", action=call.action, where=where[:200]),
                endpoint=self.registry,
                reference=call.reference,
                status=answer.status,
                hint=N_("give the endpoint the address and scheme that it is sent to, if that is the right one"),
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
        message = phrase("the login for user {user!r} is refused", user=self._user)
        if said:
            message = phrase("{words}: {said}", words=message, said=said)
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
            raise UntrustedAnswer(N_("a request would have gone to another host than its own"), endpoint=self.registry)
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
                phrase("cannot {action}: no request can be made of these names", action=call.action),
                endpoint=self.registry,
                reference=call.reference,
                hint=N_("look for odd characters in the address, the login and the names"),
            ) from error
        try:
            async with asyncio.timeout(SECONDS):
                response = await exchanged(self._connected(outgoing.url), request, self.host, self.traffic)
                try:
                    return await read_answer(response, outgoing.url, call.limit, call.action, call.reference)
                finally:
                    await response.aclose()
        except httpx.TransportError as error:
            raise network_error(
                error, endpoint=self.registry, reference=call.reference, action=call.action
            ) from error  # fmt: skip
        except TimeoutError as error:
            self.host.failed()
            raise NetworkError(
                phrase(
                    "cannot {action}: no complete answer within {seconds:.0f} seconds",
                    action=call.action,
                    seconds=SECONDS,
                ),
                endpoint=self.registry,
                reference=call.reference,
            ) from error

    def _connected(self, url: str) -> RegistryTransport:
        if self._transport is None:
            self._transport = RegistryTransport(lambda: context_for(self._connection), proxy_for(self._connection, url))
        return self._transport


def document_of(answer: Answer, call: ApiCall, endpoint: str) -> Any:
    """Return the JSON of an answer, None for an empty one. Raises ServerError when it is something else."""
    if not answer.body.strip():
        return None
    try:
        return answer.json("JSON")
    except ServerError as error:
        raise ServerError(
            phrase("cannot {action}: {message}", action=call.action, message=error.message),
            endpoint=endpoint,
            reference=call.reference,
            status=answer.status,
            hint=N_("check the address, and whether a proxy or a portal is on the way"),
        ) from error
