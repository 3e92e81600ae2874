"""httpx's transport on aiohttp, as registries need it.

Beyond httpx-aiohttp's own: the URL goes out byte for byte (upload locations are signed), a large body is written in
pieces so that the event loop stays free, a write that makes no progress is cut like a read is, and pieces of a
response are handed on as they arrive.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

_PIECE = 256 * 1024
_READ_BUFFER = 512 * 1024

Wrote = Callable[[int], Awaitable[None]]
"""Is told bytes of a body as they are written (the request's extension `wrote`), and may hold up the next."""

CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 60.0


class RegistryTransport(AiohttpTransport):
    """One pool of connections to one registry and where it redirects to. Times are in seconds."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(verify=context, proxy=httpx.Proxy(proxy) if proxy else None, client=self._session)
        login = self.proxy.auth if self.proxy else None
        self._proxy_login = _proxy_login(*login) if login else {}

    def _session(self) -> aiohttp.ClientSession:
        # Our own gates are below any pool size, so the pool never is the limiter; cookies are never kept.
        connector = aiohttp.TCPConnector(ssl=self.ssl_context, limit=0, keepalive_timeout=30, ttl_dns_cache=300)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_READ_BUFFER,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; raises httpx.TransportError for everything that is not an answer."""
        if not isinstance(self.client, aiohttp.ClientSession):
            self.client = self.get_client()
        session: aiohttp.ClientSession = self.client
        idle = request.extensions.get("idle", IDLE_TIMEOUT)
        wrote: Wrote = request.extensions.get("wrote", _nobody_counts)
        # The proxy reads a plain request itself; before an encrypted one comes a CONNECT of its own.
        plain = request.url.scheme == "http"
        if plain:
            request.headers.update(self._proxy_login)
        try:
            async with asyncio.timeout(None) as guard:
                response = await session.request(
                    method=request.method,
                    url=URL(request.extensions.get("exact_url") or str(request.url), encoded=True),
                    headers=request.headers,
                    data=_body(request, guard, idle, wrote),
                    allow_redirects=False,
                    auto_decompress=False,
                    timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=idle),
                    proxy=str(self.proxy.url) if self.proxy else None,
                    proxy_headers=None if plain else dict(self._proxy_login),
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection within {CONNECT_TIMEOUT:.0f} s", request=request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"nothing moved for {idle:.0f} s", request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ConnectError(str(error) or type(error).__name__, request=request) from error
        if len(request.content) <= _PIECE:
            await wrote(len(request.content))
        return httpx.Response(
            status_code=response.status,
            headers=response.raw_headers,
            stream=_Body(response, request),
            request=request,
        )


def _proxy_login(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


async def _nobody_counts(count: int) -> None:
    """Leave written bytes uncounted."""


def _body(request: httpx.Request, guard: asyncio.Timeout, idle: float, wrote: Wrote) -> bytes | _Pieces | None:
    streamed: AsyncIterable[bytes] | None = request.extensions.get("streamed")
    if streamed is not None:
        return _Pieces(streamed, guard, idle, wrote)
    if len(request.content) <= _PIECE:
        return request.content or None
    return _Pieces(_Once(request.content), guard, idle, wrote)


class _Once:
    """One body, as often as somebody iterates: aiohttp may send it over two connections."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


class _Pieces:
    """A large body in pieces; a write that gets nowhere is cut, waiting for more to write is not."""

    def __init__(self, parts: AsyncIterable[bytes], guard: asyncio.Timeout, idle: float, wrote: Wrote) -> None:
        self._parts = parts
        self._guard = guard
        self._idle = idle
        self._wrote = wrote

    async def __aiter__(self) -> AsyncIterator[memoryview]:
        loop = asyncio.get_running_loop()
        async for part in self._parts:
            content = memoryview(part)
            for start in range(0, len(content), _PIECE):
                self._guard.reschedule(loop.time() + self._idle)
                piece = content[start : start + _PIECE]
                yield piece
                self._guard.reschedule(None)
                await self._wrote(len(piece))


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except TimeoutError as error:
            raise httpx.ReadTimeout("nothing arrived for too long", request=self._request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error) or type(error).__name__, request=self._request) from error

    async def aclose(self) -> None:
        # A body that was not read to its end cannot be followed by another answer on that connection.
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()
