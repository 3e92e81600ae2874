"""Long chunks: they grow while all goes well, and are short ones from the first break on."""

from __future__ import annotations

import hashlib

import pytest
from aiohttp import web

from tests.engine.faults import cut_after, hang_up, refuse
from tests.engine.harness import blob
from tests.engine.wire import LARGE, PATH, Wire
from tui.demo.images import Content
from tui.demo.registry import EmbeddedRegistry
from tui.engine import blob_work, uploading
from tui.oci.errors import IntegrityError, NotFound

KIB = 1024
CHUNK = 64 * KIB
LONG = blob(21, 40 * CHUNK + 1000)


@pytest.fixture(autouse=True)
def _small_and_patient(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Chunks begin at 64 KiB, and no machine is too slow for them to grow up to 1 MiB."""
    monkeypatch.setattr(blob_work, "CHUNK", CHUNK)
    monkeypatch.setattr(uploading, "LONGEST_CHUNK", 16 * CHUNK)
    monkeypatch.setattr(uploading, "_QUICK", 60.0)
    wire.world.source.storage.put_blob(PATH, LONG.body, LONG.digest)


def lengths(wire: Wire) -> list[int]:
    """Return how long each PATCH was, in chunks, the remainder not counted."""
    ranges = [seen.content_range.split("-") for seen in wire.world.at_target.requests("PATCH")]
    return [(int(last) + 1 - int(first)) // CHUNK for first, last in ranges]


async def test_they_grow(wire: Wire) -> None:
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert lengths(wire) == [1, 4, 16, 16, 3]


async def test_they_grow_no_more_where_a_chunk_takes_long(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "_QUICK", 0.0)
    monkeypatch.setattr(uploading, "_SLOW", 0.0)
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert set(lengths(wire)) <= {1, 0}


async def test_progress_goes_in_pieces_and_never_beyond(wire: Wire) -> None:
    await wire.copy(LONG)
    stands = 0
    for step in wire.steps:
        stands += step
        assert 0 < stands <= len(LONG.body)
    assert len(wire.steps) > len(lengths(wire))


async def test_a_source_that_breaks_makes_them_short(wire: Wire) -> None:
    wire.world.at_source.on("GET .*/blobs/", cut_after(5 * CHUNK))
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    # The one that was under way came to its end.
    assert set(lengths(wire)[4:]) <= {1, 0}
    assert len(wire.world.at_target.requests("POST")) == 1
    assert wire.source.traffic.bytes_in == wire.target.traffic.bytes_out == len(LONG.body)


async def test_a_target_that_breaks_makes_them_short(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", hang_up, skip=2)
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert lengths(wire)[:4] == [1, 4, 16, 1]
    assert set(lengths(wire)[4:]) <= {1, 0}


async def test_being_asked_to_wait_is_no_break(wire: Wire) -> None:
    wire.world.at_target.on("PATCH", refuse(429, "TOOMANYREQUESTS", Retry_After="1"), skip=2)
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert max(lengths(wire)[3:]) > 1


async def test_a_proxy_that_takes_no_long_ones(wire: Wire) -> None:
    async def limited(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=413) if (request.content_length or 0) > 2 * CHUNK else None

    wire.world.at_target.on("PATCH", limited, times=1000)
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert not wire.target.host.takes_long_chunks
    wire.world.at_target.seen.clear()
    wire.steps.clear()
    other = blob(22, 10 * CHUNK)
    wire.world.source.storage.put_blob(PATH, other.body, other.digest)
    await wire.copy(other)
    assert wire.arrived(other)
    assert set(lengths(wire)) == {1}


async def test_long_ones_that_always_break_are_sent_no_more(wire: Wire) -> None:
    for seed in range(30, 34):
        part = blob(seed, 6 * CHUNK)
        wire.world.source.storage.put_blob(PATH, part.body, part.digest)
        wire.world.at_target.on("PATCH", hang_up)
        wire.steps.clear()
        await wire.copy(part)
        assert wire.arrived(part)
    assert not wire.target.host.takes_long_chunks


async def test_a_login_that_ends_in_the_middle_has_the_chunk_sent_anew(wire: Wire) -> None:
    async def tired(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        await request.content.readexactly(2 * CHUNK)
        challenge = f'Bearer realm="http://{registry.address}/token",service="here"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async def token(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
        return web.json_response({"token": "fresh"})

    wire.world.at_target.on("GET /token", token)
    wire.world.at_target.on("PATCH", tired, skip=2)
    await wire.copy(LONG)
    assert wire.arrived(LONG)
    assert len(wire.world.at_target.requests("POST")) == 1
    assert len(wire.world.at_target.requests("GET /token")) == 1


@pytest.mark.parametrize("change", ["the last byte", "the source is gone"])
async def test_a_source_that_fails_leaves_no_broken_request_behind(wire: Wire, change: str) -> None:
    """A chunk that was announced is filled up: a session that broke would stay at distribution 2 for a week."""
    whole: list[int] = []

    async def watch(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        response = await registry.answer(request)
        whole.append(response.status)
        return response

    wire.world.at_target.on("PATCH", watch, times=1000)
    wrong = LONG.body[:-1] + b"!"
    digest = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
    wire.world.source.storage.put_blob(PATH, wrong, digest=digest)
    kind: type[Exception] = IntegrityError
    if change == "the source is gone":
        kind = NotFound
        wire.world.at_source.on("GET .*/blobs/", cut_after(10 * CHUNK))
        wire.world.at_source.on("GET .*/blobs/", refuse(404, "BLOB_UNKNOWN"), times=100)
    with pytest.raises(kind):
        await wire.copy(Content("", wrong, digest, ""))
    assert whole
    assert set(whole) == {202}
    assert len(whole) == len(wire.world.at_target.requests("PATCH"))
    assert wire.world.at_target.requests("PUT") == []
    assert wire.nothing_left()


async def test_a_blob_keeps_to_one_connection(wire: Wire) -> None:
    ports: list[object] = []

    async def note(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return None

    wire.world.at_target.on("PATCH|PUT .*/uploads/", note, times=1000)
    await wire.copy(LONG)
    await wire.copy(LARGE)
    patches = len(wire.world.at_target.requests("PATCH|PUT .*/uploads/"))
    assert len(ports) == patches
    assert len(set(ports)) == 2
