"""What a Harbor's own API says of a plan, on the command line: room at the target, what the source keeps back."""

from __future__ import annotations

import pytest

from tests.providers.harbor.conftest import ADMIN, Fleet, fleet
from tests.real.conftest import authority, cli, start_registry, token_server
from tests.support.cli import Cli

__all__ = ["authority", "cli", "fleet", "start_registry", "token_server"]

pytestmark = pytest.mark.real

CHARTS = "3 Helm charts of project shop are in ChartMuseum, not in the registry: not copied"


def test_a_forecast_and_a_report_say_what_the_harbors_say(cli: Cli, fleet: Fleet) -> None:
    old, new = fleet.start(api="1"), fleet.start()
    old.add_project("shop", charts=3)
    new.add_project("tight", storage_limit=1_000)
    fleet.fill(old, "shop/api", "v1")
    login = ("--username", ADMIN.name, "--store", "env", "--password-env", "PASSWORD", "--plain-http", "--json")
    for name, harbor in (("old", old), ("new", new)):
        cli.run("endpoint", "add", name, harbor.address, *login).expect(0)
    password = {"PASSWORD": ADMIN.password}
    plan = cli.folder / "plan.toml"
    plan.write_text(
        f'version = 1\n[[rule]]\nsource = "{old.address}/shop/*"\ntarget = "{new.address}/tight/{{name}}"\n'
    )
    shown = cli.run("plan", plan, env=password).out
    assert f"note     {old.address}: {CHARTS}" in shown
    assert f"PROBLEM  {new.address}: project tight has 1000 B of 1000 B left, and up to" in shown
    done = cli.run("run", plan, "--retries", "0", "--json", env=password).expect(1)
    assert [(each["side"], each["severity"], each["registry"]) for each in done["findings"]] == [
        ("source", "note", old.address),
        ("target", "problem", new.address),
    ]
    assert done["findings"][0]["finding"] == CHARTS
    assert "helm push" in done["findings"][0]["hint"]
    assert "upper limit" in done["failed"][0]["message"] + done["failed"][0]["hint"]
    summary = cli.run("runs", "show", env=password).out
    assert CHARTS in summary
    assert "raise the quota" in summary
    # Who takes it up and finds nothing to do has nothing else to say.
    assert cli.run("runs", "resume", "--json", env=password).expect(1)["findings"] == done["findings"]
