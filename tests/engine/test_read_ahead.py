"""A blob read ahead: bounded, able to go back, its end kept behind until it is known to be right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.faults import Hold, cut_after
from tests.engine.harness import blob, until
from tests.engine.wire import LARGE, PATH, Wire
from tui.demo.images import Content
from tui.engine.read_ahead import ReadAhead
from tui.oci.errors import IntegrityError

AHEAD = 1 << 20


@pytest.fixture
async def reading(wire: Wire) -> AsyncIterator[ReadAhead]:
    """The large blob, read ahead by a MiB."""
    async with ReadAhead(wire.work(LARGE).reading, AHEAD) as reading:
        yield reading


async def take(reading: ReadAhead, count: int) -> bytes:
    taken = b""
    while len(taken) < count and (part := await reading.take(count - len(taken))):
        taken += part
    return taken


async def test_everything_in_order(reading: ReadAhead) -> None:
    assert await take(reading, len(LARGE.body) + 1) == LARGE.body
    assert await reading.take(1) == b""
    assert reading.offset == len(LARGE.body)


@pytest.mark.parametrize("back_to", [0, 1, 1_500_000, 3_000_000])
async def test_going_back_to_any_place(reading: ReadAhead, back_to: int) -> None:
    await take(reading, 3_000_000)
    await reading.go_back(back_to)
    assert await take(reading, len(LARGE.body)) == LARGE.body[back_to:]


async def test_what_is_settled_is_read_again_at_most_for_a_mark(reading: ReadAhead, wire: Wire) -> None:
    await take(reading, 6_000_000)
    reading.settle()
    await take(reading, 3_000_000)
    await reading.go_back(7_000_000)
    assert await take(reading, len(LARGE.body)) == LARGE.body[7_000_000:]
    again = wire.world.at_source.requests("GET .*/blobs/")[1].range
    assert 0 <= 7_000_000 - int(again.removeprefix("bytes=").removesuffix("-")) <= 2 << 20


@pytest.mark.parametrize("back_to", [0, 9_000_000])
async def test_the_digest_is_checked_after_going_back_too(wire: Wire, back_to: int) -> None:
    wrong = Content("", LARGE.body[:-1] + b"!", LARGE.digest, "")
    wire.world.source.storage.put_blob(PATH, wrong.body, digest=f"sha256:{'0' * 64}")
    work = wire.work(LARGE, digest=f"sha256:{'0' * 64}")
    async with ReadAhead(work.reading, AHEAD) as reading:
        await take(reading, 10_000_000)
        await reading.go_back(back_to)
        with pytest.raises(IntegrityError):
            await take(reading, len(LARGE.body))
        # Nobody was given the end of it.
        assert reading.offset < len(LARGE.body)
        with pytest.raises(IntegrityError):
            await reading.take(1)


async def test_what_another_process_began_is_not_checked_here(wire: Wire) -> None:
    work = wire.work(LARGE, digest=LARGE.digest)
    async with ReadAhead(work.reading, AHEAD, 5_000_000) as reading:
        assert await take(reading, len(LARGE.body)) == LARGE.body[5_000_000:]


async def test_breaks_are_counted(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(2_000_000), times=2)
    async with ReadAhead(wire.work(LARGE).reading, AHEAD) as reading:
        assert await take(reading, len(LARGE.body)) == LARGE.body
        assert reading.breaks == 2


async def test_nobody_reads_on_when_nobody_takes(wire: Wire) -> None:
    large = blob(11, 40 << 20)
    wire.world.source.storage.put_blob(PATH, large.body, large.digest)
    async with ReadAhead(wire.work(large).reading, AHEAD) as reading:
        await reading.ready()
        seen = -1
        while seen != (seen := wire.source.traffic.bytes_in):
            await asyncio.sleep(0.05)
        assert seen < 8 << 20
    assert not any("ReadAhead" in repr(task) for task in asyncio.all_tasks())


async def test_leaving_while_the_source_says_nothing(wire: Wire) -> None:
    hold = Hold()
    wire.world.at_source.on("GET .*/blobs/", hold)
    async with ReadAhead(wire.work(LARGE).reading, AHEAD) as reading:
        waiting = asyncio.create_task(reading.take(1))
        await until(lambda: hold.waiting)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    hold.release()
    assert not any("ReadAhead" in repr(task) for task in asyncio.all_tasks())
