"""One blob to a target that loses, refuses and forgets."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.engine.faults import cut_after, forget_session, hang_up, lose_answer, refuse, store_part
from tests.engine.wire import LARGE, SMALL, Wire
from tui.demo.images import Content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.blob_work import CHUNK
from tui.oci.errors import PolicyRefused, RegistryError


@pytest.mark.parametrize("lost", ["PATCH", "PUT .*/uploads/"], ids=["at the first chunk", "at the end"])
async def test_a_lost_session_is_begun_anew(wire: Wire, lost: str) -> None:
    wire.world.at_target.on(lost, forget_session)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("POST")) == 2


async def test_a_small_blob_in_a_lost_session_is_not_read_again(wire: Wire) -> None:
    wire.world.at_target.on("PUT", forget_session)
    await wire.copy(SMALL)
    assert wire.arrived(SMALL)
    assert len(wire.world.at_source.requests("GET .*/blobs/")) == 1


async def test_a_target_that_always_loses_the_session(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", forget_session, times=100)
    with pytest.raises(RegistryError) as caught:
        await wire.copy(LARGE)
    assert (caught.value.kind, caught.value.code) == ("SESSION", "BLOB_UPLOAD_UNKNOWN")
    assert wire.nothing_left()


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
async def test_a_lost_answer_to_the_last_put_is_no_reason_to_send_it_again(wire: Wire, part: Content) -> None:
    wire.world.at_target.on("PUT .*/uploads/", lose_answer)
    await wire.copy(part)
    assert wire.arrived(part)
    assert len(wire.world.at_target.requests("POST")) == len(wire.world.at_target.requests("HEAD")) == 1


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_gateway_that_gave_up_while_the_target_finished(wire: Wire, part: Content, status: int) -> None:
    async def finished(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        await registry.answer(request)
        return web.Response(status=status)

    wire.world.at_target.on("PUT .*/uploads/", finished)
    await wire.copy(part)
    assert wire.arrived(part)
    assert len(wire.world.at_target.requests("PUT")) == 1


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("status", [500, 503])
async def test_a_target_that_fails_to_finish_once(wire: Wire, part: Content, status: int) -> None:
    wire.world.at_target.on("PUT .*/uploads/", refuse(status))
    await wire.copy(part)
    assert wire.arrived(part)


async def test_a_target_that_asks_to_wait_before_the_last_put(wire: Wire) -> None:
    wire.world.at_target.on("PUT .*/uploads/", refuse(429, "TOOMANYREQUESTS", Retry_After="1"))
    await wire.copy(SMALL)
    assert wire.arrived(SMALL)


async def test_a_small_put_that_breaks_is_sent_again(wire: Wire) -> None:
    wire.world.at_target.on("PUT .*/uploads/", hang_up)
    await wire.copy(SMALL)
    assert wire.arrived(SMALL)


async def test_a_lost_answer_to_a_chunk_is_asked_for_and_the_chunk_not_sent_twice(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", lose_answer, skip=1)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("PATCH")) == 2
    assert len(wire.world.at_target.requests("GET .*/uploads/")) == 1


async def test_a_chunk_of_which_nothing_came_is_sent_again(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", hang_up, skip=1)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    starts = [patch.content_range.partition("-")[0] for patch in wire.world.at_target.requests("PATCH")]
    assert starts == ["0", str(CHUNK), str(CHUNK), str(2 * CHUNK)]
    assert len(wire.world.at_target.requests("POST")) == 1
    # Read once more is what was read for it, from a place at most a mark before it.
    _, again = wire.world.at_source.requests("GET .*/blobs/")
    assert 0 <= CHUNK - int(again.range.removeprefix("bytes=").removesuffix("-")) <= 2 << 20


async def test_a_chunk_that_came_in_part_goes_on_where_the_target_stands(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", store_part(1_000_000), skip=1)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    starts = [int(patch.content_range.partition("-")[0]) for patch in wire.world.at_target.requests("PATCH")]
    assert starts == [0, CHUNK, CHUNK + 1_000_000]
    assert len(wire.world.at_target.requests("POST")) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_chunk_that_was_refused_is_sent_again(wire: Wire, status: int) -> None:
    wire.world.at_target.on("PATCH", refuse(status), times=2)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("POST")) == 1


async def test_a_target_that_stores_less_than_it_was_sent(wire: Wire) -> None:
    async def less(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        response = await registry.answer(request)
        response.headers["Range"] = f"0-{CHUNK // 2}"
        return response

    wire.world.at_target.on("PATCH", less)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("POST")) == 2


@pytest.mark.parametrize("part", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("where", ["POST", "PATCH|PUT .*/uploads/"])
async def test_a_target_that_says_no(wire: Wire, part: Content, where: str) -> None:
    wire.world.at_target.on(where, refuse(413, "SIZE_INVALID", "quota exceeded"), times=100)
    with pytest.raises(PolicyRefused) as caught:
        await wire.copy(part)
    assert caught.value.endpoint == wire.world.target.address
    assert wire.nothing_left()


async def test_both_sides_break_again_and_again(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(2_000_000), times=3)
    wire.world.at_target.on("PATCH", hang_up)
    wire.world.at_target.on("PATCH", lose_answer)
    wire.world.at_target.on("PUT", lose_answer)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(LARGE.body) <= wire.source.traffic.bytes_in <= len(LARGE.body) + 2 * CHUNK
