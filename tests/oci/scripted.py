"""A server that answers as a test says and remembers what it was asked, for what no honest registry would do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tui.oci.access import Access, Connection, Credential
from tui.oci.client import RegistryClient
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy

FAST = RetryPolicy(tries=3, base=0.001, cap=0.002)
"""Three tries with hardly a pause."""
IMPATIENT = replace(FAST, throttled_total=0.0)
"""The same, and no waiting for a registry that throttles."""
USER = Credential("robot", "secret")


@dataclass(frozen=True)
class Asked:
    """One request as it came in; `path` has its query, byte for byte; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False, default=b"")

    @property
    def authorization(self) -> str:
        """The credential or token that came along, '' for none."""
        return self.headers.get("authorization", "")


Answering = Callable[[Asked], web.StreamResponse]


class Scripted:
    """Serves `answering` on a free loopback port, with TLS when given a context; ConnectionError hangs up."""

    def __init__(self, answering: Answering, tls: ssl.SSLContext | None = None) -> None:
        self.answering = answering
        self.asked: list[Asked] = []
        self._tls = tls
        self._runner = web.ServerRunner(
            web.Server(self._serve, access_log=None, auto_decompress=False), shutdown_timeout=0.1
        )
        self.address = ""

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://{self.address}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def requests(self, method: str = "", part: str = "") -> list[Asked]:
        """Return the requests of a method whose path has `part` in it."""
        return [asked for asked in self.asked if asked.method.startswith(method) and part in asked.path]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.raw_path, headers, await request.content.read())
        self.asked.append(asked)
        try:
            return self.answering(asked)
        except ConnectionError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)


def reply(status: int = 200, document: Any = None, body: bytes = b"", **headers: str) -> web.Response:
    """Return an answer with a JSON document or a body; `_` in header names stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=body if document is None else json.dumps(document).encode(), headers=named)


def refused(status: int, code: str, message: str = "no", **headers: str) -> web.Response:
    """Return an error in the specification's form."""
    return reply(status, {"errors": [{"code": code, "message": message}]}, b"", **headers)


def access(address: str, credential: Credential | None = None, **connection: Any) -> Access:
    """Return the way to a registry on plain http, unless told otherwise."""
    return Access(Connection(address, **{"scheme": "http", "proxy": "", **connection}), credential)


def client(
    address: str, credential: Credential | None = None, *, retry: RetryPolicy = FAST, **connection: Any
) -> RegistryClient:
    """Return a client that tries again quickly."""
    return RegistryClient(access(address, credential, **connection), retry=retry)


async def read(connected: RegistryClient, where: Repository, digest: str, offset: int = 0) -> bytes:
    """Return a blob from `offset` on."""
    async with connected.read_blob(where, digest, offset) as pieces:
        return b"".join([piece async for piece in pieces])


def repository(address: str, path: str = "team/app") -> Repository:
    """Return a repository at a server of ours."""
    return Repository(address, path)
