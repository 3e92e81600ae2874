"""Drift: a tag that names something else at the source than when it was planned.

What was planned is copied all the same, by its digest, so that a run is one picture of its source and not a mixture;
and it is told, for whoever wants the new one too.
"""

from __future__ import annotations

import time

from tui.engine.context import RunContext
from tui.engine.recorder import Recorder
from tui.engine.tasks import Task
from tui.oci.errors import LoginEnded, NotFound, RegistryError

LOOK_AFTER = 60.0
"""Seconds since a tag was planned, after which it is worth a request to see whether it moved."""


async def look_for_drift(run: RunContext, recorder: Recorder, task: Task) -> None:
    """Note on the task when its tag is not what was planned any more. Raises LoginEnded.

    A registry that cannot say now is no obstacle: the copy itself will meet what is wrong with it.
    """
    planned_here = task.planned_at is not None and time.monotonic() - task.planned_at < LOOK_AFTER
    if not task.source.tag or not task.pinned or planned_here:
        return
    try:
        source = await run.registries.source(task.source.repository)
        head = await source.head_manifest(task.source.repository, task.source.tag)
    except NotFound:
        head = None
    except LoginEnded:
        raise
    except RegistryError as error:
        run.log.write("drift unknown", task=task.id, message=str(error))
        return
    now = head.digest if head is not None else ""
    if now != task.pinned and now != task.drifted_to:
        task.drifted_to = now
        recorder.drifted(task, now)
