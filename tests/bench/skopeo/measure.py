"""How fast regferry copies, beside skopeo on the same two real registries in the same run.

    python -m tests.bench.skopeo.measure [--quick] [--runs N] [--only a,c,d]

Prints a Markdown table of medians. Every cold run begins with both servers just started and nothing at the target;
contenders take turns. The first result of each is compared with the source byte for byte.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench import machine
from tests.bench.cost import Cost, Costs
from tests.bench.skopeo import corpus
from tests.bench.skopeo.arena import compete, say
from tests.bench.skopeo.contenders import (
    REGFERRY_COPY,
    REGFERRY_SYNC,
    SKOPEO_COPIES,
    SKOPEO_COPY,
    SKOPEO_SYNC,
    SKOPEO_SYNCS,
    Contender,
)
from tests.bench.skopeo.corpus import Size
from tests.support.registry import RealRegistry

ROUND_TRIP = 0.030
MEMORY_BAR = 200_000_000
CPU_BAR = 2.5
_GIB = 1 << 30
_HEAD = ("case", "tool", "s (median)", "s (min-max)", "CPU-s", "CPU-s/GiB", "peak MB", "times regferry", "bar")


@dataclass(frozen=True)
class Case:
    """One comparison: ours first, then the others.

    `bars` are the least ratios to the tools as they are (not to several at once): cold, and again.
    """

    letters: tuple[str, ...]
    name: str
    contenders: tuple[Contender, ...]
    push: Callable[[RealRegistry, Size], Mapping[str, list[str]]]
    bars: tuple[float, ...]
    one_way: float = 0.0
    size: Callable[[Size], int] = lambda size: size.unique


NEAR = (REGFERRY_SYNC, SKOPEO_SYNC, SKOPEO_COPIES, SKOPEO_SYNCS)
FAR = (REGFERRY_SYNC, SKOPEO_SYNC, SKOPEO_SYNCS)
CASES = (
    Case(("a", "b"), "many images", NEAR, corpus.push_many, (2.5, 10)),
    Case(("c", "c"), "many images, 30 ms away", FAR, corpus.push_many, (8, 20), one_way=ROUND_TRIP / 2),
    Case(
        ("d",), "one large image", (REGFERRY_COPY, SKOPEO_COPY), corpus.push_large, (1,),
        size=lambda size: size.large_image,
    ),
)  # fmt: skip


def main() -> None:
    options = _options()
    size = corpus.QUICK if options.quick else corpus.FULL
    head = machine.description(machine.command_line("tests.bench.skopeo.measure"), ("skopeo", "docker-registry"))
    rows: list[Sequence[str]] = []
    for case in CASES:
        if set(case.letters) & set(options.only):
            rows += _rows(case, size, _measure(case, size, options.runs))
    print("\n".join([*_table(rows), "", *head, *_corpus_words(size, options.runs)]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.skopeo.measure")
    parser.add_argument("--quick", action="store_true", help="a small corpus and one run: to see that it works")
    parser.add_argument("--runs", type=int, help="runs per contender and case (default 3)")
    parser.add_argument("--only", default="a,c,d", type=lambda text: text.split(","), help="cases: a (with b), c, d")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.quick else 3)
    return options


def _measure(case: Case, size: Size, runs: int) -> dict[str, list[Costs]]:
    """Return the costs by contender: of the cold runs, and of the repeats where the case has them."""
    found: dict[str, list[list[Cost]]] = {contender.name: [] for contender in case.contenders}
    with RealRegistry() as source:
        say(f"{case.name}: making the images")
        tags = case.push(source, size)
        for number in range(runs):
            turn = number % len(case.contenders)
            for contender in case.contenders[turn:] + case.contenders[:turn]:
                say(f"  run {number + 1}, {contender.name}")
                again = len(case.bars) > 1
                costs = compete(contender, source, tags, one_way=case.one_way, again=again, check=not number)
                found[contender.name].append(costs)
    return {name: [Costs(tuple(of_one)) for of_one in zip(*costs, strict=True)] for name, costs in found.items()}


def _rows(case: Case, size: Size, costs: Mapping[str, list[Costs]]) -> list[Sequence[str]]:
    rows = []
    for turn, (letter, bar) in enumerate(zip(case.letters, case.bars, strict=True)):
        name = f"({letter}) {case.name}, {'cold' if turn == 0 else 'again, unchanged'}"
        ours = costs[case.contenders[0].name][turn]
        moved = case.size(size) / _GIB if turn == 0 else 0
        rows.append(_row(name, case.contenders[0], ours, moved, "1", _own_bars(case, ours, moved)))
        for other in case.contenders[1:]:
            theirs = costs[other.name][turn]
            ratio = theirs.seconds / ours.seconds
            verdict = f"at least {bar:g}: {_met(ratio >= bar)}" if other is not SKOPEO_SYNCS else ""
            rows.append(_row("", other, theirs, moved, f"**{ratio:.1f}**", verdict))
    return rows


def _own_bars(case: Case, ours: Costs, moved: float) -> str:
    verdict = f"below {MEMORY_BAR / 1e6:.0f} MB: {_met(ours.peak < MEMORY_BAR)}"
    if case.letters == ("d",):
        verdict += f"; at most {CPU_BAR} CPU-s/GiB: {_met(ours.cpu / moved <= CPU_BAR)}"
    return verdict


def _row(name: str, contender: Contender, costs: Costs, moved: float, ratio: str, verdict: str) -> Sequence[str]:
    per_gib = f"{costs.cpu / moved:.2f}" if moved else ""
    memory = f"{costs.peak / 1e6:.0f}"
    return (
        name, contender.name, f"{costs.seconds:.2f}", costs.span, f"{costs.cpu:.2f}", per_gib, memory, ratio, verdict,
    )  # fmt: skip


def _met(good: bool) -> str:
    return "met" if good else "**missed**"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    line = "|" + "|".join("---:" if 2 <= column <= 7 else "---" for column in range(len(_HEAD))) + "|"
    return [f"| {' | '.join(_HEAD)} |", line, *(f"| {' | '.join(row)} |" for row in rows)]


def _corpus_words(size: Size, runs: int) -> list[str]:
    return [
        f"- runs: {runs} of each, medians (peak memory: the highest); the CPU is that of the tool's own processes",
        f"- many images: {size.repositories} repositories x {size.tags} tags, 3 layers of {size.shared / 1e6:g} MB "
        f"shared by all, 1 of {size.own / 1e6:g} MB per repository, 1 of {size.own / 1e6:g} MB per image: "
        f"{size.unique / 1e6:.0f} MB without repetition (CPU-s/GiB is over these)",
        f"- one large image: 4 layers of {size.large / 1e6:g} MB",
    ]


if __name__ == "__main__":
    main()
