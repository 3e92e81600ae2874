"""How to reach a registry and as whom: what a client is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Scheme = Literal["https", "http", "auto"]
"""`auto` tries https first and falls back to http when nothing speaks TLS there."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A login for one registry. Secrets never show in `repr`.

    `identity_token` is an OAuth2 refresh token for the token server (docker config `identitytoken`, or a helper's
    user name `<token>`); `registry_token` a ready bearer token. `origin` says where it came from, for messages.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """The way to a registry's API: `registry` is the host and port that references carry."""

    registry: str
    scheme: Scheme = "https"
    verify: bool = True
    ca_files: tuple[Path, ...] = ()
    client_cert: Path | None = None
    client_key: Path | None = None
    proxy: str | None = None
    """A proxy URL; None takes HTTP_PROXY, HTTPS_PROXY and NO_PROXY from the environment, '' goes directly."""


@dataclass(frozen=True, slots=True)
class Access:
    """A connection and the credential to use on it (None is anonymous)."""

    connection: Connection
    credential: Credential | None = None
