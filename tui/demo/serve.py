"""The two demo registries in a process of their own: `python -m tui.demo.serve [--slow] [--linger SECONDS]`.

Prints one JSON line when they are ready and serves until its standard input is closed, and then for as long as
somebody still asks for something: a run outlives the terminal it was started from.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from aiohttp import web

from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.demo.storage import MemoryStorage

SLOW = 4_000_000
"""Bytes per second of each registry with `--slow`."""
SLOW_SCALE = 2
LINGER = 20.0
"""Seconds without a request after which nobody is taken to need them any more."""
_LOOK_EVERY = 0.5


class Traffic:
    """Knows when a registry was last asked for something."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last = time.monotonic()

    def watch(self, registry: EmbeddedRegistry) -> None:
        """Take note of every request to `registry`."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse | None:
            self._under_way += 1
            try:
                return await registry.answer(request)
            finally:
                self._under_way -= 1
                self._last = time.monotonic()

        registry.intercept = answer

    async def quiet(self, seconds: float) -> None:
        """Wait until there was no request for so long."""
        while self._under_way or time.monotonic() - self._last < seconds:  # noqa: ASYNC110 - it is time that has to pass
            await asyncio.sleep(_LOOK_EVERY)


async def serve(slow: bool, linger: float = LINGER) -> None:
    """Serve until nobody needs it: standard input is closed and no request came for `linger` seconds."""
    speed, traffic = SLOW if slow else 0, Traffic()
    async with (
        EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed) as source,
        EmbeddedRegistry(MemoryStorage(), bytes_per_second=speed) as target,
    ):
        traffic.watch(source)
        traffic.watch(target)
        samples = await load_samples(source, SLOW_SCALE if slow else 1)
        repositories = sorted({sample.repository for sample in samples.tags})
        ready = {"source": source.address, "target": target.address, "repositories": repositories}
        print(json.dumps(ready), flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
        await traffic.quiet(linger)


def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo.serve")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--linger", type=float, default=LINGER)
    given = parser.parse_args()
    asyncio.run(serve(given.slow, given.linger))


if __name__ == "__main__":
    main()
