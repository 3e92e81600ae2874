"""The upload endpoints: end-4 to end-6, end-11, end-13, end-14 (distribution-spec v1.1.1)."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from tui.demo.body import body_pieces
from tui.demo.index import Storage
from tui.demo.refusal import Refusal, checked_digest
from tui.demo.session import Upload
from tui.demo.throttle import Throttle

_CONTENT_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_ALGORITHMS = ("sha256", "sha512")


class Uploads:
    """Answers for uploads. Each method takes the request, the repository and the session in its path ('' for POST)."""

    def __init__(self, storage: Storage, throttle: Throttle) -> None:
        self._storage = storage
        self._throttle = throttle

    async def post(self, request: web.BaseRequest, repository: str, session: str) -> web.StreamResponse:
        """Mount a blob (201), take a whole one (201), or open a session (202)."""
        if session:
            raise Refusal(405, "UNSUPPORTED", "an upload starts at /blobs/uploads/")
        query = request.query
        if mount := query.get("mount"):
            if self._storage.has_blob(query.get("from", ""), checked_digest(mount)):
                self._storage.link_blob(repository, mount)
                return _created(repository, mount)
        elif "digest" in query:
            digest = checked_digest(query["digest"])
            upload = self._storage.start_upload(repository)
            try:
                return await self._complete(request, upload, digest)
            finally:  # nobody knows this session, so nobody can go on with it
                self._storage.take_upload(upload)
                self._storage.discard_upload(upload)
        algorithm = query.get("digest-algorithm", "sha256")
        if algorithm not in _ALGORITHMS:
            raise Refusal(400, "DIGEST_INVALID", "not an algorithm this registry can compute", algorithm)
        upload = self._storage.start_upload(repository, algorithm)
        return web.Response(status=202, headers=_state(upload))

    async def patch(self, request: web.BaseRequest, repository: str, session: str) -> web.StreamResponse:
        """Append the body; 416 when its `Content-Range` does not start where the upload stands."""
        upload = self._session(repository, session)
        await self._receive(request, upload)
        return web.Response(status=202, headers=_state(upload))

    async def put(self, request: web.BaseRequest, repository: str, session: str) -> web.StreamResponse:
        """Append the body, if any, and close the session; the blob must have the digest in the query."""
        upload = self._session(repository, session)
        return await self._complete(request, upload, checked_digest(request.query.get("digest", "")))

    async def get(self, request: web.BaseRequest, repository: str, session: str) -> web.StreamResponse:
        """Say how much has arrived. `Range: 0-0` is both nothing and one byte, as in distribution."""
        return web.Response(status=204, headers=_state(self._session(repository, session)))

    async def delete(self, request: web.BaseRequest, repository: str, session: str) -> web.StreamResponse:
        """Cancel the upload."""
        upload = self._session(repository, session)
        self._storage.take_upload(upload)
        self._storage.discard_upload(upload)
        return web.Response(status=204)

    def _session(self, repository: str, session: str) -> Upload:
        upload = self._storage.find_upload(repository, session)
        if upload is None:
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", session)
        return upload

    async def _receive(self, request: web.BaseRequest, upload: Upload) -> None:
        stop = _promised_end(request, upload)
        upload.turn += 1
        turn = upload.turn
        try:
            async for piece in await body_pieces(request):
                await self._throttle.admit(len(piece))
                self._check_turn(upload, turn)
                if stop is not None and upload.size + len(piece) > stop:
                    raise _wrong_length(request)
                upload.write(piece)
        finally:
            upload.pause()
        self._check_turn(upload, turn)
        if stop is not None and upload.size != stop:
            raise _wrong_length(request)

    def _check_turn(self, upload: Upload, turn: int) -> None:
        """Stop a request whose upload went on without it: its sender gave it up, or the session was closed."""
        if upload.turn != turn:
            self._session(upload.repository, upload.id)
            raise _out_of_order(upload, "another request has taken over this upload")

    async def _complete(self, request: web.BaseRequest, upload: Upload, digest: str) -> web.StreamResponse:
        upload.expect(digest)
        await self._receive(request, upload)
        self._storage.take_upload(upload)
        algorithm = digest.partition(":")[0]
        actual = upload.digest_so_far(algorithm) or await asyncio.to_thread(upload.digest_again, algorithm)
        if actual != digest:
            self._storage.discard_upload(upload)
            raise Refusal(400, "DIGEST_INVALID", "the content does not have the digest promised", digest)
        self._storage.finish_upload(upload, digest)
        return _created(upload.repository, digest)


def _promised_end(request: web.BaseRequest, upload: Upload) -> int | None:
    """Return what the upload's size is to be after this request by its Content-Range, None when it has none."""
    header = request.headers.get("Content-Range")
    if header is None:
        return None
    match = _CONTENT_RANGE.fullmatch(header)
    if match is None:
        raise _out_of_order(upload, f"Content-Range is <first>-<last>, not {header!r}")
    first, last = int(match[1]), int(match[2])
    if first != upload.size:
        raise _out_of_order(upload, f"the upload stands at byte {upload.size}, the chunk starts at {first}")
    length = request.content_length
    if length is not None and length != last - first + 1:
        raise _wrong_length(request)
    return last + 1


def _wrong_length(request: web.BaseRequest) -> Refusal:
    header = request.headers.get("Content-Range")
    return Refusal(400, "SIZE_INVALID", "the body is not as long as Content-Range says", header)


def _out_of_order(upload: Upload, message: str) -> Refusal:
    return Refusal(416, "RANGE_INVALID", message, headers=_state(upload))


def _state(upload: Upload) -> dict[str, str]:
    return {
        "Location": f"/v2/{upload.repository}/blobs/uploads/{upload.id}",
        "Range": f"0-{max(0, upload.size - 1)}",
        "Docker-Upload-UUID": upload.id,
    }


def _created(repository: str, digest: str) -> web.Response:
    return web.Response(
        status=201,
        headers={"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": digest},
    )
