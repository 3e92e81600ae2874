"""The tasks of a report as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

_COLUMNS = (
    *("source", "target", "state", "digest", "bytes", "attempts", "class", "status", "message", "hint"),
    *("source_digest", "replaced", "started", "ended", "platforms", "verified", "report_checksum", "signed_off_by"),
)


def csv_text(report: Mapping[str, Any]) -> str:
    """Return one line per task; checksum and sign-off of the report stand in every line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    signed = report["sign_off"]
    common = {
        "report_checksum": report["checksum"],
        "signed_off_by": f"{signed['name']} {signed['at']}" if signed and signed["holds"] else "",
    }
    for task in report["list"]:
        row = {**task, **common, "platforms": " ".join(task["platforms"])}
        writer.writerow({name: _no_formula(value) for name, value in row.items()})
    return text.getvalue()


def _no_formula(value: Any) -> Any:
    """A spreadsheet would calculate what begins so, and the text may be a registry's."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
