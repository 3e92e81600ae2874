"""Doing many things at once so that a stop, an error or a cancellation leaves nothing running behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from tui.engine.control import Gate, StopRequested

Item = TypeVar("Item")
Result = TypeVar("Result")


async def for_each(items: Iterable[Item], gate: Gate, work: Callable[[Item], Awaitable[None]]) -> None:
    """Do `work` for every item in order of their coming, as many at once as `gate` lets in.

    A StopRequested lets what is under way come to its own checkpoint, any other error cancels it; nothing new begins,
    and the error is raised when all of it has ended.
    """
    running: set[asyncio.Task[None]] = set()
    ended_by: Exception | None = None

    async def one(item: Item) -> None:
        nonlocal ended_by
        try:
            await work(item)
        except StopRequested as stop:
            ended_by = ended_by or stop
        except Exception as error:  # noqa: BLE001 - raised again when the others have ended
            ended_by = error
            for other in running - {asyncio.current_task()}:
                other.cancel()

    def ended(task: asyncio.Task[None]) -> None:
        # Not at the end of `one`: a task that is cancelled before its first step never gets there.
        running.discard(task)
        gate.leave()

    try:
        for item in items:
            await gate.enter()
            if ended_by is not None:
                gate.leave()
                break
            task = asyncio.create_task(one(item))
            running.add(task)
            task.add_done_callback(ended)
        if running:
            await asyncio.wait(running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if ended_by is not None:
        raise ended_by


async def together(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Return the results of all of `work`. When part of it fails the rest still ends, then the first error is raised.

    An error tells more than a StopRequested, so it goes first.
    """
    results = await asyncio.gather(*work, return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise min(errors, key=lambda error: isinstance(error, StopRequested))
    return [result for result in results if not isinstance(result, BaseException)]
