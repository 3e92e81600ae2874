"""The embedded registry over real HTTP, with each of its storages, and a plain client to ask it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import FilesystemStorage, MemoryStorage
from tui.oci.reference import digest_of


@dataclass(frozen=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the one error in the body, which must have the shape of the specification."""
        assert self.headers["Content-Type"] == "application/json"
        (error,) = self.json()["errors"]
        assert set(error) == {"code", "message", "detail"}
        assert error["message"]
        return str(error["code"])


class Api:
    """Sends requests as they are: no redirects, no retries, no re-encoding of paths."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def __call__(
        self, method: str, path: str, body: bytes | AsyncIterator[bytes] = b"", /, **headers: str
    ) -> Reply:
        """Header names are written with `_` for `-`; an iterator as body is sent chunked."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.request(
            method, URL(self._base + path, encoded=True), data=body, headers=named, allow_redirects=False
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def start_upload(self, repository: str) -> str:
        """Open a session and return its location."""
        reply = await self("POST", f"/v2/{repository}/blobs/uploads/")
        assert reply.status == 202
        return reply.headers["Location"]

    async def put_blob(self, repository: str, body: bytes) -> str:
        """Push a blob with POST and PUT, and return its digest."""
        digest = digest_of(body)
        location = await self.start_upload(repository)
        reply = await self("PUT", f"{location}?digest={digest}", body)
        assert (reply.status, reply.headers["Docker-Content-Digest"]) == (201, digest)
        return digest

    async def put_manifest(
        self, repository: str, reference: str, fields: Mapping[str, Any], media_type: str = ""
    ) -> Reply:
        """Push `fields` as a manifest of its `mediaType`."""
        body = json.dumps(fields).encode()
        named = media_type or str(fields["mediaType"])
        return await self("PUT", f"/v2/{repository}/manifests/{reference}", body, Content_Type=named)


@asynccontextmanager
async def connect(registry: EmbeddedRegistry) -> AsyncIterator[Api]:
    """Yield a client for `registry`, which must be running."""
    async with aiohttp.ClientSession(skip_auto_headers=("Content-Type",)) as session:
        yield Api(session, f"http://{registry.address}")


@asynccontextmanager
async def raw_connection(
    registry: EmbeddedRegistry,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield a TCP connection to say anything on."""
    host, _, port = registry.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition()` holds; the test's own time limit ends a wait for nothing."""
    while not condition():
        await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _no_accidents(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error nobody meant to answer would only show as a 500 and in the log."""
    yield
    accidents = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name in ("aiohttp.server", "asyncio") and record.levelno >= logging.WARNING
    ]
    assert accidents == []


@pytest.fixture(params=["memory", "folder"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty storage of either kind."""
    return MemoryStorage() if request.param == "memory" else FilesystemStorage(tmp_path / "registry")


@pytest.fixture
async def registry(storage: Storage) -> AsyncIterator[EmbeddedRegistry]:
    """An open, empty registry."""
    async with EmbeddedRegistry(storage) as registry:
        yield registry


@pytest.fixture
async def api(registry: EmbeddedRegistry) -> AsyncIterator[Api]:
    """A client of `registry`."""
    async with connect(registry) as api:
        yield api
