"""What became of a replication, in the words of our own engine: an outcome for each task, and for each planned pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tui.oci.saying import N_
from tui.oci.text import printable
from tui.plan.expand import Pair
from tui.providers.harbor.replication.model import Execution, ReplicationTask

State = Literal["pending", "running", "done", "failed", "cancelled", "skipped"]

_STATES: dict[str, State] = {
    "Pending": "pending",
    "Initialized": "pending",
    "InProgress": "running",
    "Succeed": "done",
    "Failed": "failed",
    "Stopped": "cancelled",
}
_COUNTED = re.compile(r"(?P<path>\S+) \[(?P<count>[0-9]{1,9}) item\(s\) in total\]")
_NAMED = re.compile(r"(?P<path>[^\[\]]*):\[(?P<tags>[^\[\]]*)\]")
_LOG_LINE = re.compile(r"\S+ \[(?P<level>ERROR|FATAL)\] (?:\[[^\]]*\]:? ?)?(?P<said>.*)")
_HINTS = (
    ("immutable", "IMMUTABLE", N_("the tag is immutable at the target: choose another name, or skip what exists")),
    ("exceed the configured upper limit", "QUOTA", N_("raise the quota of the project at the target, or free space")),
    (r"\bunauthorized\b|\b401\b", "AUTH", N_("check the user and password of the registry endpoint in Harbor")),
    (
        r"\bdenied\b|\b403\b",
        "DENIED",
        N_("give the account of Harbor's registry endpoint the permission to push there"),
    ),
    ("no such host", "NET", N_("Harbor's own machine cannot find that host: check its resolver")),
    ("timeout", "NET", N_("Harbor's own machine must reach the registry: check firewalls and access lists there")),
    ("connection refused", "NET", N_("Harbor's own machine must reach the registry: check address and port")),
    ("certificate", "TRUST", N_("give Harbor the CA of that registry, or set its endpoint to skip verification")),
    ("too many requests", "THROTTLE", N_("the registry limits requests: start again later")),
    ("not found", "GONE", N_("check that it is still at the source, and that the namespace is there at the target")),
)
_MOST_TEXT = 100_000
_BY_HAND = N_("look into the task's log")


@dataclass(frozen=True, slots=True)
class Resource:
    """What a task is about: a repository's path, with its tags where Harbor names them, else how many it counts."""

    path: str
    tags: tuple[str, ...] = ()
    items: int | None = None


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What became of one of Harbor's tasks: plain values, to be kept in a journal.

    `failure` is one of the classes of `tui.oci.errors` ('' without a failure); `message` and `hint` go with it.
    """

    execution: int
    task: int
    source: Resource
    target: Resource
    state: State
    failure: str = ""
    message: str = ""
    hint: str = ""
    started: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class PairOutcome:
    """What became of one reference that was to be copied; `task` is None when no task of Harbor's was about it."""

    pair: Pair
    state: State
    task: TaskOutcome | None = None
    failure: str = ""
    message: str = ""
    hint: str = ""


def resource_of(text: str) -> Resource:
    """Return what `src_resource` or `dst_resource` says: `path`, `path:[tag,tag]` or `path [N item(s) in total]`."""
    text = printable(text, _MOST_TEXT).strip()
    if match := _COUNTED.fullmatch(text):
        return Resource(match["path"].strip(), items=int(match["count"]))
    if match := _NAMED.fullmatch(text):
        tags = tuple(tag for part in match["tags"].split(",") if (tag := part.strip()))
        return Resource(match["path"].strip(), tags, len(tags))
    return Resource(text)


def outcome_of(task: ReplicationTask, log: Sequence[str] = ()) -> TaskOutcome:
    """Return what became of a task; the log of a failed one says why."""
    state = _STATES.get(task.status, "running")
    failure = message = hint = ""
    if state == "failed":
        message = reason_in(log) or N_("Harbor says that the task failed, and not why")
        failure, hint = _judged(message)
    elif state == "cancelled":
        message = N_("stopped at Harbor")
    return TaskOutcome(
        execution=task.execution,
        task=task.id,
        source=resource_of(task.source),
        target=resource_of(task.target),
        state=state,
        failure=failure,
        message=message,
        hint=hint,
        started=task.started,
        ended=task.ended,
    )


def reason_in(log: Sequence[str]) -> str:
    """Return the last error in the log of a task, '' when it has none; fit for a screen."""
    for line in reversed(log):
        if match := _LOG_LINE.match(line):
            return printable(match["said"].strip(), 500)
    return ""


def problem_of(execution: Execution) -> str:
    """Return what is wrong with an execution as a whole, '' for nothing; fit for a screen.

    One that found nothing to do is a success to Harbor, and to nobody else.
    """
    if not execution.over:
        return ""
    if execution.status == "Succeed" and not execution.total:
        return N_("nothing matched the filters of the policy, so nothing was copied")
    if execution.status == "Failed" and not execution.total:
        said = printable(execution.text, 500)
        return said or N_("the replication failed before its first task, and Harbor does not say why")
    return ""


def merged(outcomes: Iterable[TaskOutcome]) -> list[TaskOutcome]:
    """Return the last word about each source repository, over several executions of one plan, in order."""
    last: dict[tuple[str, str], TaskOutcome] = {}
    for outcome in sorted(outcomes, key=lambda each: (each.execution, each.task)):
        last[outcome.source.path, outcome.target.path] = outcome
    return list(last.values())


def of_pairs(pairs: Iterable[Pair], outcomes: Iterable[TaskOutcome], *, over: bool = True) -> list[PairOutcome]:
    """Return what became of each planned pair. `over` says that no more tasks will come.

    Tasks are for repositories. Where Harbor does not name the tags of a task, its state is that of every planned tag,
    and a pair without a task was not copied: `verify` looks at the target itself.
    """
    by_target: Mapping[str, TaskOutcome] = {_key(outcome): outcome for outcome in merged(outcomes)}
    found: list[PairOutcome] = []
    for pair in pairs:
        outcome = by_target.get(f"{pair.source.repository.path} {pair.target.repository.path}")
        if outcome is not None and _is_about(outcome, pair):
            found.append(
                PairOutcome(pair, outcome.state, outcome, outcome.failure, outcome.message, outcome.hint)
            )  # fmt: skip
        elif not over:
            found.append(PairOutcome(pair, "pending"))
        else:
            found.append(
                PairOutcome(
                    pair,
                    "failed",
                    None,
                    "GONE",
                    N_("Harbor had no task for it"),
                    N_(
                        "it may be gone at the source, or the policy's filters leave it out: "
                        "copy it with our own engine"
                    ),
                )
            )
    return found


def _key(outcome: TaskOutcome) -> str:
    return f"{outcome.source.path} {outcome.target.path}"


def _is_about(outcome: TaskOutcome, pair: Pair) -> bool:
    return not outcome.source.tags or not pair.source.tag or pair.source.tag in outcome.source.tags


def _judged(message: str) -> tuple[str, str]:
    words = message.lower()
    for part, failure, hint in _HINTS:
        if re.search(part, words):
            return failure, hint
    return "SRV", _BY_HAND
