"""One task of a check in full: where from and to, and what the check found out about it."""

from __future__ import annotations

from tui.app.i18n import _
from tui.app.screens.planning.detail_words import counted
from tui.app.screens.planning.forecasting import Task
from tui.app.widgets.figures import bytes_text


def task_fields(task: Task) -> list[tuple[str, str]]:
    """Return label and value of what there is to say."""
    detail = task.detail
    kind = detail.get("kind", "")
    fields = [
        (_("Source"), task.source),
        (_("Target"), task.target),
        (_("Digest"), task.digest),
        (_("Kind"), _(kind) if kind else ""),
        (_("Type"), detail.get("type", "")),
        (_("Platforms"), ", ".join(detail.get("kept", ()))),
        (_("Left out"), ", ".join(detail.get("dropped", ()))),
        (_("New digest"), task.root if detail.get("dropped") else ""),
        (_("Goes along"), counted({} if "adds" in detail else detail.get("attached", {}))),
        (_("Added"), counted(detail.get("adds", {}))),
        (_("Replaces"), "" if "adds" in detail else task.replaces),
        (_("Kept as"), detail.get("backup", "")),
        (_("Size"), bytes_text(task.size) if task.size else ""),
        (_("Message"), task.message),
        (_("What to do"), task.hint),
    ]
    return [(label, value) for label, value in fields if value]
