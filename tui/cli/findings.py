"""What was found at a registry before a run, for people: the finding, and the step to take below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

_MARKS = {"ok": "ok", "note": "note", "warning": "WARNING", "problem": "PROBLEM"}


def finding_lines(findings: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield findings ({severity, finding, hint}, with a registry where there are several) line by line."""
    for each in findings:
        where = f"{each['registry']}: " if "registry" in each else ""
        yield f"{_MARKS[each['severity']]:<8} {where}{each['finding']}"
        if each["hint"]:
            yield f"         {each['hint']}"
