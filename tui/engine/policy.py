"""What a plan says of a tag that is at the target with other content (`on_conflict`)."""

from __future__ import annotations

from typing import Any

from tui.engine.backups import name_backup
from tui.engine.context import RunContext
from tui.engine.recorder import Recorder
from tui.engine.targets import TargetView
from tui.engine.tasks import Task
from tui.oci.errors import Conflict
from tui.oci.manifest import Manifest
from tui.oci.reference import is_digest
from tui.oci.saying import phrase


async def kept_by_policy(
    run: RunContext, recorder: Recorder, task: Task, root: Manifest, view: TargetView, detail: dict[str, Any]
) -> bool:
    """Whether the target keeps what it has; the name of a backup is noted in `detail`. Raises Conflict for "fail"."""
    options = run.plan.options
    if options.on_conflict == "skip":
        recorder.task_ended(
            task, "skipped", note=phrase("the target has {replaces} and keeps it", replaces=task.replaces)
        )
        return True
    if options.on_conflict == "fail" or is_digest(task.target.target):
        raise Conflict(
            phrase("the target has {replaces}, the source has {digest}", replaces=task.replaces, digest=root.digest),
            endpoint=task.target.registry,
            reference=str(task.target),
        )
    if options.on_conflict == "backup":
        named = await name_backup(view.client, task.target, task.replaces, options.backup, run.made)
        detail["backup"] = named.tag
    return False
