"""Drift: a tag that names something else at the source than when it was planned (`on_drift`).

By default what was planned is copied all the same, by its digest, so that a run is one picture of its source and not
a mixture; and it is told, for whoever wants the new one too. "latest" plans the task anew, "fail" fails it. A tag that
is gone leaves "latest" nothing to take: what was planned is copied then.
"""

from __future__ import annotations

import time

from tui.engine.context import RunContext
from tui.engine.journal.drift import Done, Drift
from tui.engine.recorder import Recorder
from tui.engine.tasks import Failure, Task
from tui.oci.errors import LoginEnded, NotFound, RegistryError
from tui.oci.saying import N_, phrase

LOOK_AFTER = 60.0
"""Seconds since a tag was planned, after which it is worth a request to see whether it moved."""

_HINT = N_("look at what the tag is now; a retry plans it anew, and copies it as it is then")


async def settled_by_drift(run: RunContext, recorder: Recorder, task: Task) -> bool:
    """Whether the tag of a task moved and there is nothing to copy for it now: it failed, or is to be planned anew.

    Raises LoginEnded.
    """
    now = await _moved_to(run, task)
    if now is None:
        return False
    done: Done = "kept"
    if run.plan.options.on_drift == "fail":
        done = "failed"
    elif run.plan.options.on_drift == "latest" and now:
        done = "latest"
    if done != "kept" or now != task.drifted_to:
        task.drifted_to = now
        recorder.drifted(task, Drift(task.pinned, now, done))
    if done == "kept":
        return False
    _forget_plan(run, task)
    if done == "failed":
        what = phrase("is {digest} now", digest=now) if now else N_("is gone")
        message = phrase(
            "{source}: the tag {what} at the source, planned was {pinned}",
            source=task.source,
            what=what,
            pinned=task.pinned,
        )
        recorder.task_failed(task, Failure("DRIFT", None, "", message, _HINT))
    else:
        run.moved.add(task.id)
        recorder.task_returned(task)
    return True


async def _moved_to(run: RunContext, task: Task) -> str | None:
    """Return what the tag of a task is now, '' when it is gone; None when it is as planned or nobody can say.

    A registry that cannot say now is no obstacle: the copy itself will meet what is wrong with it.
    """
    planned_here = task.planned_at is not None and time.monotonic() - task.planned_at < LOOK_AFTER
    if not task.source.tag or not task.pinned or planned_here:
        return None
    try:
        source = await run.registries.source(task.source.repository)
        head = await source.head_manifest(task.source.repository, task.source.tag)
    except NotFound:
        head = None
    except LoginEnded:
        raise
    except RegistryError as error:
        run.log.write("drift unknown", task=task.id, message=str(error))
        return None
    now = head.digest if head is not None else ""
    return now if now != task.pinned else None


def _forget_plan(run: RunContext, task: Task) -> None:
    """Let a task be planned anew, by this process or a later one; what else needs its blobs asks for them itself."""
    tree = run.manifests.stored_tree(task.source.repository, task.root)
    for blob in run.blobs_for(task, tree) if tree is not None else ():
        run.needs.pop((task.target.repository, blob.digest), None)
    run.journal.detail(task.id, {})
    task.root = ""
