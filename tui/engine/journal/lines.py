"""What a list of a run's tasks shows of each: a few columns of the journal, references already put together."""

from __future__ import annotations

from typing import Any, NamedTuple


class TaskLine(NamedTuple):
    """One task in a list. `source` and `target` are whole references; bytes are those of all its blobs."""

    id: int
    source: str
    target: str
    state: str
    phase: str
    bytes_done: int
    bytes_total: int
    attempts: int
    error_class: str
    error_status: int | None
    error_code: str
    message: str
    revision: int


class FailureGroup(NamedTuple):
    """Failures of one kind: how many tasks (`tasks`) and rules (`rules`), and message and hint of the first.

    `retryable` says that the same may go well another time without anybody changing anything.
    """

    error_class: str
    error_status: int | None
    error_code: str
    hint: str
    retryable: bool
    message: str
    tasks: int
    rules: int


def _reference(side: str) -> str:
    mark = f"CASE WHEN instr({side}_reference, ':') THEN '@' ELSE ':' END"
    return f"{side}_registry || '/' || {side}_path || {mark} || {side}_reference"


LINE = (
    f"SELECT id, {_reference('source')}, {_reference('target')}, state, phase, bytes_done, bytes_total, attempts,"
    " error_class, error_status, error_code, message, revision FROM task"
)
"""The columns of a `TaskLine`; put together by SQLite, which is four times as quick as from whole rows."""

GROUPS = (
    "SELECT error_class, error_status, error_code, hint, retryable, message, sum(is_task), sum(1 - is_task), min(id)"
    " FROM ("
    " SELECT 1 AS is_task, id, error_class, error_status, error_code, hint, retryable, message FROM task"
    " WHERE state IN ('failed', 'conflict')"
    " UNION ALL SELECT 0, id, error_class, error_status, error_code, hint, retryable, message FROM rule"
    " WHERE state = 'failed')"
    " GROUP BY error_class, error_status, error_code ORDER BY count(*) DESC, min(id)"
)
"""The columns of a `FailureGroup`, the largest group first; `min(id)` makes SQLite take the others from that row."""


def make_line(_cursor: Any, row: tuple[Any, ...]) -> TaskLine:
    """Make a line of a row of `LINE`; a row factory of sqlite3."""
    return TaskLine._make(row)
