"""One contender, one fresh target: the cold run, the same again unchanged, and whether the result is right."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.cost import Cost, measure
from tests.bench.skopeo.contenders import Contender, Job, said_by_regferry
from tests.support.latency import LatencyProxy
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry


def compete(
    contender: Contender,
    source: RealRegistry,
    tags: Mapping[str, list[str]],
    *,
    one_way: float,
    again: bool,
    check: bool,
) -> list[Cost]:
    """Let a contender copy `tags` into a registry that has nothing; return what it cost, and the repeat with `again`.

    `one_way` seconds of distance are added to both registries in each direction. `check` compares the target with
    the source afterwards, byte for byte. Raises CommandFailed, and AssertionError when the target is not the same.
    """
    with _fresh(source, tags, one_way) as (job, target):
        costs = [_run(contender, job, "cold")]
        if again:
            costs.append(_run(contender, job, "again"))
        if check:
            names = {repository: job.target_name(repository) for repository in tags}
            count = assert_same(source, target, names, skopeo_up_to=1)
            say(f"    {count} tags are the same at the target, byte for byte")
    return costs


@contextmanager
def _fresh(source: RealRegistry, tags: Mapping[str, list[str]], one_way: float) -> Iterator[tuple[Job, RealRegistry]]:
    """An empty target, both servers just started, both at their distance."""
    source.stop()
    source.start()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        target = stack.enter_context(RealRegistry())
        addresses = [source.address, target.address]
        if one_way:
            addresses = [stack.enter_context(LatencyProxy(address, one_way)).address for address in addresses]
        yield Job(Path(folder), addresses[0], addresses[1], tags), target


def _run(contender: Contender, job: Job, what: str) -> Cost:
    command = contender.command(job)
    os.sync()  # what others wrote is not paid for here
    cost = measure(command)
    words = said_by_regferry(cost.out) if contender.name.startswith("regferry") else ""
    say(f"    {what:<6} {cost.seconds:7.2f} s  {cost.cpu:6.2f} CPU-s  {cost.peak / 1e6:4.0f} MB  {words}")
    return cost


def say(text: str) -> None:
    """Tell how it goes; standard output is for the table."""
    print(text, file=sys.stderr, flush=True)
