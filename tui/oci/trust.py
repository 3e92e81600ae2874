"""Where a registry may send us: rules for token realms, redirects, upload locations and page links.

A registry's answers are remote text. They may name other hosts for data, but never take a credential there,
never turn TLS off, and never reach into this machine or the network's metadata service.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import lru_cache
from urllib.parse import SplitResult, urljoin, urlsplit

from tui.oci.errors import UntrustedAnswer
from tui.oci.saying import phrase

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TO_THE_PATH = re.compile(r"[^/?#]*//[^/?#]*")
"""A URL as far as it says where: scheme and authority (RFC 3986, 3)."""
_METADATA_ADDRESSES = frozenset(
    {
        # What is not link-local already: Alibaba Cloud, and AWS over IPv6.
        ipaddress.ip_address("100.100.100.200"),
        ipaddress.ip_address("fd00:ec2::254"),
    }
)
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "metadata.tencentyun.com"})


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, the port filled in. Raises UntrustedAnswer when it is no http(s) URL."""
    named = _TO_THE_PATH.match(url)
    return _origin(named[0] if named else url)


@lru_cache(maxsize=1024)  # every request asks, and nearly always for the same few
def _origin(url: str) -> tuple[str, str, int]:
    parts = _split(url)
    return parts.scheme, parts.hostname or "", _port(parts)


def resolve(base: str, location: str) -> str:
    """Return the URL `location` means, seen from `base` (RFC 3986). Raises UntrustedAnswer when it is no URL."""
    try:
        return urljoin(base, location)
    except ValueError as error:
        raise UntrustedAnswer(
            phrase("the registry named an address that is no URL: {location}", location=location[:200])
        ) from error


def check_realm(realm: str, registry_url: str, endpoint: str) -> None:
    """Raise UntrustedAnswer unless a login may go to `realm`: https, or http for a plain http registry."""
    theirs, ours = origin(realm), origin(registry_url)
    if theirs[0] != "https" and ours[0] == "https":
        raise UntrustedAnswer(
            phrase("the registry wants the login sent unencrypted to {theirs}", theirs=theirs[1]), endpoint=endpoint
        )
    if theirs[1] != ours[1]:
        _check_not_internal(theirs[1], ours[1], endpoint)


def check_destination(url: str, registry_url: str, endpoint: str) -> None:
    """Raise UntrustedAnswer unless data may be fetched from or sent to `url` on the word of this registry."""
    theirs, ours = origin(url), origin(registry_url)
    if theirs[0] != "https" and ours[0] == "https":
        raise UntrustedAnswer(
            phrase("the registry points from https to plain http at {theirs}", theirs=theirs[1]), endpoint=endpoint
        )
    if theirs[1] != ours[1]:
        _check_not_internal(theirs[1], ours[1], endpoint)


def same_origin(url: str, registry_url: str) -> bool:
    """Return whether a credential for the registry may be sent to `url`."""
    return origin(url) == origin(registry_url)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port(parts)
    except ValueError as error:
        raise UntrustedAnswer(phrase("the registry named an address that is no URL: {url}", url=url[:200])) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UntrustedAnswer(phrase("the registry named an address that is not http: {url}", url=url[:200]))
    if "@" in parts.netloc:
        # It would replace the login of ours, and is how a foreign host is made to look like another.
        raise UntrustedAnswer(
            phrase("the registry named an address with a user name, at {hostname}", hostname=parts.hostname)
        )
    return parts


def _port(parts: SplitResult) -> int:
    port = parts.port
    return port if port is not None else (443 if parts.scheme == "https" else 80)


def _check_not_internal(host: str, registry_host: str, endpoint: str) -> None:
    address = _address(host)
    if address is None:
        if host.rstrip(".") in _METADATA_NAMES:
            raise UntrustedAnswer(
                phrase("the registry points into an internal network, at {host}", host=host), endpoint=endpoint
            )
        return
    known = _address(registry_host)
    never = (
        address.is_link_local or address.is_unspecified or address.is_multicast or address in _METADATA_ADDRESSES
    )  # fmt: skip
    loopback = address.is_loopback and not (known is not None and known.is_loopback)
    # Behind a name may be a private network as well as a public one, so there only a public address is held to it.
    private = address.is_private and known is not None and not known.is_private
    if never or loopback or private:
        raise UntrustedAnswer(
            phrase("the registry points into an internal network, at {host}", host=host), endpoint=endpoint
        )


def _address(host: str) -> _Address | None:
    """Return the address `host` is in any way of writing that a resolver takes for one, None for a name."""
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _short_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _short_address(host: str) -> ipaddress.IPv4Address | None:
    # 127.1, 2130706433 and 0x7f000001 are 127.0.0.1 to inet_aton, and so to the resolver.
    if not host[:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
