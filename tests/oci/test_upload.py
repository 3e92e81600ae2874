"""Upload sessions: chunks, commit, status and cancel, at the embedded registry, and with every fault a session has."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oci.scripted import USER, Asked, Scripted, client, read, refused, reply, repository
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.client import RegistryClient
from tui.oci.errors import (
    IntegrityError,
    NetworkError,
    PolicyRefused,
    RangeNotAccepted,
    RegistryError,
    ServerError,
    UntrustedAnswer,
    UploadSessionLost,
)
from tui.oci.reference import digest_of
from tui.oci.upload import Upload

BLOB = random.Random("upload").randbytes(1_500_000)
DIGEST = digest_of(BLOB)
EMPTY = digest_of(b"")

Intercept = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]


def _intercept(method: str, status: int, code: str = "", times: int = 1, **headers: str) -> Intercept:
    """Refuse the first requests of a method to an upload session."""
    left = [None] * times

    async def refusing(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method != method or "/uploads/" not in request.path or not left:
            return None
        left.pop()
        await request.content.read()
        return refused(status, code, **headers)

    return refusing


async def _open(connected: RegistryClient, address: str) -> Upload:
    return await connected.start_upload(repository(address))


# As it should be


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", [0, 1, 255_000, len(BLOB)])
async def test_whole_in_one_put(algorithm: str, size: int) -> None:
    digest = digest_of(BLOB[:size], algorithm)
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        await (await _open(connected, registry.address)).finish(digest, BLOB[:size])
        assert await connected.has_blob(repository(registry.address), digest)
        assert await read(connected, repository(registry.address), digest) == BLOB[:size]


@pytest.mark.parametrize("chunk", [1, 300_000, 262_144, 1_499_999, 1_500_000])
async def test_in_chunks_and_an_empty_put(chunk: int) -> None:
    body = BLOB if chunk > 1 else BLOB[:7]
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        for start in range(0, len(body), chunk):
            await upload.patch(body[start : start + chunk])
            assert upload.offset == min(len(body), start + chunk)
            if upload.offset > 1:
                assert await upload.status() == upload.offset
        await upload.finish(digest_of(body))
        assert await connected.has_blob(repository(registry.address), digest_of(body))


async def test_the_last_chunk_may_come_with_the_put() -> None:
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        await upload.patch(BLOB[:1_000_000])
        await upload.finish(DIGEST, BLOB[1_000_000:])
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_an_empty_chunk_is_no_request() -> None:
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        before = connected.traffic.requests
        await upload.patch(b"")
        assert connected.traffic.requests == before
        await upload.finish(EMPTY)
        assert await connected.has_blob(repository(registry.address), EMPTY)


async def test_cancel() -> None:
    storage = MemoryStorage()
    async with EmbeddedRegistry(storage) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        await upload.patch(BLOB)
        assert storage.uploads() == 1
        await upload.cancel()
        assert storage.uploads() == 0
        await upload.cancel()
        with pytest.raises(UploadSessionLost):
            await upload.status()
        with pytest.raises(UploadSessionLost):
            await upload.patch(BLOB)


async def test_the_wrong_digest() -> None:
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(UploadSessionLost):
            await upload.finish(EMPTY, b"not empty")
        assert not await connected.has_blob(repository(registry.address), EMPTY)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=6), st.integers(0, 300))
async def test_any_cut_into_chunks_gives_the_same_blob(chunks: list[int], rest: int) -> None:
    body = BLOB[: sum(chunks) + rest]
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        position = 0
        for size in chunks:
            await upload.patch(body[position : position + size])
            position += size
        await upload.finish(digest_of(body), body[position:])
        assert await read(connected, repository(registry.address), digest_of(body)) == body


# On the wire


async def test_what_goes_over_the_wire() -> None:
    step = 0

    def answering(asked: Asked) -> web.StreamResponse:
        nonlocal step
        if asked.path == "/v2/":
            return reply()
        step += 1
        here = f"/v2/team/app/blobs/uploads/id{step}?_state=a%2Fb%3D=&x="
        stored = {"PATCH": "0-299999", "GET": "0-299999"}.get(asked.method, "0-0")
        return reply({"PUT": 201, "GET": 204}.get(asked.method, 202), Location=here, Range=stored)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        await upload.patch(BLOB[:300_000])
        await upload.status()
        await upload.finish(DIGEST)
    post, patch, status, put = registry.asked[1:]
    assert (post.method, post.path) == ("POST", "/v2/team/app/blobs/uploads/")
    assert post.headers["content-length"] == "0"
    # The newest location each time, its query byte for byte.
    assert patch.path == "/v2/team/app/blobs/uploads/id1?_state=a%2Fb%3D=&x="
    assert patch.headers["content-range"] == "0-299999"
    assert patch.headers["content-length"] == "300000"
    assert "transfer-encoding" not in patch.headers
    assert patch.headers["content-type"] == "application/octet-stream"
    assert patch.body == BLOB[:300_000]
    assert (status.method, status.path) == ("GET", "/v2/team/app/blobs/uploads/id2?_state=a%2Fb%3D=&x=")
    assert put.path == f"/v2/team/app/blobs/uploads/id3?_state=a%2Fb%3D=&x=&digest={DIGEST}"
    assert "content-range" not in put.headers
    assert put.headers["content-length"] == "0"


LOCATIONS = [
    # location, path asked at the commit ({a} is the address)
    ("/up/1", "/up/1?digest="),
    ("/up/1?s=a%2B+b", "/up/1?s=a%2B+b&digest="),
    ("1", "/v2/team/app/blobs/uploads/1?digest="),
    ("http://{a}/up/1?x", "/up/1?x&digest="),
    ("//{a}/up/1", "/up/1?digest="),
]


@pytest.mark.parametrize(("location", "expected"), LOCATIONS)
async def test_locations(location: str, expected: str) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        where = location.replace("{a}", registry.address)
        return reply({"POST": 202, "PUT": 201}.get(asked.method, 200), Location=where)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        await (await _open(connected, registry.address)).finish(DIGEST)
    assert registry.asked[-1].path == f"{expected}{DIGEST}"


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("", ServerError),
        ("http://169.254.169.254/up", UntrustedAnswer),
        ("http://me:pw@127.0.0.1/up", UntrustedAnswer),
        ("ftp://127.0.0.1/up", UntrustedAnswer),
        ("http://[", UntrustedAnswer),
    ],
)
async def test_a_location_that_is_none(location: str, kind: type[RegistryError]) -> None:
    served = Scripted(lambda asked: reply(202 if asked.method == "POST" else 200, Location=location))
    async with served as registry, client(registry.address, USER) as connected:
        with pytest.raises(kind):
            await _open(connected, registry.address)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("1048576", 1048576), ("", 0), ("0", 0), ("-1", 0), ("²", 0), ("1.5", 0), ("9" * 50, 0)],
)
async def test_the_least_size_of_a_chunk(said: str, expected: int) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return reply(202 if asked.method == "POST" else 200, Location="/up", OCI_Chunk_Min_Length=said)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        assert (await _open(connected, registry.address)).minimum_chunk == expected


# Faults


async def test_416_is_told_apart_and_the_status_goes_on() -> None:
    async with EmbeddedRegistry(MemoryStorage()) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        await upload.patch(BLOB[:500_000])
        upload.offset = 400_000
        with pytest.raises(RangeNotAccepted):
            await upload.patch(BLOB[400_000:])
        assert await upload.status() == 500_000
        await upload.patch(BLOB[500_000:])
        await upload.finish(DIGEST)
        assert await connected.has_blob(repository(registry.address), DIGEST)


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "BLOB_UPLOAD_UNKNOWN"), (404, "BLOB_UPLOAD_INVALID"), (400, "BLOB_UPLOAD_INVALID"), (400, "SIZE_INVALID")],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT", "GET"])
async def test_a_lost_session(status: int, code: str, method: str) -> None:
    served = EmbeddedRegistry(MemoryStorage(), intercept=_intercept(method, status, code))
    async with served as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)

        async def upload_in_steps() -> None:
            await upload.patch(BLOB)
            await upload.status()
            await upload.finish(DIGEST)

        with pytest.raises(UploadSessionLost):
            await upload_in_steps()


@pytest.mark.parametrize("said", ["0-0", "0-499", "0-1500000", "0-99999999999999999"])
async def test_a_range_that_is_not_what_was_sent(said: str) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return reply(202 if asked.path != "/v2/" else 200, Location="/up", Range=said)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(UploadSessionLost, match="of the 1500000 that were sent"):
            await upload.patch(BLOB)
        assert upload.offset == 0


@pytest.mark.parametrize("said", ["", "junk", "bytes=0-1499999", "0-1499999", "5-9", "0-" + "9" * 50, "0-٣"])
async def test_a_range_that_says_nothing_is_no_contradiction(said: str) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return reply(202 if asked.path != "/v2/" else 200, Location="/up", Range=said)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        await upload.patch(BLOB)
        assert upload.offset == len(BLOB)


@pytest.mark.parametrize(("said", "expected"), [("0-0", 0), ("", 0), ("0-1", 2), ("0-499", 500), ("bytes=0-499", 500)])
async def test_what_a_status_means(said: str, expected: int) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        status = {"POST": 202, "GET": 204}[asked.method] if asked.path != "/v2/" else 200
        return reply(status, Location="/up", Range=said)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        assert await (await _open(connected, registry.address)).status() == expected


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("status", [500, 502, 503])
async def test_what_writes_is_never_repeated_blindly(method: str, status: int) -> None:
    count = 0
    inner = _intercept(method, status, times=100)

    async def counting(request: web.BaseRequest) -> web.StreamResponse | None:
        nonlocal count
        count += request.method == method
        return await inner(request)

    async with EmbeddedRegistry(MemoryStorage(), intercept=counting) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(RegistryError):
            await (upload.patch(BLOB) if method == "PATCH" else upload.finish(DIGEST, BLOB))
    assert count == 1


async def test_a_connection_that_breaks_in_a_chunk_leaves_a_session_to_ask() -> None:
    broken = [True]

    async def breaking(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method == "PATCH" and broken:
            broken.pop()
            raise ConnectionError
        return None

    async with EmbeddedRegistry(MemoryStorage(), intercept=breaking) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(NetworkError):
            await upload.patch(BLOB)
        assert await upload.status() == 0
        await upload.patch(BLOB)
        await upload.finish(DIGEST)
        assert await connected.has_blob(repository(registry.address), DIGEST)


async def test_an_idle_connection_that_was_closed_does_not_cut_a_large_body() -> None:
    """The client may begin a PUT on a connection the server is closing; what arrives is the whole body, or nothing."""
    broken = [True]

    async def breaking(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method == "PUT" and broken:
            broken.pop()
            await request.content.readany()
            raise ConnectionError
        return None

    async with EmbeddedRegistry(MemoryStorage(), intercept=breaking) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        try:
            await upload.finish(DIGEST, BLOB)
        except NetworkError:
            upload = await _open(connected, registry.address)
            await upload.finish(DIGEST, BLOB)
        assert await read(connected, repository(registry.address), DIGEST) == BLOB


async def test_a_registry_that_stored_another_blob() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        return reply({"POST": 202, "PUT": 201}.get(asked.method, 200), Location="/up", Docker_Content_Digest=EMPTY)

    async with Scripted(answering) as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(IntegrityError, match="stored the blob as"):
            await upload.finish(DIGEST, BLOB)
        await (await _open(connected, registry.address)).finish(EMPTY)


@pytest.mark.parametrize(("status", "kind"), [(413, PolicyRefused), (403, RegistryError), (507, PolicyRefused)])
async def test_a_chunk_that_is_refused(status: int, kind: type[RegistryError]) -> None:
    served = EmbeddedRegistry(MemoryStorage(), intercept=_intercept("PATCH", status))
    async with served as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(kind):
            await upload.patch(BLOB)


@pytest.mark.parametrize("status", [401, 403, 405, 500])
async def test_a_cancel_that_is_refused_is_an_error_to_ignore(status: int) -> None:
    served = EmbeddedRegistry(MemoryStorage(), intercept=_intercept("DELETE", status))
    async with served as registry, client(registry.address) as connected:
        upload = await _open(connected, registry.address)
        with pytest.raises(RegistryError):
            await upload.cancel()


async def test_the_session_of_a_tls_proxy_that_says_http() -> None:
    """Only the scheme is mended, and only for the registry itself."""
    from tests.oci.scripted import access
    from tui.oci.answers import Answer
    from tui.oci.channel import Channel

    def at(location: str) -> str:
        answer = Answer(202, {"location": location}, b"", "https://r.io:8443/v2/a/blobs/uploads/")
        return Upload(channel, (), "r.io/a", answer).location

    async with Channel(access("r.io:8443", scheme="https")) as channel:
        for location in ("http://r.io:8443/up?s=%2F", "http://r.io/up?s=%2F", "http://r.io:80/up?s=%2F", "/up?s=%2F"):
            assert at(location) == "https://r.io:8443/up?s=%2F"
        assert at("https://cdn.io/up") == "https://cdn.io/up"
        for location in ("http://cdn.io/up", "http://r.io:8080/up", "http://sub.r.io/up"):
            with pytest.raises(UntrustedAnswer):
                at(location)
