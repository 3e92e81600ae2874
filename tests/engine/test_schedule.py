"""Single-flight, the memory budget, and which blobs go first."""

from __future__ import annotations

import asyncio

import pytest

from tests.engine.harness import until
from tui.engine.placements import Placements
from tui.engine.schedule import BlobNeed, MemoryBudget, SingleFlight, seeds
from tui.oci.reference import Repository


class Job:
    """Work that ends when told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.cancelled = False
        self.end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.runs += 1
        try:
            return await asyncio.shield(self.end)
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_comes_while_it_runs_gets_the_same_result() -> None:
    flights: SingleFlight[str] = SingleFlight()
    job = Job()
    waiting = [asyncio.create_task(flights.run("a", job)) for _ in range(3)]
    await turns()
    job.end.set_result("done")
    assert await asyncio.gather(*waiting) == ["done"] * 3
    assert job.runs == 1


async def test_other_keys_and_later_calls_run_by_themselves() -> None:
    flights: SingleFlight[str] = SingleFlight()
    job = Job()
    job.end.set_result("done")
    await asyncio.gather(flights.run("a", job), flights.run("b", job))
    assert job.runs == 2
    await turns()
    await flights.run("a", job)
    assert job.runs == 3


async def test_an_error_reaches_all_who_wait_and_is_not_remembered() -> None:
    flights: SingleFlight[str] = SingleFlight()
    job = Job()
    waiting = [asyncio.create_task(flights.run("a", job)) for _ in range(3)]
    await turns()
    job.end.set_exception(ValueError("broken"))
    assert [str(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == ["broken"] * 3
    await turns()
    again = Job()
    again.end.set_result("fine")
    assert await flights.run("a", again) == "fine"


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    flights: SingleFlight[str] = SingleFlight()
    job = Job()
    first, second = (asyncio.create_task(flights.run("a", job)) for _ in range(2))
    await turns()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert not job.cancelled
    job.end.set_result("done")
    assert await second == "done"


async def test_work_goes_on_when_all_went_away_and_who_comes_back_finds_it() -> None:
    flights: SingleFlight[str] = SingleFlight()
    job = Job()
    first = asyncio.create_task(flights.run("a", job))
    await turns()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    back = asyncio.create_task(flights.run("a", job))
    await turns()
    job.end.set_result("done")
    assert (await back, job.runs) == ("done", 1)


async def test_cancel_ends_everything_and_waits() -> None:
    flights: SingleFlight[str] = SingleFlight()
    jobs = [Job(), Job()]
    waiting = [asyncio.create_task(flights.run(key, job)) for key, job in zip("ab", jobs, strict=True)]
    await turns()
    await flights.cancel()
    assert all(job.cancelled for job in jobs)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


# Memory


class Holder:
    """Takes some of a budget and gives it back when told to."""

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self.inside = False
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._hold(budget, size))

    async def _hold(self, budget: MemoryBudget, size: int) -> None:
        async with budget.take(size):
            self.inside = True
            await self._leave.wait()
        self.inside = False

    async def leave(self) -> None:
        self._leave.set()
        await self.task

    async def cancel(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def holders(budget: MemoryBudget, *sizes: int) -> list[Holder]:
    made = [Holder(budget, size) for size in sizes]
    await turns()
    return made


async def inside(made: list[Holder]) -> list[bool]:
    await turns()
    return [holder.inside for holder in made]


async def test_memory_is_given_while_there_is_some_and_first_come_first_served() -> None:
    made = await holders(MemoryBudget(10), 6, 5, 4)
    assert await inside(made) == [True, False, False]  # the third would fit, and waits its turn
    await made[0].leave()
    assert await inside(made) == [False, True, True]


async def test_a_wish_above_all_of_it_is_capped_and_waits_for_all() -> None:
    made = await holders(MemoryBudget(10), 3, 1000, 1)
    assert await inside(made) == [True, False, False]
    await made[0].leave()
    assert await inside(made) == [False, True, False]
    await made[1].leave()
    assert await inside(made) == [False, False, True]


async def test_who_gives_up_waiting_stands_in_nobodys_way() -> None:
    made = await holders(MemoryBudget(10), 6, 5, 4)
    await made[1].cancel()
    assert await inside(made) == [True, False, True]
    for holder in (made[0], made[2]):
        await holder.leave()


async def test_who_is_cancelled_just_as_its_turn_comes_gives_the_memory_back() -> None:
    budget = MemoryBudget(10)
    made = await holders(budget, 10, 10, 10)
    made[0]._leave.set()
    await until(lambda: made[0].task.done())  # the turn of the second is set, and it did not run yet or only just
    await made[1].cancel()
    assert (await inside(made))[2]
    await made[2].leave()
    (last,) = await holders(budget, 10)
    assert last.inside
    await last.leave()


async def test_memory_comes_back_after_an_error() -> None:
    budget = MemoryBudget(10)
    with pytest.raises(ValueError, match="broken"):
        async with budget.take(10):
            raise ValueError("broken")
    async with budget.take(10):
        pass


# Which blobs first, and from where


def need(registry: str, path: str, digest: str, size: int) -> BlobNeed:
    return BlobNeed(Repository(registry, path), digest, size, Repository("source", path))


def test_seeds_are_shared_blobs_the_most_saving_first_each_once_per_registry() -> None:
    found = seeds(
        [
            need("t", "a", "small", 10),
            need("t", "a", "large", 1000),
            need("t", "a", "own", 10**9),
            need("t", "b", "large", 1000),
            need("t", "b", "small", 10),
            need("t", "c", "small", 10),
            need("u", "a", "large", 1000),
        ]
    )
    assert [(seed.target.path, seed.digest) for seed in found] == [("a", "large"), ("a", "small")]


def test_no_seeds() -> None:
    assert seeds([]) == []


A, B, C = (Repository("t", f"{project}/app") for project in "abc")
OTHER_REGISTRY = Repository("u", "a/app")


def test_placements_know_what_was_said() -> None:
    placements = Placements()
    assert not placements.has(A, "d")
    placements.add(A, "d")
    assert placements.has(A, "d")
    assert not placements.has(B, "d")
    assert not placements.has(A, "e")
    placements.forget(A, "d")
    placements.forget(B, "never there")
    assert not placements.has(A, "d")


def test_a_donor_is_another_repository_of_the_same_registry() -> None:
    placements = Placements()
    placements.add(A, "d")
    placements.add(OTHER_REGISTRY, "d")
    assert placements.donor(B, "d") == A
    assert placements.donor(A, "d") is None
    assert placements.donor(B, "e") is None
    placements.forget(A, "d")
    assert placements.donor(B, "d") is None


def test_a_project_that_never_gives_is_not_asked_for_ever() -> None:
    placements = Placements()
    placements.add(A, "d")
    for _ in range(2):
        placements.missed(A)
    placements.mounted(A)
    for _ in range(2):
        placements.missed(A)
    assert placements.donor(B, "d") == A
    placements.missed(A)
    assert placements.donor(B, "d") is None
    placements.add(C, "d")
    assert placements.donor(B, "d") == C
