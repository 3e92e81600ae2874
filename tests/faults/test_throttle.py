"""Registries that ask to slow down: nobody comes before it is time, and nothing fails."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Ferry
from tests.support import corpus
from tests.support.faults.throttle import storm
from tests.support.faults.windows import Form, Windows
from tests.support.flaky import FlakyProxy
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry


def copy_under(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, *, side: str, windows: Windows, status: int
) -> None:
    entries = corpus.push_all(source, corpus.shared_layers(4, 6, base_size=30_000, own_size=3_000))
    names, count = corpus.repositories(entries), corpus.tag_count(entries)
    throttled = source if side == "source" else target
    with FlakyProxy(throttled.address, storm(windows, status=status), delay=0.005) as flaky:
        addresses = (flaky.address, target.address) if side == "source" else (source.address, flaky.address)
        plan = ferry.write_plan(*addresses)
        document = ferry.run("run", str(plan), "--json", "--retries", "0", timeout=300).expect(0)
    assert windows.opened == 2
    assert windows.early == 0
    assert document["tasks"]["done"] == count
    assert ferry.attempts(document["run"]) == []
    assert '"throttled"' in ferry.log(document["run"])
    assert assert_same(source, target, names, skopeo_up_to=1) == count


@pytest.mark.parametrize(
    ("side", "status", "form"),
    [("target", 429, "seconds"), ("source", 429, "date"), ("source", 503, "seconds")],
    ids=["429", "429-date", "503"],
)
def test_a_storm_of_refusals_with_retry_after(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, side: str, status: int, form: Form
) -> None:
    windows = Windows(2.5, after=40, times=2, form=form)
    copy_under(ferry, source, target, side=side, windows=windows, status=status)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_storm_with_twenty_seconds(ferry: Ferry, source: RealRegistry, target: RealRegistry) -> None:
    copy_under(ferry, source, target, side="target", windows=Windows(20, after=60, times=2), status=429)
