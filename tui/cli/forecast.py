"""A forecast in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.cli.findings import finding_lines
from tui.cli.words import several, size
from tui.plan.funnels import in_words
from tui.plan.selection import Step


def forecast_lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield a forecast line by line: every task, what each rule chose, then the sums."""
    for task in document["tasks"]:
        yield f"{task['action']:<10} {task['source']} -> {task['target']}  {size(task['bytes'])}"
        yield from (f"{'':<10}   {line}" for line in _more(task))
    for rule in document["rules"]:
        yield f"{rule['rule']}: {_funnel(rule)}"
    summary = dict(document["summary"])
    total = summary.pop("total")
    parts = ", ".join(f"{count} {name}" for name, count in summary.items()) or "nothing to do"
    yield f"{several(total, 'task')}: {parts}"
    if document["artifacts"].keys() - {"image"}:
        yield "to copy: " + ", ".join(several(count, kind) for kind, count in document["artifacts"].items())
    moved, whole = document["bytes"]["to_move"], document["bytes"]["tasks"]
    if handed := document["bytes"]["by_harbor"]:
        yield f"{size(handed)} of images for Harbor to copy; what they share, or is there, it copies once or not at all"
    if moved or not handed:
        own = max(0, whole - handed)
        yield f"{size(moved)} to move; {size(max(0, own - moved))} of {size(own)} saved by what is shared or there"
    for disk in document["disks"]:
        free = "unknown" if disk["free"] is None else f"{size(disk['free'])} free"
        short = disk["free"] is not None and disk["needed"] > disk["free"]
        yield f"{disk['place']}: {size(disk['needed'])} to write, {free}{': that is not enough' if short else ''}"
    yield from finding_lines(document["findings"])
    for failure in document["failed"]:
        yield f"{failure['class']}: {failure['source']}: {failure['message']}"
        if failure["hint"]:
            yield f"    {failure['hint']}"
    yield f"carry it out with: regferry runs resume {document['run']}"


def _more(task: dict[str, Any]) -> Iterator[str]:
    if "dropped" in task:
        yield f"without {', '.join(task['dropped'])}: the digest becomes {task['target_digest']}"
    if "adds" in task:
        yield "the image is there; adds " + ", ".join(several(count, kind) for kind, count in task["adds"].items())
    elif "attached" in task:
        yield "with " + ", ".join(several(count, kind) for kind, count in task["attached"].items())
    if "backup" in task:
        yield f"what is there is kept as {task['backup']}"
    if task["action"] == "skipped" and task["message"]:
        yield task["message"]


_WORDS = {
    "tags": "tags",
    "match": "match",
    "labels": "with these labels",
    "newer_than": "new enough",
    "newest": "newest",
    "listed": "repositories",
    "chosen": "chosen",
}


def _funnel(rule: dict[str, Any]) -> str:
    """Return how a rule came to its tags: `12 repositories -> 5 chosen: 413 tags -> 120 match -> 40 newest`."""
    repositories = " -> ".join(f"{each['left']} {_WORDS[each['step']]}" for each in rule["repositories"])
    steps = [Step(each["step"], each["left"]) for each in rule["tags"]]
    tags = " -> ".join(f"{left} {_WORDS[name]}" for name, left in in_words(steps))
    said = [": ".join(part for part in (repositories, tags) if part)]
    if rule["configs"]:
        said.append(f"their age read from {several(rule['configs'], 'image config')}, some two requests each")
    if rule["timeless"]:
        said.append(f"{several(rule['timeless'], 'tag')} left out because nobody knows their age")
    return "; ".join(said)
