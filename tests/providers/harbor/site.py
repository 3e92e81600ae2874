"""A Harbor with images and a registry outside, and runs between the two that the Harbor carries out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.providers.conftest import access_of
from tests.providers.harbor.conftest import ADMIN, Fleet, access_to
from tests.real.conftest import LOGIN, StartRegistry
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import Outside
from tests.support.registry import RealRegistry
from tui.engine.journal.reader import JournalReader
from tui.engine.manner import Manner
from tui.engine.runner import make_run, work_on
from tui.engine.runs import RunFolder
from tui.oci.access import Access
from tui.oci.client import RegistryClient
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.plan.model import Options, Plan, Rule
from tui.plan.replication import Replication

REPOSITORIES = ("shop/api", "shop/web/front")
TAGS = ("rc", "v1")


@dataclass
class HandedRuns:
    """`harbor` has `REPOSITORIES` with `TAGS`; `registry` is outside, and `accesses` say how both are reached."""

    state: Path
    fleet: Fleet
    harbor: StandInHarbor
    registry: RealRegistry
    outside: Outside
    accesses: dict[str, Access] = field(default_factory=dict)

    async def access(self, repository: Repository) -> Access:
        """Return the way to a registry."""
        return self.accesses[repository.registry]

    def rule(self, path: str = "shop/*", target: str = "{path}", **more: Any) -> Rule:
        """Return a rule from the Harbor to the registry."""
        return Rule(self.harbor.address, path, f"{self.registry.address}/{target}", **more)

    def make(self, *rules: Rule, how: Replication | None = None, **options: Any) -> RunFolder:
        """Make a run that the Harbor carries out."""
        replication = how or Replication(self.harbor.address)
        plan = Plan("move", rules or (self.rule(),), Options(**{"retries": 1, **options}), replication)
        return make_run(self.state, plan, {})

    async def work(self, folder: RunFolder, **manner: Any) -> int:
        """Work on a run in this process and return its exit code."""
        quick = RetryPolicy(tries=2, base=0.001, cap=0.002)
        return await work_on(folder, self, self, Manner(**{"requests": quick, "pause": lambda _: 0.001, **manner}))

    async def there(self) -> dict[str, list[str]]:
        """Return the tags at the registry outside."""
        async with RegistryClient(access_of(self.registry)) as client:
            found = {}
            for name in [name async for page in client.catalog() for name in page]:
                repository = Repository(self.registry.address, name)
                found[name] = sorted([tag async for page in client.tags(repository) for tag in page])
            return found


def handed_runs(state: Path, fleet: Fleet, start_registry: StartRegistry, **options: Any) -> HandedRuns:
    """Start a Harbor with images, and a registry with a login outside of it."""
    registry = start_registry("htpasswd")
    outside = Outside(
        url=f"http://{registry.address}",
        type="docker-registry",
        address=registry.address,
        access_key=LOGIN.username,
        access_secret=LOGIN.password,
        docker_login=(LOGIN.username, LOGIN.password),
    )
    harbor = fleet.start(ADMIN, outside=[outside], **options)
    harbor.add_project("shop")
    for repository in REPOSITORIES:
        fleet.fill(harbor, repository, *TAGS)
    accesses = {harbor.address: access_to(harbor), registry.address: access_of(registry)}
    return HandedRuns(state, fleet, harbor, registry, outside, accesses)


def states(folder: RunFolder) -> dict[str, str]:
    """Return the state of every task by its target."""
    with JournalReader(folder.journal) as reader:
        return {f"{row['target_path']}:{row['target_reference']}": row["state"] for row in reader.tasks()}
