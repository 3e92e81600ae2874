"""Clients that leave, stall or race, and a registry that stops under them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.demo.conftest import Api, connect, raw_connection, until
from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.session import Upload
from tui.demo.storage import FilesystemStorage, MemoryStorage
from tui.oci.reference import digest_of

BODY = os.urandom(300_000)
DIGEST = digest_of(BODY)


def request(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: x", *headers, "", "")).encode()


def session(storage: Storage, location: str) -> Upload:
    upload = storage.find_upload("team/app", location.rpartition("/")[2])
    assert upload is not None
    return upload


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_an_upload_goes_on_where_the_connection_broke(
    storage: Storage, registry: EmbeddedRegistry, api: Api, method: str, chunked: bool
) -> None:
    location = await api.start_upload("team/app")
    upload = session(storage, location)
    async with raw_connection(registry) as (_, writer):
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(BODY)}"
        writer.write(request(method, f"{location}?digest={DIGEST}", length))
        size = b"%x\r\n" % len(BODY) if chunked else b""
        writer.write(size + BODY[:100_000])
        await until(lambda: upload.size == 100_000)
    reply = await api("GET", location)
    assert (reply.status, reply.headers["Range"]) == (204, "0-99999")
    rest = BODY[100_000:]
    assert (await api("PATCH", location, rest, Content_Range=f"100000-{len(BODY) - 1}")).status == 202
    assert (await api("PUT", f"{location}?digest={DIGEST}")).status == 201
    assert (await api("GET", f"/v2/team/app/blobs/{DIGEST}")).body == BODY


async def test_a_whole_post_that_breaks_leaves_nothing(storage: Storage, registry: EmbeddedRegistry, api: Api) -> None:
    async with raw_connection(registry) as (_, writer):
        path = f"/v2/team/app/blobs/uploads/?digest={DIGEST}"
        writer.write(request("POST", path, f"Content-Length: {len(BODY)}") + BODY[:1000])
        await until(lambda: storage.uploads() == 1)
    await until(lambda: storage.uploads() == 0)
    assert (await api("HEAD", f"/v2/team/app/blobs/{DIGEST}")).status == 404


async def test_a_manifest_that_breaks_off_is_not_kept(storage: Storage, registry: EmbeddedRegistry, api: Api) -> None:
    began = asyncio.Event()

    async def intercept(_: web.BaseRequest) -> None:
        began.set()

    registry.intercept = intercept
    async with raw_connection(registry) as (_, writer):
        headers = ("Content-Type: a/b", "Content-Length: 100")
        writer.write(request("PUT", "/v2/team/app/manifests/v1", *headers) + b'{"mediaType": "a/b"}')
        await began.wait()
    assert (await api("HEAD", "/v2/team/app/manifests/v1")).status == 404
    assert storage.repositories() == []


async def test_a_client_that_leaves_a_download_disturbs_nobody(
    storage: Storage, registry: EmbeddedRegistry, api: Api
) -> None:
    storage.put_blob("team/app", BODY * 20)
    path = f"/v2/team/app/blobs/{digest_of(BODY * 20)}"
    for _ in range(5):
        async with raw_connection(registry) as (reader, writer):
            writer.write(request("GET", path))
            await reader.readexactly(1000)
    assert (await api("GET", path)).body == BODY * 20


async def test_a_stalled_request_is_overtaken(storage: Storage, registry: EmbeddedRegistry, api: Api) -> None:
    """A client whose connection hangs goes on over another one; what the old one still says is not written."""
    location = await api.start_upload("team/app")
    upload = session(storage, location)
    async with raw_connection(registry) as (reader, writer):
        writer.write(request("PATCH", location, "Content-Length: 10") + b"01234")
        await until(lambda: upload.size == 5)
        assert (await api("PATCH", location, b"56789", Content_Range="5-9")).status == 202
        writer.write(b"xxxxx")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 416 ")
    assert (await api("PUT", f"{location}?digest={digest_of(b'0123456789')}")).status == 201


async def test_a_request_is_told_that_its_upload_was_cancelled(
    storage: Storage, registry: EmbeddedRegistry, api: Api
) -> None:
    location = await api.start_upload("team/app")
    upload = session(storage, location)
    async with raw_connection(registry) as (reader, writer):
        writer.write(request("PATCH", location, "Content-Length: 10") + b"01234")
        await until(lambda: upload.size == 5)
        assert (await api("DELETE", location)).status == 204
        writer.write(b"56789")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        assert b"BLOB_UPLOAD_UNKNOWN" in await reader.read(1000)
    assert storage.uploads() == 0


async def test_of_two_that_close_an_upload_one_does(storage: Storage, registry: EmbeddedRegistry, api: Api) -> None:
    location = await api.start_upload("team/app")
    upload = session(storage, location)
    digest = digest_of(b"01234")
    async with raw_connection(registry) as (reader, writer):
        writer.write(request("PUT", f"{location}?digest={digest}", "Transfer-Encoding: chunked") + b"5\r\n01234\r\n")
        await until(lambda: upload.size == 5)
        assert (await api("PUT", f"{location}?digest={digest}")).status == 201
        writer.write(b"0\r\n\r\n")  # nothing more to write, so only the end can tell it has been overtaken
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
    assert (await api("GET", f"/v2/team/app/blobs/{digest}")).body == b"01234"


async def test_a_session_is_closed_while_it_is_hashed(
    storage: Storage, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a large upload again takes seconds, in which its file must not be found as an open session."""
    location = await api.start_upload("team/app")
    upload = session(storage, location)
    await api("PATCH", location, b"01234")
    digest = digest_of(b"01234", "sha512")
    hashing, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    hash_again = upload.digest_again

    def slowly(algorithm: str) -> str:
        loop.call_soon_threadsafe(hashing.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return hash_again(algorithm)

    monkeypatch.setattr(upload, "digest_again", slowly)
    closing = asyncio.create_task(api("PUT", f"{location}?digest={digest}"))
    await hashing.wait()
    assert (await api("PATCH", location, b"more")).code == "BLOB_UPLOAD_UNKNOWN"
    go_on.set()
    assert (await closing).status == 201
    assert (await api("GET", f"/v2/team/app/blobs/{digest}")).body == b"01234"


async def test_a_thousand_requests_at_once(api: Api) -> None:
    bodies = [str(number).encode() for number in range(1000)]
    digests = await asyncio.gather(*(api.put_blob(f"team/app-{len(body)}", body) for body in bodies))
    replies = await asyncio.gather(
        *(api("GET", f"/v2/team/app-{len(body)}/blobs/{d}") for body, d in zip(bodies, digests, strict=True))
    )
    assert [reply.body for reply in replies] == bodies


async def read_to_the_end(reader: asyncio.StreamReader) -> None:
    """Return when the server has closed the connection, in order or not."""
    try:
        while await reader.read(65536):
            pass
    except ConnectionResetError:
        return


async def test_stop_ends_every_connection(storage: Storage) -> None:
    """An idle one, a stalled upload, a download that would take a day, a hook that waits forever."""
    held = asyncio.Event()

    async def intercept(request: web.BaseRequest) -> None:
        if request.path == "/v2/_catalog":
            held.set()
            await asyncio.Event().wait()

    registry = EmbeddedRegistry(storage, intercept=intercept)
    await registry.start()
    storage.put_blob("team/app", BODY)
    upload = storage.start_upload("team/app")
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(raw_connection(registry)) for _ in range(4)]
        (idle_reader, idle), (_, upload_writer), (down_reader, down), (_, waiting) = connections
        idle.write(request("GET", "/v2/"))
        await idle_reader.readuntil(b"{}")
        upload_writer.write(request("PATCH", f"/v2/team/app/blobs/uploads/{upload.id}", "Content-Length: 9") + b"0")
        await until(lambda: upload.size == 1)
        registry.throttle.bytes_per_second = 3
        down.write(request("GET", f"/v2/team/app/blobs/{DIGEST}"))
        await down_reader.readuntil(b"\r\n\r\n")
        waiting.write(request("GET", "/v2/_catalog"))
        await held.wait()
        async with asyncio.timeout(20):  # not a measurement: without an end to it this would be forever
            await registry.stop()
            for reader, _ in connections:
                await read_to_the_end(reader)
        with pytest.raises(ConnectionRefusedError):
            async with raw_connection(registry):
                pass


async def test_it_starts_again_where_it_was(storage: Storage) -> None:
    registry = EmbeddedRegistry(storage)
    with pytest.raises(RuntimeError, match="not started"):
        _ = registry.address
    await registry.stop()
    await registry.start()
    address = registry.address
    with pytest.raises(RuntimeError, match="already running"):
        await registry.start()
    async with connect(registry) as api:
        digest = await api.put_blob("team/app", b"content")
    await registry.stop()
    await registry.stop()
    assert registry.address == address
    await registry.start(int(address.rpartition(":")[2]))
    async with connect(registry) as api:
        assert (await api("GET", f"/v2/team/app/blobs/{digest}")).body == b"content"
    await registry.stop()


async def test_a_taken_port_is_an_error_and_leaves_it_startable(registry: EmbeddedRegistry) -> None:
    second = EmbeddedRegistry(MemoryStorage())
    with pytest.raises(OSError, match="address already in use"):
        await second.start(int(registry.address.rpartition(":")[2]))
    async with second, connect(second) as api:
        assert (await api("GET", "/v2/")).status == 200


@pytest.fixture
async def folder_registry(tmp_path: Path) -> AsyncIterator[EmbeddedRegistry]:
    async with EmbeddedRegistry(FilesystemStorage(tmp_path / "folder")) as registry:
        yield registry


async def test_a_storage_that_fails_is_an_answer(folder_registry: EmbeddedRegistry, tmp_path: Path) -> None:
    (tmp_path / "folder" / "repositories" / "team").write_text("in the way of a folder")
    async with connect(folder_registry) as api:
        reply = await api("POST", "/v2/team/app/blobs/uploads/")
        assert (reply.status, reply.code) == (500, "UNKNOWN")
        assert str(tmp_path) not in reply.body.decode()
        assert (await api("GET", "/v2/")).status == 200


async def test_a_body_that_cannot_be_finished_is_cut(folder_registry: EmbeddedRegistry, tmp_path: Path) -> None:
    """The status and the length are out already; a short body must not look whole."""
    folder_registry.storage.put_blob("team/app", BODY)
    folder_registry.throttle.bytes_per_second = 400_000
    (file,) = (path for path in (tmp_path / "folder" / "blobs").rglob("*") if path.is_file())
    async with aiohttp.ClientSession() as client:
        url = f"http://{folder_registry.address}/v2/team/app/blobs/{DIGEST}"
        async with client.get(url) as response:
            assert response.status == 200
            os.truncate(file, 30_000)
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
