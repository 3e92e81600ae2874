"""The logins docker and podman have on this host, for display; no secret is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tui.endpoints.addresses import parse_address, registry_key
from tui.endpoints.docker_login import Login, list_logins
from tui.endpoints.errors import InvalidEndpoint, LoginError

_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class FoundLogins:
    """What was found."""

    logins: tuple[Login, ...] = ()

    @classmethod
    async def on_this_host(cls, environ: Mapping[str, str]) -> FoundLogins:
        """Look for logins; a file or helper that fails is as if it had none."""
        try:
            async with asyncio.timeout(_SECONDS):
                return cls(await list_logins(environ))
        except (LoginError, TimeoutError):
            return cls()

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """For a list to pick from."""
        return [(str(number), login.registry, _words(login)) for number, login in enumerate(self.logins)]

    def named(self, key: str) -> Login | None:
        """Return the login of a row."""
        return self.logins[int(key)] if key.isdigit() and int(key) < len(self.logins) else None

    def at(self, address: str) -> str:
        """Return in words who is logged in at an address as typed, '' when nobody is."""
        try:
            _scheme, host = parse_address(address)
        except InvalidEndpoint:
            return ""
        key = registry_key(host)
        return next((_words(login) for login in self.logins if login.registry.partition("/")[0] == key), "")


def _words(login: Login) -> str:
    where = f"{login.helper}, {login.file}" if login.helper else login.file
    return f"{login.user} ({where})" if login.user else where
