"""The way to a registry below HTTP: its name, a TCP connection, the TLS handshake."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from urllib.parse import urlsplit

from tui.oci.access import Connection
from tui.oci.errors import NetworkError, UntrustedAnswer
from tui.oci.saying import N_, phrase
from tui.providers.probe import host_and_port
from tui.providers.tls_words import certificate_words

_CONNECT_SECONDS = 10.0


class Wire:
    """The way to the registry itself, or to the proxy before it (`proxy` is its `host:port` then, '' else).

    Every method returns words about how it went; `proxy` is read when the object is made. Raises LocalError for a
    proxy of a kind that cannot be used.
    """

    def __init__(self, connection: Connection) -> None:
        from tui.oci.proxy import proxy_for

        self._connection = connection
        scheme = "http" if connection.scheme == "http" else "https"
        url = f"{scheme}://{host_and_port(connection)}"
        proxy = proxy_for(connection, url)
        self._host, self._ports = _host_and_ports(proxy or url, connection.scheme == "auto" and not proxy)
        self._port = self._ports[0]
        self.proxy = f"{self._host}:{self._port}" if proxy else ""

    async def resolve(self) -> str:
        """Look the name up. Raises NetworkError when it is not known."""
        what = N_("the proxy ") if self.proxy else ""
        try:
            address = ipaddress.ip_address(self._host)
            return phrase("{what}{address} is an address already", what=what, address=address)
        except ValueError:
            pass
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NetworkError(
                phrase("the name {host} is not known here", host=self._host),
                endpoint=self._connection.registry,
                hint=N_("check the spelling, the resolver of this machine, and whether a VPN is needed"),
            ) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        more = phrase(" and {count} more", count=len(addresses) - 1) if len(addresses) > 1 else ""
        return phrase(
            "{what}{host} is {addresses}{more}", what=what, host=self._host, addresses=addresses[0], more=more
        )

    async def connect(self) -> str:
        """Open a TCP connection and close it. Raises NetworkError."""
        problem: NetworkError | None = None
        for port in self._ports:
            try:
                _, writer = await self._opened(port)
            except NetworkError as error:
                problem = problem or error
                continue
            peer = writer.get_extra_info("peername") or (self._host, port)
            writer.transport.abort()
            self._port = port
            sentence = N_("the proxy at {host} port {port}") if self.proxy else N_("{host} port {port}")
            return phrase(sentence, host=peer[0], port=peer[1])
        assert problem is not None
        raise problem

    async def handshake(self) -> str:
        """Speak TLS; '' when the scheme is `auto` and the other side does not. Raises UntrustedAnswer, NetworkError."""
        from tui.oci.tls import context_for

        registry = self._connection.registry
        try:
            _, writer = await self._opened(self._port, context_for(self._connection))
        except ssl.SSLCertVerificationError as error:
            words, hint = certificate_words(error)
            raise UntrustedAnswer(words, endpoint=registry, hint=hint) from error
        except (ssl.SSLError, ConnectionError) as error:
            if self._connection.scheme == "auto":
                return ""
            reason = getattr(error, "reason", "") or N_("the connection was closed")
            raise UntrustedAnswer(
                phrase("no TLS here ({reason})", reason=reason),
                endpoint=registry,
                hint=N_("if this registry has no https, set the scheme of the endpoint to http"),
            ) from error
        channel = writer.get_extra_info("ssl_object")
        version = str(channel.version()).replace("TLSv", "TLS ")
        until = (channel.getpeercert() or {}).get("notAfter", "")
        writer.transport.abort()
        return (
            phrase("{version}, certificate trusted, valid until {until}", version=version, until=until)
            if until
            else version
        )

    async def _opened(
        self, port: int, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        registry = self._connection.registry
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await asyncio.open_connection(self._host, port, ssl=context)
        except TimeoutError as error:
            raise NetworkError(
                phrase(
                    "no answer from {host} port {port} within {connect_seconds:.0f} seconds",
                    host=self._host,
                    port=port,
                    connect_seconds=_CONNECT_SECONDS,
                ),
                endpoint=registry,
                hint=N_("a firewall may drop the packets: check that this machine may reach that host and port"),
            ) from error
        except OSError as error:
            if context is not None and isinstance(error, ssl.SSLError | ConnectionError):
                raise
            refused = isinstance(error, ConnectionRefusedError)
            raise NetworkError(
                phrase(
                    "no connection to {host} port {port}: {error}", host=self._host, port=port, error=_reason(error)
                ),
                endpoint=registry,
                hint=N_("nothing listens there: check the port, and that the registry runs") if refused else "",
            ) from error


def _host_and_ports(url: str, either: bool) -> tuple[str, tuple[int, ...]]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port is not None:
        return host, (parts.port,)
    if either:
        return host, (443, 80)
    return host, (80 if parts.scheme == "http" else 443,)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
