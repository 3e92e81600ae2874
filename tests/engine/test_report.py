"""What a run came to, as documents and tables; the shapes are those every command prints."""

from __future__ import annotations

import csv
import io
import json
import stat
from typing import Any

import pytest

from tests.engine.faults import refuse
from tests.engine.harness import Outcome, World, blob, picture
from tui.engine.audit.forms import ReportKind, task_report
from tui.engine.journal.reader import JournalReader
from tui.engine.report import attempts, document, failures, image_lists

BASE = blob(1, 5000)


@pytest.fixture
async def outcome(world: World) -> Outcome:
    """One done, one unchanged, one skipped, one conflict, one denied, one rule that failed, and a stumble."""
    for name in ("done", "same", "old", "denied"):
        world.put(picture(name, BASE), f"library/{name}", "v1")
    picture("same", BASE).put(world.target.storage, "library/same", "v1")
    picture("other").put(world.target.storage, "library/old", "v1")
    world.at_target.on("POST .*/denied/", refuse(403, "DENIED", "requested access | to <b>it</b> is denied"), times=99)
    world.at_target.on("PUT .*/done/manifests", refuse(500, "UNKNOWN"), times=4)
    return await world.run(
        *(world.rule(f"library/{name}") for name in ("done", "same", "denied")),
        world.rule("library/old", on_conflict := "library/old"),
        world.rule("library/absent", "mirror/{name}"),
        on_conflict="fail" if on_conflict else "",
    )


def load(outcome: Outcome) -> dict[str, Any]:
    with JournalReader(outcome.folder.journal) as reader:
        return document(reader, outcome.folder.name)


async def test_the_document(world: World, outcome: Outcome) -> None:
    report = load(outcome)
    assert json.loads(json.dumps(report)) == report
    assert (report["run"], report["exit"], report["state"]) == (outcome.folder.name, 1, "ended")
    assert report["seconds"] > 0
    assert report["tasks"] == {
        "total": 4,
        "done": 1,
        "unchanged": 1,
        "skipped": 0,
        "conflict": 1,
        "cancelled": 0,
        "failed": 1,
    }
    assert report["rules"] == {"total": 5, "failed": 1}
    assert set(report["bytes"]) == {"read", "written", "mounted", "present"}
    assert report["bytes"]["written"] > 0
    assert report["requests"] == {"source": len(world.at_source.seen), "target": len(world.at_target.seen)}
    assert report["attempts"]["retried"] >= 3
    for failed in report["failed"]:
        assert list(failed) == ["source", "target", "phase", "class", "status", "code", "message", "hint"]
    absent, denied, conflict = sorted(report["failed"], key=lambda failed: failed["source"])
    assert (absent["class"], absent["status"], absent["phase"]) == ("GONE", 404, "generate")
    assert absent["source"] == f"{world.source.address}/library/absent"
    assert absent["target"] == f"{world.target.address}/mirror/{{name}}"
    assert (denied["class"], denied["status"], denied["code"]) == ("DENIED", 403, "DENIED")
    assert denied["source"] == f"{world.source.address}/library/denied:v1"
    assert (conflict["class"], conflict["phase"]) == ("CONFLICT", "generate")
    assert all(failed["hint"] and failed["message"] for failed in report["failed"])


async def test_every_attempt_also_of_what_went_well_later(world: World, outcome: Outcome) -> None:
    with JournalReader(outcome.folder.journal) as reader:
        found = attempts(reader)
    done = [attempt for attempt in found if attempt["source"].endswith("/done:v1")]
    assert [(attempt["class"], attempt["status"], attempt["phase"]) for attempt in done] == [("SRV", 500, "execute")]
    assert {attempt["source"].rpartition("/")[2] for attempt in found} == {"done:v1", "denied:v1", "old:v1", "absent"}
    assert [attempt["at"] for attempt in found] == sorted(attempt["at"] for attempt in found)


async def test_the_lists_of_image_syncer(world: World, outcome: Outcome) -> None:
    with JournalReader(outcome.folder.journal) as reader:
        good, bad = image_lists(reader)
        failed = list(failures(reader))
    source, target = f"{world.source.address}/library", f"{world.target.address}/library"
    assert good == {f"{source}/{name}:v1": [f"{target}/{name}:v1"] for name in ("done", "same")}
    assert (
        set(bad)
        == {entry.source for entry in failed}
        == {f"{source}/old:v1", f"{source}/denied:v1", f"{source}/absent"}
    )


async def test_a_run_under_way_has_no_exit(world: World) -> None:
    report = load(Outcome(world.make(), 0))
    assert (report["exit"], report["seconds"], report["state"]) == (None, 0, "new")
    assert report["tasks"]["total"] == 0


@pytest.mark.parametrize("kind", ["json", "csv", "md", "html"])
async def test_every_task_is_in_every_kind_of_report(outcome: Outcome, kind: ReportKind) -> None:
    text = task_report(outcome.folder, kind)
    assert text.endswith("\n")
    for name in ("done", "same", "old", "denied"):
        assert f"/library/{name}:v1" in text


async def test_the_reports_can_be_read_back(outcome: Outcome) -> None:
    as_json = json.loads(task_report(outcome.folder, "json"))
    as_csv = list(csv.DictReader(io.StringIO(task_report(outcome.folder, "csv"))))
    as_markdown = task_report(outcome.folder, "md").splitlines()
    assert as_json["tasks"]["total"] == len(as_json["list"]) == len(as_csv) == 4
    for one, other in zip(as_json["list"], as_csv, strict=True):
        assert other["report_checksum"] == as_json["checksum"]
        same = set(one) & set(other) - {"platforms"}
        assert len(same) > 12
        assert {name: "" if one[name] is None else str(one[name]) for name in same} == {
            name: other[name] for name in same
        }
    rows = [line.replace("\\|", "") for line in as_markdown if line.startswith("|")]
    assert [row.count("|") for row in rows] == [7] * (2 + 3) + [8] * (2 + 4)  # what a registry says breaks no cell
    assert not any("<b>" in line for line in as_markdown)


async def test_a_spreadsheet_calculates_nothing_a_registry_said(world: World) -> None:
    world.put(picture("a", BASE), "library/a", "v1")
    outcome = await world.run()
    from tui.engine.journal.writer import JournalWriter

    writer = JournalWriter.open(outcome.folder.journal)
    writer.task(1, message='=HYPERLINK("http://x")')
    writer.close()
    (row,) = csv.DictReader(io.StringIO(task_report(outcome.folder, "csv")))
    assert row["message"] == '\'=HYPERLINK("http://x")'


async def test_the_log_tells_the_same_story_line_by_line(world: World, outcome: Outcome) -> None:
    assert stat.S_IMODE(outcome.folder.log.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in outcome.folder.log.read_text().splitlines()]
    assert {"time", "event"} <= set(lines[0])
    assert [line["phase"] for line in lines if line["event"] == "phase"] == ["generate", "execute", "retry"]
    assert lines[-1]["event"] == "end"
    assert lines[-1]["exit"] == 1
    ended = {line["target"].rpartition("/")[2]: line["state"] for line in lines if line["event"] == "task"}
    assert ended == {"done:v1": "done", "same:v1": "unchanged", "old:v1": "conflict", "denied:v1": "failed"}
    (rule,) = [line for line in lines if line["event"] == "rule failed" and line["error_class"] == "GONE"][:1]
    assert "library/absent" in rule["rule"]
