"""Which proxy a request goes through: the connection's own, or HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

The rules are those of Go's `httpproxy`, which docker and skopeo follow, so that an environment that works for them
works here: this machine is never asked for through a proxy, and NO_PROXY takes names (with everything below them),
`.name` and `*.name` (only what is below), addresses, networks in CIDR notation, each with an optional port, and `*`.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from urllib.parse import urlsplit

from tui.oci.access import Connection
from tui.oci.errors import LocalError
from tui.oci.saying import N_


def proxy_for(connection: Connection, url: str) -> str | None:
    """Return the URL of the proxy for `url`, None to go directly. Raises LocalError for a kind we cannot use."""
    if connection.proxy is not None:
        return _checked(connection.proxy, connection.registry)
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme, "")
    if not proxy or _is_this_machine(host) or _excepted(host, port, proxies.get("no", "")):
        return None
    return _checked(proxy, connection.registry)


def _checked(proxy: str, endpoint: str) -> str | None:
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise LocalError(
            N_("the proxy set for this registry is not http://host:port or https://host:port"),
            endpoint=endpoint,
            hint=N_("look at the endpoint's proxy, HTTP_PROXY and HTTPS_PROXY; other kinds of proxy are not supported"),
        )
    return url


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _excepted(host: str, port: int, no_proxy: str) -> bool:
    return any(_covers(entry.strip().lower(), host, port) for entry in no_proxy.split(",") if entry.strip())


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, entry_port = _split_port(entry)
    if entry_port and entry_port != str(port):
        return False
    if address is not None:
        return _address(name) == address
    if name.startswith("*."):
        name = name[1:]
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _split_port(entry: str) -> tuple[str, str]:
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    name, colon, port = entry.rpartition(":")
    return (name, port) if colon and ":" not in name else (entry, "")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
