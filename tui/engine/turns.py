"""The order in which the tags of one target repository are written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui.engine.tasks import Task
from tui.oci.reference import Repository


class Turns:
    """Lets a tag be written when those before it in its repository have come to an end, whatever that was.

    Blobs and the manifests below a tag move meanwhile. A task that failed does not hold up the others; when a later
    round succeeds with it, its tag is written after theirs. Tasks have to be begun in the order of `tasks`.
    """

    def __init__(self, tasks: Sequence[Task] = ()) -> None:
        self._over: dict[int, asyncio.Event] = {}
        self._before: dict[int, int] = {}
        last: dict[Repository, int] = {}
        for task in tasks:
            self._over[task.id] = asyncio.Event()
            repository = task.target.repository
            if repository in last:
                self._before[task.id] = last[repository]
            last[repository] = task.id

    async def wait(self, task: Task, checkpoint: Callable[[], Awaitable[None]]) -> None:
        """Wait for the turn of a task. Raises StopRequested when there is none any more."""
        before = self._before.get(task.id)
        if before is not None:
            await self._over[before].wait()
            await checkpoint()

    def over(self, task: Task) -> None:
        """A task has come to an end."""
        if task.id in self._over:
            self._over[task.id].set()
