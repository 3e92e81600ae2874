"""An endpoint: a registry we know, how to reach it, as whom, and where the secret is kept (never the secret)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from tui.endpoints.addresses import is_loopback, parse_address
from tui.endpoints.errors import InvalidEndpoint
from tui.oci.access import Connection, Scheme
from tui.oci.saying import N_, phrase

StoreName = Literal["keyring", "vault", "kernel", "docker", "session", "env", "none"]
"""Where an endpoint's secret is: `docker` is a login docker or podman already has, `none` is anonymous."""

LoginKind = Literal["auto", "password", "key"]
"""What the secret is: a password for the registry, or an access key of the cloud, which lends logins for a time."""

STORE_NAMES: tuple[StoreName, ...] = get_args(StoreName)
LOGIN_KINDS: tuple[LoginKind, ...] = get_args(LoginKind)
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

_NAME = re.compile(r"\w[\w.\- ]{0,62}\w|\w")
_ID = re.compile(r"[0-9a-f]{8,32}")
_INSTANCE = re.compile(r"[A-Za-z0-9-]{1,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def new_id() -> str:
    """Return a fresh random endpoint id (8 hex digits); it ties stored secrets to the endpoint across renames."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class LastTest:
    """How the last connection test went: when (with a time zone), whether it was accepted, and how long it took."""

    at: datetime
    ok: bool
    latency_ms: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry with one account on it. Several endpoints may share an address.

    `name` is unique in the list and free to change; `id` never changes. `address` is `host[:port]` as references
    carry it; `kind` names a provider (`generic`, `harbor`, ...). `proxy` is a URL without password, '' goes
    directly, None follows the environment. `username_env` and `password_env` name variables for the store `env`,
    `token_env` that with the STS token of a temporary access key. `login` says what the secret is (`auto` tells an
    access key by its id, see `tui.endpoints.access_keys`); `instance` and `api` are the vendor's instance and the URL
    of its API, '' where the address and the registry tell. `edition`, `region` and `version` are what the registry was
    when last asked, '' for what is not known.
    Raises InvalidEndpoint, naming the field, when a value cannot be used.
    """

    name: str
    address: str
    kind: str = "generic"
    scheme: Scheme = "https"
    verify: bool = True
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    proxy: str | None = None
    username: str = ""
    store: StoreName = "docker"
    username_env: str = ""
    password_env: str = ""
    token_env: str = ""
    login: LoginKind = "auto"
    instance: str = ""
    api: str = ""
    edition: str = ""
    region: str = ""
    version: str = ""
    repositories: tuple[str, ...] = ()
    note: str = ""
    last_test: LastTest | None = None
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), "name", N_("a name is 1 to 64 letters, digits, spaces or any of . _ -"))
        _require(_ID.fullmatch(self.id), "id", N_("an id is 8 to 32 hexadecimal digits"))
        scheme, address = parse_address(self.address)
        _require(
            scheme is None and address == self.address,
            "address",
            phrase("the address is written {address!r}", address=address),
            N_("the scheme is a field of its own"),
        )
        _require(self.scheme in SCHEMES, "scheme", phrase("the scheme is one of {schemes}", schemes=", ".join(SCHEMES)))
        _require(
            self.store in STORE_NAMES,
            "store",
            phrase("the store is one of {store_names}", store_names=", ".join(STORE_NAMES)),
        )
        _require(
            self.login in LOGIN_KINDS,
            "login",
            phrase("the login is one of {login_kinds}", login_kinds=", ".join(LOGIN_KINDS)),
        )
        _require(
            self.login != "key" or self.store != "docker",
            "store",
            N_("docker and podman would send an access key to the registry as a login"),
            N_("keep it in the keyring, the vault, the kernel's keyring or a variable"),
        )
        _require(
            not self.instance or _INSTANCE.fullmatch(self.instance),
            "instance",
            N_("an instance is named by letters, digits and hyphens"),
        )
        _check_api(self.api)
        _require(
            bool(self.client_cert) == bool(self.client_key),
            "client_key" if self.client_cert else "client_cert",
            N_("a client certificate needs its key, and a key its certificate"),
        )
        _require(
            ":" not in self.username and self.username.isprintable(),
            "username",
            N_("a user name has no ':' and no control characters (RFC 7617)"),
        )
        for variable in ("username_env", "password_env", "token_env"):
            value = getattr(self, variable)
            _require(not value or _VARIABLE.fullmatch(value), variable, N_("this is not the name of a variable"))
        _require(
            self.store != "env" or self.password_env,
            "password_env",
            N_("the store 'env' needs the name of the variable that holds the password"),
        )
        _check_proxy(self.proxy)

    def connection(self) -> Connection:
        """Return the way to this registry."""
        return Connection(
            registry=self.address,
            scheme=self.scheme,
            verify=self.verify,
            ca_files=(self.ca_file,) if self.ca_file else (),
            client_cert=self.client_cert,
            client_key=self.client_key,
            proxy=self.proxy,
        )


def _require(condition: object, field_name: str, message: str, hint: str = "") -> None:
    if not condition:
        raise InvalidEndpoint(field_name, message, hint=hint)


def _check_api(api: str) -> None:
    """Refuse what is no bare URL of a host; requests to it are signed, and its answers hold logins."""
    if not api:
        return
    try:
        parts = urlsplit(api)
        usable = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc))
        usable = usable and bool(parts.hostname) and (parts.port or 1) > 0
        bare = parts.path in ("", "/") and not parts.query and "@" not in parts.netloc
    except ValueError:
        usable = bare = False
    _require(usable and bare, "api", N_("the API is given as https://host, without a path"))


def _check_proxy(proxy: str | None) -> None:
    """Refuse proxy URLs that could not work or that hold a password, which would end in a file and in messages."""
    if not proxy:
        return
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    _require(usable, "proxy", N_("a proxy is written http://host:port or https://host:port"))
    _require(
        parts.password is None,
        "proxy",
        N_("a proxy password may not be kept with the endpoint"),
        N_("set HTTPS_PROXY in the environment and leave the proxy of the endpoint unset"),
    )
