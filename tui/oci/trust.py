"""Where a registry may send us: rules for token realms, redirects, upload locations and page links.

A registry's answers are remote text. They may name other hosts for data, but never take a credential there,
never turn TLS off, and never reach into this machine or the network's metadata service.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from tui.oci.errors import UntrustedAnswer


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, the port filled in. Raises UntrustedAnswer when it is no http(s) URL."""
    parts = _split(url)
    return parts.scheme, parts.hostname or "", _port(parts)


def check_realm(realm: str, registry_url: str, endpoint: str) -> None:
    """Raise UntrustedAnswer unless a login may go to `realm`: https, or http for a plain http registry."""
    theirs, ours = origin(realm), origin(registry_url)
    if theirs[0] != "https" and ours[0] == "https":
        raise UntrustedAnswer(f"the registry wants the login sent unencrypted to {theirs[1]}", endpoint=endpoint)
    if theirs[1] != ours[1]:
        _check_not_internal(theirs[1], ours[1], endpoint)


def check_destination(url: str, registry_url: str, endpoint: str) -> None:
    """Raise UntrustedAnswer unless data may be fetched from or sent to `url` on the word of this registry."""
    theirs, ours = origin(url), origin(registry_url)
    if theirs[0] != "https" and ours[0] == "https":
        raise UntrustedAnswer(f"the registry points from https to plain http at {theirs[1]}", endpoint=endpoint)
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
        raise UntrustedAnswer(f"the registry named an address that is no URL: {url[:200]}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UntrustedAnswer(f"the registry named an address that is not http: {url[:200]}")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _check_not_internal(host: str, registry_host: str, endpoint: str) -> None:
    address = _address(host)
    if address is None:
        return
    known = _address(registry_host)
    never = address.is_link_local or address.is_unspecified or address.is_multicast
    loopback = address.is_loopback and not (known is not None and known.is_loopback)
    private = address.is_private and not (known is not None and known.is_private)
    if never or loopback or (private and known is not None):
        raise UntrustedAnswer(f"the registry points into an internal network, at {host}", endpoint=endpoint)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if host == "localhost":
        return ipaddress.IPv4Address("127.0.0.1")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
