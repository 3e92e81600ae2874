"""One registry's channel: what is tried again and how often, throttling, broken connections, the first contact."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.oci.scripted import FAST, IMPATIENT, Asked, Scripted, access, client, read, refused, reply, repository
from tui.oci.call import Call
from tui.oci.channel import Channel
from tui.oci.client import RegistryClient
from tui.oci.dispatch import Dispatch
from tui.oci.errors import (
    Denied,
    NetworkError,
    NotFound,
    PolicyRefused,
    RegistryError,
    ServerError,
    Throttled,
    UntrustedAnswer,
    UploadSessionLost,
)
from tui.oci.exchange import Traffic
from tui.oci.host import Host
from tui.oci.network import UnknownHost
from tui.oci.reference import digest_of
from tui.oci.retry import MAX_RETRY_AFTER, Attempts, RetryPolicy

DIGEST = digest_of(b"x")
Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_server(talk: Connected) -> AsyncIterator[str]:
    """Serve bytes as `talk` writes them and yield the address; for what is no HTTP."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.close()


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody sleep between attempts, and return for how long they would have."""
    slept: list[float] = []
    real = asyncio.sleep

    async def nap(seconds: float) -> None:
        if seconds > 0:
            slept.append(seconds)
        await real(0)

    async def pause(self: Host, seconds: float) -> bool:
        await nap(seconds)
        return True

    monkeypatch.setattr("tui.oci.retry.asyncio.sleep", nap)
    monkeypatch.setattr(Host, "pause", pause)
    return slept


def _failing(times: int, answer: Callable[[], web.StreamResponse]) -> Callable[[Asked], web.StreamResponse]:
    left = [None] * times

    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path == "/v2/" or not left:
            return reply(202, Location="/up") if asked.method == "POST" else reply()
        left.pop()
        return answer()

    return answering


def _hang_up() -> web.StreamResponse:
    raise ConnectionError


PASSING: list[tuple[str, Callable[[], web.StreamResponse]]] = [
    ("408", lambda: reply(408)),
    ("500", lambda: reply(500)),
    ("502 HTML", lambda: reply(502, body=b"<html>")),
    ("503", lambda: reply(503)),
    ("504", lambda: reply(504)),
    ("hang up", _hang_up),
]


@pytest.mark.parametrize("answer", [row[1] for row in PASSING], ids=[row[0] for row in PASSING])
async def test_what_passes_is_tried_again(answer: Callable[[], web.StreamResponse], naps: list[float]) -> None:
    async with Scripted(_failing(2, answer)) as registry, client(registry.address) as connected:
        await connected.start_upload(repository(registry.address))
        assert connected.traffic.retried == 2
        assert len(naps) == 2


@pytest.mark.parametrize("answer", [row[1] for row in PASSING], ids=[row[0] for row in PASSING])
async def test_and_in_the_end_an_error(answer: Callable[[], web.StreamResponse], naps: list[float]) -> None:
    async with Scripted(_failing(100, answer)) as registry, client(registry.address) as connected:
        with pytest.raises((ServerError, NetworkError)):
            await connected.start_upload(repository(registry.address))
    # aiohttp itself sends nothing twice that is not idempotent.
    assert len(registry.requests("POST")) == FAST.tries


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PolicyRefused),
        (403, Denied),
        (404, NotFound),
        (405, PolicyRefused),
        (422, PolicyRefused),
        (501, PolicyRefused),
    ],
)
async def test_what_stays_is_not_tried_again(status: int, kind: type[RegistryError]) -> None:
    async with Scripted(_failing(100, lambda: reply(status))) as registry, client(registry.address) as connected:
        with pytest.raises(kind):
            await connected.start_upload(repository(registry.address))
    assert len(registry.requests("POST")) == 1


async def test_a_lost_session_is_not_asked_for_again() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if asked.path == "/v2/":
            return reply()
        return reply(202, Location="/up") if asked.method == "POST" else refused(404, "BLOB_UPLOAD_UNKNOWN")

    async with Scripted(answering) as registry, client(registry.address) as connected:
        upload = await connected.start_upload(repository(registry.address))
        with pytest.raises(UploadSessionLost):
            await upload.status()
    assert len(registry.requests("GET", "/up")) == 1


# Throttling


@pytest.mark.parametrize(
    ("status", "headers", "least", "most"),
    [
        (429, {"Retry_After": "7"}, 7, 7),
        (503, {"Retry_After": "7"}, 7, 7),
        (429, {"Retry_After": "86400"}, MAX_RETRY_AFTER, MAX_RETRY_AFTER),
        (429, {"Retry_After": "9" * 400}, MAX_RETRY_AFTER, MAX_RETRY_AFTER),
        (429, {"Retry_After": "0"}, 1, 2),
        (429, {"Retry_After": "soon"}, 1, 2),
        (429, {}, 1, 2),
        (503, {"Retry_After": "soon"}, 1, 2),
        (429, {"Retry_After": "Wed, 21 Oct 2026 07:28:09 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 9, 9),
        (429, {"Retry_After": "Wed, 21 Oct 2020 07:28:09 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1, 2),
    ],
)
async def test_how_long_a_throttled_request_waits(
    status: int, headers: dict[str, Any], least: float, most: float, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(self: Host) -> None:
        """Do not keep the time to stay away a second time."""

    monkeypatch.setattr(Host, "ready", at_once)
    served = Scripted(_failing(20, lambda: reply(status, **headers)))
    async with served as registry, client(registry.address) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
    # Twenty refusals, and no attempt is used up.
    assert len(naps) == 20
    assert all(least <= nap <= most for nap in naps)


async def test_a_throttling_registry_is_left_alone_by_all() -> None:
    served = _failing(1, lambda: reply(429, Retry_After="1"))
    async with Scripted(served) as registry, client(registry.address) as connected:
        here = repository(registry.address)
        first = asyncio.create_task(connected.has_blob(here, DIGEST))
        while connected._channel.host.state != "throttled":
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(connected.has_blob(here, DIGEST)) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert len(registry.requests("HEAD")) == 1
        assert all(await asyncio.gather(first, *others))


async def test_throttled_for_too_long_is_an_error() -> None:
    served = Scripted(_failing(100, lambda: reply(429, Retry_After="5")))
    async with served as registry, client(registry.address, retry=IMPATIENT) as connected:
        with pytest.raises(Throttled) as caught:
            await connected.has_blob(repository(registry.address), DIGEST)
    assert caught.value.retry_after == 5
    assert len(registry.requests("HEAD")) == 1


@pytest.mark.parametrize("failures", [1, 2, 5, 20, 1000])
def test_pauses_grow_to_a_cap(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda least, most: most)
    policy = RetryPolicy(base=0.5, cap=30)
    assert policy.pause(failures) == min(30, 0.5 * 2 ** (failures - 1))


async def test_attempts_are_counted(naps: list[float]) -> None:
    attempts = Attempts(RetryPolicy(tries=3, base=0.1))
    assert await attempts.again(ServerError("x"))
    assert await attempts.again(NetworkError("x"))
    assert not await attempts.again(ServerError("x"))
    assert not await Attempts(RetryPolicy()).again(Denied("x"))
    assert len(naps) == 2


# The first contact


async def test_the_registry_is_looked_for_once() -> None:
    async with Scripted(lambda asked: reply()) as registry, client(registry.address) as connected:
        assert set(await asyncio.gather(*(connected.reach() for _ in range(20)))) == {f"http://{registry.address}"}
        assert [asked.path for asked in registry.asked] == ["/v2/"]


async def test_nobody_there_fails_fast_for_all_who_follow() -> None:
    async with raw_server(_never) as address:
        pass
    async with client(address) as connected:
        for _ in range(5):
            with pytest.raises(NetworkError, match=r"no connection to 127\.0\.0\.1"):
                await connected.has_blob(repository(address), DIGEST)
        assert connected.traffic.requests == FAST.tries
        with pytest.raises(NetworkError):
            await connected.reach()


async def _never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise AssertionError("nobody connects")


@pytest.mark.parametrize("status", [404, 418, 500])
async def test_what_is_no_registry(status: int) -> None:
    async with Scripted(lambda asked: reply(status)) as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError, match="cannot reach the registry"):
            await connected.reach()


async def test_a_registry_that_sends_us_away_is_named() -> None:
    served = Scripted(lambda asked: reply(308, Location="https://r.io/v2/"))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(UntrustedAnswer, match=r"https://r\.io/v2/") as caught:
            await connected.reach()
    assert "scheme" in caught.value.hint
    assert len(registry.asked) == 1


async def test_auto_takes_plain_http_where_nothing_speaks_tls() -> None:
    async with Scripted(lambda asked: reply()) as registry, client(registry.address, scheme="auto") as connected:
        assert await connected.reach() == f"http://{registry.address}"


async def test_https_does_not_fall_back() -> None:
    async with Scripted(lambda asked: reply()) as registry, client(registry.address, scheme="https") as connected:
        with pytest.raises(UntrustedAnswer, match="nothing speaks TLS") as caught:
            await connected.reach()
        assert "http" in caught.value.hint
        assert registry.asked == []


async def test_a_name_that_has_no_address() -> None:
    async with client("no-such-host.invalid") as connected:
        with pytest.raises(UnknownHost, match=r"no-such-host\.invalid"):
            await connected.reach()
        assert connected.traffic.requests == 1


async def test_docker_hub_is_asked_where_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def remember(self: Dispatch, call: Call, url: str, header: str) -> object:
        asked.append(url)
        raise NotFound("not here")

    monkeypatch.setattr(Dispatch, "send", remember)
    async with RegistryClient(access("docker.io", scheme="https")) as connected:
        with pytest.raises(NotFound):
            await connected.reach()
    assert asked == ["https://registry-1.docker.io/v2/"]


# Broken answers

BROKEN = [
    ("nothing", b""),
    ("no HTTP", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("half a header", b"HTTP/1.1 200 OK\r\nContent-Le"),
    ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
    ("half a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{}"),
    ("a chunk size that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
    ("a header without end", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n"),
    ("headers without end", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"),
    ("NUL in a header", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    ("a status that is none", b"HTTP/1.1 xyz OK\r\n\r\n"),
]


@pytest.mark.parametrize("sent", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
async def test_a_broken_answer_is_a_broken_connection(sent: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        await writer.drain()

    async with raw_server(talk) as address, client(address) as connected:
        with pytest.raises(NetworkError) as caught:
            await connected.reach()
    assert len(str(caught.value)) < 2500


async def test_a_blob_that_breaks_off_is_a_broken_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readuntil(b"\r\n\r\n"):
            if b"/blobs/" in request:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    got = bytearray()

    async def read_on(connected: RegistryClient, address: str) -> None:
        async with connected.read_blob(repository(address), DIGEST) as pieces:
            async for piece in pieces:
                got.extend(piece)

    async with raw_server(talk) as address, client(address) as connected:
        with pytest.raises(NetworkError, match="cannot read the blob"):
            await read_on(connected, address)
        assert bytes(got) == b"x" * 500
        assert connected.traffic.bytes_in == 500


async def test_a_registry_that_goes_silent_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()

    async with raw_server(talk) as address, Channel(access(address), retry=RetryPolicy(tries=1)) as channel:
        await channel.reach()
        with pytest.raises(NetworkError, match="cannot wait: nothing"):
            await channel.send(Call("GET", "x", (), "wait", "r", idle=0.2))


async def test_a_registry_that_takes_no_more_bytes_is_given_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await stalled.wait()

    stalled = asyncio.Event()
    async with raw_server(talk) as address, Channel(access(address), retry=RetryPolicy(tries=1)) as channel:
        await channel.reach()
        with pytest.raises(NetworkError, match="cannot write: nothing moved"):
            await channel.send(Call("PATCH", "x", (), "write", "r", body=bytes(64_000_000), idle=0.3))
        stalled.set()


async def test_a_body_in_pieces_goes_out_whole_with_its_length() -> None:
    body = random.Random(1).randbytes(3_000_001)
    async with Scripted(lambda asked: reply()) as registry, Channel(access(registry.address)) as channel:
        await channel.send(Call("PUT", "x", (), "write", "r", body=body, is_blob=True))
        assert channel.traffic.bytes_out == len(body)
    asked = registry.asked[-1]
    assert asked.body == body
    assert asked.headers["content-length"] == str(len(body))
    assert "transfer-encoding" not in asked.headers


async def test_no_more_requests_at_once_than_allowed() -> None:
    under_way, most = 0, 0
    gate = asyncio.Event()

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if most == 4:
            gate.set()
        if request.path != "/v2/":
            await gate.wait()
        under_way -= 1
        return reply()

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with RegistryClient(access(address), requests_at_once=4) as connected:
            await asyncio.gather(*(connected.has_blob(repository(address), DIGEST) for _ in range(40)))
    finally:
        await runner.cleanup()
    assert most == 4


async def test_a_cancelled_request_leaves_a_channel_that_works() -> None:
    served = Scripted(lambda asked: reply(body=b"x" * 50_000))
    async with served as registry, RegistryClient(access(registry.address), requests_at_once=2) as connected:
        here = repository(registry.address)
        await connected.reach()
        for delay in range(30):
            tasks = [asyncio.create_task(connected.has_blob(here, DIGEST)) for _ in range(6)]
            for _ in range(delay):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert await connected.has_blob(here, DIGEST)
        assert await read(connected, here, DIGEST) == b"x" * 50_000


async def test_no_cookie_is_kept() -> None:
    async with (
        Scripted(lambda asked: reply(Set_Cookie="sid=1; Path=/")) as registry,
        client(registry.address) as connected,
    ):
        for _ in range(3):
            await connected.has_blob(repository(registry.address), DIGEST)
    assert not [asked for asked in registry.asked if "cookie" in asked.headers]


async def test_netrc_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with Scripted(lambda asked: reply()) as registry, client(registry.address) as connected:
        await connected.has_blob(repository(registry.address), DIGEST)
    assert not [asked for asked in registry.asked if asked.authorization]


def test_traffic_adds_up() -> None:
    total = Traffic(1, 2, 3, 4)
    total.add(Traffic(10, 20, 30, 40))
    assert total == Traffic(11, 22, 33, 44)
