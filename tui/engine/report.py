"""What a run came to, read from its journal: the document every command prints with `--json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from tui.engine.journal.drift import Drift, in_all
from tui.engine.journal.reader import FINDINGS, JournalReader
from tui.engine.tasks import Task

_REPORTED = ("done", "unchanged", "skipped", "conflict", "cancelled", "failed")


@dataclass(frozen=True, slots=True)
class Failed:
    """One task or rule that failed, in the words of the report."""

    source: str
    target: str
    phase: str
    error_class: str
    status: int | None
    code: str
    message: str
    hint: str

    def document(self) -> dict[str, Any]:
        """Return it as values JSON can carry."""
        return {
            "source": self.source,
            "target": self.target,
            "phase": self.phase,
            "class": self.error_class,
            "status": self.status,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }


def failures(reader: JournalReader) -> Iterator[Failed]:
    """Yield what is not as the plan wants it: rules that could not be expanded, failed tasks, conflicts."""
    for row in reader.rules():
        if row["state"] == "failed":
            source, _, target = row["text"].partition(" -> ")
            yield _failed(row, source, target, "generate")
    for row in reader.tasks("failed", "conflict"):
        source, target = names(row)
        yield _failed(row, source, target, row["phase"])


def names(row: Any) -> tuple[str, str]:
    """Return the source and target of a task's journal row as references."""
    task = Task.from_row(row)
    return str(task.source), str(task.target)


def document(reader: JournalReader, run: str) -> dict[str, Any]:
    """Return the figures of a run; `exit` is None while a process works on it or after one was killed."""
    progress, counts = reader.progress(), reader.counts()
    sessions = reader.sessions()
    rules = [row["state"] for row in reader.rules()]
    return {
        "run": run,
        "exit": sessions[-1]["exit_code"] if sessions else None,
        "seconds": round(sum((row["ended"] or row["heartbeat"]) - row["started"] for row in sessions), 3),
        "state": progress["state"],
        "engine": engine(reader),
        "tasks": {"total": sum(counts.values()), **{state: counts[state] for state in _REPORTED}},
        "rules": {"total": len(rules), "failed": rules.count("failed")},
        "bytes": {name: progress[f"bytes_{name}"] for name in ("read", "written", "mounted", "present")},
        "requests": {"source": progress["requests_source"], "target": progress["requests_target"]},
        "attempts": {"retried": progress["retried"]},
        "registries": registries(reader),
        "drift": drift(reader),
        "findings": findings(reader),
        "failed": [failed.document() for failed in failures(reader)],
    }


def engine(reader: JournalReader) -> dict[str, str]:
    """Return who moves the bytes: `name` is `own` or `harbor-replication`, which has its `harbor`, too."""
    how = (reader.meta("plan") or {}).get("replication")
    return {"name": "harbor-replication", "harbor": how["harbor"]} if how else {"name": "own"}


def registries(reader: JournalReader) -> list[dict[str, str]]:
    """Return the registries that are not in order: out of reach, throttling, refusing a login; and why."""
    rows = [row for row in reader.hosts() if row["state"] != "ok"]
    return [{"registry": row["registry"], "state": row["state"], "why": _why(row["detail"])} for row in rows]


def drift(reader: JournalReader) -> list[dict[str, str]]:
    """Return the tags that moved at the source since they were planned: what was planned, what is there `now`, and
    what was `done`: the planned was `kept`, the `latest` taken, or the task `failed`. `now` is '' when the tag is gone.
    """
    found = []
    for _, looks in groupby(reader.drifts(), key=lambda row: row["id"]):
        rows = list(looks)
        source, target = names(rows[0])
        moved = in_all((Drift.of_event(row) for row in rows), rows[0]["pinned"])
        found.append({"source": source, "target": target, **asdict(moved)})
    return found


def findings(reader: JournalReader) -> list[dict[str, str]]:
    """Return what the Harbors at both sides said before the first byte, the sources first: {side, registry, severity,
    finding, hint}."""
    found: list[dict[str, str]] = reader.meta(FINDINGS, [])
    return found


def _why(detail: str) -> str:
    try:
        return str(json.loads(detail)["why"])
    except (ValueError, KeyError, TypeError):
        return detail


def attempts(reader: JournalReader) -> list[dict[str, Any]]:
    """Return every failed attempt, also of what went well later."""
    tasks = {row["id"]: names(row) for row in reader.tasks()}
    rules = {row["id"]: row["text"].partition(" -> ")[::2] for row in reader.rules()}
    found = []
    for row in reader.attempts():
        source, target = tasks[row["task_id"]] if row["task_id"] is not None else rules[row["rule_id"]]
        found.append({"at": row["at"], **_failed(row, source, target, row["phase"]).document()})
    return found


def notices(reader: JournalReader) -> list[str]:
    """Return what is worth knowing and no failure, each with the target it is about."""
    targets = {row["id"]: names(row)[1] for row in reader.tasks()} if reader.notices() else {}
    return [
        f"{targets[row['task_id']]}: {row['text']}" if row["task_id"] in targets else row["text"]
        for row in reader.notices()
    ]


def image_lists(reader: JournalReader) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return (what is at the target as wanted, what is not) as image-syncer writes them: source to targets."""
    good: dict[str, list[str]] = {}
    bad: dict[str, list[str]] = {}
    for row in reader.tasks():
        if row["state"] in ("done", "unchanged", "failed", "conflict"):
            source, target = names(row)
            (good if row["state"] in ("done", "unchanged") else bad).setdefault(source, []).append(target)
    for row in reader.rules():
        if row["state"] == "failed":
            source, _, target = row["text"].partition(" -> ")
            bad.setdefault(source, []).append(target)
    return good, bad


def _failed(row: Any, source: str, target: str, phase: str) -> Failed:
    return Failed(
        source=source,
        target=target,
        phase=phase,
        error_class=row["error_class"],
        status=row["error_status"],
        code=row["error_code"],
        message=row["message"],
        hint=row["hint"],
    )
