"""What regferry survives, beside `skopeo copy --retry-times 3` under the same faults.

    python -m tests.bench.faults.measure [--quick] [--only source-rst,kill,...] [--tools regferry,skopeo]

Prints a Markdown table. Every row has real docker-registry servers of its own behind proxies that break the links.
What a tool says went well is compared with the source byte for byte.
"""

from __future__ import annotations

import argparse
import signal
import sys

from tests.bench import machine
from tests.bench.faults.cases import CASES, QUICK, Row, Size, title
from tests.bench.faults.tools import PARALLEL, PATIENCE, TOOLS

_HEAD = ("what happens", "tool", "came through", "s", "read", "written", "left at the target", "")


def main() -> None:
    options = _options()
    # Being ended is no reason to leave servers behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    size = QUICK if options.quick else Size()
    head = machine.description(machine.command_line("tests.bench.faults.measure"), ("skopeo", "docker-registry"))
    lines = [f"| {' | '.join(_HEAD)} |", "|---|---|---|---:|---:|---:|---:|---|"]
    for key in options.only:
        name = title(CASES[key], size)
        for tool in TOOLS:
            if tool.name in options.tools:
                print(f"{name}: {tool.name}", file=sys.stderr, flush=True)
                row = CASES[key].play(tool, size)
                lines.append(_line(name, tool.name, row))
                print(lines[-1], file=sys.stderr, flush=True)
                name = ""
    print("\n".join([*lines, "", *head, *_words(size)]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.faults.measure")
    parser.add_argument("--quick", action="store_true", help="everything small: to see that it works")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--tools", type=lambda text: text.split(","), default=[tool.name for tool in TOOLS])
    return parser.parse_args()


def _line(name: str, tool: str, row: Row) -> str:
    ratios = [f"{ratio:.2f}x" if ratio is not None else "" for ratio in (row.read, row.written)]
    left = f"{row.left_over / 1e6:.0f} MB" if row.left_over else "0"
    cells = (name, tool, row.came_through, f"{row.seconds:.1f}", *ratios, left, ", ".join(row.notes))
    return f"| {' | '.join(cells)} |"


def _words(size: Size) -> list[str]:
    return [
        f"- one blob of {size.large / (1 << 20):.0f} MiB where a link breaks; read and written are multiples of the "
        "bytes there are, counted at the links",
        "- left at the target: bytes of uploads that were begun and neither finished nor cancelled",
        f"- regferry leaves a silent connection after {PATIENCE:.0f} s here instead of 60; skopeo never does, it is "
        f"ended after {size.hang:.0f} s",
        f"- skopeo copies tag by tag, {PARALLEL} at a time, with --retry-times 3; after a kill it begins again",
    ]


if __name__ == "__main__":
    main()
