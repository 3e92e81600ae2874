"""What is said while a run works, and at its end, from a journal in each of its states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.cli.progress import Progress
from tui.cli.summary import summary
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.packing import PACKING
from tui.engine.report import document
from tui.plan.model import Plan, to_document
from tui.plan.rule_text import make_rule


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    plan = Plan("p", (make_rule("a.example.com/x", "b.example.com/y"),))
    made = JournalWriter.create(tmp_path / "journal.sqlite", {"plan": to_document(plan), "created": 0.0})
    made.add_rules([(1, "a.example.com/x -> b.example.com/y", "")])
    source = {"source_registry": "a.example.com", "source_path": "x", "source_reference": "1"}
    target = {"target_registry": "b.example.com", "target_path": "y", "target_reference": "1"}
    made.add_task({"id": 1, "rule_id": 1, **source, **target, "state": "pending", "phase": "execute"})
    yield made
    made.close()


@pytest.mark.parametrize("at_terminal", [True, False])
async def test_packing_a_tar_is_said(
    writer: JournalWriter, at_terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.progress(phase="execute", state="running", message="")
    await writer.flush()
    progress = Progress(writer.path, at_terminal=at_terminal)
    progress.show()
    assert PACKING not in capsys.readouterr().err
    writer.progress(message=PACKING)
    await writer.flush()
    progress.show()
    said = capsys.readouterr().err
    assert PACKING in said
    assert "/s" not in said, "nothing is copied any more"
    progress.close()


async def test_a_run_that_was_stopped_before_any_image_was_done_has_something_left(writer: JournalWriter) -> None:
    await writer.flush()
    with JournalReader(writer.path) as reader:
        told = summary(document(reader, "r"), [])
    assert "  1 left" in told.splitlines()
    assert "nothing to do" not in told
