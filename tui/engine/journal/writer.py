"""The one writer of a journal: collects changes and commits them together a few times a second."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tui import __version__
from tui.engine.journal import schema
from tui.engine.journal.reserve import RESERVE, Reserve
from tui.engine.journal.schema import JournalError
from tui.oci.saying import N_, Said, packed, phrase

_COMMIT_EVERY = 0.1
_Change = tuple[str, Sequence[Any]]


class JournalWriter:
    """Writes one run's journal. Changes are queued in order and committed in batches; `flush` waits for the disk."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._queue: list[_Change] = []
        self._revision = self._last_revision()
        self._committing = asyncio.Lock()
        self._using = threading.Lock()
        self._session = 0
        self._opened = time.time()
        self._last_order = 0
        self._failure: JournalError | None = None
        self._reserve = Reserve(path)
        self._short_of_room = False
        self.ran_short: Callable[[], None] = lambda: None
        """Is told when the disk was full, so that what is written now goes into the room kept for the end."""

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, Any]) -> JournalWriter:
        """Make a new journal with `meta` (values JSON can carry) in it."""
        return cls(schema.create(path, {key: json.dumps(value) for key, value in meta.items()}), path)

    @classmethod
    def open(cls, path: Path) -> JournalWriter:
        """Open an existing journal to go on with its run."""
        before = time.time()
        writer = cls(schema.open_for_writing(path), path)
        writer._opened = before
        return writer

    def begin_session(self) -> None:
        """Note that this process works on the run now.

        Orders from before it opened the file were for another; those about single tasks hold for whoever comes.
        """
        with self._told():
            self._begin_session()
        self._reserve.hold()

    def check_room(self) -> None:
        """Raise JournalError when the disk was full; what is written until then is kept all the same."""
        if self._short_of_room:
            need = max(RESERVE, self.path.stat().st_size) // 1_000_000
            raise JournalError(
                phrase("the disk of {path} is full: the run was stopped where nothing is lost", path=self.path.parent),
                phrase("free {need} MB there, then resume the run", need=need),
            )

    def _begin_session(self) -> None:
        boot = Path("/proc/sys/kernel/random/boot_id")
        now = time.time()
        cursor = self._connection.execute(
            "INSERT INTO session(host, pid, boot, version, started, heartbeat) VALUES (?, ?, ?, ?, ?, ?)",
            (
                socket.gethostname(),
                os.getpid(),
                boot.read_text().strip() if boot.exists() else "",
                __version__,
                now,
                now,
            ),
        )
        self._session = cursor.lastrowid or 0
        stale = "UPDATE control SET seen=? WHERE seen IS NULL AND at < ? AND verb NOT IN ('retry', 'skip')"
        self._connection.execute(stale, (now, self._opened))

    def end_session(self, exit_code: int) -> None:
        """Queue that this process is done with the run."""
        self._put("UPDATE session SET ended=?, exit_code=? WHERE id=?", (time.time(), exit_code, self._session))

    def heartbeat(self) -> None:
        """Queue that this process is alive."""
        self._put("UPDATE session SET heartbeat=? WHERE id=?", (time.time(), self._session))

    def progress(self, **values: Any) -> None:
        """Queue new values of the `progress` row."""
        self._update("progress", "id=1", (), {**values, "at": time.time()})

    def meta(self, key: str, value: Any) -> None:
        """Queue a value (one JSON can carry) that holds for the run as a whole."""
        self._put("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def add_rules(self, rules: Iterable[tuple[int, str, str]]) -> None:
        """Queue the plan's rules: (id, text, origin)."""
        for number, text, origin in rules:
            self._put(
                "INSERT INTO rule(id, text, origin, state, attempts, revision) VALUES (?, ?, ?, 'pending', 0, ?)",
                (number, text, origin, self._next()),
            )

    def rule(self, rule_id: int, **values: Any) -> None:
        """Queue new values of a rule."""
        self._update("rule", "id=?", (rule_id,), values)

    def add_task(self, values: Mapping[str, Any]) -> None:
        """Queue a new task; `values` by column name."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self._put(
            f"INSERT INTO task({columns}, revision) VALUES ({marks}, ?)",
            (*values.values(), self._next()),
        )

    def task(self, task_id: int, **values: Any) -> None:
        """Queue new values of a task."""
        self._update("task", "id=?", (task_id,), values)

    def manifest(self, digest: str, media_type: str, body: bytes) -> None:
        """Queue a manifest, kept byte for byte."""
        self._put("INSERT OR IGNORE INTO manifest VALUES (?, ?, ?)", (digest, media_type, body))

    def referrer(self, registry: str, path: str, subject: str, digest: str, entry: Mapping[str, Any]) -> None:
        """Queue that `digest` refers to `subject` in a source repository; `entry` is how a list names it."""
        values = (registry, path, subject, digest, json.dumps(entry))
        self._put("INSERT OR IGNORE INTO referrer VALUES (?, ?, ?, ?, ?)", values)

    def refers(self, registry: str, path: str, subject: str, digests: Iterable[str]) -> None:
        """Queue that `digests` refer to `subject` in a source repository, seen in a list alone."""
        for digest in digests:
            self._put("INSERT OR IGNORE INTO refers VALUES (?, ?, ?, ?)", (registry, path, subject, digest))

    def funnel(self, rule_id: int, path: str, document: Mapping[str, Any]) -> None:
        """Queue what a rule found at each step of its selection in a repository; path '' is about the repositories."""
        self._put("INSERT OR REPLACE INTO funnel VALUES (?, ?, ?)", (rule_id, path, json.dumps(document)))

    def detail(self, task_id: int, document: Mapping[str, Any]) -> None:
        """Queue what generate found out about a task."""
        self._put("INSERT OR REPLACE INTO detail VALUES (?, ?)", (task_id, json.dumps(document)))

    def placement(self, registry: str, path: str, digest: str, size: int, state: str, bytes_done: int = 0) -> None:
        """Queue where one blob stands in one target repository."""
        self._put(
            "INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?, ?, ?, ?)",
            (registry, path, digest, size, state, bytes_done, self._next()),
        )

    def upload(self, registry: str, path: str, digest: str, location: str, bytes_done: int) -> None:
        """Queue where an upload session stands; without a `location` there is none to go on with."""
        if location:
            values = (registry, path, digest, location, bytes_done)
            self._put("INSERT OR REPLACE INTO upload VALUES (?, ?, ?, ?, ?)", values)
        else:
            self._put("DELETE FROM upload WHERE registry=? AND path=? AND digest=?", (registry, path, digest))

    def attempt(self, *, task_id: int | None, rule_id: int | None, phase: str, **failure: Any) -> None:
        """Queue one failed attempt; `failure` are the columns of `Failure`."""
        values = {"at": time.time(), "task_id": task_id, "rule_id": rule_id, "phase": phase, **failure}
        self._put(
            f"INSERT INTO attempt({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", (*values.values(),)
        )

    def event(self, level: str, text: str, task_id: int | None = None) -> None:
        """Queue one line of the run's story."""
        statement = "INSERT INTO event(at, level, task_id, text) VALUES (?, ?, ?, ?)"
        self._put(statement, (time.time(), level, task_id, text))

    def host(self, registry: str, state: str, detail: Mapping[str, Any]) -> None:
        """Queue what holds for a whole registry; `detail` are values JSON can carry."""
        self._remember(detail.values())
        values = (registry, state, json.dumps(detail), self._next())
        self._put("INSERT OR REPLACE INTO host VALUES (?, ?, ?, ?)", values)

    def forget_hosts(self) -> None:
        """Queue that nothing is known of any registry: what held for an earlier process need not hold now."""
        self._put("DELETE FROM host", ())

    def orders(self) -> list[tuple[str, str]]:
        """Return the orders (verb, argument) given since the last look, oldest first, and mark them seen."""
        query = "SELECT id, verb, argument FROM control WHERE seen IS NULL ORDER BY id"
        with self._told():
            rows = self._connection.execute(query).fetchall()
        new = [row for row in rows if row["id"] > self._last_order]
        for row in new:
            self._last_order = row["id"]
            self._put("UPDATE control SET seen=? WHERE id=?", (time.time(), row["id"]))
        return [(row["verb"], row["argument"]) for row in new]

    async def keep_committing(self) -> None:
        """Commit what is queued until cancelled."""
        while True:
            await asyncio.sleep(_COMMIT_EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Wait until everything queued so far is on disk. Raises JournalError when the disk does not take it."""
        async with self._committing:
            if self._failure is not None:
                raise self._failure
            if not self._queue:
                return
            batch, self._queue = self._queue, []
            short_before = self._short_of_room
            commit = asyncio.create_task(asyncio.to_thread(self._commit, batch))
            try:
                await asyncio.shield(commit)
            except asyncio.CancelledError:
                # A thread cannot be cancelled, and SQLite does not survive a connection closed under a commit.
                await asyncio.wait([commit])
                raise
            if self._short_of_room and not short_before:
                self.ran_short()

    def close(self) -> None:
        """Commit what is left and close the file. Raises JournalError when the disk does not take it."""
        try:
            if self._queue and self._failure is None:
                batch, self._queue = self._queue, []
                self._commit(batch)
        finally:
            with self._using:
                self._connection.close()
            self._reserve.release()

    def _commit(self, batch: list[_Change]) -> None:
        try:
            with self._told(), self._using:
                try:
                    self._write(batch)
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_FULL or not self._reserve.release():
                        raise
                    self._short_of_room = True
                    self._write(batch)
        except JournalError as error:
            self._failure = error
            raise

    def _write(self, batch: list[_Change]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in batch:
                self._connection.execute(statement, values)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite itself gives up a transaction when the disk is full
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise JournalError for what SQLite cannot do."""
        try:
            yield
        except sqlite3.Error as error:
            hint = N_("free space or fix permissions there, then resume the run")
            raise JournalError(
                phrase("cannot write the journal {path}: {error}", path=self.path, error=error), hint
            ) from error

    def _update(self, table: str, where: str, key: Sequence[Any], values: Mapping[str, Any]) -> None:
        settings = ", ".join(f"{column}=?" for column in values)
        self._put(f"UPDATE {table} SET {settings}, revision=? WHERE {where}", (*values.values(), self._next(), *key))

    def _put(self, statement: str, values: Sequence[Any]) -> None:
        self._remember(values)
        self._queue.append((statement, values))

    def _remember(self, values: Iterable[Any]) -> None:
        """Queue what the sentences among these values are made of, so that a reader can say them in its language."""
        for value in values:
            if isinstance(value, Said) and value.values:
                self._queue.append(("INSERT OR IGNORE INTO sentence VALUES (?, ?)", (value, packed(value))))

    def _next(self) -> int:
        self._revision += 1
        return self._revision

    def _last_revision(self) -> int:
        tables = ("progress", "rule", "task", "placement", "host")
        highest = [self._connection.execute(f"SELECT max(revision) FROM {table}").fetchone()[0] for table in tables]
        return max(value or 0 for value in highest)
