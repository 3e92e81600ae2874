"""What a run is going to do, as far as generate found out, before a byte is written."""

from __future__ import annotations

from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.engine.report import failures, names


def forecast(reader: JournalReader) -> dict[str, Any]:
    """Return every task with what will happen to it, the sums, and the bytes to move and to save.

    `action` of a task is `new`, `overwrite`, or the state it ended in already.
    """
    tasks = []
    for row in reader.tasks():
        source, target = names(row)
        task = {"source": source, "target": target, "action": action(row), "digest": row["pinned"]}
        tasks.append({**task, "bytes": row["bytes_total"], "message": row["message"]})
    actions = [task["action"] for task in tasks]
    to_move = reader.bytes_to_move()
    return {
        "summary": {"total": len(tasks), **{name: actions.count(name) for name in dict.fromkeys(actions)}},
        "bytes": {"tasks": sum(task["bytes"] for task in tasks), "to_move": to_move},
        "tasks": tasks,
        "failed": [failed.document() for failed in failures(reader)],
    }


def action(row: Any) -> str:
    """Return what will happen to a task, given its journal row."""
    if row["state"] != "pending":
        return str(row["state"])
    return "overwrite" if row["replaces"] else "new"
