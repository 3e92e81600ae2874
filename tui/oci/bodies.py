"""Bodies on their way out and in: piece by piece, cut when nothing moves, or hardly anything.

Only waiting for the network counts. What holds itself back (a limit on the rate, a pause, a source that is read while
a target is written) is no sign of a bad connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import httpx

from tui.oci.http_library import aiohttp
from tui.oci.saying import N_, phrase

PIECE = 256 * 1024
"""Bytes handed to a connection at once."""
_FIRST_PIECE = 16 * 1024
_QUICK = 1.0

LEAST_RATE = 1024
"""Bytes per second that have to move for a connection to be kept."""
LEAST_RATE_WINDOW = 120.0
"""Seconds of waiting for the network over which that is judged."""

Parts = AsyncIterable[bytes | memoryview]
"""A body in parts."""

Wrote = Callable[[int], Awaitable[None]]
"""Is told bytes of a body as they are written (the request's extension `wrote`), and may hold up the next."""


class Crawl:
    """Judges whether so little moves on a connection that another may do better; a byte now and then is not idle."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._bytes = 0

    def moved(self, count: int, seconds: float) -> bool:
        """So many bytes took so long; return whether that makes the connection one to give up."""
        self._seconds += seconds
        self._bytes += count
        if self._seconds < LEAST_RATE_WINDOW:
            return False
        slow = self._bytes < LEAST_RATE * self._seconds
        self._seconds, self._bytes = 0.0, 0
        return slow


class Watch:
    """Ends an exchange that does not get on; `words` say afterwards what it waited for."""

    def __init__(self, idle: float) -> None:
        self.words = phrase("nothing moved for {idle:.0f} s", idle=idle)
        self._idle = idle
        self._guard = asyncio.timeout(None)
        self._over = False

    async def __aenter__(self) -> Watch:
        await self._guard.__aenter__()
        self.answer()
        return self

    async def __aexit__(self, *why: object) -> None:
        # An answer may come while a body is still being written: nobody is watched any more then.
        self._over = True
        await self._guard.__aexit__(*why)  # type: ignore[arg-type]

    def write(self) -> None:
        """A piece is handed to the connection now."""
        self._due(self._idle)

    def rest(self) -> None:
        """Nothing is asked of the connection now."""
        self._due(None)

    def answer(self) -> None:
        """The head of the answer is due: aiohttp cuts silence, this a head that comes letter by letter."""
        self._due(self._idle + LEAST_RATE_WINDOW)

    def give_up(self) -> None:
        """The connection is too slow."""
        self.words = phrase(
            "less than {least_rate} bytes a second moved for {least_rate_window:.0f} s",
            least_rate=LEAST_RATE,
            least_rate_window=LEAST_RATE_WINDOW,
        )
        self._due(0.0)

    def _due(self, seconds: float | None) -> None:
        if not self._over and not self._guard.expired():
            self._guard.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


class Outgoing:
    """A large body in pieces. May be sent again where its parts may be iterated again."""

    def __init__(self, parts: Parts, watch: Watch, wrote: Wrote) -> None:
        self._parts = parts
        self._watch = watch
        self._wrote = wrote

    async def __aiter__(self) -> AsyncIterator[memoryview]:
        # Small pieces over a slow connection: a large one would take so long that it looked like none at all.
        length = _FIRST_PIECE
        crawl = Crawl()
        self._watch.rest()
        async for part in self._parts:
            content = memoryview(part)
            while content:
                piece, content = content[:length], content[length:]
                self._watch.write()
                began = time.monotonic()
                yield piece
                took = time.monotonic() - began
                self._watch.rest()
                if crawl.moved(len(piece), took):
                    self._watch.give_up()
                    await asyncio.Event().wait()  # for the cancellation that comes of it
                await self._wrote(len(piece))
                length = min(PIECE, length * 4) if took < _QUICK else _FIRST_PIECE
        self._watch.answer()


class Once:
    """One body, as often as somebody iterates: aiohttp may send it over two connections."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class Incoming(httpx.AsyncByteStream):
    """The body of a response, handed on as it arrives."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        crawl = Crawl()
        try:
            began = time.monotonic()
            async for piece in self._response.content.iter_any():
                if crawl.moved(len(piece), time.monotonic() - began):
                    words = phrase(
                        "less than {least_rate} bytes a second arrived for {least_rate_window:.0f} s",
                        least_rate=LEAST_RATE,
                        least_rate_window=LEAST_RATE_WINDOW,
                    )
                    raise httpx.ReadTimeout(words, request=self._request)
                yield piece
                began = time.monotonic()
        except TimeoutError as error:
            raise httpx.ReadTimeout(N_("nothing arrived for too long"), request=self._request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error) or type(error).__name__, request=self._request) from error

    async def aclose(self) -> None:
        """Give the connection back, or close it when it cannot be used again."""
        # A body that was not read to its end cannot be followed by another answer on that connection.
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()
