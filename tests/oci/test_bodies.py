"""A connection on which hardly anything moves is left; what holds itself back is not taken for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.oci.scripted import access
from tui.oci import bodies
from tui.oci.bodies import Crawl, Once, Outgoing, Watch
from tui.oci.call import Call
from tui.oci.channel import Channel
from tui.oci.errors import NetworkError
from tui.oci.retry import RetryPolicy

WINDOW = 0.3
ONCE = RetryPolicy(tries=1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def _short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LEAST_RATE_WINDOW", WINDOW)


async def drip(writer: asyncio.StreamWriter, what: bytes) -> None:
    """Send it byte by byte, until the other side is gone."""
    for byte in what:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Channel]:
    """A channel to a server that answers `/v2/` as it should, and everything else with `answer`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                if request.startswith(b"GET /v2/ "):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                else:
                    await answer(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server, Channel(access(f"{host}:{port}", scheme="http"), retry=ONCE) as channel:
        yield channel


def call(**more: float) -> Call:
    return Call("GET", "a/tags/list", (), "list", "a", limit=1_000_000, **more)  # type: ignore[arg-type]


async def test_an_answer_that_comes_byte_by_byte() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        await drip(writer, b"x" * 100_000)

    async with serving(slow) as channel:
        with pytest.raises(NetworkError, match="less than 1024 bytes a second arrived"):
            await channel.send(call())


async def test_a_head_that_comes_byte_by_byte() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await drip(writer, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000)

    async with serving(slow) as channel:
        with pytest.raises(NetworkError, match="nothing moved"):
            await channel.send(call(idle=0.5))


async def test_a_reader_that_takes_its_time_is_no_slow_connection() -> None:
    async def whole(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for _ in range(10):
            writer.write(b"x" * 10_000)
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(whole) as channel, channel.stream(call()) as response:
        count = 0
        async for piece in response.aiter_raw():
            count += len(piece)
            await asyncio.sleep(WINDOW)
        assert count == 100_000


async def sent(body: bytes, *, each: float = 0.0, held_up: float = 0.0) -> str:
    """Hand a body to a connection that takes `each` seconds for a piece; '' or why it was cut."""

    async def wrote(count: int) -> None:
        await asyncio.sleep(held_up)

    watch = Watch(60.0)
    count = 0
    try:
        async with watch:
            async for piece in Outgoing(Once(body), watch, wrote):
                await asyncio.sleep(each)
                count += len(piece)
    except TimeoutError:
        return watch.words
    assert count == len(body)
    return ""


async def test_a_body_that_goes_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_FIRST_PIECE", 10)
    monkeypatch.setattr(bodies, "_QUICK", 0.0)
    assert "less than 1024 bytes a second" in await sent(b"x" * 100_000, each=0.05)


async def test_a_limit_on_the_rate_is_no_slow_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_FIRST_PIECE", 10)
    monkeypatch.setattr(bodies, "_QUICK", 0.0)
    assert await sent(b"x" * 200, held_up=0.05) == ""


async def test_an_answer_while_a_body_is_sent_ends_the_watch() -> None:
    watch = Watch(0.01)
    async with watch:
        pass
    # Who still writes is not cut, and does no harm.
    watch.write()
    watch.give_up()
    await asyncio.sleep(0.05)


def test_the_rate_is_judged_over_a_window_at_a_time() -> None:
    crawl = Crawl()
    assert not crawl.moved(1, WINDOW * 0.9)
    assert crawl.moved(1, WINDOW * 0.2)
    assert not crawl.moved(1_000_000, WINDOW * 2)
    assert crawl.moved(1, WINDOW)  # what came before is forgotten
