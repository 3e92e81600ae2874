"""What a run came to, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.cli.findings import finding_lines
from tui.cli.words import duration, several, size
from tui.engine.journal.drift import WORDS
from tui.engine.outcome import CREDENTIALS, MEANING, RETRYABLE, STOPPED

_STATES = ("done", "unchanged", "skipped", "conflict", "cancelled", "failed")
_FAILURES_SHOWN = 50
_NOTICES_SHOWN = 20


def summary(document: dict[str, Any], notices: list[str]) -> str:
    """Return the summary of a run from its report and its notices, without a final newline."""
    return "\n".join(_lines(document, notices))


def _lines(document: dict[str, Any], notices: list[str]) -> Iterator[str]:
    name, tasks, moved = document["run"], document["tasks"], document["bytes"]
    states = ", ".join(f"{tasks[state]} {state}" for state in _STATES if tasks[state])
    waiting = tasks["total"] - sum(tasks[state] for state in _STATES)
    yield f"run {name}: {several(tasks['total'], 'task')} in {duration(document['seconds'])}"
    left = f"{waiting} left" if waiting else ""
    yield f"  {', '.join(filter(None, (states, left))) or 'nothing to do'}"
    by_harbor = document["engine"].get("harbor")
    if by_harbor:
        yield f"  by the replication of the Harbor at {by_harbor}; through this machine:"
    figures = [f"{size(moved['read'])} read", f"{size(moved['written'])} written"]
    figures += [f"{size(moved[key])} {words}" for key, words in _SAVED.items() if moved[key]]
    if document["attempts"]["retried"]:
        figures.append(f"{several(document['attempts']['retried'], 'request')} tried again")
    yield f"  {', '.join(figures)}"
    yield from (f"  {line}" for line in finding_lines(document["findings"]))
    for notice in notices[:_NOTICES_SHOWN]:
        yield f"  note: {notice}"
    if len(notices) > _NOTICES_SHOWN:
        yield f"  and {len(notices) - _NOTICES_SHOWN} more notes: regferry runs show {name}"
    if document["drift"]:
        yield f"  {several(len(document['drift']), 'tag')} moved at the source since planned:"
    for moved in document["drift"][:_NOTICES_SHOWN]:
        yield f"    {moved['source']}: planned {moved['planned']}, now {moved['now'] or 'gone'}; {WORDS[moved['done']]}"
    yield from _failures(document["failed"], name)
    for registry in document["registries"]:
        yield f"{registry['registry']}: {_REGISTRY.get(registry['state'], registry['state'])}: {registry['why']}"
    if document["exit"]:
        yield f"exit {document['exit']}: {MEANING.get(document['exit'], 'ended by a signal')}"
    if document["exit"] == CREDENTIALS and waiting:
        yield "give the endpoint its login ('regferry endpoint login NAME', or as you did before), then"
    if document["exit"] == STOPPED or (document["exit"] == CREDENTIALS and waiting):
        yield f"go on with: regferry runs resume {name}"
    elif document["failed"] and document["exit"] == RETRYABLE:
        yield f"try again with: regferry runs retry {name}"


_REGISTRY = {
    "login": "does not take the login any more",
    "down": "out of reach",
    "refusing": "refuses everything",
    "throttled": "asks us to wait",
}
_SAVED = {"mounted": "mounted at the target", "present": "there already"}


def _failures(failed: list[dict[str, Any]], name: str) -> Iterator[str]:
    for failure in failed[:_FAILURES_SHOWN]:
        yield f"failed: {failure['source']}"
        yield f"    to      {failure['target']}"
        yield f"    phase   {failure['phase']}"
        yield f"    reason  {failure['class']}: {failure['message']}"
        if failure["hint"]:
            yield f"    do      {failure['hint']}"
    if len(failed) > _FAILURES_SHOWN:
        yield f"and {len(failed) - _FAILURES_SHOWN} more that failed: regferry runs show {name}"
