"""An import of a differential export: what it left out is at the target, or in an earlier export, or is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tui.engine.context import RunContext
from tui.engine.recorder import Recorder
from tui.engine.schedule import BlobNeed
from tui.engine.tasks import Task
from tui.oci.descriptor import Descriptor
from tui.oci.errors import NotFound, RegistryError
from tui.oci.place import is_place, name_of
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.plan.expand import template_of
from tui.plan.model import Rule
from tui.plan.naming import TemplateError, render_target

_ASKED_AT_MOST = 20
_NAMED_AT_MOST = 20
_HINT = N_(
    "import the earlier exports first, with the same names at the target, or name the folder or tar "
    "of one that has them with --since"
)


async def check_left_out(run: RunContext, recorder: Recorder, task: Task, blobs: Iterable[Descriptor]) -> None:
    """Find where the target has what the source left out, so that it can be mounted from there.

    Raises NotFound that names every blob that is in none of the places it can be.
    """
    if not is_place(task.source.registry):
        return
    source = await run.registries.source(task.source.repository)
    missing = []
    for blob in blobs:
        if (task.target.repository, blob.digest) not in run.needs:
            continue
        users = await source.left_out(blob.digest)
        if users is not None and not await _found(run, recorder, task, blob, users):
            missing.append(blob)
    if missing:
        size = sum(blob.size for blob in missing)
        count = N_("1 blob") if len(missing) == 1 else phrase("{count} blobs", count=len(missing))
        named = ", ".join(blob.digest for blob in missing[:_NAMED_AT_MOST])
        if (more := len(missing) - _NAMED_AT_MOST) > 0:
            named = phrase("{names} and {count} more", names=named, count=more)
        raise NotFound(
            phrase(
                "{count} ({size} bytes) not in {name_of}, which was made without what earlier exports have, and "
                "not at the target either: {named}",
                count=count,
                size=size,
                name_of=name_of(task.source.registry),
                named=named,
            ),
            reference=str(task.source),
            hint=_HINT,
        )


async def _found(run: RunContext, recorder: Recorder, task: Task, blob: Descriptor, users: Iterable[str]) -> bool:
    """Return whether another repository of the target has the blob; the run then knows."""
    if run.placements.donor(task.target.repository, blob.digest) is not None:
        return True
    for repository in _candidates(run, task, users):
        client = await run.registries.target(repository)
        try:
            there = await client.head_blob(repository, blob.digest)
        except RegistryError:
            # A repository this account may not read cannot give anything either.
            continue
        if there is not None:
            recorder.blob_present(BlobNeed(repository, blob.digest, blob.size, task.source.repository))
            return True
    return False


def _candidates(run: RunContext, task: Task, users: Iterable[str]) -> Iterator[Repository]:
    """Yield where the target may have it: what the users of the blob are called there, then the others of this run."""
    rule = run.rules[task.rule_id]
    named = [_at_target(rule, Repository(task.source.registry, path)) for path in users]
    others = (other.target.repository for other in run.tasks.values())
    seen = {task.target.repository}
    for repository in (*named, *others):
        if len(seen) > _ASKED_AT_MOST:
            return
        if repository is not None and repository not in seen and repository.registry == task.target.registry:
            seen.add(repository)
            yield repository


def _at_target(rule: Rule, source: Repository) -> Repository | None:
    try:
        return render_target(template_of(rule, source), source, "latest").repository
    except TemplateError:
        return None
