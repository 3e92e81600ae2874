"""A proxy for tests: names that nobody knows lead to a server on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator

_ADDRESS = re.compile(r"[0-9.]+:[0-9]+")


class Proxy:
    """A proxy for plain HTTP and CONNECT; `login` is `user:password`, '' for none.

    Every name leads to `target`, and an address to itself.
    """

    def __init__(self, target: str, login: str = "") -> None:
        self._target = target
        self._wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        self.lines: list[str] = []
        self.seen: list[dict[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        self.lines.append(line)
        self.seen.append(headers)
        if headers.get("proxy-authorization", "") != self._wanted:
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        method, url, version = line.split(" ")
        there = url if method == "CONNECT" else url.split("/", 3)[2]
        host, _, port = (there if _ADDRESS.fullmatch(there) else self._target).partition(":")
        target_reader, target_writer = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            path = "/" + url.split("/", 3)[3]
            kept = [f for f in fields if not f.lower().startswith(("proxy-", "connection"))]
            target_writer.write(
                "\r\n".join([f"{method} {path} {version}", *kept, "Connection: close", "", ""]).encode()
            )
        await asyncio.gather(_pump(reader, target_writer), _pump(target_reader, writer))
        target_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof() if writer.can_write_eof() else writer.close()


@contextlib.asynccontextmanager
async def running(proxy: Proxy) -> AsyncIterator[str]:
    """Run a proxy and yield its `host:port`."""
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.close()
