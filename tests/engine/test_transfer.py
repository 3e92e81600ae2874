"""One blob from one registry to another, with everything that breaks on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.engine.harness import (
    QUICK,
    Hold,
    PlainAccess,
    World,
    blob,
    cut_after,
    forget_session,
    hang_up,
    lie,
    lose_answer,
    refuse,
    store_part,
    until,
)
from tui.demo.images import Content
from tui.demo.registry import EmbeddedRegistry
from tui.engine.control import Control, StopRequested
from tui.engine.transfer import CHUNK, BlobWork, copy_blob
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, IntegrityError, NetworkError, NotFound, PolicyRefused, RegistryError, ServerError
from tui.oci.reference import Repository

SMALL = blob(1, 1000)
LARGE = blob(2, 2 * CHUNK + 1000)
EXACT = blob(3, 2 * CHUNK)
PATH = "library/app"


@dataclass
class Wire:
    """Clients of a source that has the blobs and of a target that has not, and what was told of the progress."""

    world: World
    source: RegistryClient
    target: RegistryClient
    control: Control = field(default_factory=lambda: Control(1))
    steps: list[int] = field(default_factory=list)

    def work(self, part: Content, **other: Any) -> BlobWork:
        values: dict[str, Any] = {
            "digest": part.digest,
            "size": len(part.body),
            "source": self.source,
            "source_repository": Repository(self.world.source.address, PATH),
            "target": self.target,
            "target_repository": Repository(self.world.target.address, PATH),
            "advanced": self.steps.append,
            "checkpoint": self.control.checkpoint,
            "retry": QUICK,
        }
        return BlobWork(**{**values, **other})

    async def copy(self, part: Content, **other: Any) -> None:
        await copy_blob(self.work(part, **other))

    def arrived(self, part: Content) -> bool:
        """Whether the target has the blob, whole, and progress was told to the byte, and nothing is left open."""
        storage = self.world.target.storage
        there = storage.has_blob(PATH, part.digest) and storage.read(part.digest) == part.body
        return there and sum(self.steps) == len(part.body)

    def nothing_left(self) -> bool:
        """Whether the target has neither a blob nor an open session, and progress was taken back."""
        storage = self.world.target.storage
        blobs = [part for part in (SMALL, LARGE, EXACT) if storage.has_blob(PATH, part.digest)]
        return not blobs and storage.uploads() == 0 and sum(self.steps) == 0


@pytest.fixture
async def wire(world: World) -> AsyncIterator[Wire]:
    for part in (SMALL, LARGE, EXACT):
        world.source.storage.put_blob(PATH, part.body)
    access = PlainAccess()
    sides = [await access.access(Repository(registry.address, PATH)) for registry in (world.source, world.target)]
    async with RegistryClient(sides[0], retry=QUICK) as source, RegistryClient(sides[1], retry=QUICK) as target:
        yield Wire(world, source, target)


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
    ends = [min(start + CHUNK, len(part.body)) - 1 for start in range(0, len(part.body), CHUNK)]
    assert [patch.content_range for patch in patches] == [f"{at * CHUNK}-{end}" for at, end in enumerate(ends)]
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
    assert len(wire.world.at_source.requests("GET .*/blobs/")) == 9 > QUICK.tries


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


# The target breaks


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
    assert len(wire.world.at_target.requests("PATCH")) == 3
    assert len(wire.world.at_target.requests("GET .*/uploads/")) == 1


async def test_a_chunk_of_which_nothing_came_is_sent_again(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", hang_up, skip=1)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    starts = [patch.content_range.partition("-")[0] for patch in wire.world.at_target.requests("PATCH")]
    assert starts == ["0", str(CHUNK), str(CHUNK), str(2 * CHUNK)]
    assert len(wire.world.at_target.requests("POST")) == 1
    assert len(wire.world.at_source.requests("GET .*/blobs/")) == 1


async def test_a_chunk_that_came_in_part_is_never_appended_to(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", store_part(1_000_000), skip=1)
    await wire.copy(LARGE)
    assert wire.arrived(LARGE)
    assert len(wire.world.at_target.requests("POST")) == 2  # what is in the first session is not sure


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
    assert wire.source.traffic.bytes_in == len(LARGE.body)


# Stop, pause, cancel


async def test_a_stop_ends_it_between_two_chunks(wire: Wire) -> None:
    def advanced(count: int) -> None:
        wire.steps.append(count)
        wire.control.stop()

    with pytest.raises(StopRequested):
        await wire.copy(LARGE, advanced=advanced)
    assert wire.nothing_left()
    assert len(wire.world.at_target.requests("PATCH")) == 1
    assert len(wire.world.at_target.requests("DELETE")) == 1


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
