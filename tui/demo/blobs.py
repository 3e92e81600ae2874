"""The blob endpoints: end-2 and end-10 (distribution-spec v1.1.1), with ranges (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import BinaryIO

from aiohttp import web

from tui.demo.index import Storage
from tui.demo.refusal import Refusal, checked_digest
from tui.demo.throttle import CHUNK, Throttle

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Blobs:
    """Answers for blobs. Each method takes the request, the repository and the digest in its path."""

    def __init__(self, storage: Storage, throttle: Throttle) -> None:
        self._storage = storage
        self._throttle = throttle

    async def get(self, request: web.BaseRequest, repository: str, digest: str) -> web.StreamResponse:
        """Send the blob, or the one range asked for (206); 416 when it has no such bytes."""
        size = self._size(repository, digest)
        headers = _headers(digest)
        wanted = requested_range(request.headers.get("Range", ""), size)
        if wanted is None:
            status, start, stop = 200, 0, size
        else:
            status, (start, stop) = 206, wanted
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        headers["Content-Length"] = str(stop - start)
        with self._storage.open(digest) as file:
            file.seek(start)
            if stop - start <= CHUNK and not self._throttle.bytes_per_second:
                return web.Response(status=status, body=file.read(stop - start), headers=headers)
            response = web.StreamResponse(status=status, headers=headers)
            await response.prepare(request)
            try:
                await self._stream(response, file, stop - start)
            except OSError as error:
                # The status is out already: only a broken connection says that the rest is missing.
                raise ConnectionError(f"the rest of {digest} cannot be sent") from error
            return response

    async def head(self, request: web.BaseRequest, repository: str, digest: str) -> web.StreamResponse:
        """Say what a GET would send."""
        size = self._size(repository, digest)
        return web.Response(headers={**_headers(digest), "Content-Length": str(size)})

    async def delete(self, request: web.BaseRequest, repository: str, digest: str) -> web.StreamResponse:
        """Unlink the blob from this repository."""
        self._size(repository, digest)
        self._storage.delete_blob(repository, digest)
        return web.Response(status=202)

    def _size(self, repository: str, digest: str) -> int:
        if not self._storage.has_blob(repository, checked_digest(digest)):
            raise Refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", digest)
        return self._storage.size(digest)

    async def _stream(self, response: web.StreamResponse, file: BinaryIO, count: int) -> None:
        while count:
            piece = file.read(min(self._throttle.piece, count))
            if not piece:
                raise OSError("the content is shorter than it was")
            count -= len(piece)
            await self._throttle.admit(len(piece))
            await response.write(piece)


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the byte after the last one that a Range header asks for, None for everything.

    Several ranges, other units and nonsense are ignored, as RFC 9110 (14.2) allows.
    Raises Refusal 416 when none of the `size` bytes are in the range.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.group(1, 2)
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        unsatisfied = {"Content-Range": f"bytes */{size}"}
        raise Refusal(416, "RANGE_INVALID", "the blob has no such bytes", header, headers=unsatisfied)
    return start, stop


def _headers(digest: str) -> dict[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        "Accept-Ranges": "bytes",
        "Docker-Content-Digest": digest,
        "Docker-Distribution-Api-Version": "registry/2.0",
    }
