"""Where a credential or a connection may come from besides the endpoint list: auth files, stores, and flags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tui.endpoints.model import Endpoint
from tui.oci.access import Credential, Scheme


class AuthEntry(Protocol):
    """An entry of an image-syncer auth file: for every repository that starts with `match`."""

    @property
    def match(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def insecure(self) -> bool: ...


class CredentialSource(Protocol):
    """What the resolver needs of the secret stores: `tui.endpoints.secrets.stores.SecretStores` is one."""

    def given(self, endpoint: Endpoint) -> Credential | None:
        """Return what was given for this run only, wherever the endpoint's secret is kept otherwise."""

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when there is none. Raises EndpointsError when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Override:
    """What a caller says outright (flags of `copy`); None leaves the field to what is configured.

    `credential` `Credential()` (all empty) means anonymous.
    """

    scheme: Scheme | None = None
    verify: bool | None = None
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    proxy: str | None = None
    credential: Credential | None = None


NO_OVERRIDE = Override()
