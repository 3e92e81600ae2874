"""What a person fills in about an endpoint, and the endpoint it makes. Pure; knows nothing of screens."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from tui.app.i18n import _, said
from tui.endpoints.access_keys import is_access_key
from tui.endpoints.addresses import is_loopback, parse_address
from tui.endpoints.errors import InvalidEndpoint
from tui.endpoints.model import Endpoint, StoreName
from tui.oci.access import Connection, Scheme
from tui.oci.place import is_place, path_of

if TYPE_CHECKING:
    from tui.providers.detect import Detected

Login = Literal["password", "key", "docker", "variable", "anonymous"]
Trust = Literal["verified", "ca", "skip", "http"]


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it stands, all texts as typed. `kind` is '' for what was found at the address."""

    address: str = ""
    name: str = ""
    trust: Trust = "verified"
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    login: Login = "password"
    username: str = ""
    variable: str = ""
    store: StoreName = "keyring"
    proxy: str = ""
    note: str = ""
    kind: str = ""
    instance: str = ""
    api: str = ""


def filled_from(endpoint: Endpoint) -> Filled:
    """Return the form for an endpoint there is."""
    trust: Trust = "http" if endpoint.scheme == "http" else "verified" if endpoint.verify else "skip"
    if trust == "verified" and endpoint.ca_file:
        trust = "ca"
    logins: dict[StoreName, Login] = {"docker": "docker", "env": "variable", "none": "anonymous"}
    return Filled(
        address=endpoint.address,
        name=endpoint.name,
        trust=trust,
        ca_file=_text(endpoint.ca_file),
        client_cert=_text(endpoint.client_cert),
        client_key=_text(endpoint.client_key),
        login=logins.get(endpoint.store, "key" if is_access_key(endpoint, endpoint.username) else "password"),
        username=endpoint.username,
        variable=endpoint.password_env,
        store=endpoint.store if endpoint.store not in logins else "keyring",
        proxy=endpoint.proxy or "",
        note=endpoint.note,
        kind=endpoint.kind,
        instance=endpoint.instance,
        api=endpoint.api,
    )


def store_of(filled: Filled) -> StoreName:
    """Return the store the form comes to."""
    others: dict[Login, StoreName] = {"docker": "docker", "variable": "env", "anonymous": "none"}
    return others.get(filled.login, filled.store)


def connection_of(filled: Filled) -> Connection:
    """Return the way to look at what is at the address. Raises InvalidEndpoint."""
    written, host = parse_address(filled.address)
    if is_place(host):
        return Connection(host)
    http = filled.trust == "http" or written == "http"
    return Connection(
        registry=host,
        scheme="http" if http else "auto",
        verify=filled.trust != "skip",
        ca_files=_ca_files(filled),
        client_cert=_file(filled.client_cert, "client_cert"),
        client_key=_file(filled.client_key, "client_key"),
        proxy=filled.proxy or None,
    )


def endpoint_of(filled: Filled, found: Detected | None, before: Endpoint | None = None) -> Endpoint:
    """Return the endpoint the form describes; `before` is the one being changed.

    Raises InvalidEndpoint, whose `field` is one of `Filled`.
    """
    connection = connection_of(filled)
    if is_place(connection.registry):
        filled = replace(filled, login="anonymous", username="", kind="")
    if filled.login == "password" and not filled.username:
        raise InvalidEndpoint("username", _("Give the user name, or choose another way to log in"))
    if filled.login == "key" and not filled.username:
        raise InvalidEndpoint("username", _("Give the id of the access key, or choose another way to log in"))
    if filled.login == "variable" and not filled.variable:
        raise InvalidEndpoint("variable", _("Give the name of the variable that holds the password"))
    store = store_of(filled)
    changed = Endpoint(
        name=filled.name or suggested_name(connection.registry),
        address=connection.registry,
        kind=filled.kind or (found.kind if found and found.registry else "generic"),
        scheme=_scheme(connection, filled, found),
        verify=connection.verify or connection.scheme == "http",
        ca_file=connection.ca_files[0] if connection.ca_files else None,
        client_cert=connection.client_cert,
        client_key=connection.client_key,
        proxy=connection.proxy,
        username="" if filled.login == "anonymous" else filled.username,
        store=store,
        password_env=filled.variable if store == "env" else "",
        note=filled.note,
        instance=filled.instance if filled.login in ("key", "variable") else "",
        api=filled.api if filled.login in ("key", "variable") else "",
        login="key" if filled.login == "key" else "auto",
        **_vendor(found),
    )
    if before is None:
        return changed
    kept: dict[str, Any] = {"repositories": before.repositories, "id": before.id, "last_test": before.last_test}
    if store == "env":
        kept |= {"login": before.login, "token_env": before.token_env, "instance": before.instance, "api": before.api}
    if found is None or not found.registry:
        kept |= {"edition": before.edition, "region": before.region, "version": before.version}
    if before.username_env and store == "env":
        kept["username_env"] = before.username_env
    if _way(before) != _way(changed):
        kept["last_test"] = None
    return replace(changed, **kept)


def suggested_name(address: str, taken: Container[str] = ()) -> str:
    """Return a name for the registry at `host[:port]` that nobody has yet."""
    if is_place(address):
        address = path_of(address).name.lower()
    host = address.rpartition(":")[0] if address.rpartition(":")[2].isdigit() else address
    first = host.strip("[]").partition(".")[0]
    whole = first.isdigit() or ":" in host or len(first) < 3 or first in ("registry", "docker", "localhost", "www")
    stem = re.sub(r"[^\w.-]+", "-", (address if whole else first)).strip("-.")[:60] or "registry"
    number, name = 2, stem
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def on_disk(address: str) -> bool:
    """Return whether an address as typed is a folder or a tar on this machine."""
    try:
        return is_place(parse_address(address)[1])
    except InvalidEndpoint:
        return False


def warnings_of(filled: Filled, found: Detected | None) -> list[str]:
    """Return what to mind about the way to the registry."""
    try:
        written, host = parse_address(filled.address)
    except InvalidEndpoint:
        written, host = None, "localhost"
    words: list[str] = []
    if is_place(host):
        return words
    if (filled.trust == "http" or written == "http") and not is_loopback(host):
        words.append(_("Plain http: passwords and images can be read and changed on the way."))
    elif filled.trust == "skip":
        words.append(_("Not verified: anybody on the way may pose as this registry and read the password."))
    elif found is not None and found.scheme == "http" and not is_loopback(host):
        words.append(_("Only plain http answers there. If that is meant to be so, choose it here."))
    elif found is not None and found.tls == "untrusted":
        words.append(f"{said(found.problem)}. {said(found.hint)}".strip())
    return words


def _scheme(connection: Connection, filled: Filled, found: Detected | None) -> Scheme:
    if connection.scheme == "http":
        return "http"
    written, host = parse_address(filled.address)
    if is_loopback(host) and written is None and filled.trust == "verified":
        # Only this machine is talked to in plain text without being told to.
        return cast(Scheme, found.scheme) if found and found.scheme else "auto"
    return "https"


def _way(endpoint: Endpoint) -> tuple[object, ...]:
    who = (endpoint.username, endpoint.store, endpoint.password_env, endpoint.login)
    return (endpoint.connection(), *who, endpoint.instance, endpoint.api)


def _vendor(found: Detected | None) -> dict[str, Any]:
    if found is None or not found.registry:
        return {}
    return {"edition": found.vendor.edition, "region": found.vendor.region, "version": found.vendor.version}


def _ca_files(filled: Filled) -> tuple[Path, ...]:
    if filled.trust != "ca":
        return ()
    if not filled.ca_file:
        raise InvalidEndpoint("ca_file", _("Give the file with the certificates of the CA (PEM)"))
    path = _file(filled.ca_file, "ca_file")
    return (path,) if path else ()


def _file(text: str, field: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise InvalidEndpoint(field, _("There is no file {path}").format(path=path))
    return path


def _text(path: Path | None) -> str:
    return str(path) if path else ""
