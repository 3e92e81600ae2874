"""The tables of the journal, and how a journal file is recognised."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from tui.engine.journal.filesystem import filesystem_of, over_a_network
from tui.engine.journal.guarded import GuardedConnection, JournalError, damaged, unreadable
from tui.oci.saying import N_, phrase

__all__ = ["JournalError"]

APPLICATION_ID = 0x52464652  # "RFFR"
VERSION = 1

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE session(                 -- one process that worked on this run
  id INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, boot TEXT NOT NULL, version TEXT NOT NULL,
  started REAL NOT NULL, heartbeat REAL NOT NULL, ended REAL, exit_code INTEGER);

CREATE TABLE progress(                -- one row: where the run stands
  id INTEGER PRIMARY KEY CHECK(id = 1), phase TEXT NOT NULL, round INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL, listed INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '',
  bytes_read INTEGER NOT NULL DEFAULT 0, bytes_written INTEGER NOT NULL DEFAULT 0,
  bytes_mounted INTEGER NOT NULL DEFAULT 0, bytes_present INTEGER NOT NULL DEFAULT 0,
  requests_source INTEGER NOT NULL DEFAULT 0, requests_target INTEGER NOT NULL DEFAULT 0,
  retried INTEGER NOT NULL DEFAULT 0, concurrency INTEGER NOT NULL DEFAULT 0,
  at REAL NOT NULL, revision INTEGER NOT NULL);

CREATE TABLE rule(
  id INTEGER PRIMARY KEY, text TEXT NOT NULL, origin TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  error_class TEXT NOT NULL DEFAULT '', error_status INTEGER, error_code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '', hint TEXT NOT NULL DEFAULT '', retryable INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL);

CREATE TABLE task(                    -- one source reference to one target reference
  id INTEGER PRIMARY KEY, rule_id INTEGER NOT NULL REFERENCES rule(id),
  source_registry TEXT NOT NULL, source_path TEXT NOT NULL, source_reference TEXT NOT NULL,
  target_registry TEXT NOT NULL, target_path TEXT NOT NULL, target_reference TEXT NOT NULL,
  state TEXT NOT NULL, phase TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  pinned TEXT NOT NULL DEFAULT '',    -- digest of the source reference when it was planned
  root TEXT NOT NULL DEFAULT '',      -- digest to push: as pinned, or of the index rewritten to fewer platforms
  replaces TEXT NOT NULL DEFAULT '',  -- digest the target reference had
  bytes_total INTEGER NOT NULL DEFAULT 0, bytes_done INTEGER NOT NULL DEFAULT 0,
  error_class TEXT NOT NULL DEFAULT '', error_status INTEGER, error_code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '', hint TEXT NOT NULL DEFAULT '', retryable INTEGER NOT NULL DEFAULT 0,
  started REAL, ended REAL, revision INTEGER NOT NULL,
  UNIQUE(target_registry, target_path, target_reference, source_registry, source_path, source_reference));
CREATE INDEX task_revision ON task(revision);
CREATE INDEX task_state ON task(state);

CREATE TABLE manifest(digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE referrer(                -- what refers to a manifest of a source repository, as an entry of a list (JSON)
  registry TEXT NOT NULL, path TEXT NOT NULL, subject TEXT NOT NULL, digest TEXT NOT NULL, entry TEXT NOT NULL,
  PRIMARY KEY(registry, path, subject, digest)) WITHOUT ROWID;

CREATE TABLE placement(               -- one blob in one target repository
  registry TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
  state TEXT NOT NULL, bytes_done INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL,
  PRIMARY KEY(registry, path, digest)) WITHOUT ROWID;

CREATE TABLE upload(                  -- an upload session that a later process may go on with
  registry TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, location TEXT NOT NULL, bytes_done INTEGER NOT NULL,
  PRIMARY KEY(registry, path, digest)) WITHOUT ROWID;

CREATE TABLE attempt(                 -- every failure, also of what succeeded later
  id INTEGER PRIMARY KEY, at REAL NOT NULL, task_id INTEGER, rule_id INTEGER, phase TEXT NOT NULL,
  error_class TEXT NOT NULL, error_status INTEGER, error_code TEXT NOT NULL, message TEXT NOT NULL,
  hint TEXT NOT NULL, retryable INTEGER NOT NULL);
CREATE INDEX attempt_task ON attempt(task_id);

CREATE TABLE event(
  id INTEGER PRIMARY KEY, at REAL NOT NULL, level TEXT NOT NULL, task_id INTEGER, text TEXT NOT NULL);

CREATE TABLE host(                    -- what holds for a whole registry
  registry TEXT PRIMARY KEY, state TEXT NOT NULL, detail TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE control(                 -- orders to the running process; anybody may insert
  id INTEGER PRIMARY KEY, at REAL NOT NULL, verb TEXT NOT NULL, argument TEXT NOT NULL DEFAULT '', seen REAL);
"""

_LATER_TABLES = """
CREATE TABLE IF NOT EXISTS funnel(    -- how many tags (path '': repositories) a rule found, and each step left (JSON)
  rule_id INTEGER NOT NULL, path TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(rule_id, path)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refers(    -- what refers to a manifest of a source repository that was not read as a whole
  registry TEXT NOT NULL, path TEXT NOT NULL, subject TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY(registry, path, subject, digest)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS detail(    -- what generate found out about a task beyond its row (JSON)
  task_id INTEGER PRIMARY KEY, document TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS sentence(  -- what a text with values in it, anywhere here, is made of (`tui.oci.saying`)
  text TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
"""
"""Tables that runs of earlier versions lack; they get them when they are taken up again."""


def create(path: Path, meta: Mapping[str, str]) -> sqlite3.Connection:
    """Make a new journal at `path` with `meta` in it, readable for its owner only. Raises JournalError.

    Over a network it does without a write-ahead log: slower, and who looks on waits for who writes.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        connection = _connect(f"file:{path}?mode=rw")
        mode = "DELETE" if over_a_network(filesystem_of(path.parent)) else "WAL"
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("PRAGMA synchronous=FULL")
        # One transaction: a process killed here leaves a file that is no journal, and not half of one.
        connection.executescript(
            f"BEGIN; PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};{_TABLES}{_LATER_TABLES}"
        )
        connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        connection.execute(
            "INSERT INTO progress(id, phase, state, at, revision) VALUES (1, 'generate', 'starting', ?, 1)",
            (time.time(),),
        )
        connection.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        raise JournalError(
            phrase("cannot make the journal {path}: {error}", path=path, error=error), _local_hint()
        ) from error
    return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open an existing journal as its one writer. Raises JournalError when it is not ours, newer, or damaged."""
    connection = _open(path, "rw")
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        connection.close()
        raise damaged(path, found)
    connection.execute("PRAGMA synchronous=FULL")
    connection.executescript(_LATER_TABLES)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal to look at, while another process may write it. Raises JournalError, and so does every read."""
    return _open(path, "ro", GuardedConnection)


def open_for_control(path: Path) -> sqlite3.Connection:
    """Open a journal only to insert into its `control` table. Raises JournalError."""
    return _open(path, "rw")


def _open(path: Path, mode: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    if not path.is_file():
        raise JournalError(phrase("there is no journal at {path}", path=path), N_("see 'regferry runs list'"))
    try:
        connection = _connect(f"file:{path}?mode={mode}", kind)
        if isinstance(connection, GuardedConnection):
            connection.path = str(path)
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    if application != APPLICATION_ID:
        raise JournalError(phrase("{path} is not a journal of regferry", path=path))
    if version > VERSION:
        raise JournalError(
            phrase("the journal {path} was written by a newer regferry", path=path), N_("use that version for this run")
        )
    return connection


def _connect(uri: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    # The writer's transactions run in a worker thread, one at a time; SQLite itself is built thread-safe.
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False, factory=kind
    )
    connection.row_factory = sqlite3.Row
    return connection


def _local_hint() -> str:
    return N_("check the free space and the permissions of that folder, or set REGFERRY_STATE_DIR")
