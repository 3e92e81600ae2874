"""Sentences on the disk: plain English for everybody, and what they are made of to say them in another language."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.chinese import chinese
from tui.app import i18n
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.runs import RunFolder
from tui.engine.tasks import Failure
from tui.engine.verify import record
from tui.oci.errors import Denied
from tui.oci.saying import N_, phrase

SAID = "sorry {name} \x1b[31m"
FAILED = Denied(
    phrase("cannot {action}: {said}", action=N_("start an upload"), said=SAID),
    reference="r.example/a:1",
    status=403,
    code="DENIED",
)
ENGLISH = "r.example/a:1: cannot start an upload: sorry {name} \\x1b[31m (403 DENIED)"
CHINESE = "r.example/a:1：无法开始上传：sorry {name} \\x1b[31m（403 DENIED）"


async def test_a_journal_keeps_what_its_sentences_are_made_of(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(JournalWriter.create(path, {})) as writer:
        writer.add_rules([(1, "a -> b", "")])
        writer.rule(1, state="failed", **Failure.of(FAILED).columns())
        writer.host("r.example", "down", {"why": phrase("no answer since {since}", since="10:00:00")})
        writer.event("notice", N_("skipped on request"))
        await writer.flush()
    with JournalReader(path) as reader, chinese():
        (row,) = reader.rules()
        assert row["message"] == ENGLISH
        assert i18n.said(row["message"]) == ENGLISH
        assert i18n.said(reader.said(row["message"])) == CHINESE
        (group,) = reader.failure_groups()
        assert i18n.said(group.message) == CHINESE
        assert i18n.said(reader.said("no answer since 10:00:00")) == "自 10:00:00 起没有应答"
        assert reader.said("not in it") == "not in it"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sentence").fetchone() == (2,)
        connection.execute("DROP TABLE sentence")
    with JournalReader(path) as reader:  # one of an earlier version
        assert reader.said(ENGLISH) == ENGLISH


def test_a_verification_keeps_what_its_sentences_are_made_of(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    findings = [{"message": phrase("has {digest}", digest="sha256:1")}, {"message": "as the registry says"}]
    document = {"format": record.FORMAT, "state": "stopped", "findings": findings}
    record.write_live(folder, document)
    assert document["findings"] == findings
    again = record.standing(folder)
    assert again == document
    with chinese():
        assert [i18n.said(each["message"]) for each in again["findings"]] == ["为 sha256:1", "as the registry says"]
