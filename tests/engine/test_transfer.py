"""One blob from one registry to another, and a source that breaks or lies."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.engine.faults import Hold, cut_after, lie, refuse
from tests.engine.harness import QUICK, blob, until
from tests.engine.wire import EXACT, LARGE, PATH, SMALL, Wire
from tui.demo.images import Content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.blob_work import CHUNK
from tui.engine.control import StopRequested
from tui.engine.transfer import copy_blob
from tui.oci.errors import Denied, IntegrityError, NetworkError, NotFound, RegistryError, ServerError
from tui.oci.reference import Repository

# Nothing goes wrong


async def test_a_small_blob_is_one_post_and_one_put(wire: Wire) -> None:
    await wire.copy(SMALL)
    assert wire.arrived(SMALL)
    assert [request.method for request in wire.world.at_target.requests("/blobs/")] == ["POST", "PUT"]


@pytest.mark.parametrize("part", [EXACT, LARGE], ids=["whole chunks", "and a rest"])
async def test_a_large_blob_goes_chunk_by_chunk(wire: Wire, part: Content) -> None:
    await wire.copy(part)
    assert wire.arrived(part)
    patches = wire.world.at_target.requests("PATCH")
    assert [patch.content_range for patch in patches] == [f"0-{CHUNK - 1}", f"{CHUNK}-{len(part.body) - 1}"]
    assert wire.source.traffic.bytes_in == wire.target.traffic.bytes_out == len(part.body)


async def test_an_empty_blob(wire: Wire) -> None:
    empty = blob(4, 0)
    wire.world.source.storage.put_blob(PATH, empty.body)
    await wire.copy(empty)
    assert wire.arrived(empty)


async def test_a_sha512_blob(wire: Wire) -> None:
    from dataclasses import replace

    from tui.oci.reference import digest_of

    part = replace(LARGE, digest=digest_of(LARGE.body, "sha512"))
    wire.world.source.storage.put_blob(PATH, part.body, part.digest)
    await wire.copy(part)
    assert wire.arrived(part)


async def test_the_session_the_target_opened_is_used(wire: Wire) -> None:
    session = await wire.target.start_upload(Repository(wire.world.target.address, PATH))
    await copy_blob(wire.work(LARGE), session)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("POST")) == 1


def test_the_memory_a_blob_takes_is_bounded(wire: Wire) -> None:
    assert wire.work(SMALL).buffer == 1001
    assert wire.work(LARGE).buffer == 2 * CHUNK + 1


# The source breaks


@pytest.mark.parametrize("politely", [False, True], ids=["RST", "FIN"])
async def test_a_source_that_breaks_goes_on_with_range(wire: Wire, politely: bool) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(3_000_000, politely=politely), times=2)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    ranges = [request.range for request in wire.world.at_source.requests("GET .*/blobs/")]
    assert ranges == ["", "bytes=3000000-", "bytes=6000000-"]
    assert wire.source.traffic.bytes_in == len(LARGE.body)
    assert wire.source.traffic.retried == 2
    assert len(wire.world.at_target.requests("POST")) == 1  # the target never heard of it
    assert wire.target.traffic.bytes_out == len(LARGE.body)


async def test_a_small_blob_goes_on_too(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(600))
    await wire.copy(SMALL)
    assert wire.arrived(SMALL)
    assert wire.source.traffic.bytes_in == len(SMALL.body)


async def test_a_source_that_breaks_for_ever_is_followed_as_long_as_it_gets_on(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(1024 * 1024), times=100)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_source.requests("GET .*/blobs/")) == 2 * CHUNK // 1024**2 + 1 > QUICK.tries


async def test_a_source_that_does_not_get_on_is_given_up(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(1000), times=1000)
    with pytest.raises(NetworkError):
        await wire.copy(LARGE)
    assert len(wire.world.at_source.requests("GET .*/blobs/")) == QUICK.tries
    assert wire.nothing_left()


async def test_a_source_that_fails_for_a_while(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", refuse(500), times=2)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(404, "BLOB_UNKNOWN", NotFound), (403, "DENIED", Denied), (500, "UNKNOWN", ServerError)],
)
async def test_a_source_that_says_no(
    wire: Wire, part: Content, status: int, code: str, kind: type[RegistryError]
) -> None:
    wire.world.at_source.on("GET .*/blobs/", refuse(status, code), times=100)
    with pytest.raises(kind) as caught:
        await wire.copy(part)
    assert caught.value.endpoint == wire.world.source.address
    assert wire.nothing_left()


async def test_a_source_that_says_no_in_the_middle(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(CHUNK + CHUNK // 2))
    wire.world.at_source.on("GET .*/blobs/", refuse(404, "BLOB_UNKNOWN"), times=100)
    with pytest.raises(NotFound):
        await wire.copy(LARGE)
    assert wire.nothing_left()


async def test_a_source_that_does_not_start_where_it_was_asked_to(wire: Wire) -> None:
    async def elsewhere(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        headers = {"Content-Range": f"bytes 5-{len(LARGE.body) - 1}/{len(LARGE.body)}"}
        return web.Response(status=206, body=LARGE.body[5:], headers=headers)

    wire.world.at_source.on("GET .*/blobs/", cut_after(3_000_000))
    wire.world.at_source.on("GET .*/blobs/", elsewhere)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)


# The source lies


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("change", ["other bytes", "more", "less"])
async def test_a_source_that_gives_something_else(wire: Wire, part: Content, change: str) -> None:
    wrong = {"other bytes": part.body[:-1] + b"!", "more": part.body + b"!", "less": part.body[:-1]}[change]
    wire.world.source.storage.put_blob(PATH, wrong, digest=f"sha256:{'0' * 64}")
    with pytest.raises(IntegrityError) as caught:
        await wire.copy(part, digest=f"sha256:{'0' * 64}")
    assert caught.value.endpoint == wire.world.source.address
    assert wire.nothing_left()
    assert wire.world.at_target.requests("PUT") == []  # never committed
    if change != "less":
        assert wire.source.traffic.retried == 0  # a lie is final


async def test_a_lie_in_a_session_that_the_target_opened(wire: Wire) -> None:
    session = await wire.target.start_upload(Repository(wire.world.target.address, PATH))
    wire.world.at_source.on("GET .*/blobs/", lie(b"!" * 1000))
    with pytest.raises(IntegrityError):
        await copy_blob(wire.work(SMALL), session)
    assert wire.nothing_left()


async def test_a_target_that_will_not_let_go_of_a_session(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", lie(b"!" * len(LARGE.body)))
    wire.world.at_target.on("DELETE", refuse(405, "UNSUPPORTED"))
    with pytest.raises(IntegrityError):
        await wire.copy(LARGE)


# Stop, pause, cancel


async def test_a_stop_ends_it_between_two_chunks(wire: Wire) -> None:
    def advanced(count: int) -> None:
        wire.steps.append(count)
        wire.control.stop()

    with pytest.raises(StopRequested):
        await wire.copy(LARGE, advanced=advanced)
    assert sum(wire.steps) == 0
    assert len(wire.world.at_target.requests("PATCH")) == 1
    # Left open for who goes on.
    assert wire.world.at_target.requests("DELETE") == []
    assert wire.world.target.storage.uploads() == 1


async def test_a_pause_holds_it_between_two_chunks(wire: Wire) -> None:
    def advanced(count: int) -> None:
        wire.steps.append(count)
        if len(wire.steps) == 1:
            wire.control.pause()

    copying = asyncio.create_task(wire.copy(LARGE, advanced=advanced))
    await until(lambda: wire.control.paused)
    await asyncio.sleep(0.05)
    assert len(wire.world.at_target.requests("PATCH")) == 1
    wire.control.resume()
    await copying
    assert wire.arrived(LARGE)


async def test_a_cancelled_copy_leaves_nothing_running(wire: Wire) -> None:
    hold = Hold()
    wire.world.at_target.on("PATCH", hold)
    copying = asyncio.create_task(wire.copy(LARGE))
    await until(lambda: hold.waiting)
    before = asyncio.all_tasks()
    copying.cancel()
    await asyncio.gather(copying, return_exceptions=True)
    hold.release()
    assert copying.cancelled()
    assert not any("anext" in repr(task) for task in asyncio.all_tasks() & before)
