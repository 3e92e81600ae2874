"""A journal says what it is; another's, a newer and a damaged one are left alone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.engine.journal import schema
from tui.engine.journal.filesystem import filesystem_of, over_a_network
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.schema import JournalError
from tui.engine.journal.writer import JournalWriter


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


OPENERS = [schema.open_for_reading, schema.open_for_writing, schema.open_for_control]


def test_a_new_journal_says_what_it_is_and_is_private(path: Path, writer: JournalWriter) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (0x52464652,)
    assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_journal_is_never_made_over_another(path: Path, writer: JournalWriter) -> None:
    with pytest.raises(JournalError, match="cannot make the journal") as caught:
        JournalWriter.create(path, {})
    assert "REGFERRY_STATE_DIR" in caught.value.hint


def test_no_place_for_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="No such file"):
        JournalWriter.create(tmp_path / "absent" / "journal.sqlite", {})


@pytest.mark.parametrize("opener", OPENERS)
def test_there_is_no_journal(path: Path, opener: Any) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        opener(path)
    assert not path.exists()


@pytest.mark.parametrize("opener", OPENERS)
def test_a_newer_journal_is_left_alone(path: Path, writer: JournalWriter, opener: Any) -> None:
    writer.close()
    execute(path, f"PRAGMA user_version={schema.VERSION + 1}")
    with pytest.raises(JournalError, match="newer regferry"):
        opener(path)


@pytest.mark.parametrize("opener", OPENERS)
def test_the_database_of_another_program(path: Path, opener: Any) -> None:
    execute(path, "CREATE TABLE theirs(x)")
    with pytest.raises(JournalError, match="not a journal of regferry"):
        opener(path)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("content", [b"", b"no database at all, only some words that say so " * 100])
def test_a_file_that_is_no_database(path: Path, opener: Any, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalError):
        opener(path)


def test_a_damaged_journal_is_not_written_to(path: Path, writer: JournalWriter) -> None:
    for number in range(1, 400):
        writer.add_task(a_task(number, message="x" * 200))
    writer.close()
    body = bytearray(path.read_bytes())
    for page in range(2, len(body) // 4096):
        body[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(body)
    with pytest.raises(JournalError) as caught:
        JournalWriter.open(path)
    assert "damaged" in str(caught.value)


READS = [
    lambda reader: reader.progress(),
    lambda reader: reader.meta("plan"),
    lambda reader: reader.counts(),
    lambda reader: reader.outline(),
    lambda reader: list(reader.tasks()),
    lambda reader: reader.lines(),
    lambda reader: reader.lines_since(0),
    lambda reader: reader.failure_groups(),
    lambda reader: list(reader.placements()),
    lambda reader: reader.events(),
    lambda reader: reader.sessions(),
]


def test_damage_is_told_by_whatever_meets_it(path: Path, writer: JournalWriter) -> None:
    for number in range(1, 400):
        writer.add_task(a_task(number, message="x" * 200))
    writer.close()
    body = bytearray(path.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)  # the tables' names are on the first page
    path.write_bytes(body)
    for read in READS:
        with JournalReader(path) as reader, pytest.raises(JournalError, match=f"{path} is damaged") as caught:
            read(reader)
        assert "start the plan anew" in caught.value.hint


def test_a_journal_is_made_whole_or_not_at_all(path: Path) -> None:
    with pytest.raises(TypeError):
        JournalWriter.create(path, {"plan": object()})
    with pytest.raises(JournalError):
        schema.open_for_reading(path)


def test_what_is_committed_is_on_the_disk(writer: JournalWriter) -> None:
    assert writer._connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def first_tasks(path: Path) -> int:
    """Return how many tasks a journal knows, which are the first of all; -1 when it was not made yet."""
    try:
        JournalWriter.open(path).close()
    except JournalError:
        return -1
    with JournalReader(path) as reader:
        numbers = [row["id"] for row in reader.tasks()]
    assert numbers == list(range(1, len(numbers) + 1))
    return len(numbers)


def test_a_log_that_a_power_loss_cut_anywhere_is_a_whole_journal_of_a_little_earlier(
    path: Path, writer: JournalWriter, tmp_path: Path
) -> None:
    for number in range(1, 31):
        writer.add_task(a_task(number))
        asyncio.run(writer.flush())
    body, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    known = []
    for cut in range(0, len(log), len(log) // 23):
        for rest in (b"", os.urandom(5000)):  # pages that were never written, and what stood there before
            copy = tmp_path / f"{cut}-{len(rest)}" / "journal.sqlite"
            copy.parent.mkdir()
            copy.write_bytes(body)
            Path(f"{copy}-wal").write_bytes(log[:cut] + rest)
            known.append(first_tasks(copy))
    assert known == sorted(known)
    assert known[0] == -1
    assert known[-1] > 20


MOUNTED = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:35 / /home rw - nfs4 server:/home rw
41 40 8:2 / /home/a\\040b rw - xfs /dev/sdb1 rw
42 22 0:50 / /mnt/far rw - fuse.sshfs far:/ rw
no such line
"""


@pytest.mark.parametrize(
    ("place", "kind", "far"),
    [
        ("/var/lib", "ext4", False),
        ("/home/u/.local", "nfs4", True),
        ("/home/a b/x", "xfs", False),
        ("/mnt/far", "fuse.sshfs", True),
        ("/mnt/farther", "ext4", False),
    ],
)
def test_the_file_system_of_a_folder(tmp_path: Path, place: str, kind: str, far: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED)
    assert filesystem_of(Path(place), mounts) == kind
    assert over_a_network(kind) is far
    assert filesystem_of(Path(place), tmp_path / "absent") == ""


def test_over_a_network_there_is_no_write_ahead_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = path.with_name("mountinfo")
    mounts.write_text("22 1 0:35 / / rw - nfs4 server:/ rw")
    monkeypatch.setattr("tui.engine.journal.filesystem.MOUNTS", mounts)
    writer = JournalWriter.create(path, {"plan": {"name": "p"}})
    writer.add_rules([(1, "a -> b", "plan.toml:3")])
    with JournalReader(path) as reader:
        for number in range(1, 4):
            writer.add_task(a_task(number))
            asyncio.run(writer.flush())
            assert len(reader.lines()) == number
    writer.close()
    assert sorted(each.name for each in path.parent.glob("journal*")) == [path.name]
    JournalWriter.open(path).close()
