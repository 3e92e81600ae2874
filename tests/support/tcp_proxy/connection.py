"""One connection through the proxy, and what happens to it on the way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Protocol

from tests.support.tcp_proxy.faults import Action, Direction
from tests.support.tcp_proxy.sockets import hung_up, reset, sent, socket_of

PIECE = 64 << 10
_IN_FLIGHT = 64
"""Pieces on the way per direction and connection before reading stops."""
_SEND_BUFFER = 256 << 10
_DRIP_SECONDS = 0.5
_GOODBYE = 1.0

_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link(Protocol):
    """What a connection asks of the link it belongs to."""

    latency: float
    passing: asyncio.Event

    async def admit(self, direction: Direction, count: int) -> None:
        """Wait until the bandwidth lets `count` bytes pass."""

    def strike(self, connection: int, direction: Direction, count: int) -> tuple[int, Action] | None:
        """Return after how many of the next `count` bytes something happens, and what."""

    def passed(self, direction: Direction, count: int) -> None:
        """Count what passed."""


class Connection:
    """One connection of a client and the one to the server that belongs to it."""

    def __init__(self, link: Link, number: int, client: _Ends, server: _Ends) -> None:
        self._link = link
        self._number = number
        self._client, self._server = client, server
        self._drip: set[Direction] = set()
        self._stalled = False
        self._polite = False
        self._tasks: list[asyncio.Task[None]] = []
        for _, writer in (client, server):
            socket_of(writer).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            writer.transport.set_write_buffer_limits(high=PIECE)

    async def run(self) -> None:
        self._tasks = [
            asyncio.create_task(self._carry("up", self._client[0], self._server[1])),
            asyncio.create_task(self._carry("down", self._server[0], self._client[1])),
        ]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    def reset(self) -> None:
        """Break both ends with RST."""
        if not self._polite:
            for _, writer in (self._client, self._server):
                reset(writer)
        for task in self._tasks:
            task.cancel()

    async def _carry(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one direction: a reader that decides, and a writer that delivers when it is time."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        delivering = asyncio.create_task(self._deliver(direction, line, writer))
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(PIECE):
                await self._link.admit(direction, len(data))
                for piece in self._pieces(direction, data):
                    if isinstance(piece, bytes):
                        await line.put((loop.time() + self._link.latency, piece))
                    else:
                        await self._happen(piece[0], direction, line, writer)
            await line.put((loop.time() + self._link.latency, b""))
            await delivering
        except (ConnectionError, asyncio.IncompleteReadError):
            self.reset()  # one end broke, so the other one hears it
        finally:
            delivering.cancel()

    def _pieces(self, direction: Direction, data: bytes) -> list[bytes | tuple[Action]]:
        """Return `data` with what happens in between."""
        found: list[bytes | tuple[Action]] = []
        while data:
            strike = self._link.strike(self._number, direction, len(data))
            if strike is None:
                return [*found, data]
            room, action = strike
            before, data = data[:room], data[room:]
            if action == "flip" and before:
                before = before[:-1] + bytes([before[-1] ^ 1])
            found += [before] if action == "flip" else [before, (action,)]
        return found

    async def _happen(
        self,
        action: Action,
        direction: Direction,
        line: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
    ) -> None:
        if action == "drip":
            self._drip.add(direction)
            return
        await line.join()
        await sent(writer)
        if action == "stall":
            self._stalled = True
            await hung_up(self._client[1])
        elif action == "fin":
            await self._part_politely()
        raise ConnectionAbortedError(action)

    async def _part_politely(self) -> None:
        """Send FIN both ways; what still comes is read, because closing with bytes unread would be a RST."""
        here = asyncio.current_task()
        for task in self._tasks:
            if task is not here:
                task.cancel()
        for _, writer in (self._client, self._server):
            writer.write_eof()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_GOODBYE):
                while await self._client[0].read(PIECE):
                    pass
        self._polite = True

    async def _deliver(
        self, direction: Direction, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await line.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._link.passing.wait()
                if self._stalled:
                    await asyncio.Event().wait()  # until the connection is reset
                if not data:
                    writer.write_eof()
                    return
                if direction in self._drip:
                    await self._drop_by_drop(direction, data, writer)
                else:
                    writer.write(data)
                    self._link.passed(direction, len(data))
                    await writer.drain()
                line.task_done()
        except ConnectionError:
            self.reset()

    async def _drop_by_drop(self, direction: Direction, data: bytes, writer: asyncio.StreamWriter) -> None:
        for place in range(len(data)):
            writer.write(data[place : place + 1])
            self._link.passed(direction, 1)
            await writer.drain()
            await asyncio.sleep(_DRIP_SECONDS)
