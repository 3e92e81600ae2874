"""All connections of the proxy together: what is counted, cut, slowed down and broken."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.support.tcp_proxy.connection import PIECE, Connection
from tests.support.tcp_proxy.faults import Action, Armed, Direction, LinkFault
from tests.support.tcp_proxy.sockets import reset


class Link:
    """All connections of the proxy, and what happens to them."""

    def __init__(self, host: str, port: int, seed: int) -> None:
        self.host, self.port = host, port
        self._dice = random.Random(seed)
        self._armed: list[Armed] = []
        self._open: dict[int, Connection] = {}
        self._count = {"down": 0, "up": 0}
        self._connections = self._refused = self._faults = 0
        self.latency = self._bandwidth = 0.0
        self._free_at = {"down": 0.0, "up": 0.0}
        self._cut_until = 0.0
        self._silent = False
        self.passing = asyncio.Event()
        self.passing.set()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order.pop("verb"):
            case "faults":
                self._armed = [Armed(LinkFault(**fault), self._dice) for fault in order["faults"]]
            case "shape":
                self.latency, self._bandwidth = order["latency"], order["bandwidth"]
            case "cut":
                self._cut(order["seconds"], order["silently"])
            case "reset_all":
                self._reset_all()
            case "forget":
                self._count = {"down": 0, "up": 0}
                self._connections = self._refused = self._faults = 0
            case "stats":
                numbers = {"connections": self._connections, "open": len(self._open), "refused": self._refused}
                return {**self._count, **numbers, "faults": self._faults}
            case verb:
                raise ValueError(f"no order is called {verb}")
        return {}

    def _cut(self, seconds: float, silently: bool) -> None:
        loop = asyncio.get_running_loop()
        self._cut_until, self._silent = loop.time() + seconds, silently
        if silently:
            self.passing.clear()
        else:
            self._reset_all()
        loop.call_at(self._cut_until, self._join)

    def _join(self) -> None:
        """End a cut, unless another one was ordered that lasts longer."""
        if asyncio.get_running_loop().time() >= self._cut_until:
            self.passing.set()

    def _reset_all(self) -> None:
        for connection in list(self._open.values()):
            connection.reset()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._cut_until and not self._silent:
            self._refused += 1
            reset(writer)
            return
        await self.passing.wait()
        self._connections += 1
        number = self._connections
        try:
            server = await asyncio.open_connection(self.host, self.port, limit=PIECE)
        except OSError:
            reset(writer)
            return
        connection = self._open[number] = Connection(self, number, (reader, writer), server)
        try:
            await connection.run()
        finally:
            del self._open[number]

    async def admit(self, direction: Direction, count: int) -> None:
        """Wait until the bandwidth lets `count` bytes pass."""
        if not self._bandwidth:
            return
        now = asyncio.get_running_loop().time()
        self._free_at[direction] = max(now, self._free_at[direction]) + count / self._bandwidth
        await asyncio.sleep(self._free_at[direction] - now)

    def strike(self, connection: int, direction: Direction, count: int) -> tuple[int, Action] | None:
        """Return after how many of the next `count` bytes something happens, and what."""
        found: tuple[int, Action] | None = None
        for armed in self._armed:
            if armed.fault.direction != direction:
                continue
            room = armed.room(connection, count)
            if room is not None and found is None:
                found = room, armed.fault.action
                self._faults += 1
        return found

    def passed(self, direction: Direction, count: int) -> None:
        self._count[direction] += count
