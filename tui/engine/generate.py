"""Generate: from the rules of a plan to the full list of tasks, before one byte is written.

For every rule the tags are listed and each becomes a task; for every task the source's digest is pinned, compared
with the target's, and where they differ the manifests are read and the target is asked which blobs it has.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

from tui.engine.additions import Additions
from tui.engine.choosing import Chooser
from tui.engine.company import added_in, carried_tags, detail_of, existing_tags, kind_of, referrers_for, type_of
from tui.engine.context import RunContext
from tui.engine.control import Gate, StopRequested
from tui.engine.journal.schema import JournalError
from tui.engine.left_out import check_left_out
from tui.engine.policy import kept_by_policy
from tui.engine.recorder import Recorder
from tui.engine.schedule import BlobNeed, SingleFlight
from tui.engine.targets import TargetView
from tui.engine.tasks import Failure, Task
from tui.engine.trees import Tree, filter_platforms, platforms_of
from tui.engine.work import for_each, together
from tui.oci.errors import Conflict, LoginEnded, NotFound, RegistryError
from tui.oci.manifest import Manifest
from tui.oci.reference import Reference, Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase
from tui.plan.artifacts import takes
from tui.plan.attached import is_attached, is_referrers_list
from tui.plan.errors import RuleError
from tui.plan.expand import Pair, attached_pairs
from tui.plan.model import ArtifactSelection, Rule
from tui.plan.naming import registry_of

_TWO_SOURCES = N_("give one of the two another name at the target")
CHECKS_AT_ONCE = 48
"""Tasks looked at together; these are short requests, unlike copies."""


class Generator:
    """The generate phase of one run; also used in the retry phase for what could not be planned before."""

    def __init__(self, run: RunContext, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._views: dict[Repository, TargetView] = {}
        self._chooser = Chooser(run, recorder)
        self._carried: list[Task] = []
        self._presence: SingleFlight[tuple[Repository, str]] = SingleFlight()
        self._references: Counter[Repository] = Counter()
        self._next_task = max(run.tasks, default=0) + 1
        self._known = {(task.source, task.target) for task in run.tasks.values()}
        self._additions = Additions(run, self._chooser, self._known)
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
        meeting = asyncio.create_task(self._meet_targets([self._run.rules[number] for number in numbers]))
        try:
            await for_each(numbers, Gate(CHECKS_AT_ONCE), one)
        finally:
            meeting.cancel()
            await asyncio.gather(meeting, return_exceptions=True)
        return [task for number in numbers for task in found[number] if task.state == "pending"]

    async def resolve_tasks(self, tasks: Iterable[Task]) -> None:
        """Pin and plan tasks; each ends `pending` for execute, or in a final state. Raises StopRequested."""
        queue = list(tasks)
        while queue:
            self._references.update(task.target.repository for task in queue)
            await for_each(queue, Gate(CHECKS_AT_ONCE), self._resolve_or_fail)
            # What goes along with them is found while they are looked at.
            queue, self._carried = self._carried, []

    async def _meet_targets(self, rules: Sequence[Rule]) -> None:
        """Reach the targets while the sources list their tags; whoever needs one that fails will say so."""
        for name in {registry_of(rule.target): None for rule in rules}:
            if name:
                with suppress(RegistryError):
                    client = await self._run.registries.target(Repository(name, "*"))
                    await client.reach()

    async def _expand_rule(self, rule_id: int) -> list[Task]:
        try:
            pairs = await self._chooser.pairs(rule_id)
        except LoginEnded as error:
            self._recorder.login_ended(error)
            return []
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

    def _add_task(self, rule_id: int, pair: Pair) -> Task:
        task = Task(self._next_task, rule_id, pair.source, pair.target)
        self._next_task += 1
        self._known.add((pair.source, pair.target))
        self._run.tasks[task.id] = task
        self._recorder.task_added(task)
        other = self._sources.setdefault(pair.target, pair.source)
        if other != pair.source:
            error = Conflict(
                phrase("{other} is to be copied there too", other=other), reference=str(pair.target), hint=_TWO_SOURCES
            )
            self._recorder.task_ended(task, "conflict", Failure.of(error))
        return task

    async def _resolve_or_fail(self, task: Task) -> None:
        await self._run.control.checkpoint()
        if task.state != "pending":
            return  # skipped while it waited for its turn
        try:
            await self._resolve(task)
        except LoginEnded as error:
            self._recorder.login_ended(error)
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
        adds: frozenset[str] = frozenset()
        task.replaces = ""  # what it was when an earlier look planned the task counts no more
        if there is not None:
            task.replaces = there.digest
            if not rule.platforms and not self._run.plan.options.force:
                head = await source.head_manifest(task.source.repository, reference)
                if head is None:
                    raise _gone(task)
                task.pinned = reference = head.digest
                if head.digest == there.digest:
                    adds = await self._adds(task, rule, [head.digest], source, view)
                    if not adds:
                        self._unchanged(task)
                        return
        manifest = await source.get_manifest(task.source.repository, reference)
        task.pinned = manifest.digest
        kind = "referrers" if is_referrers_list(reference) and manifest.is_index else kind_of(manifest)
        if not takes(rule.artifacts, kind, type_of(manifest)) or (
            kind == "referrers" and rule.artifacts != ArtifactSelection()
        ):
            self._recorder.task_ended(
                task, "skipped", note=phrase("of a kind that the rule leaves out: {kind}", kind=N_(kind))
            )
            return
        root = await filter_platforms(source, task.source.repository, manifest, rule.platforms)
        if root is None:
            wanted = ", ".join(str(platform) for platform in rule.platforms)
            self._recorder.task_ended(task, "skipped", note=phrase("nothing in it for {wanted}", wanted=wanted))
            return
        detail = platforms_of(manifest, root)
        same = root.digest == task.replaces and not self._run.plan.options.force
        if same and not adds:
            digests = [root.digest, *(child.digest for child in root.manifests)]
            adds = await self._adds(task, rule, digests, source, view)
            if not adds:
                self._run.journal.detail(task.id, detail)
                self._unchanged(task)
                return
        if task.replaces and not same and await kept_by_policy(self._run, self._recorder, task, root, view, detail):
            return
        if root is not manifest:
            dropped = ", ".join(detail["dropped"])
            self._recorder.note(
                task, phrase("without {dropped} the digest changes to {digest}", dropped=dropped, digest=root.digest)
            )
        tree = await self._read_tree(task, rule, source, root)
        await self._need_blobs(task, tree, view)
        if detail := {**detail, **detail_of(tree, kind), **added_in(tree, adds)}:
            self._run.journal.detail(task.id, detail)
        task.root = root.digest
        if task.state == "pending":  # it may have been skipped while we looked
            self._recorder.task_planned(task)

    async def _read_tree(self, task: Task, rule: Rule, source: Registry, root: Manifest) -> Tree:
        """Return the tree of what is copied; what cosign attached to any part of it becomes tasks of its own."""
        repository = task.source.repository
        if not self._run.plan.options.referrers:
            return await self._run.manifests.read_tree(source, repository, root)
        # Tags that were named are copied without a list of all; now that there is something to copy it is worth one.
        tags: Collection[str] | None = await self._chooser.listed_now(repository)
        find = referrers_for(source, repository, rule, tags)
        tree = await self._run.manifests.read_tree(source, repository, root, find)
        if tags is None:
            tags = await existing_tags(source, repository, root.digest)
        self._carry(task, rule, [manifest.digest for manifest in tree.walk()], tags)
        return tree

    async def _adds(
        self, task: Task, rule: Rule, digests: Sequence[str], source: Registry, view: TargetView
    ) -> frozenset[str]:
        """Return the digests of what refers to an image the target has, and is not there; cosign's tags go along."""
        if not self._run.plan.options.referrers or is_attached(task.source.target):
            return frozenset()
        self._carry(task, rule, digests, await self._additions.tags_of(task, digests, source))
        return await self._additions.missing(task, digests, source, view)

    def _carry(self, task: Task, rule: Rule, digests: Iterable[str], tags: Collection[str] | None) -> None:
        """Let the tags that cosign attached to these manifests go along."""
        if tags is None or not self._run.plan.options.referrers:
            return
        for pair in attached_pairs(rule, task.source.repository, carried_tags(rule, digests, tags)):
            # Two rules may copy one repository to two places, or to the same.
            pair = Pair(pair.source, Reference(task.target.repository, tag=pair.target.tag))
            if (pair.source, pair.target) not in self._known:
                self._carried.append(self._add_task(task.rule_id, pair))

    def _unchanged(self, task: Task) -> None:
        task.root = task.replaces
        self._recorder.task_ended(task, "unchanged")

    async def _view(self, repository: Repository) -> TargetView:
        client = await self._run.registries.target(repository)
        if repository not in self._views:
            self._views[repository] = self._new_view(client, repository)
        return self._views[repository]

    def _new_view(self, client: Registry, repository: Repository) -> TargetView:
        return TargetView(client, repository, self._references[repository])

    async def _need_blobs(self, task: Task, tree: Tree, view: TargetView) -> None:
        blobs = self._run.blobs_for(task, tree)
        task.bytes_total = sum(blob.size for blob in blobs)
        await together(self._need_blob(task, blob.digest, blob.size, view) for blob in blobs)
        await check_left_out(self._run, self._recorder, task, blobs)

    async def _need_blob(self, task: Task, digest: str, size: int, view: TargetView) -> None:
        repository = task.target.repository
        if self._run.placements.has(repository, digest) or (repository, digest) in self._run.needs:
            return
        # What an earlier export has counts as there, even before there is a folder for this one.
        asked = view.exists or bool(self._run.plan.options.since)
        there = asked and await self._presence.run(
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
        N_("the tag is not there any more") if task.source.tag else N_("the digest is not there"),
        endpoint=task.source.registry,
        reference=str(task.source),
        status=404,
    )
