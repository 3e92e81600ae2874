"""An HTTP reverse proxy in front of a registry: it records every request and fails those it is told to.

It speaks plain HTTP on loopback and passes the client's `Host` on, so that the registry's `Location` headers lead
back to the proxy.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_PIECE = 256 << 10
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization"}


@dataclass
class Fault:
    """Fail the first `times` requests whose method and path (with query) match.

    `status` is answered instead of the registry; 0 resets the connection. With `after` the registry acts first and
    only its answer is lost. `matched` counts what came, also beyond `times`.
    """

    method: str
    path: str
    times: int
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b'{"errors":[{"code":"UNAVAILABLE","message":"made up by the test"}]}'
    after: bool = False
    matched: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Return whether this request fails, and count it."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        self.matched += 1
        return self.matched <= self.times


@dataclass
class Seen:
    """One request as it passed: `sent` and `received` are body bytes from the client and to the client."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    status: int = 0
    sent: int = 0
    received: int = 0
    faulted: bool = False


class FlakyProxy:
    """A proxy in front of the plain HTTP registry at `target` (`host:port`). `faults` may change while it runs.

    `delay` seconds are waited before each request goes on, for runs that must last long enough to be interrupted.
    """

    def __init__(self, target: str, *faults: Fault, delay: float = 0.0) -> None:
        self.target = target
        self.faults = list(faults)
        self.delay = delay
        self.seen: list[Seen] = []
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def count(self, method: str, path: str = "", *, where: Callable[[Seen], bool] | None = None) -> int:
        """Return how many recorded requests match method (full) and path (anywhere), both regular expressions."""
        return len(self.requests(method, path, where=where))

    def requests(self, method: str, path: str = "", *, where: Callable[[Seen], bool] | None = None) -> list[Seen]:
        """Return the recorded requests that match method (full) and path (anywhere)."""
        return [
            seen
            for seen in list(self.seen)
            if re.fullmatch(method, seen.method) and re.search(path, seen.path) and (where is None or where(seen))
        ]

    def forget(self) -> None:
        """Empty the record."""
        self.seen.clear()

    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        )
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"{host}:{port}"

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.raw_path, dict(request.headers))
        self.seen.append(seen)
        fault = next((fault for fault in self.faults if fault.takes(request.method, request.raw_path)), None)
        if self.delay:
            await asyncio.sleep(self.delay)
        if fault is not None:
            seen.faulted = True
            if not fault.after:
                return await self._fail(request, seen, fault)
        return await self._pass_on(request, seen, fault)

    async def _fail(self, request: web.Request, seen: Seen, fault: Fault) -> web.StreamResponse:
        async for _ in self._body(request, seen):
            pass  # the client gets to send all of it, as with a gateway that fails late
        if fault.status == 0:
            _reset(request)
            return web.Response(status=502)
        seen.status = fault.status
        return web.Response(status=fault.status, headers=fault.headers, body=fault.body)

    async def _pass_on(self, request: web.Request, seen: Seen, lost: Fault | None) -> web.StreamResponse:
        assert self._session is not None
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if _end_to_end(name))
        length = request.headers.get("Content-Length")
        has_body = request.can_read_body or length is not None
        url = f"http://{self.target}{request.raw_path}"
        async with self._session.request(
            request.method,
            URL(url, encoded=True),
            headers=headers,
            data=self._body(request, seen) if has_body and length != "0" else None,
            allow_redirects=False,
        ) as answer:
            seen.status = answer.status
            if lost is not None:
                await answer.read()
                _reset(request)
                return web.Response(status=502)
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if _end_to_end(name):
                    own = value.replace(f"//{self.target}/", f"//{self.address}/") if name == "Location" else value
                    response.headers.add(name, own)
            await response.prepare(request)
            async for chunk in answer.content.iter_chunked(_PIECE):
                seen.received += len(chunk)
                await response.write(chunk)
            await response.write_eof()
            return response

    async def _body(self, request: web.Request, seen: Seen) -> AsyncIterator[bytes]:
        async for chunk in request.content.iter_chunked(_PIECE):
            seen.sent += len(chunk)
            yield chunk


def _end_to_end(header: str) -> bool:
    return header.lower() not in _HOP_BY_HOP


def _reset(request: web.Request) -> None:
    """Break the client's connection with a RST, as a failing link or a dying gateway does."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
