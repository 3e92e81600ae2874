"""Registry addresses as people write them, and when two of them mean the same registry."""

from __future__ import annotations

import ipaddress

from tui.endpoints.errors import InvalidEndpoint
from tui.oci.access import Scheme
from tui.oci.place import InvalidPlace, is_place, name_of, split_place
from tui.oci.reference import DOCKER_HUB, InvalidReference, Reference
from tui.oci.saying import N_, phrase

_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


def parse_address(text: str) -> tuple[Scheme | None, str]:
    """Return the scheme (None when not written) and the `host[:port]` of an address, typed or pasted from a browser.

    A path, or a place as `tui.oci.place` writes it, is a layout on a disk: `oci:/media/usb/export/`, or
    `oci-archive:` for what ends in `.tar`. Docker Hub's names all become `docker.io`. Raises InvalidEndpoint, which
    never repeats user information.
    """
    if (place := _place(text.strip())) is not None:
        return None, place
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "", text.strip()
    rest = rest.rstrip("/")
    if scheme.lower() not in ("", "http", "https"):
        raise InvalidEndpoint("address", N_("the address may start with http:// or https:// only"))
    if "@" in rest:
        raise InvalidEndpoint(
            "address",
            N_("the address may not carry a user name"),
            hint=N_("give the user name and password on their own"),
        )
    host, slash, path = rest.partition("/")
    address = registry_key(host, keep_port=True)
    if slash and not (address == DOCKER_HUB and path in ("v1", "v2")):
        raise InvalidEndpoint(
            "address",
            phrase("{rest!r} has a path; an address is a host and an optional port", rest=rest),
            hint=phrase("use {host}; projects and repositories are chosen when browsing or in a plan", host=host),
        )
    try:
        read_back = Reference.parse(f"{address}/x").registry
    except InvalidReference:
        read_back = ""
    if not address or read_back != address:
        raise InvalidEndpoint(
            "address",
            phrase("{host!r} is not a registry address; a host with a dot or a port is expected", host=host),
            hint=N_("for example harbor.example.com, 10.0.0.5:5000 or localhost:5000"),
        )
    written: Scheme | None = "http" if scheme.lower() == "http" else "https" if scheme else None
    return written, address


def _place(text: str) -> str | None:
    """Return the place on a disk that a text names, None for what is no path. Raises InvalidEndpoint."""
    if text.startswith(("/", "./", "../", "~/")):
        tar = text.removesuffix(".parts.json")
        text = f"oci-archive:{tar}" if tar.endswith(".tar") else f"oci:{text}"
    try:
        split = split_place(text)
    except InvalidPlace as error:
        raise InvalidEndpoint("address", str(error)) from None
    if split is None:
        return None
    place, inside = split
    if inside:
        raise InvalidEndpoint(
            "address",
            phrase("{text} names something inside; an endpoint is the whole folder or tar", text=text),
            hint=phrase("use {place}", place=name_of(place)),
        )
    return place


def registry_key(address: str, *, keep_port: bool = False) -> str:
    """Return the form in which equal registries are equal: lower case, one name for Docker Hub, no `:443`."""
    if is_place(address):
        return address
    key = address.lower()
    if key.removesuffix(":443") in _HUB_HOSTS:
        return DOCKER_HUB
    return key if keep_port else key.removesuffix(":443")


def is_loopback(address: str) -> bool:
    """Return whether `host[:port]` is this machine: localhost, 127.0.0.0/8 or [::1]."""
    host = address[1:].partition("]")[0] if address.startswith("[") else address.partition(":")[0]
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_scheme(address: str) -> Scheme:
    """Return `auto` on loopback, as docker treats it (insecure capable), else `https`."""
    return "auto" if is_loopback(address) else "https"
