"""What holds for a whole registry: outages that cost no attempts, time to stay away, and the window of requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.oci.scripted import access, repository
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NetworkError, ServerError, Throttled
from tui.oci.host import Host, Window
from tui.oci.retry import Attempts, RetryPolicy

DIGEST = "sha256:" + "0" * 64


def broken() -> NetworkError:
    return NetworkError("it broke")


def pings(*answers: bool) -> Callable[[], object]:
    left = list(answers)

    async def ping() -> bool:
        return left.pop(0) if len(left) > 1 else left[0]

    return ping


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.oci.host._FIRST_PROBE", 0.01)
    monkeypatch.setattr("tui.oci.host._LONGEST_PROBE", 0.02)


def known_host(*answers: bool) -> tuple[Host, list[str]]:
    """Return a host that answered once, and the states it goes through."""
    states: list[str] = []
    host = Host("r.example", 8, lambda changed: states.append(changed.state), max_outage=60)
    host.answered()
    host.ping = pings(*answers)  # type: ignore[assignment]
    return host, states


async def test_an_outage_is_waited_out_and_costs_no_attempt(quick: None) -> None:
    host, states = known_host(False, False, False, True)
    attempts = Attempts(RetryPolicy(tries=2, base=0.001), host)
    for _ in range(3):
        host.failed()
    assert await attempts.again(broken())
    assert states == ["down", "ok"]
    assert await attempts.again(broken()), "the outage has used up an attempt"


async def test_everybody_waits_for_the_same_outage(quick: None) -> None:
    host, states = known_host(False, False, True)
    for _ in range(3):
        host.failed()
    assert await asyncio.gather(*(host.waited_out(broken()) for _ in range(50))) == [True] * 50
    assert states == ["down", "ok"]


async def test_a_request_that_comes_later_waits_as_well(quick: None) -> None:
    host, _ = known_host(False, False, False, True)
    for _ in range(3):
        host.failed()
    first = asyncio.create_task(host.waited_out(broken()))
    while host.state != "down":
        await asyncio.sleep(0)
    await host.ready()
    assert host.state == "ok"
    assert await first


@pytest.mark.parametrize("error", [Denied("no"), ServerError("broken", status=500)])
async def test_what_is_no_outage_is_an_attempt(error: Exception) -> None:
    host, _ = known_host(False)
    for _ in range(9):
        host.failed()
    assert not await host.waited_out(error)  # type: ignore[arg-type]


async def test_a_registry_that_answers_at_once_has_no_outage() -> None:
    host, states = known_host(True)
    for _ in range(3):
        host.failed()
    assert not await host.waited_out(broken())
    assert states == []


async def test_a_registry_that_never_answered_has_no_outage() -> None:
    host = Host("r.example", 8, max_outage=60)
    host.ping = pings(False)  # type: ignore[assignment]
    for _ in range(9):
        host.failed()
    assert not await host.waited_out(broken())


async def test_one_failure_between_answers_is_no_outage() -> None:
    host, _ = known_host(False)
    for _ in range(9):
        host.failed()
        host.failed()
        assert not await host.waited_out(broken())
        host.answered()


async def test_nobody_waits_once_it_was_given_up(quick: None) -> None:
    host, _ = known_host(False)
    for _ in range(3):
        host.failed()
    waiting = asyncio.create_task(host.waited_out(broken()))
    while host.state != "down":
        await asyncio.sleep(0)
    host.give_up()
    assert not await waiting
    host.throttle(Throttled("slow down", retry_after=600))
    await host.ready()
    assert not await host.pause(600)


async def test_the_window_halves_once_in_a_while_and_grows_with_answers() -> None:
    window = Window(16)
    window.halve()
    window.halve()
    assert window.size == 8
    for _ in range(8):
        window.grow()
    assert 8.5 < window.size <= 9
    for _ in range(1000):
        window.grow()
    assert window.size == 16


async def test_the_window_is_never_closed() -> None:
    window = Window(2)
    for _ in range(20):
        window._halved_at = float("-inf")
        window.halve()
    async with window.place():
        assert window.size == 1


async def test_no_more_than_the_window_are_inside() -> None:
    window = Window(3)
    inside = most = 0

    async def one() -> None:
        nonlocal inside, most
        async with window.place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(50)))
    assert (most, inside) == (3, 0)


async def test_a_place_is_given_on_when_who_waits_goes_away() -> None:
    window = Window(1)
    async with window.place():
        waiting = [asyncio.create_task(_hold(window)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert [task.cancelled() for task in waiting] == [True, False, False]
    assert window._inside == 0


async def _hold(window: Window) -> None:
    async with window.place():
        await asyncio.sleep(0)


async def test_a_registry_that_goes_away_and_comes_back_fails_nothing(quick: None) -> None:
    registry = EmbeddedRegistry(MemoryStorage())
    await registry.start()
    address = registry.address
    policy = RetryPolicy(tries=4, base=0.001)
    host = Host(address, 32, max_outage=60)
    async with RegistryClient(access(address), retry=policy, host=host) as connected:
        here = repository(address)
        assert not await connected.has_blob(here, DIGEST)
        await registry.stop()
        asked = [asyncio.create_task(connected.has_blob(here, DIGEST)) for _ in range(20)]
        while host.state != "down":
            await asyncio.sleep(0.001)
        await registry.start(int(address.rpartition(":")[2]))
        assert await asyncio.gather(*asked) == [False] * 20
        assert host.state == "ok"
    await registry.stop()
