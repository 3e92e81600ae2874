"""Registries with names of their own: embedded ones behind TLS and a proxy on this machine, and nothing beyond it.

Pictures and snapshots must not show a port that is another one each time, so the registries are reached as
`registry.dc1.example.com` and the like: `HTTPS_PROXY` leads every connection here, and a certificate authority made
for the occasion (`SSL_CERT_FILE`) vouches for them. The app and the processes of its runs do what they always do.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

import trustme
from aiohttp import web

from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.demo.storage import MemoryStorage

SOURCE = "registry.dc1.example.com"
TARGET = "registry.cloud.example.com"
USER, PASSWORD = "mirror-bot", "only for pictures"

_NOBODY = web.Response(status=502, text="nobody is called that here")
_T = TypeVar("_T")


class Stage:
    """The two registries, served from a thread; `scale` is that of `load_samples`.

    `environment` are the variables by which this process and those it starts find them.
    """

    def __init__(self, folder: Path, scale: float) -> None:
        self.source = EmbeddedRegistry(MemoryStorage(), username=USER, password=PASSWORD)
        self.target = EmbeddedRegistry(MemoryStorage(), username=USER, password=PASSWORD)
        self.environment: dict[str, str] = {}
        self._registries = {SOURCE: self.source, TARGET: self.target}
        self._authority = trustme.CA()
        self._bundle = folder / "authority.pem"
        self._scale = scale
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage", daemon=True)
        self._runner: web.ServerRunner | None = None
        self._proxy: asyncio.Server | None = None
        self._tls_port = 0

    def __enter__(self) -> Self:
        self._authority.cert_pem.write_to_path(self._bundle)
        self._thread.start()
        self.call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def empty_target(self) -> None:
        """Put a registry without anything in the place of the target."""
        self.target = EmbeddedRegistry(MemoryStorage(), username=USER, password=PASSWORD)
        self._registries[TARGET] = self.target

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something where the registries live, and return what came of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def slow_down(self, bytes_per_second: float) -> None:
        """Let each registry pass so many bytes a second from now on; 0 is no limit."""
        for registry in self._registries.values():
            registry.throttle.bytes_per_second = bytes_per_second

    async def _open(self) -> None:
        await load_samples(self.source, self._scale)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*self._registries).configure_cert(context)
        server = web.Server(self._answer, access_log=None, auto_decompress=False)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        self._tls_port = self._runner.addresses[0][1]
        self._proxy = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = self._proxy.sockets[0].getsockname()[1]
        self.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": str(self._bundle)}

    async def _close(self) -> None:
        if self._proxy is not None:
            self._proxy.close()
        if self._runner is not None:
            await self._runner.cleanup()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        registry = self._registries.get(request.host.partition(":")[0])
        if registry is None:
            return _NOBODY
        try:
            response = await registry.intercept(request) if registry.intercept is not None else None
            return response if response is not None else await registry.answer(request)
        except ConnectionError:
            # As the embedded registry does it: whoever asked is gone, and nobody is left to answer.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the proxy of one connection: `CONNECT` to any name leads to our TLS port, all else is refused."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            host = head.split(b" ", 2)[1].decode("latin-1").partition(":")[0]
            if not head.startswith(b"CONNECT ") or host not in self._registries:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._tls_port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # a client that leaves early is no concern of the stage
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof() if writer.can_write_eof() else writer.close()
