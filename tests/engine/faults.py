"""What can go wrong at a registry: acts for a `Script`."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.engine.harness import Act
from tui.demo.registry import EmbeddedRegistry


def refuse(status: int, code: str = "", message: str = "scripted", **headers: str) -> Act:
    """Answer with an error."""

    async def act(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
        body = {"errors": [{"code": code, "message": message}]} if code else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=named)

    return act


async def hang_up(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
    """Break the connection before anything was done."""
    raise ConnectionResetError


async def lose_answer(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
    """Do what was asked, and break the connection instead of saying so."""
    await registry.answer(request)
    raise ConnectionResetError


def cut_after(count: int, *, politely: bool = False) -> Act:
    """Send `count` bytes of what a blob GET asked for, then break: with FIN, or with RST."""

    async def act(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        digest = request.path.rpartition("/")[2]
        body = registry.storage.read(digest)
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        response = web.StreamResponse(status=206 if asked else 200)
        response.headers["Content-Length"] = str(len(body) - start)
        if asked:
            response.headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        await response.prepare(request)
        await response.write(body[start : start + count])
        assert isinstance(request.transport, asyncio.WriteTransport)
        while request.transport.get_write_buffer_size():
            await asyncio.sleep(0.001)
        if politely:
            request.transport.close()
        raise ConnectionResetError

    return act


def store_part(count: int) -> Act:
    """Take `count` bytes of a PATCH and break the connection."""

    async def act(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
        repository, _, session = request.path[4:].partition("/blobs/uploads/")
        upload = registry.storage.find_upload(repository, session)
        assert upload is not None
        if count:
            upload.write(await request.content.readexactly(count))
        raise ConnectionResetError

    return act


async def forget_session(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
    """Drop the upload session, then answer: 404 BLOB_UPLOAD_UNKNOWN."""
    repository, _, session = request.path[4:].partition("/blobs/uploads/")
    upload = registry.storage.find_upload(repository, session)
    assert upload is not None
    registry.storage.take_upload(upload)
    return None


async def refuse_mount(registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse | None:
    """Open an upload session instead of mounting, as the specification allows."""
    return await registry.answer(request.clone(rel_url=request.path))


def lie(body: bytes) -> Act:
    """Answer a blob GET with other content."""

    async def act(_registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body)

    return act


class Hold:
    """An act that lets requests wait until `release`; `waiting` is how many do."""

    def __init__(self) -> None:
        self.waiting = 0
        self._open = asyncio.Event()

    async def __call__(self, _registry: EmbeddedRegistry, _request: web.BaseRequest) -> web.StreamResponse | None:
        self.waiting += 1
        try:
            await self._open.wait()
        finally:
            self.waiting -= 1
        return None

    def release(self) -> None:
        """Let all of them go on, and all that come."""
        self._open.set()
