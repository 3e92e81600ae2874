"""What every request needs, whoever speaks to whom: counted, told to its host, read within bounds, tried again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx

from tui.oci.answers import Answer
from tui.oci.errors import RegistryError, UnsupportedContent
from tui.oci.host import OUT_OF_ORDER, REFUSED, Host
from tui.oci.retry import Attempts
from tui.oci.saying import N_, phrase
from tui.oci.transport import RegistryTransport

Result = TypeVar("Result")

MAX_ERROR_BODY = 64 * 1024
"""Bytes read of an answer that is an error."""
_FIELDS = "fields"
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Traffic:
    """What went over a channel: requests sent, bytes of blobs in and out, requests that were tried again."""

    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    retried: int = 0

    def add(self, other: Traffic) -> None:
        """Count another channel's traffic in."""
        self.requests += other.requests
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.retried += other.retried


async def tried(
    once: Callable[[], Awaitable[Result]],
    attempts: Attempts,
    host: Host,
    traffic: Traffic,
    may_repeat: Callable[[RegistryError], bool],
) -> Result:
    """Return what `once` returns, tried again as `attempts` says after an error that `may_repeat` allows it for.

    Every try waits until the host may be asked, and holds one of its places. Raises the last RegistryError.
    """
    while True:
        await host.ready()
        try:
            async with host.window.place():
                return await once()
        except RegistryError as error:
            if not may_repeat(error) or not await attempts.again(error):
                raise
            traffic.retried += 1


async def exchanged(
    transport: RegistryTransport, request: httpx.Request, host: Host, traffic: Traffic
) -> httpx.Response:
    """Send a request and return the response as soon as its headers are there. Raises httpx.TransportError."""
    traffic.requests += 1
    try:
        response = await transport.handle_async_request(request)
    except httpx.TransportError:
        host.failed()
        raise
    if response.status_code in OUT_OF_ORDER:
        host.failed()
    else:
        refused = response.status_code == REFUSED
        host.answered(fields_of(response).get("ratelimit-remaining", ""), refused=refused)
    if response.status_code < 400:
        host.window.grow()
    return response


async def read_answer(response: httpx.Response, url: str, limit: int, action: str, reference: str) -> Answer:
    """Read a response to its end. Raises UnsupportedContent when it is longer than `limit` bytes.

    An error is cut instead; `action` completes "cannot ...".
    """
    failed = response.status_code >= 400
    limit = MAX_ERROR_BODY if failed else limit
    parts: list[bytes] = []
    size = 0
    async for piece in _stream_of(response):
        size += len(piece)
        if size > limit:
            if failed:
                break
            raise UnsupportedContent(
                phrase(
                    "cannot {action}: the answer is longer than the {limit} bytes that are allowed here",
                    action=N_(action),
                    limit=limit,
                ),
                reference=reference,
                hint=N_("nobody has that much to say here; check who answers"),
            )
        parts.append(piece)
    return Answer(response.status_code, fields_of(response), b"".join(parts), url)


def _stream_of(response: httpx.Response) -> httpx.AsyncByteStream:
    """Return the body as the transport gives it, without what httpx puts around every piece; nobody else reads it."""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


def fields_of(response: httpx.Response) -> dict[str, str]:
    """Return the headers of a response by their names in lower case, those that came several times joined by commas.

    What httpx gives, read once: it looks through all of them for every one it is asked for.
    """
    if _FIELDS not in response.extensions:
        fields: dict[str, str] = {}
        for name, value in _decoded(response.headers.raw):
            name = name.lower()
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
        response.extensions[_FIELDS] = fields
    found: dict[str, str] = response.extensions[_FIELDS]
    return found


def _decoded(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return headers as text: UTF-8, or else all of them ISO 8859-1 (RFC 9110, 5.5)."""
    try:
        return [(name.decode(), value.decode()) for name, value in headers]
    except UnicodeDecodeError:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
