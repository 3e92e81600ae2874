"""Generate, execute, and rounds of retry over what failed: what one process does of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.engine import outcome
from tui.engine.context import RunContext
from tui.engine.engines import Carrier, opened_engine
from tui.engine.foreseen import foresee
from tui.engine.generate import Generator
from tui.engine.journal.reader import FINDINGS, JournalReader
from tui.engine.manner import Manner
from tui.engine.orders import Orders
from tui.engine.packing import packed
from tui.engine.recorder import Recorder
from tui.engine.retry import worth_retrying
from tui.engine.taking_up import take_up
from tui.engine.tasks import Task
from tui.oci.errors import LoginEnded
from tui.oci.saying import phrase

if TYPE_CHECKING:
    from tui.engine.missing import Missing


class Phases:
    """The phases of one run in this process, from where the last process stood."""

    def __init__(self, run: RunContext, recorder: Recorder, reader: JournalReader, how: Manner) -> None:
        self._run = run
        self._recorder = recorder
        self._reader = reader
        self._how = how
        self._missing: Missing | None = None
        self._asked: set[int] = set()
        self._foreseen = False

    async def carry_out(self) -> int:
        """Do what is left, and return the exit code. Raises StopRequested."""
        rules = take_up(self._run, self._recorder, self._reader, failed_too=self._how.failed_too)
        orders = Orders(self._run, self._recorder)
        orders.obey(self._run.journal.orders())  # tasks to skip or retry, before there is nothing to do
        async with opened_engine(self._run, self._recorder, self._reader) as (generator, executor):
            return await self._carry_out(rules, generator, executor)

    async def _carry_out(self, rules: set[int], generator: Generator, executor: Carrier) -> int:
        resumed = bool(self._run.tasks)
        self._recorder.phase("generate")
        await self._generate(generator, rules)
        if self._how.only_generate:
            return self._code()
        self._recorder.phase("execute")
        await self._execute(generator, executor, unsure=resumed)
        round_ = 0
        while True:
            round_ += 1
            rules, tasks = self._worth_another_round(round_)
            if not rules and not tasks:
                return await packed(self._run, self._recorder, self._code())
            await self._wait_for(round_, rules, tasks)
            for task in tasks:
                if task.state == "failed":  # it may have been skipped while we waited
                    self._recorder.task_returned(task)
            await self._generate(generator, rules)
            await self._execute(generator, executor, unsure=True)

    async def _generate(self, generator: Generator, rules: Iterable[int]) -> None:
        await generator.expand_rules(rules)
        if self._run.plan.options.create_missing and not self._how.only_generate:
            from tui.engine.missing import Missing

            self._missing = self._missing or Missing(self._run)
            await self._missing.create(self._run.tasks.values())
        await generator.resolve_tasks([task for task in self._run.tasks.values() if _unresolved(task)])
        if not self._foreseen and (_ready(self._run) or self._reader.meta(FINDINGS) is None):
            self._foreseen = True
            await foresee(self._run)
        await self._run.journal.flush()

    async def _execute(self, generator: Generator, executor: Carrier, *, unsure: bool) -> None:
        """Execute what is planned, then what is planned anew because its tag moved meanwhile."""
        await executor.execute(_ready(self._run), unsure=unsure)
        while self._run.moved:
            self._run.moved.clear()
            await self._generate(generator, ())
            await executor.execute(_ready(self._run), unsure=True)

    def _worth_another_round(self, round_: int) -> tuple[set[int], list[Task]]:
        """Return the rules and tasks for a round: what may go better, and what somebody asked for."""
        failed = [task for task in self._run.tasks.values() if task.state == "failed"]
        asked, self._run.asked_again = self._run.asked_again, set()
        if self._how.only_asked:
            self._asked |= asked
            failed = [task for task in failed if task.id in self._asked]
        tasks = [task for task in failed if task.id in asked]
        if round_ > self._run.plan.options.retries:
            return set(), tasks
        again = {} if self._how.only_asked else self._run.rule_failures
        rules = {number for number, why in again.items() if worth_retrying(why, round_)}
        tasks += [
            task for task in failed if task.id not in asked and task.failure and worth_retrying(task.failure, round_)
        ]
        return rules, tasks

    async def _wait_for(self, round_: int, rules: set[int], tasks: list[Task]) -> None:
        self._recorder.phase("retry", round_)
        self._recorder.state("waiting", phrase("{count} to try again", count=len(rules) + len(tasks)))
        await self._run.control.wait(self._how.pause(round_))
        self._recorder.state("running")

    def _code(self) -> int:
        run = self._run
        if run.ended_logins:
            # Refused one by one before it was clear that the login itself had ended.
            for number in [number for number, why in run.rule_failures.items() if why.error_class == LoginEnded.kind]:
                self._recorder.rule_returned(number)
            for task in run.tasks.values():
                if task.failure and task.failure.error_class == LoginEnded.kind:
                    self._recorder.task_returned(task)
            return outcome.CREDENTIALS
        failures = [*run.rule_failures.values(), *(task.failure for task in run.tasks.values() if task.failure)]
        return outcome.exit_code(failures)


def _ready(run: RunContext) -> list[Task]:
    return [task for task in run.tasks.values() if task.state == "pending" and task.resolved]


def _unresolved(task: Task) -> bool:
    return task.state == "pending" and not task.resolved
