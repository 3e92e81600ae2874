"""Verifying one run: its tasks against the target, with progress beside the run and the result kept there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tui import __version__
from tui.engine import outcome, signals
from tui.engine.control import Gate
from tui.engine.generate import CHECKS_AT_ONCE
from tui.engine.journal.reader import JournalReader
from tui.engine.person import this_person
from tui.engine.registries import Registries, Resolver
from tui.engine.report import failures
from tui.engine.runs import RunFolder
from tui.engine.tasks import State as TaskState
from tui.engine.tasks import Task
from tui.engine.trees import StoredManifests
from tui.engine.verify.check import Checker, Tally
from tui.engine.verify.extra import extra_tags, known_tags
from tui.engine.verify.findings import Finding, Findings
from tui.engine.verify.record import FORMAT, LOCK, Manner, write_ended, write_live
from tui.engine.work import for_each
from tui.oci.errors import RegistryError
from tui.oci.host import Host
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_, phrase
from tui.plan.model import from_document

TELL_EVERY = 0.5
"""Seconds between two tellings of how it stands."""
_FINDINGS_WHILE_UNDER_WAY = 200

State = Literal["running", "done", "stopped"]
Verdict = Literal["same", "different", "unknown"]
LEFT_OUT: tuple[TaskState, ...] = ("skipped", "cancelled")
"""States of tasks that were left out on purpose."""


@dataclass(slots=True)
class Verification:
    """One verification in memory: what was looked at, and what was found."""

    run: str
    manner: Manner
    planned: int
    left_out: dict[str, int]
    tally: Tally = field(default_factory=Tally)
    findings: Findings = field(default_factory=Findings)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    content: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: State = "running"
    started: float = field(default_factory=time.time)
    ended: float | None = None
    waiting: str = ""

    @property
    def exit(self) -> int:
        """The exit code it stands for (`tui.engine.outcome`)."""
        if self.state == "stopped":
            return outcome.STOPPED
        kinds = set(self.findings.counts())
        if kinds - {"unknown"}:
            return outcome.FAILED
        return outcome.RETRYABLE if kinds else outcome.WELL

    def document(self, *, whole: bool = True) -> dict[str, Any]:
        """Return it as values JSON can carry; unless `whole` without what only a report needs."""
        verdicts = list(self.verdicts.values())
        document = {
            "format": FORMAT,
            "run": self.run,
            "state": self.state,
            "waiting": self.waiting,
            "exit": self.exit if self.state != "running" else None,
            "by": this_person(),
            "version": __version__,
            "started": self.started,
            "ended": self.ended,
            "deep": self.manner.deep,
            "extra": self.manner.extra,
            "planned": self.planned,
            "left_out": self.left_out,
            "checked": asdict(self.tally),
            "references": {verdict: verdicts.count(verdict) for verdict in ("same", "different", "unknown")},
            "counts": self.findings.counts(),
            "findings": self.findings.documents(None if whole else _FINDINGS_WHILE_UNDER_WAY),
        }
        return {**document, "verdicts": self.verdicts, "content": self.content} if whole else document


Tell = Callable[[Verification], None]
"""Is told now and then how a verification stands."""


async def verify_run(
    folder: RunFolder,
    target: Resolver,
    manner: Manner,
    *,
    tell: Tell = lambda verification: None,
    retry: RetryPolicy | None = None,
) -> Verification:
    """Verify a run and keep the result beside it. SIGINT or SIGTERM stop it, and then what it had is kept apart.

    Raises RunBusy while another process verifies it, JournalError and LocalError when its files cannot be used.
    """
    with folder.locked(LOCK), JournalReader(folder.journal) as reader:
        # A run that is under way changes below us; what is verified is how it stood when this began.
        with reader.snapshot():
            tasks = [Task.from_row(row) for row in reader.tasks()]
            verification = _begun(folder.name, manner, tasks, reader)
        work = asyncio.ensure_future(_verify(verification, reader, tasks, target, retry or RetryPolicy()))

        def keep() -> None:
            write_live(folder, verification.document(whole=False))
            tell(verification)

        def stop() -> None:
            work.cancel()

        with signals.handled(stop, stop):
            async with _told(keep):
                verification.state = await _ended(work)
        verification.ended = time.time()
        if verification.state == "done":
            write_ended(folder, verification.document())
        else:
            keep()
        return verification


def _begun(run: str, manner: Manner, tasks: list[Task], reader: JournalReader) -> Verification:
    """Return a verification that knows what it will look at, and what the run did not copy."""
    states = [task.state for task in tasks]
    planned = states.count("done") + states.count("unchanged")
    left_out = {str(name): states.count(name) for name in LEFT_OUT if name in states}
    verification = Verification(run, manner, planned, left_out)
    for failed in failures(reader):
        place, _, reference = _parted(failed.target)
        said = phrase("{where}: {words}", where=failed.error_class, words=reader.said(failed.message))
        finding = Finding("not-copied", place, reference, said)
        verification.findings.concern([verification.findings.add(finding)], failed.target)
    for task in tasks:
        if task.state in ("pending", "running", "waiting"):
            message = phrase("the run has not copied it yet ({state})", state=N_(task.state))
            finding = Finding("not-copied", str(task.target.repository), task.target.target, message, task.root)
            verification.findings.concern([verification.findings.add(finding)], str(task.target))
    return verification


def _parted(target: str) -> tuple[str, str, str]:
    """Return repository, sign and reference of a target; a rule's template may have no reference."""
    if "@" in target:
        return target.rpartition("@")
    head, colon, last = target.rpartition(":")
    return (head, colon, last) if colon and "/" not in last else (target, "", "")


async def _ended(work: asyncio.Future[None]) -> State:
    try:
        await work
    except asyncio.CancelledError:
        return "stopped"
    return "done"


async def _verify(
    verification: Verification, reader: JournalReader, tasks: list[Task], target: Resolver, retry: RetryPolicy
) -> None:
    options = from_document(reader.meta("plan")).options
    checker = Checker(StoredManifests(reader), verification.findings, verification.tally, deep=verification.manner.deep)
    verification.content = checker.seen.manifests
    registries = Registries(target, target, requests_at_once=CHECKS_AT_ONCE, retry=retry, earlier=options.since)
    backup = options.backup if options.on_conflict == "backup" else ""
    registries.host_changed = lambda host: _note_waiting(verification, host)

    async def check(task: Task) -> None:
        try:
            client = await registries.target(task.target.repository)
        except RegistryError as error:
            finding = Finding("unknown", str(task.target.repository), task.target.target, str(error), task.root)
            problems = frozenset({verification.findings.add(finding)})
            verification.findings.concern(problems, str(task.target))
        else:
            problems = await checker.check(client, task)
        unknown = verification.findings.only_unknown(problems)
        verification.verdicts[task.id] = "same" if not problems else "unknown" if unknown else "different"

    async def look_around(place: tuple[Repository, set[str]]) -> None:
        repository, known = place
        try:
            found = await extra_tags(await registries.target(repository), repository, known, backup)
        except RegistryError as error:
            found = [Finding("unknown", str(repository), "", str(error))]
        verification.tally.repositories += 1
        for finding in found:
            verification.findings.add(finding)

    async with registries:
        registries.limit(bytes_per_second=options.limit_rate, requests_per_second=options.limit_requests)
        try:
            copied = [task for task in tasks if task.state in ("done", "unchanged")]
            await for_each(copied, Gate(CHECKS_AT_ONCE), check)
            if verification.manner.extra:
                await for_each(known_tags(tasks).items(), Gate(CHECKS_AT_ONCE), look_around)
        finally:
            registries.give_up_waiting()
            await checker.close()


def _note_waiting(verification: Verification, host: Host) -> None:
    verification.waiting = "" if host.state == "ok" else f"{host.registry}: {host.state}"


@asynccontextmanager
async def _told(keep: Callable[[], None]) -> AsyncIterator[None]:
    """Keep how it stands inside the block, every now and then."""

    async def go_on() -> None:
        while True:
            keep()
            await asyncio.sleep(TELL_EVERY)

    telling = asyncio.create_task(go_on())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
