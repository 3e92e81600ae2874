"""An embedded registry in a process of its own: `python -m tests.bench.planning.registry TAGS REPOSITORIES`.

Prints its address once it has so many tiny images, and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.support.cli import REPOSITORY
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_many
from tui.demo.storage import MemoryStorage


class RegistryProcess:
    """A registry with `tags` images spread over `repositories`; `address` is `host:port`. A context manager."""

    def __init__(self, tags: int, repositories: int) -> None:
        self._sizes = (str(tags), str(repositories))
        self.address = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.planning.registry", *self._sizes],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(f"the registry ended with {self._process.wait()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()


async def _serve(tags: int, repositories: int) -> None:
    async with EmbeddedRegistry(MemoryStorage()) as registry:
        if tags:
            await load_many(registry, tags, repositories)
        print(registry.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
