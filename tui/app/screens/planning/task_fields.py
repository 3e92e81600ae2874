"""One task of a check in full: where from and to, and what the check found out about it."""

from __future__ import annotations

from typing import Any

from tui.app.i18n import N_, _
from tui.app.screens.planning.forecasting import Task
from tui.app.widgets.figures import bytes_text
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.runs import RunFolder

KINDS = (N_("image"), N_("referrers"))
"""Kinds besides those of the lists in Browse, for the catalogs."""


def task_fields(task: Task, folder: RunFolder | None) -> list[tuple[str, str]]:
    """Return label and value of what there is to say; reads one row of the journal in `folder`."""
    root, detail = _found(task, folder)
    new = root if detail.get("dropped") else ""
    attached = ", ".join(f"{count} {_(kind)}" for kind, count in detail.get("attached", {}).items())
    kind = detail.get("kind", "")
    fields = [
        (_("Source"), task.source),
        (_("Target"), task.target),
        (_("Digest"), task.digest),
        (_("Kind"), _(kind) if kind else ""),
        (_("Type"), detail.get("type", "")),
        (_("Platforms"), ", ".join(detail.get("kept", ()))),
        (_("Left out"), ", ".join(detail.get("dropped", ()))),
        (_("New digest"), new),
        (_("Goes along"), attached),
        (_("Replaces"), task.replaces),
        (_("Kept as"), detail.get("backup", "")),
        (_("Size"), bytes_text(task.size) if task.size else ""),
        (_("Message"), task.message),
        (_("What to do"), task.hint),
    ]
    return [(label, value) for label, value in fields if value]


def _found(task: Task, folder: RunFolder | None) -> tuple[str, dict[str, Any]]:
    """Return the digest that is written, and what else was found; nothing when the check is gone."""
    if folder is None:
        return "", {}
    try:
        with JournalReader(folder.journal) as reader:
            row = reader.task(task.id)
            return ("" if row is None else row["root"]), reader.detail(task.id)
    except JournalError:
        return "", {}  # thrown away meanwhile: what the list shows is said all the same
