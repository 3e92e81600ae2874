"""A link or a registry that is away for a while is the host's state: it costs time and no attempt of any task."""

from __future__ import annotations

import json
import time

import pytest

from tests.faults.conftest import Behind, Ferry, tag_count
from tests.support import corpus
from tests.support.flaky import Fault, FlakyProxy
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry


def fill(source: RealRegistry, tags: int = 8, repositories: int = 6) -> tuple[list[str], int]:
    entries = corpus.push_all(source, corpus.shared_layers(repositories, tags, base_size=50_000, own_size=3_000))
    return corpus.repositories(entries), corpus.tag_count(entries)


def host_states(ferry: Ferry, run: str) -> list[str]:
    """Return the states of hosts the log of a run tells of, in their order."""
    lines = [json.loads(line) for line in ferry.log(run).splitlines()]
    return [line["state"] for line in lines if line.get("event") == "host" or "registry" in line]


@pytest.mark.parametrize(
    ("side", "silently"),
    [
        pytest.param("target", False, id="refused-target"),
        pytest.param("source", True, id="silent-source"),
        pytest.param("source", False, id="refused-source", marks=pytest.mark.soak),
        pytest.param("target", True, id="silent-target", marks=pytest.mark.soak),
    ],
)
def test_a_link_that_is_down_for_a_while(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, side: str, silently: bool
) -> None:
    names, count = fill(source)
    down, up = behind(source), behind(target)
    for link in (down, up):
        link.shape(latency=0.015)
    plan = ferry.write_plan(down.address, up.address, concurrency=4)
    process = ferry.start("run", str(plan), "--json", "--retries", "0")
    try:
        target.wait_for_tags(10)
        (down if side == "source" else up).cut(4, silently=silently)
        time.sleep(4)
        # Moving again soon after the end; the bound is the specification's.
        target.wait_for_tags(min(count, tag_count(target) + 1), timeout=15)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    run = ferry.newest_run()
    assert ferry.attempts(run) == []
    if not silently:  # a silence may end before anybody calls it an outage
        assert host_states(ferry, run)[:2] == ["down", "ok"]
    assert assert_same(source, target, names, skopeo_up_to=1) == count


def test_a_registry_that_is_restarted(ferry: Ferry, source: RealRegistry, target: RealRegistry) -> None:
    names, count = fill(source)
    with FlakyProxy(source.address, delay=0.02) as slow:
        plan = ferry.write_plan(slow.address, target.address, concurrency=4)
        process = ferry.start("run", str(plan), "--json", "--retries", "0")
        try:
            target.wait_for_tags(10)
            target.stop()
            time.sleep(4)
            target.start()
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    assert ferry.attempts(ferry.newest_run()) == []
    assert assert_same(source, target, names, skopeo_up_to=1) == count


def test_a_gateway_with_nothing_behind_it(ferry: Ferry, source: RealRegistry, target: RealRegistry) -> None:
    """502 for everything for some seconds, as a load balancer answers while its registry is deployed."""
    names, count = fill(source, tags=6)
    with FlakyProxy(target.address, Fault("GET|HEAD|POST|PUT|PATCH", "/v2/", times=60, status=502)) as flaky:
        flaky.faults[0].times, fault = 0, flaky.faults[0]
        plan = ferry.write_plan(source.address, flaky.address, concurrency=4)
        flaky.delay = 0.02
        process = ferry.start("run", str(plan), "--json", "--retries", "0")
        try:
            target.wait_for_tags(5)
            fault.times = 1 << 60
            time.sleep(4)
            fault.times = 0
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    assert ferry.attempts(ferry.newest_run()) == []
    assert assert_same(source, target, names, skopeo_up_to=1) == count


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_an_outage_in_the_middle_of_two_thousand_tasks(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    names, count = fill(source, tags=100, repositories=20)
    assert count == 2000
    down, up = behind(source), behind(target)
    plan = ferry.write_plan(down.address, up.address)
    process = ferry.start("run", str(plan), "--json")
    try:
        target.wait_for_tags(500)
        for link in (down, up):
            link.cut(60)
        time.sleep(60)
        target.wait_for_tags(tag_count(target) + 1, timeout=15)
        out, err = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    document = json.loads(out)
    assert document["tasks"]["failed"] == 0
    assert ferry.attempts(document["run"]) == []
    assert assert_same(source, target, names, skopeo_up_to=1) == count
