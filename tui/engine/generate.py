"""Generate: from the rules of a plan to the full list of tasks, before one byte is written.

For every rule the tags are listed and each becomes a task; for every task the source's digest is pinned, compared
with the target's, and where they differ the manifests are read and the target is asked which blobs it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tui.engine.context import RunContext
from tui.engine.control import Gate, StopRequested
from tui.engine.journal.schema import JournalError
from tui.engine.recorder import Recorder
from tui.engine.schedule import BlobNeed, SingleFlight
from tui.engine.targets import TargetView, view_target
from tui.engine.tasks import Failure, Task
from tui.engine.trees import FindReferrers, Tree, filter_platforms
from tui.engine.work import for_each, together
from tui.oci.descriptor import Descriptor
from tui.oci.errors import Conflict, NotFound, RegistryError
from tui.oci.manifest import Manifest
from tui.oci.reference import Repository, is_digest
from tui.oci.registry import Registry
from tui.plan.errors import RuleError
from tui.plan.expand import Pair, expand, matching_repositories
from tui.plan.model import Rule

_TWO_SOURCES = "give one of the two another name at the target"
CHECKS_AT_ONCE = 48
"""Tasks looked at together; these are short requests, unlike copies."""


class Generator:
    """The generate phase of one run; also used in the retry phase for what could not be planned before."""

    def __init__(self, run: RunContext, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._views: dict[Repository, TargetView] = {}
        self._source_tags: dict[Repository, frozenset[str]] = {}
        self._view_flights: SingleFlight[Repository] = SingleFlight()
        self._presence: SingleFlight[tuple[Repository, str]] = SingleFlight()
        self._references: Counter[Repository] = Counter()
        self._next_task = max(run.tasks, default=0) + 1
        self._known = {(task.source, task.target) for task in run.tasks.values()}
        self._sources = {task.target: task.source for task in run.tasks.values()}

    async def expand_rules(self, rules: Iterable[int]) -> list[Task]:
        """Turn rules into tasks. A rule that fails is noted as failed, the others go on.

        Raises StopRequested.
        """
        found: dict[int, list[Task]] = {}

        async def one(rule_id: int) -> None:
            await self._run.control.checkpoint()
            found[rule_id] = await self._expand_rule(rule_id)

        numbers = list(rules)
        await for_each(numbers, Gate(CHECKS_AT_ONCE), one)
        return [task for number in numbers for task in found[number] if task.state == "pending"]

    async def resolve_tasks(self, tasks: Iterable[Task]) -> None:
        """Pin and plan tasks; each ends `pending` for execute, or in a final state. Raises StopRequested."""
        queue = list(tasks)
        self._references.update(task.target.repository for task in queue)
        await for_each(queue, Gate(CHECKS_AT_ONCE), self._resolve_or_fail)

    async def _expand_rule(self, rule_id: int) -> list[Task]:
        rule = self._run.rules[rule_id]
        try:
            pairs = await self._pairs(rule)
        except RegistryError as error:
            self._stop_instead(error)
            self._recorder.rule_failed(rule_id, Failure.of(error))
            return []
        except RuleError as error:
            self._recorder.rule_failed(rule_id, Failure("RULE", None, "", str(error), error.hint))
            return []
        except (StopRequested, JournalError):
            raise
        except Exception as error:  # noqa: BLE001 - told with the rule, and the others go on
            self._recorder.rule_failed(rule_id, self._recorder.surprise(error))
            return []
        self._recorder.rule_done(rule_id)
        return [self._add_task(rule_id, pair) for pair in pairs if (pair.source, pair.target) not in self._known]

    def _stop_instead(self, error: RegistryError) -> None:
        """Raise StopRequested for what fails only because nobody waits for its registry any more."""
        if self._run.control.stopping and error.retryable:
            raise StopRequested from error

    async def _pairs(self, rule: Rule) -> list[Pair]:
        pairs: list[Pair] = []
        for repository in await self._repositories(rule):
            tags = await self._tags(repository) if rule.needs_tags else []
            pairs += expand(rule, repository, tags)
        return pairs

    async def _repositories(self, rule: Rule) -> list[Repository]:
        if not rule.is_pattern:
            return [rule.source]
        registry = Repository(rule.source_registry, rule.source_path.removesuffix("*").strip("/") or "*")
        client = await self._run.registries.source(registry)
        catalog = [name async for page in client.catalog() for name in page]
        return [Repository(rule.source_registry, path) for path in matching_repositories(rule, catalog)]

    async def _tags(self, repository: Repository) -> list[str]:
        client = await self._run.registries.source(repository)
        tags: list[str] = []
        async for page in client.tags(repository):
            tags += page
            self._recorder.listed(len(page))
        self._source_tags[repository] = frozenset(tags)
        return tags

    def _add_task(self, rule_id: int, pair: Pair) -> Task:
        task = Task(self._next_task, rule_id, pair.source, pair.target)
        self._next_task += 1
        self._known.add((pair.source, pair.target))
        self._run.tasks[task.id] = task
        self._recorder.task_added(task)
        other = self._sources.setdefault(pair.target, pair.source)
        if other != pair.source:
            error = Conflict(f"{other} is to be copied there too", reference=str(pair.target), hint=_TWO_SOURCES)
            self._recorder.task_ended(task, "conflict", Failure.of(error))
        return task

    async def _resolve_or_fail(self, task: Task) -> None:
        await self._run.control.checkpoint()
        if task.state != "pending":
            return  # skipped while it waited for its turn
        try:
            await self._resolve(task)
        except Conflict as error:
            self._recorder.task_ended(task, "conflict", Failure.of(error))
        except RegistryError as error:
            self._stop_instead(error)
            self._recorder.task_failed(task, Failure.of(error))
        except (StopRequested, JournalError):
            raise
        except Exception as error:  # noqa: BLE001 - told with the task, and the others go on
            self._recorder.task_failed(task, self._recorder.surprise(error))

    async def _resolve(self, task: Task) -> None:
        source = await self._run.registries.source(task.source.repository)
        view = await self._view(task.target.repository)
        rule = self._run.rules[task.rule_id]
        there = await view.head(task.target.target)
        reference = task.source.target
        if there is not None:
            task.replaces = there.digest
            if not rule.platforms and not self._run.plan.options.force:
                head = await source.head_manifest(task.source.repository, reference)
                if head is None:
                    raise _gone(task)
                task.pinned = reference = head.digest
                if head.digest == there.digest:
                    self._unchanged(task)
                    return
        manifest = await source.get_manifest(task.source.repository, reference)
        task.pinned = manifest.digest
        root = await filter_platforms(source, task.source.repository, manifest, rule.platforms)
        if root is None:
            wanted = ", ".join(str(platform) for platform in rule.platforms)
            self._recorder.task_ended(task, "skipped", note=f"nothing in it for {wanted}")
            return
        if root.digest == task.replaces and not self._run.plan.options.force:
            self._unchanged(task)
            return
        if task.replaces and self._kept_by_policy(task, root):
            return
        if root is not manifest:
            kept, all_of_them = len(root.manifests), len(manifest.manifests)
            note = f"{kept} of {all_of_them} platforms kept, so the digest changes to {root.digest}"
            self._recorder.note(task, note)
        referrers = self._referrers_of(source, task.source.repository) if self._run.plan.options.referrers else None
        tree = await self._run.manifests.read_tree(source, task.source.repository, root, referrers)
        await self._need_blobs(task, tree, view)
        task.root = root.digest
        if task.state == "pending":  # it may have been skipped while we looked
            self._recorder.task_planned(task)

    def _referrers_of(self, source: Registry, repository: Repository) -> FindReferrers:
        """Return who finds what refers to a manifest in a source repository."""
        tags = self._source_tags.get(repository)

        async def find(digest: str) -> list[Descriptor]:
            return await source.referrers(repository, digest, tags)

        return find

    def _unchanged(self, task: Task) -> None:
        task.root = task.replaces
        self._recorder.task_ended(task, "unchanged")

    def _kept_by_policy(self, task: Task, root: Manifest) -> bool:
        """Whether the target keeps what it has. Raises Conflict when that is to be an error."""
        policy = self._run.plan.options.on_conflict
        if policy == "skip":
            self._recorder.task_ended(task, "skipped", note=f"the target has {task.replaces} and keeps it")
            return True
        if policy == "fail" or is_digest(task.target.target):
            raise Conflict(
                f"the target has {task.replaces}, the source has {root.digest}",
                endpoint=task.target.registry,
                reference=str(task.target),
            )
        return False

    async def _view(self, repository: Repository) -> TargetView:
        view = self._views.get(repository)
        if view is None:
            client = await self._run.registries.target(repository)
            count = self._references[repository]
            view = await self._view_flights.run(repository, lambda: view_target(client, repository, count))
            self._views[repository] = view
        return view

    async def _need_blobs(self, task: Task, tree: Tree, view: TargetView) -> None:
        blobs = tree.blobs()
        task.bytes_total = sum(blob.size for blob in blobs)
        await together(self._need_blob(task, blob.digest, blob.size, view) for blob in blobs)

    async def _need_blob(self, task: Task, digest: str, size: int, view: TargetView) -> None:
        repository = task.target.repository
        if self._run.placements.has(repository, digest) or (repository, digest) in self._run.needs:
            return
        there = view.exists and await self._presence.run(
            (repository, digest), lambda: view.client.has_blob(repository, digest)
        )
        if self._run.placements.has(repository, digest) or (repository, digest) in self._run.needs:
            return
        need = BlobNeed(repository, digest, size, task.source.repository)
        if there:
            self._recorder.blob_present(need)
        else:
            self._run.needs[repository, digest] = need
            self._recorder.blob_needed(need)


def _gone(task: Task) -> NotFound:
    return NotFound(
        "the tag is not there any more" if task.source.tag else "the digest is not there",
        endpoint=task.source.registry,
        reference=str(task.source),
        status=404,
    )
