"""The body of a request, as it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web


def awaits_go_ahead(request: web.BaseRequest) -> bool:
    """Return whether the client holds the body back until it is asked for (RFC 9110, section 10.1.1)."""
    return request.headers.get("Expect", "").lower() == "100-continue"


async def body_pieces(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Ask for the body when the client waits for that, and return its pieces as they come in.

    Whatever can be refused without the body is refused before, so that it need not travel.
    Reading raises ConnectionError when the client goes away.
    """
    if awaits_go_ahead(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response itself has not begun
    return request.content.iter_any()
