"""What can happen to a request in place of an honest answer. Each returns an act for `Fault`."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping

from aiohttp import web

from tests.support.faults.script import Act, Turn
from tui.demo.blobs import requested_range
from tui.demo.refusal import Refusal
from tui.demo.registry import split_path


def answer(
    status: int,
    code: str = "",
    message: str = "made up by the test",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Act:
    """Answer with this status, with an error of the specification when there is a `code`."""
    said = json.dumps({"errors": [{"code": code, "message": message}]}).encode() if code else b""

    async def act(turn: Turn) -> web.StreamResponse:
        await _read_all(turn)
        return web.Response(status=status, headers=dict(headers or {}), body=said if body is None else body)

    return act


def delay(seconds: float) -> Act:
    """Answer as usual, so much later."""

    async def act(turn: Turn) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await turn.proceed()

    return act


def reset() -> Act:
    """Break the connection with RST before anything is done."""

    async def act(turn: Turn) -> web.StreamResponse:
        raise _broken(turn)

    return act


def lose_answer() -> Act:
    """Do what was asked, and break the connection instead of saying so."""

    async def act(turn: Turn) -> web.StreamResponse:
        await turn.proceed()
        raise _broken(turn)

    return act


def truncate(after: int, *, politely: bool = False) -> Act:
    """Announce the whole body, send `after` bytes of it and break: with RST, or politely with FIN."""

    async def act(turn: Turn) -> web.StreamResponse:
        await _send_part(turn, after)
        if not politely:
            raise _broken(turn)
        assert turn.request.transport is not None
        turn.request.transport.close()
        raise ConnectionResetError

    return act


def end_chunked(after: int) -> Act:
    """Send `after` bytes in chunked coding and end it properly: only the descriptor knows that more was due."""

    async def act(turn: Turn) -> web.StreamResponse:
        status, headers, body = await _whole(turn)
        response = web.StreamResponse(status=status, headers=headers)
        response.headers.pop("Content-Length", None)
        response.enable_chunked_encoding()
        await response.prepare(turn.request)
        await response.write(body[:after])
        await response.write_eof()
        return response

    return act


def stall(after: int = 0) -> Act:
    """Send `after` bytes of the body (0: not even the headers) and then nothing more on this connection."""

    async def act(turn: Turn) -> web.StreamResponse:
        if after:
            await _send_part(turn, after)
        while turn.request.transport is not None and not turn.request.transport.is_closing():
            await asyncio.sleep(0.02)
        raise ConnectionResetError

    return act


def stop_reading(after: int) -> Act:
    """Read `after` bytes of what is sent, and then no more of it, until the client gives up."""

    async def act(turn: Turn) -> web.StreamResponse:
        await turn.request.content.readexactly(after)
        return await stall()(turn)

    return act


def corrupt(at: int = -1) -> Act:
    """Change one byte of the body; everything else is as it should be."""

    async def act(turn: Turn) -> web.StreamResponse:
        status, headers, body = await _whole(turn)
        changed = bytearray(body)
        changed[at] ^= 0xFF
        return web.Response(status=status, headers=headers, body=bytes(changed))

    return act


def replace(body: bytes, **headers: str) -> Act:
    """Answer 200 with other content, as a portal or a damaged cache does; header names with `_` for `-`."""

    async def act(_turn: Turn) -> web.StreamResponse:
        return web.Response(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return act


def lose_part(count: int) -> Act:
    """Take `count` bytes of a chunk into the upload, half of a shorter one, then break the connection."""

    async def act(turn: Turn) -> web.StreamResponse:
        _, repository, session = split_path(turn.request.path)
        upload = turn.registry.storage.find_upload(repository, session)
        if upload is None:
            return await turn.proceed()
        part = min(count, (turn.request.content_length or 0) // 2)
        if part:
            upload.write(await turn.request.content.readexactly(part))
            upload.pause()
        raise _broken(turn)

    return act


def forget_session() -> Act:
    """Drop the upload session and answer as a registry that never heard of it."""

    async def act(turn: Turn) -> web.StreamResponse:
        _, repository, session = split_path(turn.request.path)
        upload = turn.registry.storage.find_upload(repository, session)
        if upload is not None:
            turn.registry.storage.take_upload(upload)
            turn.registry.storage.discard_upload(upload)
        await _read_all(turn)
        return Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry").response()

    return act


def lose_blob(repository: str, digest: str) -> Act:
    """Remove a blob before the request is answered, as garbage collection may between two requests."""

    async def act(turn: Turn) -> web.StreamResponse:
        if turn.registry.storage.has_blob(repository, digest):
            turn.registry.storage.delete_blob(repository, digest)
        return await turn.proceed()

    return act


def _broken(turn: Turn) -> ConnectionResetError:
    """Make the close of the connection a RST and return the error that closes it."""
    if turn.request.transport is not None:
        connection = turn.request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return ConnectionResetError()


async def _read_all(turn: Turn) -> None:
    """Take the whole body, so that the answer is not lost in a connection that breaks."""
    async for _ in turn.request.content.iter_any():
        pass


async def _send_part(turn: Turn, count: int) -> None:
    status, headers, body = await _whole(turn)
    response = web.StreamResponse(status=status, headers={**headers, "Content-Length": str(len(body))})
    await response.prepare(turn.request)
    await response.write(body[:count])
    transport = turn.request.transport
    assert isinstance(transport, asyncio.WriteTransport)
    while transport.get_write_buffer_size():
        await asyncio.sleep(0.001)


async def _whole(turn: Turn) -> tuple[int, dict[str, str], bytes]:
    """Return the answer as status, headers and body. A blob is read from the storage, which may stream it else."""
    request, storage = turn.request, turn.registry.storage
    kind, repository, last = split_path(request.path)
    if kind == "blobs" and request.method == "GET" and storage.has_blob(repository, last):
        body = storage.read(last)
        wanted = requested_range(request.headers.get("Range", ""), len(body))
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": last}
        if wanted is None:
            return 200, headers, body
        start, stop = wanted
        return 206, {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{len(body)}"}, body[start:stop]
    response = await turn.proceed()
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return response.status, headers, response.body
