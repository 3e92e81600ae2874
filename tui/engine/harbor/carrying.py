"""Execute by Harbor's replication: start it, follow it, and write into the journal what it says of each repository.

Harbor's tasks are repositories, ours are tags. Where the target answers this machine, what Harbor calls done is looked
at (one HEAD for each tag) before it is called done here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tui.engine.context import RunContext
from tui.engine.control import Gate, StopRequested
from tui.engine.execute import Executor
from tui.engine.generate import CHECKS_AT_ONCE
from tui.engine.harbor.batches import Batch, policy_of
from tui.engine.harbor.following import Following
from tui.engine.harbor.site import Site
from tui.engine.harbor.started import Started
from tui.engine.recorder import Recorder
from tui.engine.tasks import Failure, Task
from tui.engine.work import for_each, together
from tui.oci.errors import RegistryError
from tui.oci.saying import N_, phrase
from tui.providers.harbor.replication.outcome import TaskOutcome
from tui.providers.harbor.replication.policies import narrowed

MOVED_BY_HARBOR = N_("Harbor moves the bytes and tells no figures: counted by image")
"""What the journal says of the run meanwhile."""
_NO_TASK = Failure(
    "GONE",
    None,
    "",
    N_("Harbor had no task for it"),
    N_("it may be gone at the source, or the policy's filters leave it out: copy it with our own engine"),
    retryable=True,
)


class Replicated:
    """The execute phase of a run with a Harbor; what Harbor cannot do goes to `own`."""

    def __init__(self, run: RunContext, recorder: Recorder, site: Site, own: Executor, started: Started) -> None:
        self._run = run
        self._recorder = recorder
        self._site = site
        self._own = own
        self._started = started

    async def execute(self, tasks: Iterable[Task], *, unsure: bool = False) -> None:
        """Execute tasks; each ends in a final state, or `pending` again when a stop was asked for.

        Raises StopRequested.
        """
        queue = list(tasks)
        if not queue:
            return
        try:
            await self._site.open()
        except RegistryError as error:
            self._fail(queue, error)
            return
        by_batch: dict[int, list[Task]] = defaultdict(list)
        own: list[Task] = []
        for task in queue:
            batch = self._site.batch_of(task.rule_id)
            (own if batch is None else by_batch[batch.number]).append(task)
        self._leave_to_harbor(by_batch.values(), own)
        handed = [self._batch(batch, by_batch[batch.number]) for batch in self._site.batches if by_batch[batch.number]]
        await together([*handed, self._own.execute(own, unsure=unsure)])

    def _leave_to_harbor(self, handed: Iterable[Sequence[Task]], own: Sequence[Task]) -> None:
        """Drop the layers that a run taken up again believes it has to upload for Harbor's tasks."""
        ours = {task.target.repository for task in own}
        theirs = {task.target.repository for tasks in handed for task in tasks} - ours
        for key in [key for key in self._run.needs if key[0] in theirs]:
            del self._run.needs[key]

    async def _batch(self, batch: Batch, tasks: list[Task]) -> None:
        left = tasks
        while left:
            await self._run.control.checkpoint()
            self._recorder.state("running", MOVED_BY_HARBOR)
            left = await self._round(batch, left)

    async def _round(self, batch: Batch, tasks: list[Task]) -> list[Task]:
        """Hand tasks to Harbor and follow them; return those that a pause made Harbor drop. Raises StopRequested."""
        paused = False
        waiting = defaultdict(list)
        for task in tasks:
            waiting[task.source.repository.path].append(task)
        try:
            for execution in await self._executions(batch, tasks):
                following = Following(self._run, self._site.replication, execution)
                async for outcome, log in following.outcomes():
                    await self._apply(waiting[outcome.source.path], outcome, log, ours=following.stopped)
                self._started.over(execution)
                paused = paused or following.stopped
        except RegistryError as error:
            # Harbor may go on with it: the next round looks at the same execution again.
            self._fail([task for task in tasks if task.state in ("pending", "running")], error)
            return []
        left = [task for task in tasks if task.state in ("pending", "running")]
        if not left:
            return []
        if not paused and not self._run.control.stopping:
            for task in left:
                self._recorder.task_failed(task, _NO_TASK)
            return []
        for task in left:
            self._recorder.task_returned(task)
        if self._run.control.stopping:
            raise StopRequested
        return left

    async def _executions(self, batch: Batch, tasks: list[Task]) -> list[int]:
        """Return the executions for these tasks: those under way, else new ones, of the whole batch the first time."""
        under_way = await self._under_way(batch)
        if under_way:
            return under_way
        registry = await self._site.registry(batch.draft.remote)
        policy = policy_of(self._run.plan, batch, len(self._site.batches), registry.id, self._site.how)
        replication = self._site.replication
        policy = await replication.ensure_policy(policy)
        wanted = [policy]
        if self._started.begun(batch.number):
            again = list(dict.fromkeys(task.source.repository.path for task in tasks))
            wanted = [await replication.ensure_policy(each) for each in narrowed(policy, again)]
        executions = []
        for each in wanted:
            execution = await replication.start(each.id)
            executions.append(execution)
            self._started.add(batch.number, each.id, execution)
            words = phrase(
                "Harbor at {harbor}: execution {execution} of the policy {name!r} began",
                harbor=self._site.how.harbor,
                execution=execution,
                name=each.name,
            )
            self._run.journal.event("info", words)
            self._run.log.write("replication", execution=execution, policy=each.name, policy_id=each.id)
        # What is under way at Harbor must be known to whoever takes the run up, before anything else happens.
        await self._run.journal.flush()
        return executions

    async def _under_way(self, batch: Batch) -> list[int]:
        found = []
        for execution in self._started.open(batch.number):
            if (await self._site.replication.execution(execution)).over:
                self._started.over(execution)
            else:
                found.append(execution)
        return found

    async def _apply(self, tasks: Sequence[Task], outcome: TaskOutcome, log: Sequence[str], *, ours: bool) -> None:
        about = [task for task in tasks if task.state in ("pending", "running")]
        if outcome.source.tags:
            about = [task for task in about if task.source.tag in outcome.source.tags]
        if outcome.state == "running":
            for task in about:
                if task.state == "pending":
                    self._recorder.task_started(task)
            return
        if outcome.state == "pending" or not about:
            return
        for task in about:
            if task.state == "pending":
                self._recorder.task_started(task)
            for line in log:
                self._run.journal.event("info", phrase("Harbor: {line}", line=line), task.id)
        self._run.log.write("replication task", execution=outcome.execution, task=outcome.task, log=list(log))
        if outcome.state == "done":
            await for_each(about, Gate(CHECKS_AT_ONCE), self._look)
        elif outcome.state == "failed":
            failure = Failure(outcome.failure, None, "", outcome.message, outcome.hint, _goes_by(outcome.failure))
            for task in about:
                self._recorder.task_failed(task, failure)
        elif ours or self._run.control.stopping:
            for task in about:
                self._recorder.task_returned(task)
        else:
            for task in about:
                words = N_("somebody stopped it at Harbor")
                self._recorder.task_ended(task, "cancelled", note=words)

    async def _look(self, task: Task) -> None:
        """Call a task done, once its digest is seen at the target if that answers."""
        if self._site.unseen(task.target.registry):
            self._recorder.task_ended(
                task, "done", note=N_("done as Harbor says; the target does not answer this machine")
            )
            return
        try:
            client = await self._run.registries.target(task.target.repository)
            head = await client.head_manifest(task.target.repository, task.target.target)
        except RegistryError as error:
            self._recorder.task_ended(
                task, "done", note=phrase("done as Harbor says; not seen from here: {error}", error=error)
            )
            return
        if head is not None and head.digest == task.root:
            self._recorder.task_ended(task, "done")
            return
        there = (
            phrase("the target has {digest}", digest=head.digest) if head is not None else N_("it is not at the target")
        )
        hint = N_(
            "look into the log of Harbor's task; a tag that moved at the source meanwhile is copied by another run"
        )
        self._recorder.task_failed(
            task, Failure("GONE", None, "", phrase("Harbor says done, and {there}", there=there), hint, True)
        )

    def _fail(self, tasks: Iterable[Task], error: RegistryError) -> None:
        if self._run.control.stopping and error.retryable:
            for task in tasks:
                self._recorder.task_returned(task)
            raise StopRequested from error
        for task in tasks:
            self._recorder.task_failed(task, Failure.of(error))


def _goes_by(kind: str) -> bool:
    return kind in ("NET", "SRV", "THROTTLE", "GONE")
