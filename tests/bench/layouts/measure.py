"""What each tag of an export costs when there are few of them, and when there are many.

    python -m tests.bench.layouts.measure [--tags N] [--repositories N]

`regferry copy` exports tiny images from an embedded registry into an OCI image layout, the same again when all of it is
there, and once more into a tar. A tenth of the tags comes first: the cost of one must not grow with how many there are.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import machine
from tests.bench.cost import Command, measure
from tests.bench.planning.registry import RegistryProcess
from tests.support.cli import environment

_HEAD = ("tags", "step", "s", "CPU-s", "CPU-ms/tag", "peak MB")
_STEPS = (
    ("export", "oci:./out", "done"),
    ("again", "oci:./out", "unchanged"),
    ("tar", "oci-archive:./out.tar", "done"),
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.layouts.measure")
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--repositories", type=int, default=20)
    options = parser.parse_args()
    head = machine.description(machine.command_line("tests.bench.layouts.measure"))
    rows = [row for tags in (options.tags // 10, options.tags) for row in _rows(tags, options.repositories)]
    print("\n".join([f"| {' | '.join(_HEAD)} |", "|---:|---|---:|---:|---:|---:|", *rows, "", *head]))


def _rows(tags: int, repositories: int) -> Iterator[str]:
    with RegistryProcess(tags, repositories) as source, tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for step, place, state in _STEPS:
            copy = ["-m", "tui", "copy", f"{source.address}/*", f"{place}//{{path}}", "--json"]
            cost = measure(Command([sys.executable, *copy], folder, environment(folder)))
            found = json.loads(cost.out)["tasks"]
            assert found[state] == found["total"] == tags, f"{step}: {found}"
            each = cost.cpu / tags * 1000
            figures = (f"{cost.seconds:.1f}", f"{cost.cpu:.1f}", f"{each:.1f}", f"{cost.peak / 1e6:.0f}")
            print(f"  {tags:,} {step}: {figures[0]} s", file=sys.stderr, flush=True)
            yield f"| {tags:,} | {step} | {' | '.join(figures)} |"


if __name__ == "__main__":
    main()
