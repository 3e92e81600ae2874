"""One line about each run: for lists."""

from __future__ import annotations

import sqlite3
from typing import Any

from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.report import document
from tui.engine.runs import RunFolder


def status(folder: RunFolder) -> dict[str, Any]:
    """Return name, state, times and counts of a run; `state` is `interrupted` when its process died.

    A run whose journal cannot be read is `unreadable`, with the reason in `message`.
    """
    try:
        with JournalReader(folder.journal) as reader:
            report = document(reader, folder.name)
            plan = reader.meta("plan")["name"]
            created = reader.meta("created")
            ended = reader.sessions()[-1]["ended"] if reader.sessions() else None
    except (JournalError, sqlite3.DatabaseError) as error:
        return {"run": folder.name, "state": "unreadable", "message": str(error), "seconds": 0, "tasks": {}}
    process = folder.working()
    state = report["state"]
    if process is None and state not in ("new", "ended", "stopped", "planned"):
        state = "interrupted"
    figures = {key: report[key] for key in ("exit", "seconds", "tasks", "rules", "bytes")}
    return {
        "run": folder.name,
        "plan": plan,
        "state": state,
        "process": process,
        "created": created,
        "ended": ended,
        **figures,
    }
