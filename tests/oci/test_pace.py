"""So much a second: waits add up to what was taken, whatever the pieces."""

from __future__ import annotations

import asyncio

import pytest

from tui.oci.pace import Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that moves by sleeping alone."""
    now = [1000.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr("tui.oci.pace.time.monotonic", lambda: now[0])
    monkeypatch.setattr("tui.oci.pace.asyncio.sleep", sleep)
    return now


@pytest.mark.parametrize("piece", [1, 7, 100, 5000])
async def test_a_rate_is_kept(clock: list[float], piece: int) -> None:
    pace = Pace(100)
    for _ in range(50):
        await pace.take(piece)
    assert clock[0] - 1000 == pytest.approx(50 * piece / 100, abs=0.11)


async def test_no_rate_waits_for_nothing(clock: list[float]) -> None:
    pace = Pace()
    await pace.take(10**12)
    assert clock[0] == 1000


async def test_an_idle_time_is_not_saved_up(clock: list[float]) -> None:
    pace = Pace(100)
    await pace.take(1)
    clock[0] += 3600
    for _ in range(10):
        await pace.take(100)
    assert clock[0] - 4600 == pytest.approx(10, abs=0.11)


async def test_a_rate_that_is_changed_holds_at_once(clock: list[float]) -> None:
    pace = Pace(1)
    pace.per_second = 1000
    await pace.take(1000)
    assert clock[0] - 1000 == pytest.approx(1, abs=0.11)


async def test_several_share_it() -> None:
    pace = Pace(1000)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(pace.take(50) for _ in range(10)))
    assert asyncio.get_running_loop().time() - began > 0.3
