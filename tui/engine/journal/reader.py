"""Looking at a journal while somebody else writes it, or long after."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui.engine.journal import schema
from tui.engine.journal.lines import GROUPS, LINE, FailureGroup, TaskLine, make_line
from tui.oci.saying import phrase, unpacked

TASK_STATES = (
    "pending",
    "running",
    "waiting",
    "done",
    "unchanged",
    "skipped",
    "failed",
    "conflict",
    "cancelled",
)


DRIFT = "drift"
"""The level of an event that tells of a moved tag; its text is the digest it has now, '' when it is gone."""
HANDED = "handed"
"""The `meta` key of the rules that a Harbor carries out: a list of their numbers."""
FINDINGS = "findings"
"""The `meta` key of what the Harbors at both sides said: a list of {side, registry, severity, finding, hint}."""

_MANY = 100
"""Rows that are rather looked up one by one than read with all the others."""


class JournalReader:
    """Reads one run's journal; every method is one short query. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = schema.open_for_reading(path)

    def __enter__(self) -> JournalReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let every read inside the block see the journal as it was at the first of them."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def version(self) -> int:
        """Return a number that is another one after somebody changed the journal (PRAGMA data_version)."""
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def meta(self, key: str, default: Any = None) -> Any:
        """Return one value that was noted when the run was made."""
        row = self._connection.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def progress(self) -> sqlite3.Row:
        """Return the `progress` row: phase, round, state, bytes, requests."""
        row: sqlite3.Row = self._connection.execute("SELECT * FROM progress").fetchone()
        return row

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in each state, all states present."""
        rows = self._connection.execute("SELECT state, count(*) AS number FROM task GROUP BY state")
        return {**dict.fromkeys(TASK_STATES, 0), **{row["state"]: row["number"] for row in rows}}

    def bytes_to_move(self) -> int:
        """Return the bytes of blobs that no repository of their target registry had, each counted once."""
        row = self._connection.execute(
            "SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM placement GROUP BY registry, digest"
            " HAVING sum(state = 'present') = 0)"
        ).fetchone()
        return int(row[0])

    def bytes_to_move_by_registry(self) -> dict[str, int]:
        """Return the same for each target registry."""
        rows = self._connection.execute(
            "SELECT registry, sum(size) AS size FROM (SELECT registry, max(size) AS size FROM placement"
            " GROUP BY registry, digest HAVING sum(state = 'present') = 0) GROUP BY registry"
        )
        return {row["registry"]: int(row["size"]) for row in rows}

    def handed(self) -> tuple[int, int]:
        """Return the bytes of the images that a Harbor was given to copy: of those that are done, and of all."""
        rules = self.meta(HANDED, [])
        if not rules:
            return 0, 0
        row = self._connection.execute(
            "SELECT coalesce(sum(CASE state WHEN 'done' THEN bytes_total END), 0), coalesce(sum(bytes_total), 0)"
            " FROM task WHERE rule_id IN (SELECT value FROM json_each(?))"
            " AND state NOT IN ('unchanged', 'skipped', 'conflict', 'cancelled')",
            (json.dumps(rules),),
        ).fetchone()
        return int(row[0]), int(row[1])

    def planned(self) -> int:
        """Return how many pending tasks are ready to be executed."""
        query = "SELECT count(*) FROM task WHERE state = 'pending' AND root != ''"
        return int(self._connection.execute(query).fetchone()[0])

    def placements(self) -> Iterator[sqlite3.Row]:
        """Yield every blob in every target repository."""
        yield from self._connection.execute("SELECT * FROM placement")

    def tasks(self, *states: str) -> Iterator[sqlite3.Row]:
        """Yield the tasks, those in `states` when some are given, in the order they were planned."""
        where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        yield from self._connection.execute(f"SELECT * FROM task {where} ORDER BY id", states)

    def tasks_since(self, revision: int) -> list[sqlite3.Row]:
        """Return the tasks that changed after `revision`, oldest change first."""
        return self._connection.execute(
            "SELECT * FROM task WHERE revision > ? ORDER BY revision", (revision,)
        ).fetchall()

    def outline(self) -> tuple[int, list[tuple[int, str, str]]]:
        """Return the revision of the latest change to a task, and (id, state, phase) of every task by id.

        A fifteenth of a second for 100,000 tasks: enough to show how many there are and how they stand.
        """
        with self.snapshot():
            revision = self._connection.execute("SELECT coalesce(max(revision), 0) FROM task").fetchone()[0]
            cursor = self._connection.cursor()
            cursor.row_factory = None
            rows = cursor.execute("SELECT id, state, phase FROM task ORDER BY id").fetchall()
        return revision, rows

    def lines(self, after: int = 0, most: int = -1) -> list[TaskLine]:
        """Return `most` tasks (all when negative) with an id above `after`, in the order they were planned."""
        return self._lines("WHERE id > ? ORDER BY id LIMIT ?", after, most)

    def lines_in(self, state: str, most: int = -1) -> list[TaskLine]:
        """Return `most` tasks (all when negative) in a state."""
        return self._lines("WHERE state = ? ORDER BY id LIMIT ?", state, most)

    def lines_since(self, revision: int) -> list[TaskLine]:
        """Return the tasks that changed after `revision`, oldest change first."""
        return self._lines("WHERE revision > ? ORDER BY revision", revision)

    def failure_groups(self) -> list[FailureGroup]:
        """Return the failures there are, tasks and rules, by what went wrong, the largest group first."""
        rows = self._connection.execute(GROUPS)
        return [
            FailureGroup._make((*row[:3], self.said(row[3]), bool(row[4]), self.said(row[5]), *row[6:8]))
            for row in rows
        ]

    def _lines(self, rest: str, *values: Any) -> list[TaskLine]:
        cursor = self._connection.cursor()
        cursor.row_factory = make_line
        return cursor.execute(f"{LINE} {rest}", values).fetchall()

    def task(self, task_id: int) -> sqlite3.Row | None:
        """Return one task."""
        row: sqlite3.Row | None = self._connection.execute("SELECT * FROM task WHERE id=?", (task_id,)).fetchone()
        return row

    def rules(self) -> list[sqlite3.Row]:
        """Return the rules of the plan with their state."""
        return self._connection.execute("SELECT * FROM rule ORDER BY id").fetchall()

    def rule_counts(self) -> dict[str, int]:
        """Return how many rules are in each state there is."""
        rows = self._connection.execute("SELECT state, count(*) AS number FROM rule GROUP BY state")
        return {row["state"]: row["number"] for row in rows}

    def placed(self, registry: str, path: str) -> dict[str, str]:
        """Return where the blobs stand in one target repository: state by digest."""
        query = "SELECT digest, state FROM placement WHERE registry = ? AND path = ?"
        return {row["digest"]: row["state"] for row in self._connection.execute(query, (registry, path))}

    def manifest(self, digest: str) -> tuple[str, bytes] | None:
        """Return media type and bytes of a manifest."""
        row = self._connection.execute("SELECT media_type, body FROM manifest WHERE digest=?", (digest,)).fetchone()
        return None if row is None else (row["media_type"], row["body"])

    def referrers(self, registry: str, path: str, subject: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what refers to a manifest in a source repository: (digest, entry in a list of referrers)."""
        query = "SELECT digest, entry FROM referrer WHERE registry=? AND path=? AND subject=? ORDER BY digest"
        rows = self._connection.execute(query, (registry, path, subject))
        return [(row["digest"], json.loads(row["entry"])) for row in rows]

    def refers(self, registry: str, path: str, subject: str) -> list[str]:
        """Return the digests of all that is known to refer to a manifest, also of what was not to be copied."""
        found = {digest for digest, _ in self.referrers(registry, path, subject)}
        if self._has("refers"):
            query = "SELECT digest FROM refers WHERE registry=? AND path=? AND subject=?"
            found |= {row["digest"] for row in self._connection.execute(query, (registry, path, subject))}
        return sorted(found)

    def funnels(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Return (rule, repository path, what each step of its selection left), by rule and path."""
        if not self._has("funnel"):
            return []
        rows = self._connection.execute("SELECT * FROM funnel ORDER BY rule_id, path")
        return [(row["rule_id"], row["path"], json.loads(row["document"])) for row in rows]

    def detail(self, task_id: int) -> dict[str, Any]:
        """Return what generate found out about a task, nothing for an ordinary image."""
        if not self._has("detail"):
            return {}
        row = self._connection.execute("SELECT document FROM detail WHERE task_id=?", (task_id,)).fetchone()
        return {} if row is None else dict(json.loads(row["document"]))

    def details_of(self, task_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return what generate found out about some tasks, by id; ordinary images are left out."""
        if len(task_ids) > _MANY:
            wanted = set(task_ids)
            return {number: detail for number, detail in self.details().items() if number in wanted}
        return {number: detail for number in task_ids if (detail := self.detail(number))}

    def details(self) -> dict[int, dict[str, Any]]:
        """Return what generate found out about all tasks, by id; ordinary images are left out."""
        if not self._has("detail"):
            return {}
        return {row["task_id"]: json.loads(row["document"]) for row in self._connection.execute("SELECT * FROM detail")}

    def said(self, text: str) -> str:
        """Return a text of this journal as the sentence it was, to be said in another language; or as it is."""
        if not text or not self._has("sentence"):
            return text
        row = self._connection.execute("SELECT document FROM sentence WHERE text=?", (text,)).fetchone()
        return text if row is None else unpacked(text, row["document"])

    def _has(self, table: str) -> bool:
        """Whether the journal has a table that those of earlier versions lack."""
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return self._connection.execute(query, (table,)).fetchone() is not None

    def uploads(self) -> list[sqlite3.Row]:
        """Return the upload sessions that earlier processes left open."""
        return self._connection.execute("SELECT * FROM upload").fetchall()

    def attempts(self, task_id: int | None = None) -> list[sqlite3.Row]:
        """Return the failed attempts, of one task or of all, oldest first."""
        if task_id is None:
            return self._connection.execute("SELECT * FROM attempt ORDER BY id").fetchall()
        return self._connection.execute("SELECT * FROM attempt WHERE task_id=? ORDER BY id", (task_id,)).fetchall()

    def events(self, after: int = 0, task_id: int | None = None) -> list[sqlite3.Row]:
        """Return the run's story after event `after`, of one task or of all."""
        return self._connection.execute(
            "SELECT * FROM event WHERE id > ? AND (?2 IS NULL OR task_id = ?2) ORDER BY id", (after, task_id)
        ).fetchall()

    def notices(self) -> list[sqlite3.Row]:
        """Return the events that are worth knowing and no failure."""
        return self._connection.execute("SELECT * FROM event WHERE level = 'notice' ORDER BY id").fetchall()

    def drifts(self) -> list[sqlite3.Row]:
        """Return the tasks whose tag moved since it was planned with every look that saw it (`text`), oldest first."""
        return self._connection.execute(
            "SELECT task.*, event.text FROM event JOIN task ON task.id = event.task_id"
            " WHERE event.level = ? ORDER BY task.id, event.id",
            (DRIFT,),
        ).fetchall()

    def hosts(self) -> list[sqlite3.Row]:
        """Return what holds for whole registries."""
        return self._connection.execute("SELECT * FROM host ORDER BY registry").fetchall()

    def sessions(self) -> list[sqlite3.Row]:
        """Return the processes that worked on the run, oldest first."""
        return self._connection.execute("SELECT * FROM session ORDER BY id").fetchall()


def give_order(path: Path, verb: str, argument: str = "") -> None:
    """Leave an order (`pause`, `resume`, `stop`, `concurrency`) for the process that runs the journal at `path`.

    Raises JournalError.
    """
    connection = schema.open_for_control(path)
    try:
        connection.execute("INSERT INTO control(at, verb, argument) VALUES (?, ?, ?)", (time.time(), verb, argument))
    except sqlite3.Error as error:
        words = phrase("cannot give the order to {path}: {error}", path=path, error=error)
        raise schema.JournalError(words) from error
    finally:
        connection.close()
