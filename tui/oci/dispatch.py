"""Requests to a registry and to where it sends us: over which connections, redirected, counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from tui import __version__
from tui.oci.access import Connection
from tui.oci.answers import Answer
from tui.oci.call import Call
from tui.oci.errors import RegistryError, ServerError, UntrustedAnswer
from tui.oci.exchange import REDIRECTS, Traffic, exchanged, read_answer
from tui.oci.host import Host
from tui.oci.network import network_error
from tui.oci.proxy import proxy_for
from tui.oci.saying import N_, phrase
from tui.oci.tls import context_for
from tui.oci.transport import Lane, RegistryTransport
from tui.oci.trust import check_destination, origin, resolve, same_origin

_MAX_REDIRECTS = 5
_MAX_WAYS = 1000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Way:
    """How to an origin: its URL, read once (the whole URL of a request goes out as it is), and the proxy or ''."""

    base: httpx.URL
    proxy: str


class Dispatch:
    """Sends requests as they are: without a login of its own, and every one once."""

    def __init__(self, connection: Connection, host: Host, traffic: Traffic) -> None:
        self._registry = connection.registry
        self._connection = connection
        self._host = host
        self._traffic = traffic
        self._shared = Lane()
        self._ways: dict[tuple[str, str, int], _Way] = {}

    async def close(self) -> None:
        """Close every connection but those of lanes."""
        await self._shared.close()

    async def answer(self, call: Call, url: str) -> Answer:
        """Send a request to `url` without following redirects, and read its answer, whatever it says."""
        return await self.whole(await self.send(call, url, ""), call)

    async def whole(self, response: httpx.Response, call: Call) -> Answer:
        """Read what was not streamed to its end, and give the connection back."""
        try:
            return await read(response, call)
        except httpx.TransportError as error:
            raise self.broken(error, call) from error
        finally:
            await response.aclose()

    async def follow(self, call: Call, url: str, header: str, base: str) -> httpx.Response:
        """Send a request, and again to where reading it is redirected; `header` goes to the origin of `base` only."""
        for _ in range(_MAX_REDIRECTS + 1):
            own = same_origin(url, base)
            response = await self.send(call, url, header if own else "")
            if response.status_code not in REDIRECTS or call.method not in ("GET", "HEAD"):
                return response
            location = response.headers.get("location", "")
            await response.aclose()
            url = resolve(url, location)
            check_destination(url, base, self._registry)
        raise ServerError(N_("the registry redirects in a circle"), endpoint=self._registry, reference=call.reference)

    async def send(self, call: Call, url: str, header: str) -> httpx.Response:
        """Send a request to `url` and return the response as soon as its headers are there. Raises RegistryError."""
        headers = {"User-Agent": f"regferry/{__version__}", "Accept-Encoding": "identity", **call.headers}
        if header:
            headers["Authorization"] = header
        try:
            if _CONTROLS.search(url):
                raise httpx.InvalidURL("control characters in a URL")
            way = self._way(url)
            request = httpx.Request(
                call.method,
                way.base,
                headers=headers,
                content=call.body,
                extensions=self._extensions(call, url),
            )
            response = await exchanged(self._transport(way.proxy, call.lane), request, self._host, self._traffic)
        except httpx.TransportError as error:
            raise self.broken(error, call) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UntrustedAnswer(
                phrase(
                    "cannot {action}: no request can be made of what the registry or the login says",
                    action=N_(call.action),
                ),
                endpoint=self._registry,
                reference=call.reference,
            ) from error
        response.request = request
        return response

    def _extensions(self, call: Call, url: str) -> dict[str, Any]:
        extensions: dict[str, Any] = {"exact_url": url, "idle": call.idle}
        if call.is_blob:
            extensions["wrote"] = self._wrote
        if call.streamed is not None:
            extensions["streamed"] = call.streamed
        return extensions

    async def _wrote(self, count: int) -> None:
        self._traffic.bytes_out += count
        await self._host.writes.take(count)

    def _way(self, url: str) -> _Way:
        place = origin(url)
        way = self._ways.get(place)
        if way is None:
            scheme, host, port = place
            base = httpx.URL(scheme=scheme, host=host, port=port)
            way = _Way(base, proxy_for(self._connection, url) or "")
            if len(self._ways) < _MAX_WAYS:
                self._ways[place] = way
        return way

    def _transport(self, proxy: str, lane: Lane | None) -> RegistryTransport:
        transports = (lane or self._shared).transports
        if proxy not in transports:
            transports[proxy] = RegistryTransport(lambda: context_for(self._connection), proxy or None)
        return transports[proxy]

    def broken(self, error: httpx.TransportError, call: Call) -> RegistryError:
        """Return the error that a broken exchange stands for."""
        return network_error(
            error, endpoint=self._registry, reference=call.reference, action=call.action, known=self._host.known
        )


async def read(response: httpx.Response, call: Call) -> Answer:
    """Read a response to its end, within the limit of its call. Raises httpx.TransportError."""
    url = str(response.request.extensions["exact_url"])
    return await read_answer(response, url, call.limit, call.action, call.reference)
