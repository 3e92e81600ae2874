"""Real registries for the suites in this folder; each test gets its own, they start in a twentieth of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.cli import Cli
from tests.support.programs import require
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer

LOGIN = Login("robot$ferry+ci", "pa ss:wörd")
"""A login with every character that is easy to get wrong: `$`, `+`, blank, colon, non-ASCII."""

MODES = ("plain", "htpasswd", "token", "tls")

StartRegistry = Callable[..., RealRegistry]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder `real`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(autouse=True)
def _programs() -> None:
    require("docker-registry", "skopeo")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line with settings, state and logins of its own."""
    return Cli(tmp_path)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A CA that no machine knows."""
    return trustme.CA()


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    """A token server that knows `LOGIN`, and complains at the end about requests against the specification."""
    server = TokenServer({LOGIN.username: Account(LOGIN.password)})
    yield server
    server.close()
    assert server.complaints == []


@pytest.fixture
def start_registry(authority: trustme.CA, request: pytest.FixtureRequest) -> Iterator[StartRegistry]:
    """Start registries by mode (`plain`, `htpasswd`, `token`, `tls`); all end with the test."""
    with ExitStack() as stack:

        def start(mode: str = "plain", **options: Any) -> RealRegistry:
            if mode == "htpasswd":
                options.setdefault("htpasswd", LOGIN)
            elif mode == "token":
                options.setdefault("token_server", request.getfixturevalue("token_server"))
                options.setdefault("login", LOGIN)
            elif mode == "tls":
                options.setdefault("authority", authority)
            return stack.enter_context(RealRegistry(**options))

        yield start


@pytest.fixture
def source(start_registry: StartRegistry) -> RealRegistry:
    """An open registry to copy from."""
    return start_registry()


@pytest.fixture
def target(start_registry: StartRegistry) -> RealRegistry:
    """An open, empty registry to copy to."""
    return start_registry()
