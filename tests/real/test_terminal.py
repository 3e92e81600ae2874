"""The app in a real terminal, 80x24 and keyboard only, as somebody on a jump host has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import corpus
from tests.support.cli import run_cli
from tests.support.latency import LatencyProxy
from tests.support.programs import require
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry
from tests.support.tmux import Terminal, Tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A tmux server of our own."""
    require("tmux")
    with Tmux(tmp_path) as server:
        yield server


def runs(folder: Path) -> list[dict[str, object]]:
    """Return the runs as the command line lists them."""
    listed = run_cli("runs", "list", "--json", folder=folder).json()["runs"]
    assert isinstance(listed, list)
    return listed


def test_the_demo_survives_a_lost_terminal_and_is_taken_up_again(tmux: Tmux, tmp_path: Path) -> None:
    first = tmux.open("first", "demo", "--slow")
    first.wait_for("Ready to run", "press r to run it")
    first.press("r")
    first.wait_for("running", "2 execute", "MB of 77.")
    first.kill()

    (run,) = runs(tmp_path)
    assert run["state"] == "running"

    second = tmux.open("second")
    second.wait_for("Home")
    second.press("5")
    second.wait_for("Runs (1)", "running")
    second.press("Enter")
    second.wait_for("2 execute", "at once")
    second.wait_for("done", "all well", "images are at the target", seconds=90)
    second.press("q")
    second.wait_for("[ended with 0]")
    (run,) = runs(tmp_path)
    tasks = run["tasks"]
    assert isinstance(tasks, dict)
    assert run["exit"] == 0
    assert tasks["done"] == tasks["total"] > 0


def test_leaving_says_how_to_come_back(tmux: Tmux, tmp_path: Path) -> None:
    terminal = tmux.open("demo", "demo", "--slow")
    terminal.wait_for("Ready to run")
    terminal.press("r")
    terminal.wait_for("running", "2 execute")
    terminal.press("q")
    said = terminal.wait_for("goes on", "[ended with 0]")
    (run,) = runs(tmp_path)
    assert f"regferry runs watch {run['run']}" in said.replace("\n", "")
    stopped = run_cli("runs", "stop", "--json", folder=tmp_path)
    assert json.loads(stopped.out)["order"] == "stop"
    ended = run_cli("runs", "watch", "--json", folder=tmp_path)
    assert ended.exit == 6, str(ended)


def test_a_demo_nobody_ran_leaves_nothing_behind(tmux: Tmux, tmp_path: Path) -> None:
    terminal = tmux.open("demo", "demo")
    terminal.wait_for("Ready to run")
    terminal.press("q")
    terminal.wait_for("[ended with 0]")
    assert runs(tmp_path) == []


def test_the_demo_is_watched_to_its_end(tmux: Tmux, tmp_path: Path) -> None:
    terminal = tmux.open("demo", "demo")
    terminal.wait_for("Ready to run")
    terminal.press("r")
    screen = terminal.wait_for("done", "all well", "images are at the target")
    assert "✓ 2 execute" in screen
    assert runs(tmp_path)[0]["exit"] == 0


def add_endpoint(terminal: Terminal, address: str) -> None:
    """Add a registry without encryption and login on the screen of endpoints."""
    terminal.press("n")
    terminal.wait_for("Add an endpoint", "harbor.example.com")
    terminal.type(address)
    terminal.wait_for("no encryption", "no login asked for", "[plain http]", "[nothing]")
    terminal.press("Enter")
    terminal.wait_for("✓ works", f"{address.replace(':', '-')} works")


def test_from_an_empty_start_to_a_run_between_two_registries(
    tmux: Tmux, tmp_path: Path, source: RealRegistry, target: RealRegistry
) -> None:
    corpus.push_all(source, corpus.many_tags(count=300))
    with LatencyProxy(source.address, 0.1) as far:  # so that the run does not end before the terminal is lost
        first = tmux.open("first")
        first.wait_for("Choose how to begin")
        first.press("2")
        first.wait_for("No endpoints yet")
        add_endpoint(first, far.address)
        add_endpoint(first, target.address)

        first.press("3")
        first.wait_for("Endpoints (2)", far.address)
        first.settle()
        first.press("Enter")
        first.wait_for("Projects", "library")
        first.settle()
        first.press("j")
        first.press("Space")
        first.wait_for("Selected 1 repository, 300 tags")

        first.press("4")
        first.wait_for("Preview", f"{target.address}/{{path}}")
        first.press("c")
        first.wait_for("Checked. r starts the run.")
        first.press("r")
        first.wait_for("at once")
        first.press("p")
        first.wait_for("paused", "press p to go on")
        first.kill()

        second = tmux.open("second")
        second.wait_for("Latest runs", "paused")
        second.press("5")
        second.wait_for("Runs (1)", "paused")
        second.settle()
        second.press("Enter")
        second.wait_for("press p to go on")
        second.press("p")
        second.wait_for("done", "all well", "300 images are at the target")
        second.press("q")
        second.wait_for("[ended with 0]")
        assert runs(tmp_path)[0]["exit"] == 0
        assert assert_same(source, target, ["library/many"], skopeo_up_to=5) == 300
