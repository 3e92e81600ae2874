"""A TCP proxy that breaks connections as links, firewalls and dying gateways do, and counts bytes both ways.

It runs as a process of its own: what it does to a connection does not wait for the interpreter of the test, and it
outlives what a test kills. `python -m tests.support.tcp_proxy HOST:PORT SEED` prints its port, then obeys one JSON
order per line on its input, each answered with one JSON line, and ends when its input closes.

Everything random is drawn from the seed. Bytes are counted when the other side's kernel has them, so that what a
client can have seen is what is counted.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import json
import random
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Action = Literal["rst", "fin", "stall", "drip", "flip"]
Direction = Literal["down", "up"]
Scope = Literal["connection", "link"]

_REPOSITORY = Path(__file__).resolve().parents[2]
_PIECE = 64 << 10
_IN_FLIGHT = 64
"""Pieces on the way per direction and connection before reading stops."""
_SEND_BUFFER = 256 << 10
_DRIP_SECONDS = 0.5
_GOODBYE = 1.0


@dataclass(frozen=True)
class LinkFault:
    """`action` happens whenever `every` bytes more have passed in `direction` (`down` is towards the client).

    `scope` says what is counted: each connection by itself, or all of the link together. `spread` moves each place by
    up to that share of `every`, `times` ends it (0 never), and only `share` of the connections are affected.

    `rst` and `fin` break the connection, `stall` lets nothing pass on it any more, `drip` one byte every half second,
    `flip` changes one bit.
    """

    action: Action
    every: int
    direction: Direction = "down"
    scope: Scope = "link"
    spread: float = 0.0
    times: int = 0
    share: float = 1.0


@dataclass(frozen=True)
class LinkStats:
    """What passed since the start or the last `forget`: bytes to the client and to the server, connections, faults."""

    down: int
    up: int
    connections: int
    open: int
    refused: int
    faults: int


class TcpProxy:
    """A proxy process in front of `target` (`host:port`). Use as a context manager; thread-safe."""

    def __init__(self, target: str, *faults: LinkFault, seed: int = 0) -> None:
        self.target = target
        self.address = ""
        self._faults = faults
        self._seed = seed
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.tcp_proxy", self.target, str(self._seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the proxy ended with {self._process.wait()}")
        self.address = f"127.0.0.1:{line.strip()}"
        self.faults(*self._faults)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def faults(self, *faults: LinkFault) -> None:
        """Replace the faults; what was counted for the old ones is forgotten."""
        self._order("faults", faults=[asdict(fault) for fault in faults])

    def shape(self, *, latency: float = 0.0, bandwidth: float = 0.0) -> None:
        """Delay every byte by `latency` seconds each way, let `bandwidth` bytes per second pass each way (0 all)."""
        self._order("shape", latency=latency, bandwidth=bandwidth)

    def cut(self, seconds: float, *, silently: bool = False) -> None:
        """Break every connection and refuse new ones for so long; `silently` nothing passes and nobody is told.

        A later order replaces an earlier one: `cut(0)` resets all and lets everything pass again.
        """
        self._order("cut", seconds=seconds, silently=silently)

    def reset_all(self) -> None:
        """Reset every open connection once."""
        self._order("reset_all")

    def stats(self) -> LinkStats:
        """Return what passed."""
        return LinkStats(**self._order("stats"))

    def forget(self) -> None:
        """Count from zero again."""
        self._order("forget")

    def _order(self, verb: str, **values: object) -> dict[str, Any]:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps({"verb": verb, **values}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the proxy ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


# In the process


@dataclass
class _Armed:
    """A fault with how much has passed since it struck last, for the link or by connection."""

    fault: LinkFault
    dice: random.Random
    happened: int = 0
    passed: dict[int, int] = field(default_factory=dict)
    next_at: dict[int, int] = field(default_factory=dict)
    spared: dict[int, bool] = field(default_factory=dict)

    def room(self, connection: int, count: int) -> int | None:
        """Count `count` bytes; return how many of them pass before the fault strikes, None when it does not."""
        if self.fault.times and self.happened >= self.fault.times:
            return None
        if connection not in self.spared:
            self.spared[connection] = self.dice.random() >= self.fault.share
        if self.spared[connection]:
            return None
        key = connection if self.fault.scope == "connection" else 0
        place = self.next_at.get(key) or self._place()
        self.next_at[key] = place
        before = self.passed.get(key, 0)
        if before + count < place:
            self.passed[key] = before + count
            return None
        self.passed[key], self.next_at[key] = 0, self._place()
        self.happened += 1
        return place - before

    def _place(self) -> int:
        return max(1, round(self.fault.every * (1 + self.dice.uniform(-1, 1) * self.fault.spread)))


class _Link:
    """All connections of the proxy, and what happens to them."""

    def __init__(self, host: str, port: int, seed: int) -> None:
        self.host, self.port = host, port
        self._dice = random.Random(seed)
        self._armed: list[_Armed] = []
        self._open: dict[int, _Connection] = {}
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
                self._armed = [_Armed(LinkFault(**fault), self._dice) for fault in order["faults"]]
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
            _reset(writer)
            return
        await self.passing.wait()
        self._connections += 1
        number = self._connections
        try:
            server = await asyncio.open_connection(self.host, self.port, limit=_PIECE)
        except OSError:
            _reset(writer)
            return
        connection = self._open[number] = _Connection(self, number, (reader, writer), server)
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


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection:
    """One connection of a client and the one to the server that belongs to it."""

    def __init__(self, link: _Link, number: int, client: _Ends, server: _Ends) -> None:
        self._link = link
        self._number = number
        self._client, self._server = client, server
        self._drip: set[Direction] = set()
        self._stalled = False
        self._polite = False
        self._tasks: list[asyncio.Task[None]] = []
        for _, writer in (client, server):
            _socket(writer).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            writer.transport.set_write_buffer_limits(high=_PIECE)

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
                _reset(writer)
        for task in self._tasks:
            task.cancel()

    async def _carry(self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one direction: a reader that decides, and a writer that delivers when it is time."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT)
        delivering = asyncio.create_task(self._deliver(direction, line, writer))
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(_PIECE):
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
        await _sent(writer)
        if action == "stall":
            self._stalled = True
            await _hung_up(self._client[1])
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
                while await self._client[0].read(_PIECE):
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


async def _hung_up(writer: asyncio.StreamWriter) -> None:
    """Wait until the other side closed the connection, without reading what it sends."""
    poll = select.poll()
    poll.register(_socket(writer).fileno(), select.POLLRDHUP)
    while not poll.poll(0):
        await asyncio.sleep(0.05)


async def _sent(writer: asyncio.StreamWriter) -> None:
    """Wait until the other side's kernel has everything that was written."""
    unsent = array.array("i", [1])
    while writer.transport.get_write_buffer_size() or unsent[0]:
        if writer.transport.is_closing():
            return
        fcntl.ioctl(_socket(writer).fileno(), termios.TIOCOUTQ, unsent)
        await asyncio.sleep(0.001)


def _socket(writer: asyncio.StreamWriter) -> socket.socket:
    end: socket.socket = writer.get_extra_info("socket")
    return end


def _reset(writer: asyncio.StreamWriter) -> None:
    if not writer.transport.is_closing():
        _socket(writer).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _serve(target: str, seed: int) -> None:
    host, _, port = target.rpartition(":")
    link = _Link(host, int(port), seed)
    server = await asyncio.start_server(link.accept, "127.0.0.1", 0, backlog=512, limit=_PIECE)
    own: socket.socket = server.sockets[0]
    print(own.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(link.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
