"""A run in this process: its journal, log, signals and orders, around the phases.

The journal is made once and outlives every process; `work_on` does what is left of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tui.engine import outcome, signals
from tui.engine.context import RunContext
from tui.engine.control import Control, StopRequested
from tui.engine.generate import CHECKS_AT_ONCE
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.journal.writer import JournalWriter
from tui.engine.log import RunLog
from tui.engine.manner import AS_USUAL, Manner
from tui.engine.orders import Orders
from tui.engine.person import this_person
from tui.engine.phases import Phases
from tui.engine.recorder import Recorder
from tui.engine.registries import Registries, Resolver
from tui.engine.runs import RunFolder, make_run_folder
from tui.engine.trees import ManifestStore
from tui.plan.model import Plan, from_document, to_document

_TICK = 0.25
_HEARTBEAT = 2.0
_REQUESTS_BESIDE_COPIES = 16


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
        phases = asyncio.create_task(Phases(run, recorder, self._reader, self._how).carry_out())
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


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
