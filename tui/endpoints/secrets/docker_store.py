"""Logins of docker and podman as a store: read wherever they keep them, written through a credential helper only."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tui.endpoints.docker_login import DockerLogins, server_key
from tui.endpoints.errors import StoreRefused
from tui.endpoints.helpers import CredentialHelper
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.status import StoreStatus
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

_IDENTITY_TOKEN_USER = "<token>"
_ANY = "registry.invalid"
"""A registry nobody named a helper for, to find the general one."""


class DockerStore:
    """What docker and podman are logged in to.

    They keep one login per registry, and it is theirs too: another user's is not overwritten, and files in plain
    text are never written. Raises LoginError when a file or helper failed.
    """

    name: StoreName = "docker"

    def __init__(self, environ: Callable[[], Mapping[str, str]] = lambda: os.environ) -> None:
        self._environ = environ

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the login for the endpoint's registry, None when there is none for its user name."""
        return await DockerLogins(self._environ()).of(endpoint)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Write the login through the configured helper. Raises StoreRefused, LoginError."""
        helper = self._helper_for(endpoint)
        server = server_key(endpoint.address)
        there = await helper.get(server)
        if there is not None and there.username and there.username != credential.username:
            raise StoreRefused(
                self.name,
                phrase(
                    "docker has a login of another user for {address}, and keeps only one per registry.",
                    address=endpoint.address,
                ),
                hint=N_("choose another store for this endpoint, or run docker logout first"),
            )
        if credential.identity_token:
            await helper.store(server, _IDENTITY_TOKEN_USER, credential.identity_token)
        elif credential.username and credential.password:
            await helper.store(server, credential.username, credential.password)
        else:
            raise StoreRefused(self.name, N_("docker's helpers keep a user name and password, or an identity token."))

    async def delete(self, endpoint: Endpoint) -> bool:
        """Remove the login from the helper that has it, for docker too. Raises StoreRefused, LoginError."""
        helper = self._helper_for(endpoint)
        there = await helper.get(server_key(endpoint.address))
        if there is None or (endpoint.username and there.username not in ("", endpoint.username)):
            return False
        await helper.erase(server_key(endpoint.address))
        return True

    async def status(self) -> StoreStatus:
        """Return whether a helper is configured and installed; none is run, because it might prompt."""
        logins = DockerLogins(self._environ())
        helper = logins.helper_for(_ANY)
        if helper is None:
            message = N_("Logins of docker and podman are read; no credential helper is configured to write new ones.")
            return StoreStatus("docker", "available", "read-only", message, N_("docker login, or set credsStore"))
        if not helper.installed:
            message = phrase("{program} is configured for docker, and not installed.", program=helper.program)
            return StoreStatus("docker", "refused", "no-helper", message, N_("install it, or choose another store"))
        message = phrase("{program} keeps logins for docker and regferry.", program=helper.program)
        return StoreStatus("docker", "available", "ready", message, can_save=True)

    def _helper_for(self, endpoint: Endpoint) -> CredentialHelper:
        helper = DockerLogins(self._environ()).helper_for(endpoint.address)
        if helper is None:
            raise StoreRefused(
                self.name,
                phrase(
                    "docker would keep the password for {address} as plain text; it was not written.",
                    address=endpoint.address,
                ),
                hint=N_("configure a credential helper (credsStore) for docker, or choose another store"),
            )
        return helper
