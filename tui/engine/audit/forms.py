"""The forms a report is written in, and the files they go to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from tui.engine.audit.checksum import sign_off
from tui.engine.audit.data import report_data, with_checksum
from tui.engine.runs import RunFolder
from tui.oci.errors import LocalError

ReportKind = Literal["html", "md", "json", "csv"]
KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


def report_text(report: Mapping[str, Any], kind: ReportKind) -> str:
    """Return a report in one form, ending in a newline."""
    return _FORMS[kind](report)


def signed(folder: RunFolder, report: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a report that `name` signed off just now, which is noted beside the run. Raises LocalError."""
    sign_off(folder, name, report["checksum"])
    return with_checksum(report, folder)


def write_report(report: Mapping[str, Any], path: Path) -> list[Path]:
    """Write a report to a file whose ending says the form, or in every form into a folder; return what was written.

    A name without an ending is a folder, which is made when it is not there. Raises LocalError that names the file.
    """
    folder = path.is_dir() or not path.suffix
    targets = [path / f"{report['run']}.{kind}" for kind in KINDS] if folder else [path]
    for target in targets:
        text = report_text(report, kind_of(target))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LocalError(f"cannot write {target}: {reason}", hint="name a file you may write") from error
    return targets


def kind_of(path: Path) -> ReportKind:
    """Return the form that the ending of a file name asks for. Raises LocalError for an ending of none."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        endings = ", ".join(f".{each}" for each in KINDS)
        raise LocalError(
            f"{path} has no ending of a report", hint=f"end the name in one of {endings}, or name a folder"
        )
    return kind


def task_report(folder: RunFolder, kind: ReportKind) -> str:
    """Return the report of a run in one form. Raises JournalError."""
    return report_text(report_data(folder), kind)


def _json(report: Mapping[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _csv(report: Mapping[str, Any]) -> str:
    from tui.engine.audit.table import csv_text

    return csv_text(report)


def _markdown(report: Mapping[str, Any]) -> str:
    from tui.engine.audit.markdown import markdown_text

    return markdown_text(report)


def _html(report: Mapping[str, Any]) -> str:
    from tui.engine.audit.page import page_text

    return page_text(report)


_FORMS: dict[ReportKind, Callable[[Mapping[str, Any]], str]] = {
    "html": _html,
    "md": _markdown,
    "json": _json,
    "csv": _csv,
}
