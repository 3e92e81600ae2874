"""Blob upload sessions (distribution spec, "Pushing Blobs")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from tui.oci.answers import Answer
from tui.oci.auth import Scopes
from tui.oci.bodies import Once, Parts
from tui.oci.call import Call
from tui.oci.channel import Channel
from tui.oci.errors import ChunkNotAppended, IntegrityError, NotFound, ServerError, UploadSessionLost
from tui.oci.reference import contradicts
from tui.oci.saying import N_, phrase
from tui.oci.transport import IDLE_TIMEOUT, Lane
from tui.oci.trust import check_destination, resolve

_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_SIZE = re.compile(r"[0-9]{1,18}")
_COMMIT_RATE = 20 * 1024 * 1024


class Upload:
    """An open upload session at a registry.

    `offset` is how many bytes the registry acknowledged, `location` the URL to go on at (kept byte for byte, it may be
    signed), `minimum_chunk` what the registry asks every chunk but the last to have at least (0: nothing asked). With
    `one_chunk_per_connection` a connection is closed after each chunk, for links that break after so many bytes.
    """

    def __init__(self, channel: Channel, scopes: Scopes, reference: str, opened: Answer) -> None:
        self._channel = channel
        self._scopes = scopes
        self._reference = reference
        self.offset = 0
        self.one_chunk_per_connection = False
        self._lane: Lane | None = None
        self.location = self._resolve(opened)
        minimum = opened.headers.get("oci-chunk-min-length", "")
        self.minimum_chunk = int(minimum) if _SIZE.fullmatch(minimum) else 0

    @asynccontextmanager
    async def own_connection(self) -> AsyncIterator[None]:
        """Send everything on a connection that nobody else uses.

        Where connections break after so many bytes, a pool hands out one worn one after the other.
        """
        self._lane = Lane()
        try:
            yield
        finally:
            lane, self._lane = self._lane, None
            await lane.close()

    async def patch(self, chunk: bytes) -> None:
        """Append one chunk with PATCH. Raises UploadSessionLost when the registry stored something else.

        Never repeated blindly: distribution 2 would append the same bytes twice.
        """
        if chunk:
            await self.append(len(chunk), Once(chunk))

    async def append(self, length: int, body: Parts) -> None:
        """Append a chunk of `length` bytes while `body` gives it. Raises like `patch`.

        A login that is refused is renewed and the body iterated once more, so it has to begin anew then.
        """
        end = self.offset + length
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Range": f"{self.offset}-{end - 1}",
            "Content-Length": str(length),
            **({"Connection": "close"} if self.one_chunk_per_connection else {}),
        }
        accept = frozenset({201, 202, 204})
        call = self._call("PATCH", self.location, N_("upload a chunk"), headers, accept=accept, streamed=body)
        answer = await self._send(call)
        stored = _stored(answer)
        if stored is not None and stored != end:
            error = ChunkNotAppended if self.offset and stored == length else UploadSessionLost
            raise error(
                phrase("the registry stored {stored} bytes of the {end} that were sent", stored=stored, end=end),
                reference=self._reference,
            )
        self.offset = end
        self.location = self._resolve(answer)

    async def finish(self, digest: str, rest: bytes = b"") -> None:
        """Close the session with PUT: `rest` is the whole blob, the last chunk, or empty.

        Raises IntegrityError when the registry says it stored something else.
        """
        await self._close(digest, len(rest), rest, None)

    async def stream(self, digest: str, size: int, body: Parts) -> None:
        """Send a whole blob of `size` bytes with one PUT while `body` gives it. Raises like `finish`."""
        await self._close(digest, size, b"", body)

    async def _close(self, digest: str, size: int, rest: bytes, streamed: Parts | None) -> None:
        mark = "&" if "?" in self.location else "?"
        url = f"{self.location}{mark}digest={digest}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        # The registry may hash everything before it answers.
        idle = max(120.0, (self.offset + size) / _COMMIT_RATE)
        accept = frozenset({201, 204})
        call = self._call(
            "PUT", url, N_("finish the upload"), headers, accept=accept, body=rest, streamed=streamed, idle=idle
        )
        answer = await self._send(call)
        stored = answer.headers.get("docker-content-digest", "")
        if contradicts(stored, digest):
            raise IntegrityError(
                phrase("the registry stored the blob as {stored}, pushed was {digest}", stored=stored, digest=digest),
                endpoint=self._channel.registry,
                reference=self._reference,
            )

    async def status(self) -> int:
        """Ask how many bytes are stored, and move there. Raises UploadSessionLost when the session is gone."""
        accept = frozenset({200, 202, 204})
        call = self._call("GET", self.location, N_("ask for the upload status"), {}, accept=accept, repeatable=True)
        answer = await self._send(call)
        stored = _stored(answer) or 0
        # `Range: 0-0` means nothing as well as one byte; a chunk of one byte is never what we sent.
        self.offset = 0 if stored == 1 else stored
        self.location = self._resolve(answer)
        return self.offset

    async def cancel(self) -> None:
        """Give the session up so that the registry need not keep its bytes. Raises RegistryError when it refuses."""
        accept = frozenset({200, 202, 204, 404})
        await self._channel.send(self._call("DELETE", self.location, N_("cancel the upload"), {}, accept=accept))

    async def _send(self, call: Call) -> Answer:
        try:
            return await self._channel.send(call)
        except NotFound as error:
            # Some say 404 without the code for it: what is not there any more can only be the session.
            if error.code:
                raise
            raise UploadSessionLost(
                error.message, endpoint=error.endpoint, reference=error.reference, status=error.status
            ) from error

    def _call(
        self,
        method: str,
        url: str,
        action: str,
        headers: dict[str, str],
        *,
        accept: frozenset[int],
        body: bytes = b"",
        streamed: Parts | None = None,
        idle: float = IDLE_TIMEOUT,
        repeatable: bool = False,
    ) -> Call:
        return Call(
            method,
            url,
            self._scopes,
            action,
            self._reference,
            headers=headers,
            body=body,
            accept=accept,
            repeatable=repeatable,
            is_blob=bool(body) or streamed is not None,
            streamed=streamed,
            idle=idle,
            lane=self._lane,
        )

    def _resolve(self, answer: Answer) -> str:
        location = answer.headers.get("location", "")
        if not location:
            raise ServerError(N_("the registry gave no upload location"), reference=self._reference)
        url = resolve(answer.url, location)
        asked, given = urlsplit(answer.url), urlsplit(url)
        proxied = (asked.netloc, asked.hostname, f"{asked.hostname}:80")
        if asked.scheme == "https" and given.scheme == "http" and given.netloc in proxied:
            # A registry behind a TLS proxy that does not know about it.
            url = urlunsplit(given._replace(scheme="https", netloc=asked.netloc))
        check_destination(url, answer.url, self._channel.registry)
        return url


def _stored(answer: Answer) -> int | None:
    match = _RANGE.fullmatch(answer.headers.get("range", "").strip())
    return int(match.group(1)) + 1 if match else None
