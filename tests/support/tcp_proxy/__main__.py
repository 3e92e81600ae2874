"""The process of the proxy: `python -m tests.support.tcp_proxy HOST:PORT SEED`."""

from __future__ import annotations

import asyncio
import json
import socket
import sys

from tests.support.tcp_proxy.connection import PIECE
from tests.support.tcp_proxy.link import Link


async def _serve(target: str, seed: int) -> None:
    host, _, port = target.rpartition(":")
    link = Link(host, int(port), seed)
    server = await asyncio.start_server(link.accept, "127.0.0.1", 0, backlog=512, limit=PIECE)
    own: socket.socket = server.sockets[0]
    print(own.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(link.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
