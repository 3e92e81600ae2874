"""A first-time operator's guided migrations in a real terminal: Harbor to Alibaba Cloud and Tencent Cloud, both ways.

From an empty configuration, with a wrong password on the way, first by this machine and then by Harbor's replication.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.real.conftest import StartRegistry
from tests.support.cli import run_cli
from tests.support.clouds.background import PASSWORD, BackgroundCloud
from tests.support.clouds.state import Space
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import HarborAccount, Outside
from tests.support.images import image, layer
from tests.support.programs import require
from tests.support.pusher import push
from tests.support.tmux import Terminal, Tmux

ADMIN = HarborAccount("admin", "Harbor12345", admin=True)
PASSPHRASE = "a passphrase for tests"
USERS = {"acr": "ops@example.com", "tcr": "100036950234"}
ROUTES = {"acr": "Alibaba Cloud ACR Enterprise", "tcr": "Tencent Cloud TCR"}
DOWN = {"acr": 2, "tcr": 3}
"""Lines from the first migration in the list."""


@dataclass
class Stage:
    """A Harbor with four tags, a cloud, and a terminal in front of them; `again` by Harbor's replication, too."""

    kind: Literal["acr", "tcr"]
    again: bool
    harbor: StandInHarbor
    cloud: BackgroundCloud
    folder: Path
    terminal: Terminal

    def tags(self, namespace: str) -> dict[str, list[str]]:
        """Return what the cloud's registry holds of a namespace: tags by repository."""
        root = self.cloud.front.real.root / "docker/registry/v2/repositories" / namespace
        return {
            each.name: sorted(tag.name for tag in (each / "_manifests/tags").iterdir())
            for each in sorted(root.iterdir() if root.is_dir() else ())
        }

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs, the newest first."""
        listed = run_cli("runs", "list", "--json", folder=self.folder).json()["runs"]
        assert isinstance(listed, list)
        return listed


STAGES = [
    pytest.param(("acr", True), id="acr"),
    pytest.param(("tcr", False), id="tcr"),
    pytest.param(("tcr", True), id="tcr-again", marks=pytest.mark.soak),
]


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest, tmp_path: Path, start_registry: StartRegistry) -> Iterator[Stage]:
    """Stand-ins before real registries, and the app in a terminal with nothing configured."""
    require("tmux")
    kind, again = request.param
    registry = start_registry()
    with ExitStack() as stack:
        cloud = stack.enter_context(BackgroundCloud(kind))
        outside = Outside(
            url=f"http://{cloud.front.address}",
            type="docker-registry",
            address=cloud.front.address,
            access_key=USERS[kind],
            access_secret=PASSWORD,
            docker_login=(USERS[kind], PASSWORD),
        )
        harbor = stack.enter_context(StandInHarbor(registry, [ADMIN], outside=[outside]))
        harbor.add_project("shop")
        for path in ("shop/api", "shop/web"):
            push(registry, path, image([layer(path, 2_000)], label=path), "v1", "v2")
        tmux = stack.enter_context(Tmux(tmp_path))
        yield Stage(kind, again, harbor, cloud, tmp_path, tmux.open("operator"))
    assert harbor.complaints == []
    assert cloud.cloud.complaints == []


def add(terminal: Terminal, address: str, user: str, password: str) -> None:
    """Add an endpoint with its login in the form."""
    terminal.press("n")
    terminal.wait_for("Add an endpoint", "enter Save")
    terminal.settle(0.25)
    terminal.type(f"http://{address}")
    terminal.wait_for("no encryption", "token  ")
    terminal.settle(0.25)
    terminal.step("Tab", "Tab", "Tab", "Tab")
    terminal.type(user)
    terminal.wait_for(user)
    terminal.step("Tab")
    terminal.wait_for("ctrl+r Show or hide")
    terminal.type(password)
    terminal.wait_for("•" * len(password))
    terminal.press("Enter")


def mend(terminal: Terminal, password: str) -> None:
    """Give the right password where the wrong one was refused."""
    terminal.wait_for("Log in to", "refused", "Password")
    terminal.settle(0.25)
    terminal.type(password)
    terminal.wait_for("•" * len(password))
    terminal.press("Enter")


def choose_names(terminal: Terminal, namespace: str) -> None:
    """Put everything flat into a namespace."""
    terminal.wait_for("►naming", "shop/web:v2", "4 names")
    terminal.settle(0.25)
    if "[flat in a project]" not in terminal.screen():
        terminal.press("Space", "Space")
    terminal.wait_for("[flat in a project]", "Project")
    terminal.step("Tab", "C-u")
    terminal.type(namespace)
    terminal.wait_for(f"{namespace}/web:v2", "4 names")
    terminal.press("Enter")


def finish(terminal: Terminal) -> None:
    """Go through the checks to the end of the run."""
    terminal.wait_for("►prepare", "a push to", "is taken", "everything is ready")
    terminal.press("Enter")
    terminal.wait_for("►check", "4 new", "enter goes on")
    terminal.press("Enter")
    terminal.wait_for("►run", "Ready to run")
    terminal.settle(0.25)


@pytest.mark.timeout(300)
def test_from_nothing_to_a_cloud_by_this_machine_and_by_harbor(stage: Stage) -> None:
    terminal = stage.terminal
    wrong = {"acr": "source", "tcr": "target"}[stage.kind]
    terminal.wait_for("Choose how to begin")
    terminal.press("n")
    terminal.wait_for("►route", ROUTES[stage.kind])
    terminal.settle(0.25)
    terminal.press(*["j"] * DOWN[stage.kind])
    terminal.settle(0.25)
    terminal.press("Enter")
    terminal.wait_for("►source", "robot account", "harbor.example.com", "n adds it")
    add(terminal, stage.harbor.address, ADMIN.name, "Harbor-wrong" if wrong == "source" else ADMIN.password)
    terminal.wait_for("Passphrase of a new vault")
    terminal.settle(0.25)
    terminal.type(PASSPHRASE)
    terminal.wait_for("•" * len(PASSPHRASE))
    terminal.press("Enter")
    terminal.wait_for("Type it once more")
    terminal.type(PASSPHRASE)
    terminal.settle(0.25)
    terminal.press("Enter")
    terminal.wait_for("►source", "not tested")
    terminal.settle(0.25)
    terminal.press("Enter")
    if wrong == "source":
        mend(terminal, ADMIN.password)
    terminal.wait_for("►what", "shop/web")
    terminal.settle(0.25)
    terminal.press("a")
    terminal.wait_for("Selected: 2 repositories")
    terminal.press("Enter")
    terminal.wait_for("►target", "Namespaces:", "n adds it")
    add(terminal, stage.cloud.front.address, USERS[stage.kind], "wrong" if wrong == "target" else PASSWORD)
    terminal.wait_for("►target", "not tested")
    terminal.settle(0.25)
    terminal.press("Enter")
    if wrong == "target":
        mend(terminal, PASSWORD)
    choose_names(terminal, "team")
    terminal.wait_for("►engine", "[this machine]", "source → this machine → target")
    terminal.settle(0.25)
    terminal.press("Enter")
    finish(terminal)
    terminal.press("w")
    terminal.wait_for("Save the files", "Folder")
    terminal.press("C-u")
    terminal.wait_for("type the name of a folder")
    terminal.type(str(stage.folder / "kept"))
    terminal.settle(0.25)
    terminal.press("Enter")
    terminal.wait_for("Saved in")
    terminal.press("Enter")
    terminal.wait_for("done", "all well", "4 images are at the target")
    assert stage.tags("team") == {"api": ["v1", "v2"], "web": ["v1", "v2"]}
    assert sorted(each.name for each in (stage.folder / "kept").iterdir()) == [
        "auth.yaml",
        "images.yaml",
        "plan.toml",
        "repeat.sh",
    ]
    if stage.again:
        the_same_by_harbor(stage)


def the_same_by_harbor(stage: Stage) -> None:
    """Go the same way to another namespace by Harbor's replication: both endpoints are known by now."""
    terminal = stage.terminal
    stage.cloud.cloud.spaces["mirror"] = Space()
    terminal.press("1")
    terminal.wait_for("Home")
    terminal.settle(0.25)
    terminal.press("n")
    terminal.wait_for("►route", f"Harbor to {ROUTES[stage.kind]}")
    terminal.settle(0.25)
    terminal.press("Enter")
    terminal.wait_for("►source", "works")
    terminal.press("Enter")
    terminal.wait_for("►what", "shop/web")
    terminal.settle(0.25)
    terminal.press("a")
    terminal.wait_for("Selected: 2 repositories")
    terminal.press("Enter")
    terminal.wait_for("►target", "works")
    terminal.press("Enter")
    choose_names(terminal, "mirror")
    terminal.wait_for("►engine", "[this machine]")
    terminal.settle(0.25)
    terminal.press("Space")
    terminal.wait_for("this account may replicate", "It can express all of this plan")
    terminal.press("Enter")
    terminal.wait_for("Give Harbor", "the login of")
    terminal.press("y")
    finish(terminal)
    assert "its replication" in terminal.screen()
    terminal.press("Enter")
    terminal.wait_for("done", "all well", "4 images are at the target")
    assert stage.tags("mirror") == {"api": ["v1", "v2"], "web": ["v1", "v2"]}
    latest = stage.runs()[0]
    assert (latest["exit"], latest["tasks"]["done"], latest["bytes"]["written"]) == (0, 4, 0)
    assert stage.harbor.count("POST /api/v2.0/replication/executions") == 1
    assert PASSWORD not in json.dumps(stage.runs())
