"""The two stores without storage: the memory of this process, and variables of its environment."""

from __future__ import annotations

from collections.abc import Mapping

from tui.endpoints.errors import StoreAbsent, StoreRefused
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.status import StoreStatus
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase


class SessionStore:
    """Credentials until regferry ends, by endpoint id."""

    name: StoreName = "session"

    def __init__(self) -> None:
        self._credentials: dict[str, Credential] = {}

    def given(self, endpoint: Endpoint) -> Credential | None:
        """Return the credential at once, None when there is none."""
        return self._credentials.get(endpoint.id)

    def give(self, endpoint: Endpoint, credential: Credential) -> None:
        """Keep the credential."""
        self._credentials[endpoint.id] = credential

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when there is none."""
        return self.given(endpoint)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Keep the credential."""
        self.give(endpoint, credential)

    async def delete(self, endpoint: Endpoint) -> bool:
        """Forget the credential; return whether there was one."""
        return self._credentials.pop(endpoint.id, None) is not None

    async def status(self) -> StoreStatus:
        """Return that memory is always there."""
        message = N_("Kept in memory only; it is asked for again next time.")
        return StoreStatus("session", "available", "ready", message, can_save=True)


class EnvironmentStore:
    """Passwords in variables; the endpoint has their names (`password_env`, `username_env`, `token_env`)."""

    name: StoreName = "env"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return what the variables say. Raises StoreAbsent that names the one that is missing or empty."""
        values = []
        for variable in (endpoint.username_env, endpoint.password_env, endpoint.token_env):
            if variable and not self._environ.get(variable):
                raise StoreAbsent(
                    self.name,
                    phrase(
                        "The variable {variable} of the endpoint {name!r} is not set.",
                        variable=variable,
                        name=endpoint.name,
                    ),
                    hint=phrase("export {variable} before regferry starts, or choose another store", variable=variable),
                )
            values.append(self._environ.get(variable, "") if variable else "")
        username, password, token = values
        if not password:
            return None
        origin = f"variable {endpoint.password_env}"
        return Credential(username or endpoint.username, password, origin=origin, session_token=token)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Raise StoreRefused: a program cannot set the variables of its caller."""
        raise StoreRefused(
            self.name,
            N_("regferry reads variables and cannot set them."),
            hint=phrase(
                "export {password_env} before regferry starts", password_env=endpoint.password_env or "a variable"
            ),
        )

    async def delete(self, endpoint: Endpoint) -> bool:
        """Return False: variables belong to the caller."""
        return False

    async def status(self) -> StoreStatus:
        """Return that variables can be read."""
        message = N_("The endpoint names a variable; its value is read when needed and written nowhere.")
        return StoreStatus("env", "available", "read-only", message, N_("export the variable before regferry starts"))
