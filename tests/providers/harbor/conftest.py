"""Stand-ins for Harbor before a real registry; at the end of each test they must have nothing to complain of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from functools import lru_cache

import pytest

from tests.real.conftest import StartRegistry
from tests.support.harbor.description import Description, description_file
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import HarborAccount
from tests.support.images import Manifest, image, layer
from tests.support.pusher import push
from tests.support.registry import RealRegistry
from tui.oci.access import Access, Connection, Credential
from tui.oci.retry import RetryPolicy
from tui.providers.harbor.client import Harbor

ADMIN = HarborAccount("admin", "Harbor12345", admin=True)
ROBOT = HarborAccount(
    "robot$shop+ferry",
    "S3cret of a robot",
    permissions={"shop": frozenset({"repository:list", "repository:pull", "artifact:list", "tag:list"})},
)
PULLER = HarborAccount("robot$shop+pull", "Pull-0nly", permissions={"shop": frozenset({"repository:pull"})})
GUEST = HarborAccount("guest", "Guest12345", roles={"shop": 3})
MAINTAINER = HarborAccount("maria", "Maria12345", roles={"shop": 4})
SINGLE_SIGN_ON = HarborAccount("olga", "cli-Secret1", roles={"shop": 4}, cli_secret=True)

ONCE = RetryPolicy(tries=1, throttled_total=0)


@lru_cache(maxsize=1)
def harbor_description() -> Description | None:
    """Return Harbor's own description of its API, None where it is not."""
    path = description_file()
    return Description(path) if path else None


class Fleet:
    """The stand-ins of one test, and the real registries behind them by their address."""

    def __init__(self, stack: ExitStack, start: StartRegistry) -> None:
        self._stack = stack
        self._start = start
        self.harbors: list[StandInHarbor] = []
        self.registries: dict[str, RealRegistry] = {}

    def start(self, *accounts: HarborAccount, **options: object) -> StandInHarbor:
        """Start a stand-in with copies of these accounts (admin alone by default)."""
        registry = self._start()
        known = [
            HarborAccount(
                each.name, each.password, each.admin, dict(each.roles), dict(each.permissions), each.cli_secret
            )
            for each in accounts or (ADMIN,)
        ]
        harbor = StandInHarbor(registry, known, description=harbor_description(), **options)  # type: ignore[arg-type]
        self._stack.enter_context(harbor)
        self.harbors.append(harbor)
        self.registries[harbor.address] = registry
        return harbor

    def fill(
        self, harbor: StandInHarbor, repository: str, *tags: str, content: str = "", made: Manifest | None = None
    ) -> Manifest:
        """Push an image (one with this content, else one of this repository's own) behind a stand-in."""
        made = made or image([layer(content or repository, 2_000)], label=content or repository)
        push(self.registries[harbor.address], repository, made, *tags)
        return made


@pytest.fixture
def fleet(start_registry: StartRegistry) -> Iterator[Fleet]:
    """Starts stand-ins; every request to them must have been one that Harbor takes."""
    with ExitStack() as stack:
        made = Fleet(stack, start_registry)
        yield made
    assert [complaint for harbor in made.harbors for complaint in harbor.complaints] == []


def access_to(harbor: StandInHarbor, account: HarborAccount | None = ADMIN, *, password: str | None = None) -> Access:
    """Return the way to a stand-in with a login."""
    connection = Connection(harbor.address, scheme="http")
    if account is None:
        return Access(connection)
    return Access(connection, Credential(account.name, account.password if password is None else password))


Open = Callable[..., Harbor]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens clients that try everything once."""
    async with AsyncExitStack() as stack:
        made: list[Harbor] = []

        def start(harbor: StandInHarbor, account: HarborAccount | None = ADMIN, **options: str) -> Harbor:
            made.append(Harbor(access_to(harbor, account, **options), retry=ONCE))
            return made[-1]

        stack.push_async_callback(lambda: _close(made))
        yield start


async def _close(made: list[Harbor]) -> None:
    for each in made:
        await each.close()
