"""A run from beginning to end, in this process: generate, execute, and rounds of retry over what failed.

The journal is made once and outlives every process; `work_on` does what is left of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine import outcome, signals
from tui.engine.blob_work import SavedUpload
from tui.engine.context import RunContext
from tui.engine.control import Control, StopRequested
from tui.engine.engines import Carrier, opened_engine
from tui.engine.foreseen import foresee
from tui.engine.generate import CHECKS_AT_ONCE, Generator
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.journal.writer import JournalWriter
from tui.engine.log import RunLog
from tui.engine.orders import Orders
from tui.engine.packing import packed
from tui.engine.person import this_person
from tui.engine.placements import THERE
from tui.engine.recorder import Recorder
from tui.engine.registries import Registries, Resolver
from tui.engine.retry import MENDED_HERE, pause_before, worth_retrying
from tui.engine.runs import RunFolder, make_run_folder
from tui.engine.schedule import BlobNeed
from tui.engine.tasks import FINAL, Failure, Task
from tui.engine.trees import ManifestStore
from tui.oci.errors import LoginEnded
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.oci.saying import phrase
from tui.plan.model import Plan, from_document, to_document

if TYPE_CHECKING:
    from tui.engine.missing import Missing

_TICK = 0.25
_HEARTBEAT = 2.0
_REQUESTS_BESIDE_COPIES = 16


@dataclass(frozen=True, slots=True)
class Manner:
    """How this process works on a run.

    `only_generate` ends when the tasks are known. `failed_too` begins with what failed before; `only_asked` tries of it
    what somebody asked for and nothing else. `logs` are more files for the log. `requests` says how often one request
    is tried, `pause` the seconds before a round of retry.
    """

    only_generate: bool = False
    failed_too: bool = False
    only_asked: bool = False
    logs: Sequence[Path] = ()
    requests: RetryPolicy = field(default_factory=RetryPolicy)
    pause: Callable[[int], float] = pause_before


AS_USUAL = Manner()


def make_run(state: Path, plan: Plan, meta: dict[str, Any]) -> RunFolder:
    """Return the folder of a new run of `plan`; `meta` is kept with it and must hold no secret.

    Raises LocalError or JournalError when the folder or its journal cannot be made.
    """
    values = {"plan": to_document(plan), "created": time.time(), "made_by": this_person(), **meta}

    def fill(folder: RunFolder) -> None:
        with closing(JournalWriter.create(folder.journal, values)) as writer:
            writer.add_rules((number, str(rule), rule.origin) for number, rule in enumerate(plan.rules, 1))
            writer.progress(state="new", concurrency=plan.options.concurrency)

    return make_run_folder(state, plan.name, fill)


async def work_on(folder: RunFolder, source: Resolver, target: Resolver, how: Manner = AS_USUAL) -> int:
    """Do what is left of a run and return its exit code (`tui.engine.outcome`).

    SIGINT and SIGTERM stop it where nothing is lost, a second one at once; a hang-up of the terminal does not stop it.
    Raises RunBusy when another process works on it, JournalError and LocalError when its files cannot be used.
    """
    with folder.locked():
        journal = JournalWriter.open(folder.journal)
        try:
            log = RunLog([folder.log, *how.logs])
            with JournalReader(folder.journal) as reader:
                return await _Work(folder, journal, reader, log, how).run(source, target)
        finally:
            journal.close()


class _Work:
    """One process's share of a run."""

    def __init__(
        self, folder: RunFolder, journal: JournalWriter, reader: JournalReader, log: RunLog, how: Manner
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._reader = reader
        self._log = log
        self._how = how
        self._plan = from_document(reader.meta("plan"))
        self._before: dict[str, Any] = dict(reader.progress())
        concurrency = self._before["concurrency"] or self._plan.options.concurrency
        self._control = Control(concurrency)
        self._missing: Missing | None = None
        self._asked: set[int] = set()
        self._foreseen = False

    async def run(self, source: Resolver, target: Resolver) -> int:
        retry = self._how.requests
        at_once = max(CHECKS_AT_ONCE, self._control.copies.limit * 2) + _REQUESTS_BESIDE_COPIES
        options = self._plan.options
        opened = Registries(source, target, requests_at_once=at_once, retry=retry, earlier=options.since)
        async with opened as registries:
            self._control.on_stop.append(registries.give_up_waiting)
            registries.limit(bytes_per_second=options.limit_rate, requests_per_second=options.limit_requests)
            run = RunContext(
                plan=self._plan,
                journal=self._journal,
                log=self._log,
                registries=registries,
                manifests=ManifestStore(self._journal, self._reader),
                control=self._control,
                retry=retry,
                made=self._reader.meta("created", time.time()),
                rules=dict(enumerate(self._plan.rules, 1)),
            )
            recorder = Recorder(run, self._before)
            registries.host_changed = recorder.host_changed
            self._journal.begin_session()
            self._journal.forget_hosts()
            code, state = outcome.FAILED, "stopped"
            try:
                code = await self._watched(run, recorder)
                if code in outcome.MEANING and code != outcome.STOPPED and not run.ended_logins:
                    state = "planned" if self._how.only_generate else "ended"
            except (JournalError, OSError):
                code = outcome.LOCAL
                raise
            finally:
                recorder.tick()
                recorder.state(state)
                self._journal.end_session(code)
                self._log.write("end", exit=code)
                self._log.close()
            return code

    async def _watched(self, run: RunContext, recorder: Recorder) -> int:
        """Run the phases while the journal is committed, orders are read and signals are heard."""
        phases = asyncio.create_task(self._phases(run, recorder))
        keeping = [
            asyncio.create_task(self._journal.keep_committing()),
            asyncio.create_task(self._tick(run, recorder)),
        ]

        def stop() -> None:
            self._control.stop()
            recorder.state("stopping")

        self._journal.ran_short = stop
        with signals.handled(stop, phases.cancel) as received:
            try:
                await asyncio.wait([phases, *keeping], return_when=asyncio.FIRST_COMPLETED)
                for task in keeping:
                    if task.done():
                        phases.cancel()
                        await asyncio.wait([phases])
                        task.result()  # raises why the journal cannot be written any more
                return await phases
            except asyncio.CancelledError:
                if not received.fatal:
                    raise
                return 128 + received.fatal
            except StopRequested:
                self._journal.check_room()
                return outcome.STOPPED
            finally:
                await _end([phases, *keeping])
                await run.blob_flights.cancel()

    async def _phases(self, run: RunContext, recorder: Recorder) -> int:
        rules = self._take_up(run, recorder)
        Orders(run, recorder).obey(self._journal.orders())  # tasks to skip or retry, before there is nothing to do
        async with opened_engine(run, recorder, self._reader) as (generator, executor):
            return await self._carry_out(run, recorder, rules, generator, executor)

    async def _carry_out(
        self, run: RunContext, recorder: Recorder, rules: set[int], generator: Generator, executor: Carrier
    ) -> int:
        resumed = bool(run.tasks)
        recorder.phase("generate")
        await self._generate(run, generator, rules)
        if self._how.only_generate:
            return self._code(run, recorder)
        recorder.phase("execute")
        await self._execute(run, generator, executor, unsure=resumed)
        round_ = 0
        while True:
            round_ += 1
            rules, tasks = self._worth_another_round(run, round_)
            if not rules and not tasks:
                return await packed(run, recorder, self._code(run, recorder))
            await self._wait_for(run, recorder, round_, rules, tasks)
            for task in tasks:
                if task.state == "failed":  # it may have been skipped while we waited
                    recorder.task_returned(task)
            await self._generate(run, generator, rules)
            await self._execute(run, generator, executor, unsure=True)

    async def _execute(self, run: RunContext, generator: Generator, executor: Carrier, *, unsure: bool) -> None:
        """Execute what is planned, then what is planned anew because its tag moved meanwhile."""
        await executor.execute(_ready(run), unsure=unsure)
        while run.moved:
            run.moved.clear()
            await self._generate(run, generator, ())
            await executor.execute(_ready(run), unsure=True)

    def _worth_another_round(self, run: RunContext, round_: int) -> tuple[set[int], list[Task]]:
        """Return the rules and tasks for a round: what may go better, and what somebody asked for."""
        failed = [task for task in run.tasks.values() if task.state == "failed"]
        asked, run.asked_again = run.asked_again, set()
        if self._how.only_asked:
            self._asked |= asked
            failed = [task for task in failed if task.id in self._asked]
        tasks = [task for task in failed if task.id in asked]
        if round_ > run.plan.options.retries:
            return set(), tasks
        again = {} if self._how.only_asked else run.rule_failures
        rules = {number for number, why in again.items() if worth_retrying(why, round_)}
        tasks += [
            task for task in failed if task.id not in asked and task.failure and worth_retrying(task.failure, round_)
        ]
        return rules, tasks

    async def _wait_for(
        self, run: RunContext, recorder: Recorder, round_: int, rules: set[int], tasks: list[Task]
    ) -> None:
        recorder.phase("retry", round_)
        recorder.state("waiting", phrase("{count} to try again", count=len(rules) + len(tasks)))
        await run.control.wait(self._how.pause(round_))
        recorder.state("running")

    def _take_up(self, run: RunContext, recorder: Recorder) -> set[int]:
        """Load what earlier processes reached and return the rules to expand; what was under way is pending again."""
        for row in self._reader.placements():
            if row["state"] in THERE:
                run.placements.add(Repository(row["registry"], row["path"]), row["digest"])
        for row in self._reader.uploads():
            saved = SavedUpload(row["location"], row["bytes_done"])
            run.saved_uploads[Repository(row["registry"], row["path"]), row["digest"]] = saved
        for row in self._reader.tasks():
            task = Task.from_row(row)
            run.tasks[task.id] = task
            if self._again(task.failure) or task.state not in FINAL:
                self._need_again(run, task)
                recorder.task_returned(task)
        rules = set()
        for row in self._reader.rules():
            failure = Failure.from_row(row)
            if row["state"] == "pending" or self._again(failure):
                rules.add(row["id"])
            elif failure is not None:
                run.rule_failures[row["id"]] = failure
        return rules

    def _again(self, failure: Failure | None) -> bool:
        """Whether what failed before is tried once more: asked for, or what a person had to mend here."""
        return failure is not None and (self._how.failed_too or failure.error_class in MENDED_HERE)

    def _need_again(self, run: RunContext, task: Task) -> None:
        tree = run.manifests.stored_tree(task.source.repository, task.root) if task.resolved else None
        if tree is None:
            task.root = ""
            return
        repository = task.target.repository
        for blob in run.blobs_for(task, tree):
            if not run.placements.has(repository, blob.digest):
                need = BlobNeed(repository, blob.digest, blob.size, task.source.repository)
                run.needs.setdefault((repository, blob.digest), need)

    async def _generate(self, run: RunContext, generator: Generator, rules: Iterable[int]) -> None:
        await generator.expand_rules(rules)
        if self._plan.options.create_missing and not self._how.only_generate:
            from tui.engine.missing import Missing

            self._missing = self._missing or Missing(run)
            await self._missing.create(run.tasks.values())
        await generator.resolve_tasks([task for task in run.tasks.values() if _unresolved(task)])
        if not self._foreseen:
            self._foreseen = True
            await foresee(run)
        await self._journal.flush()

    async def _tick(self, run: RunContext, recorder: Recorder) -> None:
        orders = Orders(run, recorder)
        last_beat = 0.0
        while True:
            await asyncio.sleep(_TICK)
            recorder.tick()
            orders.obey(self._journal.orders())
            if time.monotonic() - last_beat >= _HEARTBEAT:
                self._journal.heartbeat()
                last_beat = time.monotonic()

    def _code(self, run: RunContext, recorder: Recorder) -> int:
        if run.ended_logins:
            # Refused one by one before it was clear that the login itself had ended.
            for number in [number for number, why in run.rule_failures.items() if why.error_class == LoginEnded.kind]:
                recorder.rule_returned(number)
            for task in run.tasks.values():
                if task.failure and task.failure.error_class == LoginEnded.kind:
                    recorder.task_returned(task)
            return outcome.CREDENTIALS
        failures = [*run.rule_failures.values(), *(task.failure for task in run.tasks.values() if task.failure)]
        return outcome.exit_code(failures)


def _ready(run: RunContext) -> list[Task]:
    return [task for task in run.tasks.values() if task.state == "pending" and task.resolved]


def _unresolved(task: Task) -> bool:
    return task.state == "pending" and not task.resolved


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
