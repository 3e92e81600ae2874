"""Real registries, and the embedded one that plays what a real one cannot be brought to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from tests.real.conftest import authority, start_registry, token_server
from tests.support.registry import RealRegistry
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.access import Access, Connection, Credential

__all__ = ["authority", "start_registry", "token_server"]

Script = Callable[[web.BaseRequest], web.StreamResponse | None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs docker-registry `real`."""
    for item in items:
        if "start_registry" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


def access_of(registry: RealRegistry, *, password: str | None = None, anonymous: bool = False) -> Access:
    """Return the way into a real registry: its CA, and its login (with another password if given)."""
    connection = Connection(
        registry.address,
        scheme="https" if registry.scheme == "https" else "http",
        ca_files=(registry.ca_file,) if registry.scheme == "https" else (),
    )
    if registry.login is None or anonymous:
        return Access(connection)
    given = registry.login.password if password is None else password
    return Access(connection, Credential(registry.login.username, given))


@dataclass
class Played:
    """An embedded registry that follows a script, and every request it got as `METHOD path?query`."""

    registry: EmbeddedRegistry
    requests: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """The way to it."""
        return Connection(self.registry.address, scheme="http")

    @property
    def access(self) -> Access:
        """The way to it, anonymously."""
        return Access(self.connection)

    def count(self, beginning: str) -> int:
        """Return how many requests began like this."""
        return sum(1 for request in self.requests if request.startswith(beginning))


Play = Callable[..., "AsyncIterator[Played]"]


@pytest.fixture
async def play() -> AsyncIterator[Callable[..., object]]:
    """Start embedded registries with a script each: what it returns is sent, None lets the registry answer."""
    async with AsyncExitStack() as stack:

        async def start(script: Script = lambda _: None, **options: str) -> Played:
            registry = EmbeddedRegistry(MemoryStorage(), **options)  # type: ignore[arg-type]
            played = Played(registry)

            async def intercept(request: web.BaseRequest) -> web.StreamResponse | None:
                played.requests.append(f"{request.method} {request.path_qs}")
                if "Authorization" in request.headers:
                    played.logins.append(f"{request.method} {request.path_qs}")
                return script(request)

            registry.intercept = intercept
            await stack.enter_async_context(registry)
            return played

        yield start
