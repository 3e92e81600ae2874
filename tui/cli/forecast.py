"""A forecast in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.cli.words import several, size


def forecast_lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield a forecast line by line: every task, then the sums."""
    for task in document["tasks"]:
        yield f"{task['action']:<10} {task['source']} -> {task['target']}  {size(task['bytes'])}"
    summary = dict(document["summary"])
    total = summary.pop("total")
    parts = ", ".join(f"{count} {name}" for name, count in summary.items()) or "nothing to do"
    yield f"{several(total, 'task')}: {parts}"
    moved, whole = document["bytes"]["to_move"], document["bytes"]["tasks"]
    yield f"{size(moved)} to move; {size(max(0, whole - moved))} of {size(whole)} saved by what is shared or there"
    for failure in document["failed"]:
        yield f"{failure['class']}: {failure['source']}: {failure['message']}"
        if failure["hint"]:
            yield f"    {failure['hint']}"
    yield f"carry it out with: regferry runs resume {document['run']}"
