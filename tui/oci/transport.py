"""httpx's transport on aiohttp, as registries need it.

Beyond httpx-aiohttp's own: the URL goes out byte for byte (upload locations are signed), a large body is written in
pieces so that the event loop stays free, a write that makes no progress is cut like a read is, and pieces of a
response are handed on as they arrive.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable

import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from tui.oci.bodies import PIECE, Incoming, Once, Outgoing, Parts, Watch, Wrote
from tui.oci.http_library import aiohttp
from tui.oci.saying import phrase

_READ_BUFFER = 512 * 1024

CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 60.0
_NAMES_KEPT = 300
"""Seconds for which the addresses of a host are used again."""

TlsContext = Callable[[], ssl.SSLContext]
"""Gives the TLS context when https is spoken, because reading every CA of a system takes a while."""


class RegistryTransport(AiohttpTransport):
    """One pool of connections to one registry and where it redirects to. Times are in seconds."""

    def __init__(self, tls: TlsContext, proxy: str | None) -> None:
        # The context given to httpx is never used: every request brings its own.
        super().__init__(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            proxy=httpx.Proxy(proxy) if proxy else None,
            client=self._session,
        )
        self._tls = tls
        login = self.proxy.auth if self.proxy else None
        self._proxy_login = _proxy_login(*login) if login else {}

    def _session(self) -> aiohttp.ClientSession:
        # Our own gates are below any pool size, so the pool never is the limiter; cookies are never kept.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30, ttl_dns_cache=_NAMES_KEPT)
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
        by_tls = not plain or (self.proxy is not None and self.proxy.url.scheme == "https")
        watch = Watch(idle)
        try:
            async with watch:
                response = await session.request(
                    method=request.method,
                    url=URL(request.extensions.get("exact_url") or str(request.url), encoded=True),
                    headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                    data=_body(request, watch, wrote),
                    allow_redirects=False,
                    auto_decompress=False,
                    timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=idle),
                    ssl=self._tls() if by_tls else True,
                    proxy=str(self.proxy.url) if self.proxy else None,
                    proxy_headers=None if plain else dict(self._proxy_login),
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx.ConnectTimeout(
                phrase("no connection within {connect_timeout:.0f} s", connect_timeout=CONNECT_TIMEOUT), request=request
            ) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(watch.words, request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ConnectError(str(error) or type(error).__name__, request=request) from error
        if "streamed" not in request.extensions and len(request.content) <= PIECE:
            await wrote(len(request.content))
        return httpx.Response(
            status_code=response.status,
            headers=response.raw_headers,
            stream=Incoming(response, request),
            request=request,
        )


class Lane:
    """Connections of its own for requests that follow each other: the idle ones of others are not used for them."""

    def __init__(self) -> None:
        self.transports: dict[str, RegistryTransport] = {}

    async def close(self) -> None:
        """Close them."""
        for transport in self.transports.values():
            await transport.aclose()
        self.transports.clear()


def _proxy_login(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


async def _nobody_counts(count: int) -> None:
    """Leave written bytes uncounted."""


def _body(request: httpx.Request, watch: Watch, wrote: Wrote) -> bytes | Outgoing | None:
    streamed: Parts | None = request.extensions.get("streamed")
    if streamed is not None:
        return Outgoing(streamed, watch, wrote)
    if len(request.content) <= PIECE:
        return request.content or None
    return Outgoing(Once(request.content), watch, wrote)
