"""Comparing what is at the target with what was planned: tags, manifests, children, referrers, blobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tui.engine.tasks import Task
from tui.engine.trees import StoredManifests
from tui.engine.verify.blobs import BlobReader, look_at_blob
from tui.engine.verify.findings import Finding, Findings, Key
from tui.engine.verify.once import Once
from tui.engine.work import together
from tui.oci.descriptor import Descriptor
from tui.oci.errors import IntegrityError, NotFound, RegistryError
from tui.oci.manifest import Manifest, unique
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.saying import N_, phrase

_MAX_DEPTH = 8
Problems = frozenset[Key]
NONE: Problems = frozenset()


class Node(NamedTuple):
    """A manifest and everything below it: what is wrong, and the digests of all manifests among it."""

    problems: Problems
    digests: frozenset[str]


@dataclass(slots=True)
class Tally:
    """What was looked at so far. `bytes` were read and hashed; manifests and blobs count once per repository."""

    references: int = 0
    manifests: int = 0
    blobs: int = 0
    referrers: int = 0
    platforms: int = 0
    repositories: int = 0
    bytes: int = 0

    def read(self, count: int) -> None:
        """Note bytes that were read."""
        self.bytes += count


@dataclass(slots=True)
class Seen:
    """Manifests of the target that the journal does not hold, because nothing had to be copied."""

    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, manifest: Manifest) -> None:
        """Note one."""
        self.manifests[manifest.digest] = manifest_document(manifest)


def manifest_document(manifest: Manifest) -> dict[str, Any]:
    """Return what is in a manifest as values JSON can carry."""
    return {
        "media_type": manifest.media_type,
        "artifact_type": manifest.artifact_type or manifest.config_type,
        "size": manifest.size,
        "platforms": [str(child.platform) for child in manifest.manifests if child.platform is not None],
        "manifests": [child.digest for child in unique(manifest.manifests)],
        "blobs": [{"digest": blob.digest, "size": blob.size, "media_type": blob.media_type} for blob in manifest.blobs],
    }


class Checker:
    """Checks tasks of a run against the target; `deep` reads every manifest and blob instead of asking for it.

    Works on any number of tasks at once; every manifest and blob is looked at once in each repository.
    """

    def __init__(self, planned: StoredManifests, findings: Findings, tally: Tally, *, deep: bool) -> None:
        self.seen = Seen()
        self._planned = planned
        self._findings = findings
        self._tally = tally
        self._deep = deep
        self._reader = BlobReader(tally.read) if deep else None
        self._nodes: Once[tuple[Repository, str], Node] = Once()
        self._lists: Once[tuple[Repository, Repository, str], Problems] = Once()
        self._blobs: Once[tuple[Repository, str], Problems] = Once()

    async def close(self) -> None:
        """End what is under way."""
        for kept in (self._nodes, self._lists, self._blobs):
            await kept.close()
        if self._reader is not None:
            await self._reader.close()

    async def check(self, client: Registry, task: Task) -> Problems:
        """Return what is wrong with what a task left at the target, nothing when it is as planned."""
        problems = await self._reference(client, task)
        self._tally.references += 1
        self._findings.concern(problems, str(task.target))
        return problems

    async def _reference(self, client: Registry, task: Task) -> Problems:
        repository, target = task.target.repository, task.target.target
        try:
            head = await client.head_manifest(repository, target)
        except RegistryError as error:
            return self._found(Finding("unknown", str(repository), target, str(error), task.root))
        if head is None:
            return self._found(Finding("missing-tag", str(repository), target, N_("it is not there"), task.root))
        if head.digest != task.root:
            message = phrase("has {digest}", digest=head.digest)
            return self._found(Finding("other-digest", str(repository), target, message, task.root, head.digest))
        return await self._whole(client, task)

    async def _whole(self, client: Registry, task: Task) -> Problems:
        """Return what is wrong with what a task's reference leads to, and with what refers to any of it.

        Who refers to whom is what a registry says and may go round in a circle, unlike what manifests contain.
        """
        problems, looked, left = NONE, set[str](), [task.root]
        while left:
            node = await self._node(client, task.target.repository, left.pop(), there=not looked)
            problems |= node.problems
            subjects = node.digests - looked
            looked |= subjects
            for subject in subjects:
                referring = self._planned.attached_to(task.source.repository, subject)
                if referring:
                    problems |= await self._listed(client, task, subject, referring)
                    left += [digest for digest in referring if digest not in looked]
        return problems

    async def _node(
        self, client: Registry, repository: Repository, digest: str, depth: int = 0, *, there: bool = False
    ) -> Node:
        """Return what is wrong with a manifest and everything below it; `there` says that the target has it."""
        return await self._nodes.get((repository, digest), lambda: self._look(client, repository, digest, depth, there))

    async def _look(self, client: Registry, repository: Repository, digest: str, depth: int, there: bool) -> Node:
        manifest = self._planned.stored(digest)
        try:
            if manifest is None or self._deep:
                there_now = await client.get_manifest(repository, digest)
                self._tally.read(there_now.size)
                if manifest is None:
                    manifest = there_now
                    self.seen.add(manifest)
            elif not there and (problem := await self._head(client, repository, manifest)):
                return self._broken(problem)
        except NotFound:
            return self._broken(_missing(repository, digest))
        except IntegrityError as error:
            return self._broken(Finding("damaged", str(repository), digest, str(error), digest))
        except RegistryError as error:
            return self._broken(Finding("unknown", str(repository), digest, str(error), digest))
        if depth > _MAX_DEPTH:
            message = phrase("it is nested deeper than {max_depth} levels", max_depth=_MAX_DEPTH)
            return self._broken(Finding("unknown", str(repository), digest, message, digest))
        self._tally.manifests += 1
        self._tally.platforms += sum(child.platform is not None for child in manifest.manifests)
        blobs = await together(self._blob(client, repository, blob) for blob in unique(manifest.blobs))
        below = await together(
            self._node(client, repository, child.digest, depth + 1) for child in unique(manifest.manifests)
        )
        return Node(
            NONE.union(*blobs, *(node.problems for node in below)),
            frozenset({digest}).union(*(node.digests for node in below)),
        )

    async def _head(self, client: Registry, repository: Repository, manifest: Manifest) -> Finding | None:
        head = await client.head_manifest(repository, manifest.digest)
        if head is None:
            return _missing(repository, manifest.digest)
        if head.size and head.size != manifest.size:
            message = phrase(
                "the registry has {size} bytes, planned were {manifest_size}",
                size=head.size,
                manifest_size=manifest.size,
            )
            sizes = (str(manifest.size), str(head.size))
            return Finding("wrong-size", str(repository), manifest.digest, message, *sizes)
        return None

    async def _listed(self, client: Registry, task: Task, subject: str, planned: list[str]) -> Problems:
        """Return what is wrong with the target's list of what refers to a manifest."""
        repository = task.target.repository

        async def look() -> Problems:
            self._tally.referrers += len(planned)
            try:
                listed = {found.digest for found in await client.referrers(repository, subject)}
            except RegistryError as error:
                return self._found(Finding("unknown", str(repository), subject, str(error)))
            message = phrase("the target does not list it as referring to {subject}", subject=subject)
            missing = [digest for digest in planned if digest not in listed]
            return NONE.union(
                *(self._found(Finding("missing-referrer", str(repository), each, message, each)) for each in missing)
            )

        return await self._lists.get((repository, task.source.repository, subject), look)

    async def _blob(self, client: Registry, repository: Repository, blob: Descriptor) -> Problems:
        async def look() -> Problems:
            finding = await look_at_blob(client, repository, blob, self._reader)
            self._tally.blobs += 1
            return NONE if finding is None else self._found(finding)

        return await self._blobs.get((repository, blob.digest), look)

    def _broken(self, finding: Finding) -> Node:
        return Node(self._found(finding), frozenset())

    def _found(self, finding: Finding) -> Problems:
        return frozenset({self._findings.add(finding)})


def _missing(repository: Repository, digest: str) -> Finding:
    return Finding(
        "missing-manifest", str(repository), digest, N_("the repository does not have this manifest"), digest
    )
