"""The journal: one writer that never loses order, and readers who see what changed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import until
from tui.engine.journal.reader import TASK_STATES, JournalReader, give_order
from tui.engine.journal.schema import JournalError
from tui.engine.journal.writer import JournalWriter
from tui.engine.tasks import Failure


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[JournalWriter]:
    writer = JournalWriter.create(path, {"plan": {"name": "p"}, "created": 12.5})
    writer.add_rules([(1, "a -> b", "plan.toml:3")])
    yield writer
    writer.close()


def a_task(number: int, **values: Any) -> dict[str, Any]:
    sides = {"source": "s.example", "target": "t.example"}
    names = {f"{side}_registry": registry for side, registry in sides.items()}
    names |= {f"{side}_path": "library/a" for side in sides} | {f"{side}_reference": f"v{number}" for side in sides}
    return {"id": number, "rule_id": 1, **names, "state": "pending", "phase": "generate", **values}


def execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


# The writer


async def test_what_is_queued_is_on_disk_after_a_flush(path: Path, writer: JournalWriter) -> None:
    writer.add_task(a_task(1))
    with JournalReader(path) as reader:
        assert list(reader.tasks()) == []
        await writer.flush()
        assert [row["id"] for row in reader.tasks()] == [1]


async def test_changes_are_committed_in_groups_and_in_order(path: Path, writer: JournalWriter) -> None:
    for number in range(1, 101):
        writer.add_task(a_task(number))
        writer.task(number, state="running")
        writer.task(number, state="done", bytes_done=number)
    await asyncio.gather(*(writer.flush() for _ in range(5)))
    with JournalReader(path) as reader:
        rows = list(reader.tasks("done"))
        assert [row["bytes_done"] for row in rows] == list(range(1, 101))
        assert [row["revision"] for row in rows] == sorted(row["revision"] for row in rows)


async def test_it_commits_by_itself(path: Path, writer: JournalWriter) -> None:
    keeping = asyncio.create_task(writer.keep_committing())
    writer.add_task(a_task(1))
    with JournalReader(path) as reader:
        await until(lambda: list(reader.tasks()))
    keeping.cancel()


def test_closing_writes_what_is_left(path: Path, writer: JournalWriter) -> None:
    writer.add_task(a_task(1))
    writer.close()
    with JournalReader(path) as reader:
        assert reader.counts()["pending"] == 1


async def test_revisions_grow_over_all_tables_and_processes(path: Path, writer: JournalWriter) -> None:
    def revisions() -> dict[str, int]:
        with JournalReader(path) as reader:
            placement = next(reader.placements(), {"revision": 0})["revision"]
            host = [row["revision"] for row in reader.hosts()][-1:]
            tasks = [row["revision"] for row in reader.tasks()]
            return {
                "rule": reader.rules()[0]["revision"],
                "task": max(tasks, default=0),
                "placement": placement,
                "host": max(host, default=0),
                "progress": reader.progress()["revision"],
            }

    async def touch_all(writer: JournalWriter) -> list[int]:
        writer.rule(1, state="done")
        writer.task(1, state="running")
        writer.placement("t.example", "library/a", "sha256:0", 10, "need")
        writer.host("t.example", "throttled", {"why": "until 10:00"})
        writer.progress(phase="execute")
        await writer.flush()
        return list(revisions().values())

    writer.add_task(a_task(1))
    first = await touch_all(writer)
    assert first == sorted(set(first))
    writer.close()
    again = JournalWriter.open(path)
    second = await touch_all(again)
    again.close()
    assert second == sorted(set(second))
    assert second[0] > first[-1]


async def test_a_disk_that_takes_nothing_stops_the_writer(path: Path, writer: JournalWriter) -> None:
    writer._connection.execute("PRAGMA max_page_count = 1")  # SQLite then says that the disk is full
    keeping = asyncio.create_task(writer.keep_committing())
    for number in range(1, 200):
        writer.add_task(a_task(number, message="x" * 1000))
    with pytest.raises(JournalError, match=r"cannot write the journal .*full") as caught:
        await keeping
    assert "resume" in caught.value.hint
    writer.event("info", "later")
    with pytest.raises(JournalError):
        await writer.flush()
    writer.close()
    with JournalReader(path) as reader:
        assert list(reader.tasks()) == []


async def test_a_full_disk_at_the_very_end(path: Path, writer: JournalWriter) -> None:
    writer._connection.execute("PRAGMA max_page_count = 1")
    for number in range(1, 200):
        writer.add_task(a_task(number, message="x" * 1000))
    with pytest.raises(JournalError, match="full"):
        writer.close()


async def test_a_cancelled_flush_ends_its_commit_before_anything_else(path: Path, writer: JournalWriter) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # as a reader's order would, for a moment
    writer.add_task(a_task(1))
    flushing = asyncio.create_task(writer.flush())
    await asyncio.sleep(0.05)
    flushing.cancel()
    await asyncio.sleep(0.05)
    other.execute("ROLLBACK")
    other.close()
    await asyncio.gather(flushing, return_exceptions=True)
    writer.add_task(a_task(2))
    writer.close()
    with JournalReader(path) as reader:
        assert [row["id"] for row in reader.tasks()] == [1, 2]


async def test_a_session_is_noted_from_beginning_to_end(path: Path, writer: JournalWriter) -> None:
    import os

    await writer.flush()
    writer.begin_session()
    with JournalReader(path) as reader:
        (session,) = reader.sessions()
        assert (session["pid"], session["ended"], session["exit_code"]) == (os.getpid(), None, None)
        writer.heartbeat()
        await writer.flush()
        assert reader.sessions()[0]["heartbeat"] >= session["heartbeat"]
        writer.end_session(3)
        await writer.flush()
        assert reader.sessions()[0]["exit_code"] == 3


async def test_a_manifest_is_kept_byte_for_byte_and_once(path: Path, writer: JournalWriter) -> None:
    body = b'{ "schemaVersion": 2 ,\n"x":"\xc3\xa9\x00"}'
    writer.manifest("sha256:1", "a/b", body)
    writer.manifest("sha256:1", "c/d", b"other")
    await writer.flush()
    with JournalReader(path) as reader:
        assert reader.manifest("sha256:1") == ("a/b", body)
        assert reader.manifest("sha256:2") is None


# The reader


async def test_meta_rules_and_counts_of_a_new_run(path: Path, writer: JournalWriter) -> None:
    await writer.flush()
    with JournalReader(path) as reader:
        assert reader.meta("plan") == {"name": "p"}
        assert (reader.meta("created"), reader.meta("absent", 7)) == (12.5, 7)
        assert reader.counts() == dict.fromkeys(TASK_STATES, 0)
        (rule,) = reader.rules()
        assert (rule["text"], rule["origin"], rule["state"]) == ("a -> b", "plan.toml:3", "pending")
        assert reader.task(1) is None
        assert (reader.planned(), reader.bytes_to_move(), reader.sessions(), reader.hosts()) == (0, 0, [], [])


async def test_counts_and_tasks_by_state(path: Path, writer: JournalWriter) -> None:
    for number, state in enumerate(["pending", "done", "done", "failed"], 1):
        writer.add_task(a_task(number, state=state))
    writer.task(1, root="sha256:1")
    await writer.flush()
    with JournalReader(path) as reader:
        assert {state: count for state, count in reader.counts().items() if count} == {
            "pending": 1,
            "done": 2,
            "failed": 1,
        }
        assert [row["id"] for row in reader.tasks("done", "failed")] == [2, 3, 4]
        assert reader.planned() == 1


async def test_only_what_changed_since(path: Path, writer: JournalWriter) -> None:
    for number in (1, 2, 3):
        writer.add_task(a_task(number))
    await writer.flush()
    with JournalReader(path) as reader:
        seen = reader.tasks_since(0)[-1]["revision"]
        assert reader.tasks_since(seen) == []
        writer.task(3, state="running")
        writer.task(1, state="done")
        await writer.flush()
        assert [(row["id"], row["state"]) for row in reader.tasks_since(seen)] == [(3, "running"), (1, "done")]


async def test_bytes_to_move_counts_a_blob_once_per_registry(path: Path, writer: JournalWriter) -> None:
    for registry, repository, digest, size, state in [
        ("t1", "a", "shared", 100, "need"),
        ("t1", "b", "shared", 100, "need"),
        ("t2", "a", "shared", 100, "uploaded"),
        ("t1", "a", "there", 1000, "present"),
        ("t1", "b", "there", 1000, "need"),
    ]:
        writer.placement(registry, repository, digest, size, state)
    await writer.flush()
    with JournalReader(path) as reader:
        assert reader.bytes_to_move() == 200
        assert len(list(reader.placements())) == 5


async def test_attempts_events_and_notices(path: Path, writer: JournalWriter) -> None:
    failure = Failure("NET", None, "", "no connection", "check", retryable=True)
    writer.attempt(task_id=1, rule_id=None, phase="execute", **failure.columns())
    writer.attempt(task_id=None, rule_id=1, phase="generate", **failure.columns())
    writer.event("error", "no connection", 1)
    writer.event("notice", "digest changes", 2)
    writer.event("notice", "for the run")
    await writer.flush()
    with JournalReader(path) as reader:
        assert [(row["task_id"], row["rule_id"]) for row in reader.attempts()] == [(1, None), (None, 1)]
        (attempt,) = reader.attempts(1)
        assert Failure.from_row(attempt) == failure
        assert [row["text"] for row in reader.notices()] == ["digest changes", "for the run"]
        assert [row["text"] for row in reader.events(after=1)] == ["digest changes", "for the run"]
        assert [row["text"] for row in reader.events(task_id=1)] == ["no connection"]


def test_a_reader_cannot_write(path: Path, writer: JournalWriter) -> None:
    with JournalReader(path) as reader, pytest.raises(JournalError, match="readonly"):
        reader._connection.execute("DELETE FROM task")


# Orders


async def test_orders_arrive_once_and_in_order(path: Path, writer: JournalWriter) -> None:
    give_order(path, "pause")
    give_order(path, "concurrency", "4")
    assert writer.orders() == [("pause", ""), ("concurrency", "4")]
    await writer.flush()
    assert writer.orders() == []
    give_order(path, "resume")
    assert writer.orders() == [("resume", "")]


async def test_an_order_is_not_obeyed_twice_before_it_is_marked(path: Path, writer: JournalWriter) -> None:
    give_order(path, "retry", "1")
    assert [writer.orders(), writer.orders()] == [[("retry", "1")], []]


def test_an_order_to_no_run(path: Path) -> None:
    with pytest.raises(JournalError):
        give_order(path, "stop")


def test_an_order_that_cannot_be_written(path: Path, writer: JournalWriter) -> None:
    writer.close()
    execute(path, "CREATE TRIGGER full BEFORE INSERT ON control BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(JournalError, match="disk full"):
        give_order(path, "stop")


async def test_orders_to_an_earlier_process_are_not_obeyed(path: Path, writer: JournalWriter) -> None:
    give_order(path, "stop")
    writer.close()
    again = JournalWriter.open(path)
    give_order(path, "pause")  # for the new process: it has the file open already
    again.begin_session()
    assert again.orders() == [("pause", "")]
    again.close()
