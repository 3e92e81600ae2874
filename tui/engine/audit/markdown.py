"""A report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tui.engine.audit.facts import facts, signed_words

_SPECIAL = re.compile(r"([\\|`*_\[\]#~])")


def markdown_text(report: Mapping[str, Any]) -> str:
    """Return the report: what it came to, who and when, differences, failures, every task with its digest."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"# Run {_text(report['run'])}"
    yield ""
    yield f"**{_text(report['verdict']['title'])}.** {_text(report['verdict']['text'])}"
    yield ""
    for name, value in facts(report):
        yield f"- {name}: {_text(value)}"
    yield ""
    yield from _verified(report)
    if report["failed"]:
        yield "## Failures"
        yield ""
        yield from _table(("source", "target", "phase", "class", "message", "hint"), report["failed"])
    if report["drift"]:
        yield "## Moved at the source since they were planned"
        yield ""
        yield from _table(("source", "target", "planned", "now", "done"), report["drift"])
    yield "## Tasks"
    yield ""
    yield from _table(("source", "target", "state", "digest", "bytes", "verified", "message"), report["list"])
    if report["notices"]:
        yield "## Notes"
        yield ""
        yield from (f"- {_text(notice)}" for notice in report["notices"])
        yield ""
    yield "## Checksum"
    yield ""
    yield f"- data of this report: `{report['checksum']}`"
    yield f"- {_text(signed_words(report))}"


def _verified(report: Mapping[str, Any]) -> Iterator[str]:
    for verification in report["verifications"]:
        yield f"## Verified {verification['ended']} by {_text(verification['by'])}"
        yield ""
        checked = verification["checked"]
        looked = ", ".join(f"{count} {name}" for name, count in checked.items() if count)
        yield f"{_text(verification['how'])}; looked at: {looked or 'nothing'}."
        yield ""
        if verification["findings"]:
            yield from _table(("words", "place", "expected", "found", "message", "hint"), verification["findings"])


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"| {' | '.join(column.replace('_', ' ') for column in columns)} |"
    yield "|" + "|".join("---:" if column == "bytes" else "---" for column in columns) + "|"
    for row in rows:
        yield f"| {' | '.join(_text('' if row[column] is None else row[column]) for column in columns)} |"
    yield ""


def _text(value: object) -> str:
    """Return text that Markdown shows as it is: nothing in it is a cell's end, a link or a tag."""
    return _SPECIAL.sub(r"\\\1", str(value)).replace("<", "&lt;").replace(">", "&gt;")
