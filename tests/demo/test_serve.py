"""The demo registries as a process: ready when it says so, there as long as somebody needs it, and gone then."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.support.cli import REPOSITORY
from tui.demo.registry import EmbeddedRegistry
from tui.demo.serve import Traffic
from tui.demo.storage import MemoryStorage
from tui.oci.reference import digest_of


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """The process, which goes a second after nobody asks for anything."""
    command = [sys.executable, "-m", "tui.demo.serve", "--linger", "1"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=REPOSITORY, **pipes) as started:  # type: ignore[call-overload]
        yield started
        started.kill()


def get(address: str, path: str) -> bytes:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        body = answer.read()
    assert isinstance(body, bytes)
    return body


def test_it_serves_two_registries_until_nobody_needs_them(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    assert json.loads(get(ready["source"], "/v2/_catalog"))["repositories"] == ready["repositories"]
    assert json.loads(get(ready["target"], "/v2/_catalog"))["repositories"] == []
    process.stdin.close()
    for _ in range(8):  # somebody still asks, for longer than it lingers
        time.sleep(0.25)
        assert get(ready["source"], "/v2/") == b"{}"
    assert process.wait(30) == 0
    with pytest.raises(urllib.error.URLError):
        get(ready["source"], "/v2/")


async def test_a_request_under_way_is_no_quiet() -> None:
    traffic = Traffic()
    async with EmbeddedRegistry(MemoryStorage(), bytes_per_second=20_000) as registry:
        traffic.watch(registry)
        body = b"x" * 30_000
        digest = digest_of(body)
        registry.storage.put_blob("library/a", body, digest)
        reading = asyncio.create_task(asyncio.to_thread(get, registry.address, f"/v2/library/a/blobs/{digest}"))
        await asyncio.sleep(0.3)
        await traffic.quiet(0.1)
        assert await reading == body
