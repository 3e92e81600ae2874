"""A run's tasks as JSON, CSV or Markdown."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Literal

from tui.engine.journal.reader import JournalReader
from tui.engine.report import document, names

ReportKind = Literal["json", "csv", "md"]

_COLUMNS = ("source", "target", "state", "digest", "bytes", "attempts", "class", "status", "message", "hint")


def task_report(reader: JournalReader, run: str, kind: ReportKind) -> str:
    """Return the report of a run with every task, ending in a newline."""
    tasks = [_task(row) for row in reader.tasks()]
    report = document(reader, run)
    if kind == "json":
        return json.dumps({**report, "list": tasks}, indent=2, ensure_ascii=False) + "\n"
    return _csv(tasks) if kind == "csv" else _markdown(report, tasks)


def _task(row: Any) -> dict[str, Any]:
    source, target = names(row)
    return {
        "source": source,
        "target": target,
        "state": row["state"],
        "digest": row["root"] or row["pinned"],
        "bytes": row["bytes_total"],
        "attempts": row["attempts"],
        "class": row["error_class"],
        "status": row["error_status"],
        "message": row["message"],
        "hint": row["hint"],
    }


def _csv(tasks: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _no_formula(value) for name, value in task.items()} for task in tasks)
    return text.getvalue()


def _no_formula(value: Any) -> Any:
    """A spreadsheet would calculate what begins so, and the text may be a registry's."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _markdown(report: dict[str, Any], tasks: list[dict[str, Any]]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in report["tasks"].items() if count)
    moved = ", ".join(f"{name} {count}" for name, count in report["bytes"].items())
    lines = [f"# Run {report['run']}", "", f"- tasks: {counts}", f"- bytes: {moved}"]
    lines += [f"- seconds: {report['seconds']}", f"- exit: {report['exit']}", ""]
    lines += ["| source | target | state | digest | bytes | message |", "|---|---|---|---|---:|---|"]
    for task in tasks:
        cells = (task[name] for name in ("source", "target", "state", "digest", "bytes", "message"))
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
