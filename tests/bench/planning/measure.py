"""How long and with how much memory 10,000 tasks are planned.

    python -m tests.bench.planning.measure [--tags N] [--repositories N] [--runs N]

`regferry plan` lists the catalog and all tags of an embedded registry and plans their copy into another one, which
either has nothing or has all of it already. Both registries are processes of their own, so seconds, CPU and memory
are those of the whole planning process, with its start and its report.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import machine
from tests.bench.cost import Command, Cost, Costs, measure
from tests.bench.planning.registry import RegistryProcess
from tests.support.cli import environment

SECONDS_BAR = 60
MEMORY_BAR = 300_000_000
_HEAD = ("target", "s (median)", "s (min-max)", "CPU-s", "peak MB", "tasks/s", "bar")


def main() -> None:
    options = _options()
    head = machine.description(machine.command_line("tests.bench.planning.measure"))
    tags, repositories, runs = options.tags, options.repositories, options.runs
    with (
        RegistryProcess(tags, repositories) as source,
        RegistryProcess(0, 0) as empty,
        RegistryProcess(tags, repositories) as same,
    ):
        costs = {
            "has nothing": _costs(source.address, empty.address, tags, "new", runs),
            "has all of it": _costs(source.address, same.address, tags, "unchanged", runs),
        }
    rows = [_row(name, measured, tags) for name, measured in costs.items()]
    words = f"- {tags:,} tasks from {repositories:,} repositories, {runs} runs of each, medians (memory: the highest)"
    print("\n".join([f"| {' | '.join(_HEAD)} |", "|---|---:|---:|---:|---:|---:|---|", *rows, "", *head, words]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.planning.measure")
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--repositories", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def _costs(source: str, target: str, tags: int, action: str, runs: int) -> Costs:
    return Costs(tuple(_plan(source, target, tags, action) for _ in range(runs)))


def _plan(source: str, target: str, tags: int, action: str) -> Cost:
    """Plan once. Raises AssertionError when not every tag became a task with that `action`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        plan = folder / "plan.toml"
        plan.write_text(f'version = 1\n[[rule]]\nsource = "{source}/bench/*"\ntarget = "{target}/bench/{{name}}"\n')
        out = folder / "tasks.json"
        cost = measure(
            Command([sys.executable, "-m", "tui", "plan", str(plan), "--out", str(out)], folder, environment(folder))
        )
        found = json.loads(out.read_text())["tasks"]
        planned = sum(task["action"] == action for task in found)
        assert planned == len(found) == tags, f"{planned} of {len(found)} tasks are {action}, not {tags}"
    print(f"  {cost.seconds:6.2f} s  {cost.cpu:6.2f} CPU-s  {cost.peak / 1e6:4.0f} MB", file=sys.stderr, flush=True)
    return cost


def _row(name: str, costs: Costs, tags: int) -> str:
    slow, large = costs.seconds >= SECONDS_BAR, costs.peak >= MEMORY_BAR
    bar = f"below {SECONDS_BAR} s: {_met(not slow)}; below {MEMORY_BAR / 1e6:.0f} MB: {_met(not large)}"
    cells: Sequence[str] = (
        name,
        f"{costs.seconds:.1f}",
        costs.span,
        f"{costs.cpu:.1f}",
        f"{costs.peak / 1e6:.0f}",
        f"{tags / costs.seconds:.0f}",
        bar,
    )
    return f"| {' | '.join(cells)} |"


def _met(good: bool) -> str:
    return "met" if good else "**missed**"


if __name__ == "__main__":
    main()
