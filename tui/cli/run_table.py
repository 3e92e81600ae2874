"""The list of runs as text: a line for each, with what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.cli.words import duration, several

_TITLES = ("RUN", "STATE", "TOOK", "OUTCOME")


def run_table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the runs (as `tui.engine.status.status` has them) below their titles, in aligned columns."""
    rows = [_TITLES, *((run["run"], _state(run), duration(run["seconds"]), _outcome(run)) for run in runs)]
    name, state, took = (max(len(row[at]) for row in rows) for at in range(3))
    return "\n".join(f"{row[0]:<{name}}  {row[1]:<{state}}  {row[2]:>{took}}  {row[3]}" for row in rows)


def _state(run: Mapping[str, Any]) -> str:
    if run["state"] == "ended":
        return "done" if run["exit"] == 0 else "failures"
    return str(run["state"])


def _outcome(run: Mapping[str, Any]) -> str:
    """Return the counts of tasks by state, and how many rules found no tasks."""
    if "message" in run:
        return str(run["message"])
    said = [f"{count} {state}" for state, count in run["tasks"].items() if count and state != "total"]
    if run["rules"]["failed"]:
        said.append(f"{several(run['rules']['failed'], 'rule')} failed")
    return ", ".join(said) or "no tasks"
