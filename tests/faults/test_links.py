"""Links that break under a large blob: it arrives, and hardly a byte travels twice."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

import pytest
import trustme

from tests.faults.conftest import MB, Behind, Ferry
from tests.faults.large import layer_bytes, plant_image
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry
from tests.support.tcp_proxy import Action, Direction, LinkFault


@dataclass(frozen=True)
class Scale:
    """A layer of `size` bytes over a link that breaks every `every` bytes.

    `buffered` bytes of a break may be read twice: what had arrived and was not handed on when it came.
    """

    size: int
    every: int
    buffered: int = 0


SHORT = Scale(100 * MB, 20 * MB, buffered=512 << 10)
LONG = Scale(512 << 20, 100 * MB)

short_and_long = pytest.mark.parametrize(
    "scale",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="512MiB", marks=[pytest.mark.soak, pytest.mark.timeout(600)]),
    ],
)
NAME = "library/large"


@short_and_long
@pytest.mark.parametrize("action", ["rst", "fin", "stall"])
def test_a_source_that_breaks_again_and_again(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, action: Action, scale: Scale
) -> None:
    total = layer_bytes(plant_image(source, NAME, "v1", scale.size))
    down = behind(source, LinkFault(action, scale.every))
    up = behind(target)
    document = ferry.copy(f"{down.address}/{NAME}:v1", f"{up.address}/{NAME}:v1", timeout=500).expect(0)
    assert down.stats().faults >= scale.size // scale.every
    assert document["tasks"]["done"] == 1
    assert down.stats().down <= 1.01 * total + down.stats().faults * scale.buffered
    assert up.stats().up <= 1.01 * total
    assert assert_same(source, target, [NAME]) == 1
    assert target.uploads_bytes() == 0
    assert ferry.attempts(document["run"]) == []


@short_and_long
@pytest.mark.parametrize("action", ["rst", "fin", "stall"])
def test_a_target_whose_connections_all_break_at_the_same_place(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, action: Action, scale: Scale
) -> None:
    """distribution 2.8 loses the session with every break: only chunks on connections of their own get through."""
    total = layer_bytes(plant_image(source, NAME, "v1", scale.size))
    up = behind(target, LinkFault(action, scale.every, "up", "connection"))
    ferry.copy(f"{source.address}/{NAME}:v1", f"{up.address}/{NAME}:v1", "--retries", "0", timeout=500).expect(0)
    assert up.stats().up <= 1.75 * total
    assert assert_same(source, target, [NAME]) == 1


def test_a_target_whose_connections_all_break_gets_a_quarter_more_at_most(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    total = layer_bytes(plant_image(source, NAME, "v1", SHORT.size))
    up = behind(target, LinkFault("rst", SHORT.every, "up", "connection"))
    ferry.copy(f"{source.address}/{NAME}:v1", f"{up.address}/{NAME}:v1", "--retries", "0").expect(0)
    assert up.stats().up <= 1.25 * total


@pytest.mark.parametrize("action", ["rst", "fin", "stall"])
def test_a_target_that_breaks_once(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, action: Action
) -> None:
    total = layer_bytes(plant_image(source, NAME, "v1", 48 * MB))
    up = behind(target, LinkFault(action, 10 * MB, "up", times=1))
    ferry.copy(f"{source.address}/{NAME}:v1", f"{up.address}/{NAME}:v1").expect(0)
    # distribution 2.8 loses the session: what it had is sent again, and stays there until it is purged.
    assert up.stats().up <= total + 10 * MB + 100_000
    assert target.uploads_bytes() <= 10 * MB
    assert assert_same(source, target, [NAME]) == 1


def test_both_links_break_at_random(ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind) -> None:
    plant_image(source, NAME, "v1", 8 * MB, 6 * MB, 3 * MB, 500_000)
    down = behind(source, LinkFault("rst", 3 * MB, spread=0.9), seed=1)
    up = behind(target, LinkFault("rst", 12 * MB, "up", spread=0.3), seed=2)
    ferry.copy(f"{down.address}/{NAME}:v1", f"{up.address}/{NAME}:v1").expect(0)
    assert min(down.stats().faults, up.stats().faults) >= 1
    assert assert_same(source, target, [NAME]) == 1


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_byte_flipped_on_the_way_is_noticed_and_read_again(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, direction: str
) -> None:
    plant_image(source, NAME, "v1", 12 * MB)
    flip = LinkFault("flip", 5 * MB, "down" if direction == "down" else "up", times=1)
    down = behind(source, *([flip] if direction == "down" else []))
    up = behind(target, *([flip] if direction == "up" else []))
    ferry.copy(f"{down.address}/{NAME}:v1", f"{up.address}/{NAME}:v1").expect(0)
    assert down.stats().faults + up.stats().faults == 1
    assert assert_same(source, target, [NAME]) == 1


def test_bytes_that_flip_for_ever_leave_no_tag(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    plant_image(source, NAME, "v1", 12 * MB)
    down = behind(source, LinkFault("flip", 2 * MB))
    document = ferry.copy(f"{down.address}/{NAME}:v1", f"{target.address}/{NAME}:v1", "--retries", "1").expect(1)
    assert document["failed"][0]["class"] == "INTEGRITY"
    assert "other content" in document["failed"][0]["message"]
    assert target.uploads_bytes() == 0
    assert target.stored_bytes() < 12 * MB


def test_a_source_that_sends_a_byte_now_and_then_is_left(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    plant_image(source, NAME, "v1", 12 * MB)
    down = behind(source, LinkFault("drip", 5 * MB, times=1))
    ferry.copy(f"{down.address}/{NAME}:v1", f"{target.address}/{NAME}:v1", timeout=60).expect(0)
    assert down.stats().faults == 1
    assert assert_same(source, target, [NAME]) == 1


def test_a_target_that_takes_a_byte_now_and_then_is_left(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    plant_image(source, NAME, "v1", 12 * MB)
    up = behind(target, LinkFault("drip", 5 * MB, "up", times=1))
    ferry.copy(f"{source.address}/{NAME}:v1", f"{up.address}/{NAME}:v1", timeout=60).expect(0)
    assert up.stats().faults == 1
    assert assert_same(source, target, [NAME]) == 1


def test_connections_that_are_closed_while_idle_cost_nothing(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    plant_image(source, NAME, "v1", 30 * MB)
    up = behind(target)
    down = behind(source)
    down.shape(bandwidth=15 * MB)
    process = ferry.start(
        "copy", f"{down.address}/{NAME}:v1", f"{up.address}/{NAME}:v1", "--json",
        "--src-plain-http", "--dest-plain-http",
    )  # fmt: skip
    while process.poll() is None:
        try:
            process.wait(0.4)
        except subprocess.TimeoutExpired:
            up.reset_all()
    out, err = process.communicate()
    assert process.returncode == 0, f"{out}\n{err}"
    assert assert_same(source, target, [NAME]) == 1


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_bad_record_in_the_middle_of_a_tls_connection(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind, side: str
) -> None:
    """A byte flipped under TLS breaks the connection, and the blob goes on where it broke."""
    with RealRegistry(authority=trustme.CA()) as guarded:
        at_source = side == "source"
        plant_image(guarded if at_source else source, NAME, "v1", 12 * MB)
        direction: Direction = "down" if at_source else "up"
        tls = behind(guarded, LinkFault("flip", 5 * MB, direction, times=1))
        ca = str(guarded.ca_file)
        arguments = (
            (f"{tls.address}/{NAME}:v1", f"{target.address}/{NAME}:v1", "--src-ca-file", ca, "--dest-plain-http")
            if at_source
            else (f"{source.address}/{NAME}:v1", f"{tls.address}/{NAME}:v1", "--dest-ca-file", ca, "--src-plain-http")
        )
        ferry.run("copy", *arguments, "--json").expect(0)
        assert tls.stats().faults == 1
        ends = (guarded, target) if at_source else (source, guarded)
        assert assert_same(*ends, [NAME]) == 1
