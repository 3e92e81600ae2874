"""Execute: bring the blobs, then the manifests from the leaves up, and the tag last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from copy import copy

from tui.engine.backups import keep_old
from tui.engine.blob_work import BlobWork
from tui.engine.context import RunContext
from tui.engine.control import StopRequested
from tui.engine.drift import settled_by_drift
from tui.engine.journal.schema import JournalError
from tui.engine.recorder import Recorder
from tui.engine.referrers import list_referrers
from tui.engine.schedule import BlobNeed, seeds
from tui.engine.shares import Shares
from tui.engine.tasks import Failure, Task
from tui.engine.transfer import copy_blob
from tui.engine.trees import Tree
from tui.engine.turns import Turns
from tui.engine.work import for_each, together
from tui.oci.answers import ManifestBlobUnknown
from tui.oci.client import fallback_tag
from tui.oci.errors import Conflict, LoginEnded, QuotaExceeded, RegistryError, UnsupportedContent
from tui.oci.manifest import Manifest
from tui.oci.reference import Reference, Repository, is_digest
from tui.oci.registry import Registry, UploadSession
from tui.oci.saying import N_, phrase

_MANIFEST_PUTS_PER_REPOSITORY = 4
"""At once; many writers to one repository make registries slower, not faster."""


class Executor:
    """The execute phase of one run; the retry phase uses it again."""

    def __init__(self, run: RunContext, recorder: Recorder) -> None:
        self._run = run
        self._recorder = recorder
        self._uploading: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._put_gates: dict[Repository, asyncio.Semaphore] = {}
        self._targets: set[Reference] = set()
        self._unlisted: set[str] = set()
        self._listing: dict[tuple[Repository, str], asyncio.Lock] = {}
        self._unsure = False
        self._turns = Turns()
        self._shares = Shares(recorder.task_advanced)
        self._full: dict[tuple[str, str], tuple[int, QuotaExceeded]] = {}
        """Projects (registry, first part of the path) that did not take a blob of so many bytes, and why."""

    async def execute(self, tasks: Iterable[Task], *, unsure: bool = False) -> None:
        """Execute tasks; each ends in a final state, or `pending` again when a stop was asked for.

        `unsure` asks the target for a blob before uploading it, for when what generate saw may be out of date.
        Raises StopRequested.
        """
        self._unsure = unsure
        self._full.clear()
        self._targets = {task.target for task in self._run.tasks.values()}
        to_do = list(tasks)
        self._turns = Turns()
        if self._run.plan.options.order != "any":
            to_do.sort(key=lambda task: (task.rule_id, task.id))
            self._turns = Turns(to_do)
        queue: list[BlobNeed | Task] = [*seeds(self._run.needs.values()), *to_do]
        await for_each(queue, self._run.control.copies, self._one)

    async def _one(self, item: BlobNeed | Task) -> None:
        if isinstance(item, BlobNeed):
            await self._run.control.checkpoint()
            await self._seed(item)
            return
        try:
            await self._run.control.checkpoint()
            await self._copy_or_fail(item)
        finally:
            self._turns.over(item)

    async def _seed(self, need: BlobNeed) -> None:
        try:
            await self._place_blob(need)
        except RegistryError as error:
            # The tasks that need it will meet the same error and say so; nobody tries it in vain before them.
            self._run.needs.pop((need.target, need.digest), None)
            self._run.log.write("shared blob failed", digest=need.digest, message=str(error))

    async def _copy_or_fail(self, task: Task) -> None:
        if task.state != "pending":
            return  # skipped while it waited for its turn
        self._recorder.task_started(task)
        try:
            if await settled_by_drift(self._run, self._recorder, task):
                return
            await self._copy(task)
        except StopRequested:
            self._recorder.task_returned(task)
            raise
        except LoginEnded as error:
            self._recorder.login_ended(error)
            self._recorder.task_returned(task)
        except Conflict as error:
            self._recorder.task_ended(task, "conflict", Failure.of(error))
        except RegistryError as error:
            if self._run.control.stopping and error.retryable:
                self._recorder.task_returned(task)
                raise StopRequested from error
            self._recorder.task_failed(task, Failure.of(error))
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - told with the task, and the others go on
            self._recorder.task_failed(task, self._recorder.surprise(error))
        else:
            self._recorder.task_ended(task, "done", note=self._added(task))

    def _added(self, task: Task) -> str:
        added = self._run.manifests.added_by(task.id) if self._run.only_adds(task) else {}
        what = ", ".join(f"{count} {kind}" for kind, count in added.items())
        return phrase("the image was there; added: {what}", what=what) if added else ""

    async def _copy(self, task: Task) -> None:
        tree = self._run.manifests.stored_tree(task.source.repository, task.root)
        if tree is None:
            raise UnsupportedContent(
                N_("the journal does not hold the manifests of this task"), reference=str(task.source)
            )
        place = self._place_attached if self._run.only_adds(task) else self._place_all
        try:
            await place(task, tree)
        except ManifestBlobUnknown:
            # The target lost what we believed was there: look at every part again, once.
            repository = task.target.repository
            for blob in self._run.blobs_for(task, tree):
                self._run.placements.forget(repository, blob.digest)
                self._run.needs[repository, blob.digest] = BlobNeed(
                    repository, blob.digest, blob.size, task.source.repository
                )
            self._unsure = True
            await place(task, tree)

    async def _place_all(self, task: Task, tree: Tree) -> None:
        await self._place_tree(task, tree, task.target.target)

    async def _place_attached(self, task: Task, tree: Tree) -> None:
        """Place what refers to an image that the target has; neither it nor its tag is written again."""
        await together(self._place_attached(task, child) for child in tree.children)
        await together(self._place_referrer(task, tree.root, referrer) for referrer in tree.referrers)

    async def _place_tree(self, task: Task, tree: Tree, target: str) -> None:
        """Everything below, then the manifest itself under `target`."""
        await together(
            [
                *(self._place_task_blob(task, blob.digest, blob.size) for blob in tree.root.blobs),
                *(self._place_tree(task, child, child.root.digest) for child in tree.children),
            ]
        )
        await self._run.control.checkpoint()
        if target == task.target.target:
            await self._turns.wait(task, self._run.control.checkpoint)
            await self._keep_old(task, tree.root)
        await self._put(task.target.repository, target, tree.root)
        await together(self._place_referrer(task, tree.root, referrer) for referrer in tree.referrers)

    async def _keep_old(self, task: Task, root: Manifest) -> None:
        """Keep what the tag is now, where the plan says so; it may be another than when the plan was made."""
        options = self._run.plan.options
        if options.on_conflict != "backup" or is_digest(task.target.target):
            return
        client = await self._run.registries.target(task.target.repository)
        if kept := await keep_old(client, task.target, root.digest, options.backup, self._run.made):
            self._recorder.note(
                task, phrase("what {target} was is kept as {kept}", target=task.target.target, kept=kept)
            )

    async def _place_referrer(self, task: Task, subject: Manifest, referrer: Tree) -> None:
        """Place what refers to a manifest, and list it where the target does not do so itself."""
        await self._place_tree(task, referrer, referrer.root.digest)
        repository = task.target.repository
        listing = Reference(repository, tag=fallback_tag(subject.digest))
        # A list that is copied from the source has a task of its own, and stays byte for byte.
        if referrer.root.digest in self._unlisted and listing not in self._targets:
            entries = self._run.manifests.referrer_entries(task.source.repository, subject.digest)
            client = await self._run.registries.target(repository)
            async with self._listing.setdefault((repository, subject.digest), asyncio.Lock()):
                await list_referrers(client, repository, subject.digest, entries)

    async def _put(self, repository: Repository, target: str, manifest: Manifest) -> None:
        client = await self._run.registries.target(repository)
        gate = self._put_gates.setdefault(repository, asyncio.Semaphore(_MANIFEST_PUTS_PER_REPOSITORY))
        async with gate:
            listed = await client.put_manifest(repository, target, manifest)
        if manifest.subject is not None and not listed:
            self._unlisted.add(manifest.digest)

    async def _place_task_blob(self, task: Task, digest: str, size: int) -> None:
        repository = task.target.repository
        need = self._run.needs.get((repository, digest))
        if need is None and not self._run.placements.has(repository, digest):
            need = BlobNeed(repository, digest, size, task.source.repository)
        if need is not None:
            with self._shares.waiting(task, need):
                await self._place_blob(need)

    async def _place_blob(self, need: BlobNeed) -> None:
        key = (need.target, need.digest)
        await self._run.blob_flights.run(key, lambda: self._place_once(need))

    async def _place_once(self, need: BlobNeed) -> None:
        if self._run.placements.has(need.target, need.digest):
            return
        target = await self._run.registries.target(need.target)
        if self._unsure and await target.has_blob(need.target, need.digest):
            self._recorder.blob_present(need)
            self._run.needs.pop((need.target, need.digest), None)
            return
        session = await self._mount(need, target)
        if self._run.placements.has(need.target, need.digest):
            return
        await self._upload_into(_project(need), need, target, session)

    async def _upload_into(
        self,
        project: tuple[str, str],
        need: BlobNeed,
        target: Registry,
        session: UploadSession | None,
    ) -> None:
        """Upload into a project unless it is known to be too full for that; what is smaller may still fit."""
        size, error = self._full.get(project, (need.size + 1, None))
        if error is not None and need.size >= size:
            raise copy(error)
        try:
            await self._upload(need, target, session)
        except QuotaExceeded as full:
            self._full[project] = min(size, need.size), full
            raise

    async def _mount(self, need: BlobNeed, target: Registry) -> UploadSession | None:
        """Mount the blob from where the target has it already, waiting for an upload of it that is under way.

        Returns the session the target opened instead of mounting, if it did.
        """
        while True:
            donor = self._run.placements.donor(need.target, need.digest) or self._same_registry(need)
            if donor is None:
                uploading = self._uploading.get((need.target.registry, need.digest))
                if uploading is None:
                    return None
                await asyncio.wait([uploading])
                continue
            try:
                session = await target.mount(need.target, need.digest, donor)
            except RegistryError as error:
                if error.retryable:
                    raise
                session = None
                refused = True
            else:
                refused = session is not None
            if refused:
                self._run.placements.missed(donor)
                return session
            self._run.placements.mounted(donor)
            self._recorder.blob_mounted(need)
            return None

    def _same_registry(self, need: BlobNeed) -> Repository | None:
        return need.source if need.source.registry == need.target.registry else None

    async def _upload(self, need: BlobNeed, target: Registry, session: UploadSession | None) -> None:
        # Said before anything is awaited, or two who look at the same time both upload.
        key = (need.target.registry, need.digest)
        under_way = asyncio.get_running_loop().create_future()
        self._uploading.setdefault(key, under_way)
        try:
            work = BlobWork(
                digest=need.digest,
                size=need.size,
                source=await self._run.registries.source(need.source),
                source_repository=need.source,
                target=target,
                target_repository=need.target,
                advanced=lambda count: self._shares.advanced(need, count),
                checkpoint=self._run.control.checkpoint,
                remember=lambda saved: self._recorder.upload_stands(need, saved),
                saved=self._run.saved_uploads.pop((need.target, need.digest), None),
            )
            async with self._run.memory.take(work.buffer):
                await copy_blob(work, session)
            self._recorder.blob_uploaded(need)
        finally:
            self._shares.ended(need)
            under_way.set_result(None)
            if self._uploading.get(key) is under_way:
                del self._uploading[key]


def _project(need: BlobNeed) -> tuple[str, str]:
    return need.target.registry, need.target.path.partition("/")[0]
