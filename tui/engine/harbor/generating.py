"""Generate for a run that a Harbor carries out: the same task list, without asking which layers are at the target."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tui.engine.context import RunContext
from tui.engine.generate import Generator
from tui.engine.harbor.site import Site
from tui.engine.journal.reader import HANDED
from tui.engine.recorder import Recorder
from tui.engine.targets import TargetView
from tui.engine.tasks import Failure, Task
from tui.engine.trees import Tree
from tui.oci.client import ManifestHead
from tui.oci.errors import Denied, RegistryError
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import phrase
from tui.plan.model import Rule


class _PerhapsNotYet(TargetView):
    """A repository whose namespace Harbor makes: a refusal to look may be for one that is not there yet."""

    async def _ask(self, reference: str) -> ManifestHead | None:
        try:
            return await TargetView._ask(self, reference)
        except Denied:
            return None


class ReplicatedGenerator(Generator):
    """The generate phase of a run with a Harbor."""

    def __init__(self, run: RunContext, recorder: Recorder, site: Site) -> None:
        super().__init__(run, recorder)
        self._site = site
        self._unseen: set[str] = set()

    async def expand_rules(self, rules: Iterable[int]) -> list[Task]:
        """Turn rules into tasks, and note which of them Harbor cannot carry out, with the reason."""
        numbers = list(rules)
        if not numbers:
            return []
        try:
            await self._site.open()
        except RegistryError as error:
            self._stop_instead(error)
            for number in numbers:
                self._recorder.rule_failed(number, Failure.of(error))
            return []
        self._run.journal.meta(HANDED, sorted(rule for batch in self._site.batches for rule in batch.rules))
        for reason in self._site.reasons:
            words = phrase("copied from here, because of Harbor: {words}", words=reason.words)
            if reason.rule is not None:
                words = phrase("{where}: {words}", where=reason.rule, words=words)
            self._run.journal.event("notice", words)
        return await super().expand_rules(numbers)

    async def resolve_tasks(self, tasks: Iterable[Task]) -> None:
        """Pin and plan tasks."""
        queue = list(tasks)
        if queue:
            try:
                await self._site.open()
            except RegistryError as error:
                self._stop_instead(error)
                for task in queue:
                    self._recorder.task_failed(task, Failure.of(error))
                return
        await super().resolve_tasks(queue)

    async def _view(self, repository: Repository) -> TargetView:
        if not self._site.unseen(repository.registry):
            return await super()._view(repository)
        if repository.registry not in self._unseen:
            self._unseen.add(repository.registry)
            words = phrase(
                "{registry} does not answer this machine: what is there already is for Harbor to find",
                registry=repository.registry,
            )
            self._run.journal.event("notice", words)
        client = await self._run.registries.target(repository)
        return TargetView(client, repository, 0, exists=False)

    def _new_view(self, client: Registry, repository: Repository) -> TargetView:
        kind = _PerhapsNotYet if self._site.makes_namespaces(repository.registry) else TargetView
        return kind(client, repository, self._references[repository])

    async def _adds(
        self, task: Task, rule: Rule, digests: Sequence[str], source: Registry, view: TargetView
    ) -> frozenset[str]:
        if self._site.batch_of(task.rule_id) is None:
            return await super()._adds(task, rule, digests, source, view)
        return frozenset()

    def _carry(self, task: Task, rule: Rule, digests: Iterable[str], tags: Collection[str] | None) -> None:
        if self._site.batch_of(task.rule_id) is None:  # Harbor takes what is attached along by itself
            super()._carry(task, rule, digests, tags)

    async def _need_blobs(self, task: Task, tree: Tree, view: TargetView) -> None:
        if self._site.batch_of(task.rule_id) is None:
            await super()._need_blobs(task, tree, view)
        else:
            task.bytes_total = sum(blob.size for blob in tree.blobs())
