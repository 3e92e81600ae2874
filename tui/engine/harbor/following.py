"""Following one execution at Harbor: what became of each of its tasks, through outages, until it is over or stopped.

Harbor can stop an execution and not hold it up, so a pause is a stop as well: what it had not done begins again later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from tui.engine.context import RunContext
from tui.engine.registries import MAX_OUTAGE
from tui.oci.errors import PolicyRefused, RegistryError
from tui.oci.saying import N_, phrase
from tui.oci.text import printable
from tui.providers.harbor.replication.engine import HarborReplication, Progress
from tui.providers.harbor.replication.outcome import TaskOutcome, outcome_of, problem_of

ASK_EVERY = 2.0
"""Seconds between two looks at an execution."""
_QUICKLY = 0.25
"""Seconds between the first looks, so that a small execution is not waited for."""
_LOG_LINES = 30


class Following:
    """One execution; a stop or a pause of the run is passed on to Harbor once. `stopped` says whether it was."""

    def __init__(self, run: RunContext, replication: HarborReplication, execution: int) -> None:
        self._run = run
        self._replication = replication
        self._execution = execution
        self._stop = asyncio.Event()
        self.stopped = False

    async def outcomes(self) -> AsyncIterator[tuple[TaskOutcome, list[str]]]:
        """Yield every change of a task with the end of its log once it is over.

        Raises RegistryError when Harbor stays out of reach, or the execution failed as a whole.
        """
        stopping = asyncio.create_task(self._pass_on_a_stop())
        control = self._run.control
        control.on_stop.append(self._stop.set)
        control.on_pause.append(self._stop.set)
        if control.stopping or control.paused:
            self._stop.set()
        try:
            async for progress in self._through_outages():
                for task in progress.changed:
                    log = await self._log(progress, task.id) if task.over else []
                    yield outcome_of(task, log), [printable(line, 500) for line in log[-_LOG_LINES:]]
                if problem := problem_of(progress.execution):
                    hint = N_("look at the policy's filters and at the execution in Harbor's console")
                    raise PolicyRefused(
                        phrase("Harbor: {problem}", problem=problem), endpoint=self._replication.registry, hint=hint
                    )
        finally:
            control.on_stop.remove(self._stop.set)
            control.on_pause.remove(self._stop.set)
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _through_outages(self) -> AsyncIterator[Progress]:
        seen: dict[int, object] = {}
        since = 0.0
        while True:
            try:
                async with aclosing(self._replication.follow(self._execution, every=self._pace)) as progresses:
                    async for progress in progresses:
                        since = 0.0
                        changed = tuple(task for task in progress.tasks if seen.get(task.id) != task)
                        seen = {task.id: task for task in progress.tasks}
                        yield Progress(progress.execution, progress.tasks, changed)
                return
            except RegistryError as error:
                now = time.monotonic()
                since = since or now
                if not error.retryable or now - since > MAX_OUTAGE or self._run.control.stopping:
                    raise
                self._run.journal.event(
                    "notice", phrase("Harbor does not answer, it is asked again: {message}", message=error.message)
                )
            await asyncio.sleep(ASK_EVERY)

    def _pace(self, asked: int) -> float:
        return _QUICKLY if asked < 8 else ASK_EVERY

    async def _pass_on_a_stop(self) -> None:
        await self._stop.wait()
        self.stopped = True
        try:
            await self._replication.stop(self._execution)
        except RegistryError as error:
            words = phrase(
                "Harbor did not take the stop, and goes on with execution {execution}: {message}",
                execution=self._execution,
                message=error.message,
            )
            self._run.journal.event("notice", words)
            return
        if not self._run.control.stopping:
            words = N_(
                "Harbor stopped what it had begun, for it cannot pause: what is not done begins again at 'resume'"
            )
            self._run.journal.event("notice", words)

    async def _log(self, progress: Progress, task: int) -> list[str]:
        try:
            found = next(each for each in progress.tasks if each.id == task)
            return await self._replication.log(found)
        except RegistryError as error:
            return [phrase("its log cannot be read: {message}", message=error.message)]
