"""What happens is told in one place: the task in memory, the journal, the log, and whoever watches."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from typing import Any

from tui.engine.blob_work import SavedUpload
from tui.engine.context import RunContext
from tui.engine.journal.drift import Drift
from tui.engine.journal.reader import DRIFT
from tui.engine.schedule import BlobNeed
from tui.engine.tasks import NO_FAILURE, Failure, Phase, State, Task
from tui.oci.errors import LoginEnded
from tui.oci.host import Host
from tui.oci.saying import N_, phrase


class Recorder:
    """Turns what the phases report into journal rows and log lines."""

    def __init__(self, run: RunContext, before: Mapping[str, int]) -> None:
        """`before` are the counts of the `progress` row from earlier processes of this run."""
        self._run = run
        self._before = before
        self._phase: Phase = "generate"
        self._listed = 0
        self._moving: set[int] = set()

    def phase(self, phase: Phase, round_: int = 0) -> None:
        """A phase begins; `round_` counts the retry rounds."""
        self._phase = phase
        self._run.journal.progress(phase=phase, round=round_, state=self._as_it_goes("running"), message="")
        self._run.log.write("phase", phase=phase, round=round_)

    def state(self, state: str, message: str = "") -> None:
        """The run as a whole is now `running`, `paused`, `waiting`, `stopping`, `ended`..."""
        state = self._as_it_goes(state)
        self._run.journal.progress(state=state, message=message)
        self._run.log.write("run", state=state, message=message)

    def _as_it_goes(self, state: str) -> str:
        """A run that waits for `resume` is paused, whatever its phases are about to do."""
        return "paused" if state in ("running", "waiting") and self._run.control.paused else state

    def host_changed(self, host: Host) -> None:
        """A registry is throttling, out of reach, or back."""
        detail: dict[str, Any] = {"why": _why(host), "requests_at_once": int(host.window.size)}
        if host.state == "throttled":
            detail["until"] = host.until
        self._run.journal.host(host.registry, host.state, detail)
        self._run.log.write("host", registry=host.registry, state=host.state, **detail)

    def login_ended(self, error: LoginEnded) -> None:
        """A registry does not take a login any more; what needs it waits for another process with another login."""
        if error.endpoint not in self._run.ended_logins:
            self._run.ended_logins[error.endpoint] = error.message
            self._run.journal.host(error.endpoint, "login", {"why": error.message})
            self._run.log.write("login", registry=error.endpoint, message=error.message)

    def listed(self, tags: int) -> None:
        """So many tags more were listed."""
        self._listed += tags

    def repositories_listed(self, so_far: int, total: int | None) -> None:
        """So many repositories of a rule were listed, of so many in all where the registry tells."""
        self._run.journal.progress(message=f"{so_far}/{total}" if total is not None else str(so_far))

    def rule_done(self, rule_id: int) -> None:
        """A rule became tasks."""
        self._run.rule_failures.pop(rule_id, None)
        self._run.journal.rule(rule_id, state="done", **NO_FAILURE)

    def rule_failed(self, rule_id: int, failure: Failure) -> None:
        """A rule could not become tasks."""
        self._run.rule_failures[rule_id] = failure
        self._run.journal.rule(rule_id, state="failed", **failure.columns())
        self._attempt(None, rule_id, failure)
        self._run.log.write("rule failed", rule=str(self._run.rules[rule_id]), **failure.columns())

    def rule_returned(self, rule_id: int) -> None:
        """A rule is to be expanded again, by whoever works on the run next."""
        self._run.rule_failures.pop(rule_id, None)
        self._run.journal.rule(rule_id, state="pending", **NO_FAILURE)

    def task_added(self, task: Task) -> None:
        """A new task."""
        self._run.journal.add_task(task.row())

    def task_planned(self, task: Task) -> None:
        """A task is ready to be executed."""
        task.phase, task.state, task.failure = "execute", "pending", None
        task.planned_at = time.monotonic()
        self._task(task, bytes_total=task.bytes_total, **NO_FAILURE)

    def task_started(self, task: Task) -> None:
        """A task is being worked on."""
        task.state, task.phase = "running", self._phase
        task.attempts += 1
        self._task(task, attempts=task.attempts, started=time.time(), ended=None)

    def task_ended(self, task: Task, state: State, failure: Failure | None = None, note: str = "") -> None:
        """A task reached a final state that is no failure to be tried again."""
        task.state, task.failure = state, failure
        values: dict[str, Any] = dict(NO_FAILURE, message=note)
        if failure is not None:
            values = failure.columns()
            self._attempt(task.id, None, failure)
        if state == "done":
            task.bytes_done = task.bytes_total
        if state != "done" or note:
            level, text = ("error", failure.message) if failure else ("info", note or state)
            self._run.journal.event(level, text, task.id)
        self._task(task, bytes_done=task.bytes_done, ended=time.time(), **values)
        self._run.log.write("task", **_words(task), note=note, digest=task.root)

    def task_failed(self, task: Task, failure: Failure) -> None:
        """A task failed; whether it is tried again is decided between the rounds."""
        task.state, task.failure, task.phase = "failed", failure, self._phase
        self._attempt(task.id, None, failure)
        self._run.journal.event("error", failure.message, task.id)
        values = {"attempts": task.attempts, "bytes_done": task.bytes_done, "ended": time.time()}
        self._task(task, **values, **failure.columns())
        self._run.log.write("task", **_words(task), **failure.columns())

    def surprise(self, error: Exception) -> Failure:
        """Something failed that should not be able to; one task's surprise must not end the others."""
        self._run.log.write("surprise", trace=traceback.format_exception(error))
        return Failure.of_surprise(error)

    def task_returned(self, task: Task) -> None:
        """A task goes back to the queue: stopped, or to be tried again."""
        task.state, task.failure = "pending", None
        self._task(task, bytes_done=task.bytes_done, **NO_FAILURE)

    def task_advanced(self, task: Task, count: int) -> None:
        """Some bytes of a task moved; the journal hears of it a few times a second."""
        task.bytes_done = max(0, task.bytes_done + count)
        self._moving.add(task.id)

    def note(self, task: Task, text: str) -> None:
        """Something about a task that is worth knowing and no failure."""
        self._run.journal.event("notice", text, task.id)
        self._run.log.write("notice", **_words(task), text=text)

    def drifted(self, task: Task, drift: Drift) -> None:
        """A tag is not what was planned any more."""
        self._run.journal.event(DRIFT, drift.text(), task.id)
        self._run.log.write("drift", **_words(task), planned=drift.planned, now=drift.now, done=drift.done)

    def blob_needed(self, need: BlobNeed) -> None:
        """A blob is to be placed."""
        self._placement(need, "need")

    def blob_present(self, need: BlobNeed) -> None:
        """A blob was there already."""
        self._run.placements.add(need.target, need.digest)
        self._run.totals.present += need.size
        self._placement(need, "present")

    def blob_mounted(self, need: BlobNeed) -> None:
        """A blob was mounted from another repository."""
        self._placed(need)
        self._run.totals.mounted += need.size
        self._placement(need, "mounted")

    def blob_uploaded(self, need: BlobNeed) -> None:
        """A blob was uploaded."""
        self._placed(need)
        self._placement(need, "uploaded")

    def upload_stands(self, need: BlobNeed, saved: SavedUpload | None) -> None:
        """A target acknowledged so much of a blob, or there is no session any more to go on with."""
        location, offset = (saved.location, saved.offset) if saved else ("", 0)
        self._run.journal.upload(need.target.registry, need.target.path, need.digest, location, offset)

    def tick(self) -> None:
        """Tell the journal what moved since the last tick."""
        for task_id in self._moving:
            task = self._run.tasks[task_id]
            # What the target lost and got again was counted twice.
            self._run.journal.task(task_id, bytes_done=min(task.bytes_done, task.bytes_total))
        self._moving.clear()
        reads, writes = self._run.registries.traffic("source"), self._run.registries.traffic("target")
        now = {
            "listed": self._listed,
            "bytes_read": reads.bytes_in,
            "bytes_written": writes.bytes_out,
            "bytes_mounted": self._run.totals.mounted,
            "bytes_present": self._run.totals.present,
            "requests_source": reads.requests,
            "requests_target": writes.requests,
            "retried": reads.retried + writes.retried,
        }
        self._run.journal.progress(**{name: value + self._before[name] for name, value in now.items()})

    def _placed(self, need: BlobNeed) -> None:
        self._run.placements.add(need.target, need.digest)
        self._run.needs.pop((need.target, need.digest), None)

    def _placement(self, need: BlobNeed, state: str) -> None:
        self._run.journal.placement(need.target.registry, need.target.path, need.digest, need.size, state)

    def _task(self, task: Task, **values: Any) -> None:
        where = {"state": task.state, "phase": task.phase}
        what = {"pinned": task.pinned, "root": task.root, "replaces": task.replaces}
        self._run.journal.task(task.id, **where, **what, **values)

    def _attempt(self, task_id: int | None, rule_id: int | None, failure: Failure) -> None:
        self._run.journal.attempt(task_id=task_id, rule_id=rule_id, phase=self._phase, **failure.columns())


def _words(task: Task) -> dict[str, Any]:
    names = {"task": task.id, "source": str(task.source), "target": str(task.target)}
    return {**names, "state": task.state, "phase": task.phase}


def _why(host: Host) -> str:
    left = phrase("{quota} requests left of its limit", quota=host.quota) if host.quota else ""
    since = time.strftime("%H:%M:%S", time.localtime(host.until))
    if host.state == "down":
        return phrase("no answer since {since}", since=since)
    if host.state == "refusing":
        return phrase("403 for everything since {since}; it is asked again now and then", since=since)
    return left or (N_("it asks us to wait") if host.state == "throttled" else "")
