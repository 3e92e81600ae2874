"""A TCP proxy that adds distance: every byte arrives a fixed time later, in both directions, at full bandwidth.

It runs as a process of its own, so that it does not share an interpreter with what it measures.
`python -m tests.support.latency HOST:PORT SECONDS` prints its port and serves until its input closes.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_FLIGHT = 64 << 20
"""Bytes on the way per direction and connection before reading stops: more than bandwidth times delay."""

_REPOSITORY = Path(__file__).resolve().parents[2]


class LatencyProxy:
    """A proxy process in front of `target` (`host:port`); `one_way` seconds are added in each direction.

    A new connection's first bytes wait one round trip more, as the handshake of a TCP connection would take.
    """

    def __init__(self, target: str, one_way: float) -> None:
        self.target = target
        self.one_way = one_way
        self.address = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.latency", self.target, str(self.one_way)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the latency proxy ended with {self._process.wait()}")
        self.address = f"127.0.0.1:{line.strip()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class _Side(asyncio.Protocol):
    """One end of a connection; what it receives goes to `peer` when it is old enough."""

    def __init__(self, one_way: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._one_way = one_way
        self._line: deque[tuple[float, bytes]] = deque()
        """Chunks with the time they are due; an empty one is the end of the stream."""
        self._waiting = 0
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0
        self.transport: asyncio.Transport | None = None
        self.peer: _Side | None = None
        self.writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def after_handshake(self) -> None:
        """Hold what comes next for one more round trip."""
        self._not_before = self._loop.time() + 3 * self._one_way

    def data_received(self, data: bytes) -> None:
        self._line.append((max(self._loop.time() + self._one_way, self._not_before), data))
        self._waiting += len(data)
        if self._waiting > _IN_FLIGHT and self.transport is not None and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self.deliver()

    def eof_received(self) -> bool:
        self._line.append((self._loop.time() + self._one_way, b""))
        self.deliver()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._line.append((self._loop.time() + self._one_way, b""))
        self.deliver()

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        if self.peer is not None:
            self.peer.deliver()

    def deliver(self) -> None:
        """Write everything that is due to the peer and set the timer for the rest."""
        peer = self.peer
        if peer is None:
            return
        now = self._loop.time()
        while self._line and peer.writable and self._line[0][0] <= now:
            _, data = self._line.popleft()
            self._waiting -= len(data)
            if peer.transport is None:
                continue
            if data:
                peer.transport.write(data)
            else:
                peer.transport.close()
        if self._paused and self._waiting < _IN_FLIGHT // 2 and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
        if self._line and peer.writable and self._timer is None:
            self._timer = self._loop.call_at(self._line[0][0], self._due)

    def _due(self) -> None:
        self._timer = None
        self.deliver()


class _Client(_Side):
    """The accepted side: it dials the target and joins both."""

    def __init__(self, host: str, port: int, one_way: float) -> None:
        super().__init__(one_way)
        self._target = (host, port)
        self._dialling: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.after_handshake()
        self._dialling = asyncio.create_task(self._dial())

    async def _dial(self) -> None:
        try:
            _, server = await self._loop.create_connection(lambda: _Side(self._one_way), *self._target)
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        self.peer, server.peer = server, self
        for side in (self, server):
            if side.transport is not None:
                side.transport.set_write_buffer_limits(high=4 << 20)
        self.deliver()
        server.deliver()


async def _serve(target: str, one_way: float) -> None:
    host, _, port = target.rpartition(":")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(host, int(port), one_way), "127.0.0.1", 0, backlog=512)
    own: socket.socket = server.sockets[0]
    print(own.getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))
