"""One question to a registry without any login, to see who answers there and how."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.oci.access import Connection
from tui.oci.errors import NetworkError, RegistryError
from tui.oci.reference import DOCKER_HUB
from tui.oci.saying import N_, phrase

if TYPE_CHECKING:
    from tui.oci.challenge import Challenge

SECONDS = 10.0
"""How long one question may take."""

_HUB_HOST = "registry-1.docker.io"
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """The first answer of a registry: headers with lower-case names, at most 64 KiB of the body, the time it took."""

    url: str
    status: int
    headers: Mapping[str, str]
    challenges: tuple[Challenge, ...]
    body: bytes
    seconds: float


def host_and_port(connection: Connection) -> str:
    """Return the `host[:port]` the API is at: another one than in references for Docker Hub."""
    return _HUB_HOST if connection.registry == DOCKER_HUB else connection.registry


async def ask(connection: Connection, scheme: str, path: str = "/v2/") -> Reply:
    """GET `path` at the registry, whatever the status. No login is sent and no redirect followed.

    Raises NetworkError, UntrustedAnswer or LocalError when nothing answers (within 10 seconds).
    """
    import httpx

    from tui import __version__
    from tui.oci.challenge import parse_challenges
    from tui.oci.network import network_error
    from tui.oci.proxy import proxy_for
    from tui.oci.tls import context_for
    from tui.oci.transport import RegistryTransport

    url = f"{scheme}://{host_and_port(connection)}{path}"
    headers = {"User-Agent": f"regferry/{__version__}", "Accept-Encoding": "identity", "Accept": "application/json"}
    request = httpx.Request("GET", url, headers=headers, extensions={"exact_url": url, "idle": SECONDS})
    transport = RegistryTransport(lambda: context_for(connection), proxy_for(connection, url))
    started = time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            response = await transport.handle_async_request(request)
            try:
                body = await _beginning(response)
            finally:
                await response.aclose()
    except httpx.TransportError as error:
        where = connection.registry
        raise network_error(error, endpoint=where, reference="", action=N_("reach the registry")) from error
    except TimeoutError as error:
        raise NetworkError(
            phrase("no answer within {seconds:.0f} seconds", seconds=SECONDS), endpoint=connection.registry
        ) from error
    finally:
        await transport.aclose()
    return Reply(
        url=url,
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        challenges=tuple(parse_challenges(response.headers.get_list("www-authenticate"))),
        body=body,
        seconds=time.monotonic() - started,
    )


async def find_scheme(connection: Connection) -> Reply:
    """Ask `/v2/` over the connection's scheme; for `auto` over https, and http where nothing speaks TLS.

    Raises what `ask` raises; of two failures the one over https.
    """
    from tui.oci.network import speaks_no_tls

    if connection.scheme != "auto":
        return await ask(connection, connection.scheme)
    try:
        return await ask(connection, "https")
    except RegistryError as secure:
        if not speaks_no_tls(secure):
            raise
        try:
            return await ask(connection, "http")
        except RegistryError:
            raise secure from secure.__cause__


def unverified(connection: Connection) -> Connection:
    """Return the connection without checking certificates: to look who is there, never to send a login."""
    return replace(connection, verify=False)


async def _beginning(response: object) -> bytes:
    import httpx

    assert isinstance(response, httpx.Response)
    parts: list[bytes] = []
    async for piece in response.aiter_raw():
        parts.append(piece)
        if sum(map(len, parts)) >= _MOST_BYTES:
            break
    return b"".join(parts)[:_MOST_BYTES]
