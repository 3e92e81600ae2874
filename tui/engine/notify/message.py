"""What is said about a run that has ended: a few lines for people, and a document for programs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tui import __version__
from tui.engine.outcome import MEANING, STOPPED, WELL
from tui.engine.words import duration, several, size
from tui.oci.text import printable

_STATES = ("done", "unchanged", "skipped", "conflict", "cancelled", "failed")
_FAILURES_TOLD = 5
_FAILURES_LISTED = 50
_LINE = 200


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: `text` for chats, `document` for programs; `failed` says whether somebody has to look."""

    text: str
    document: Mapping[str, Any]
    failed: bool


def message_of(report: Mapping[str, Any], plan: str, code: int) -> Message:
    """Return the message about a run from its report (`tui.engine.report.document`), its plan's name and exit code."""
    tasks, moved = report["tasks"], report["bytes"]
    what = "went well" if code == WELL else "was stopped" if code == STOPPED else "failed"
    states = ", ".join(f"{tasks[state]} {state}" for state in _STATES if tasks[state]) or "nothing to do"
    lines = [
        f"regferry: {printable(plan, _LINE)} {what} (exit {code}: {MEANING.get(code, 'ended by a signal')})",
        f"{several(tasks['total'], 'task')} in {duration(report['seconds'])}: {states}",
        f"{size(moved['read'])} read, {size(moved['written'])} written",
    ]
    for failure in report["failed"][:_FAILURES_TOLD]:
        lines.append(printable(f"{failure['target']}: {failure['class']}: {failure['message']}", _LINE))
    if (more := len(report["failed"]) - _FAILURES_TOLD) > 0:
        lines.append(f"and {more} more failures")
    host = socket.gethostname()
    lines.append(f"run {report['run']} on {host}")
    document = {
        "event": "run.ended",
        "plan": plan,
        "host": host,
        "version": __version__,
        **report,
        "exit": code,
        "meaning": MEANING.get(code, "ended by a signal"),
        "failed": report["failed"][:_FAILURES_LISTED],
        "failures": len(report["failed"]),
        "text": "\n".join(lines),
    }
    return Message("\n".join(lines), document, code not in (WELL, STOPPED))
