"""How to reach a registry and as whom: what a client is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Scheme = Literal["https", "http", "auto"]
"""`auto` tries https first and falls back to http when nothing speaks TLS there."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A login for one registry. Secrets never show in `repr`.

    `identity_token` is an OAuth2 refresh token for the token server (docker config `identitytoken`, or a helper's
    user name `<token>`); `registry_token` a ready bearer token. `origin` says where it came from, for messages.
    An access key of a cloud is a user name (its id) and a password, with a `session_token` when it is a temporary one
    (STS); no registry takes it for a login.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    origin: str = field(default="", compare=False)
    session_token: str = field(default="", repr=False)


class TemporaryLogin(Protocol):
    """Logins that are lent for a time: from a cloud's API, or a credential helper that makes them."""

    async def current(self) -> Credential:
        """Return a login that is good now, asking for another when the last one is about to expire.

        Many may ask at a time. Raises RegistryError when there is none to be had.
        """

    def refused(self, credential: Credential) -> bool:
        """Take note that the registry refused this one; return whether `current` has, or will fetch, another.

        False for one that was only just lent: it would be refused again.
        """


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
    """A connection and the credential to use on it (None is anonymous).

    With `temporary` the registry is sent what that lends and never `credential`, which is then an access key, or what
    was lent first.
    """

    connection: Connection
    credential: Credential | None = None
    temporary: TemporaryLogin | None = field(default=None, compare=False, repr=False)
