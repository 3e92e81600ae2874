"""`regferry run PLAN --engine harbor-replication` as a user runs it, against a stand-in that really copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.providers.harbor.conftest import ADMIN, Fleet, fleet
from tests.providers.harbor.site import HandedRuns, handed_runs
from tests.real.conftest import LOGIN, StartRegistry, authority, cli, start_registry, token_server
from tests.support.cli import Cli

__all__ = ["authority", "cli", "fleet", "start_registry", "token_server"]

pytestmark = pytest.mark.real

PLAN = """
version = 1
[options]
retries = 0
[[rule]]
source = "{harbor}/shop/*"
target = "{target}/mirror/{{name}}"
"""


@pytest.fixture
def world(tmp_path: Path, fleet: Fleet, start_registry: StartRegistry, cli: Cli) -> HandedRuns:
    """A Harbor and a registry outside, both on the list of endpoints."""
    world = handed_runs(tmp_path, fleet, start_registry)
    for name, address, user in (
        ("harbor", world.harbor.address, ADMIN.name),
        ("cloud", world.registry.address, LOGIN.username),
    ):
        arguments = ("--username", user, "--store", "env", "--password-env", f"PASSWORD_{name.upper()}", "--plain-http")
        cli.run("endpoint", "add", name, address, *arguments, "--json").expect(0)
    (cli.folder / "plan.toml").write_text(PLAN.format(harbor=world.harbor.address, target=world.registry.address))
    return world


async def test_run_resume_verify_and_report(cli: Cli, world: HandedRuns) -> None:
    plan = cli.folder / "plan.toml"
    passwords = {"PASSWORD_HARBOR": ADMIN.password, "PASSWORD_CLOUD": LOGIN.password}
    by_harbor = ("--engine", "harbor-replication", "--json")
    wrong = cli.run("run", plan, *by_harbor, env={**passwords, "PASSWORD_HARBOR": "wrong"}).expect(4)
    assert wrong["failed"][0]["class"] == "AUTH"
    assert world.harbor.address in wrong["failed"][0]["message"]
    mended = cli.run("runs", "retry", "--json", env=passwords).expect(0)
    assert mended["tasks"]["done"] == mended["tasks"]["total"] == 4
    assert mended["bytes"]["written"] == 0
    assert mended["engine"] == {"name": "harbor-replication", "harbor": world.harbor.address}
    assert f"replication of the Harbor at {world.harbor.address}" in cli.run("runs", "show").out
    verified = cli.run("runs", "verify", "--json", env=passwords).expect(0)
    assert verified["references"]["same"] == 4
    assert "mirror/api:v1" in cli.run("runs", "report", env=passwords).out
    assert await world.there() == {"mirror/api": ["rc", "v1"], "mirror/front": ["rc", "v1"]}
    for secret in passwords.values():
        assert not [path for path in cli.folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_who_carries_it_out_has_to_be_clear(cli: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(harbor="a.invalid", target="b.invalid"))
    assert "--harbor HOST" in cli.run("run", plan, "--engine", "harbor-replication").err
    assert "harbor-replication" in cli.run("run", plan, "--engine", "own", "--harbor", "a.invalid").err
    plan.write_text('[replication]\nharbour = "x"\n' + PLAN.format(harbor="a.invalid", target="b.invalid"))
    refused = cli.run("run", plan)
    assert refused.exit == 2
