"""The parts of the run screen without a screen: states, phases, rows, looks at a journal, words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app.harness import WidgetApp, screen_lines
from tui.app.announce import announce
from tui.app.journal_watch import HostLine, JournalWatch
from tui.app.run_state import RUN_STATES, outcome_text, run_state
from tui.app.screens.run.hosts import HostLines, OneHost
from tui.app.screens.run.overview import Overview, phases
from tui.app.screens.run.reasons import REASONS
from tui.app.screens.run.task_rows import COLUMNS, REASON, STATE, TaskRows, failed_for, in_view
from tui.app.screens.run.words import registries_of
from tui.engine.journal.lines import TaskLine
from tui.engine.journal.writer import JournalWriter
from tui.engine.runs import RunFolder
from tui.oci import errors
from tui.oci.errors import RegistryError
from tui.oci.saying import Said
from tui.plan.model import Plan, to_document
from tui.plan.rule_text import make_rule

SESSION = {"pid": 7, "exit_code": None}


@pytest.mark.parametrize(
    ("process", "written", "session", "left", "starting", "state"),
    [
        (None, "new", None, 0, False, "new"),
        (None, "new", None, 0, True, "starting"),
        (7, "new", None, 0, False, "starting"),
        (7, "ended", {"pid": 6, "exit_code": 1}, 3, False, "starting"),
        (7, "running", SESSION, 3, False, "running"),
        (7, "paused", SESSION, 3, False, "paused"),
        (7, "waiting", SESSION, 3, False, "waiting"),
        (7, "stopping", SESSION, 3, False, "stopping"),
        (7, "ended", {"pid": 7, "exit_code": 0}, 0, False, "running"),
        (None, "ended", {"pid": 7, "exit_code": 0}, 0, False, "done"),
        (None, "ended", {"pid": 7, "exit_code": 0}, 3, False, "planned"),
        (None, "ended", {"pid": 7, "exit_code": 3}, 0, False, "failed"),
        (None, "ended", {"pid": 7, "exit_code": 143}, 3, False, "stopped"),
        (None, "stopped", {"pid": 7, "exit_code": 6}, 3, False, "stopped"),
        (None, "running", SESSION, 3, False, "interrupted"),
        (None, "stopping", SESSION, 3, False, "interrupted"),
        (None, "ended", SESSION, 0, False, "interrupted"),
    ],
)
def test_the_state_of_a_run(
    process: int | None, written: str, session: dict[str, Any] | None, left: int, starting: bool, state: str
) -> None:
    assert run_state(process, written, session, left=left, starting=starting) == state
    assert state in RUN_STATES


def test_every_end_has_words() -> None:
    for code in (0, 1, 2, 3, 4, 5, 6, 77, 137, 143, 250):
        assert outcome_text("failed", code)
    assert "SIGKILL" in outcome_text("stopped", 137)
    assert outcome_text("running", None) == ""


def standing(**counts: int) -> dict[tuple[str, str], int]:
    """Return counts by phase and state, given as `execute_done=3`."""
    return {(name.partition("_")[0], name.partition("_")[2]): number for name, number in counts.items()}


@pytest.mark.parametrize(
    ("state", "phase", "tasks", "shown"),
    [
        ("new", "generate", standing(), ["ahead", "ahead", "ahead"]),
        (
            "running",
            "generate",
            standing(generate_pending=3, execute_pending=2, generate_unchanged=1),
            ["active 3/6", "ahead", "ahead"],
        ),
        (
            "running",
            "execute",
            standing(execute_done=4, execute_failed=1, execute_running=2, execute_pending=3, generate_unchanged=2),
            ["over 12/12", "active 5/10 1", "ahead"],
        ),
        (
            "waiting",
            "retry",
            standing(execute_done=4, execute_failed=1, execute_pending=2, retry_running=1, retry_done=2),
            ["over 10/10", "failing 10/10 1", "active 2/5"],
        ),
        ("paused", "execute", standing(execute_pending=2), ["over 2/2", "held 0/2", "ahead"]),
        ("done", "execute", standing(execute_done=2), ["over 2/2", "over 2/2", "ahead"]),
        ("failed", "execute", standing(execute_done=1, execute_failed=1), ["over 2/2", "failing 2/2 1", "ahead"]),
        ("interrupted", "execute", standing(execute_done=1, execute_pending=1), ["over 2/2", "held 1/2", "ahead"]),
    ],
)
def test_the_phases_of_a_run(state: str, phase: str, tasks: dict[tuple[str, str], int], shown: list[str]) -> None:
    found = phases(state, {"phase": phase}, tasks, {})
    words = [f"{one.state} {one.count} {one.failed or ''}".strip() for one in found.values()]
    assert words == shown


def test_failed_rules_count_in_generate() -> None:
    found = phases("failed", {"phase": "execute"}, standing(execute_done=1), {"failed": 2, "done": 1})
    assert (found["generate"].state, found["generate"].failed) == ("failing", 2)


def line(number: int, state: str = "pending", done: int = 0, **more: Any) -> TaskLine:
    values = {"source": f"a.example.com/p:{number}", "target": f"b.example.com/m/p:{number}", "phase": "execute"}
    whole = {**values, "bytes_total": 1000, "attempts": 0, "error_class": "", "error_status": None, "error_code": ""}
    return TaskLine(**{**whole, "id": number, "state": state, "bytes_done": done, "message": "", "revision": 1, **more})


def test_rows_know_states_before_their_lines_and_keep_their_places() -> None:
    rows = TaskRows([(3, "done", "execute"), (5, "pending", "execute")], strip=("a.example.com/", "b.example.com/"))
    assert rows.counts() == {"done": 1, "pending": 1}
    assert rows.row(0)[STATE] == "done"
    assert rows.line(3) is None
    assert rows.take([line(5, "running", 10), line(9)]) == [5, 9]
    assert [rows.key(index) for index in range(rows.count())] == [3, 5, 9]
    assert rows.counts() == {"done": 1, "running": 1, "pending": 1}
    assert rows.row(1)[:3] == ("p:5", "m/p:5", "running")
    assert rows.newest_active() == 5
    rows.take([line(5, "done", 1000)])
    assert rows.newest_active() is None
    assert rows.counts() == {"done": 2, "pending": 1}
    assert len(rows.row(0)) == len(rows.row(1)) == len(COLUMNS) + 1


def test_speed_is_measured_once_a_second_and_forgotten_when_nothing_comes() -> None:
    rows = TaskRows()
    speed = [column.key for column in COLUMNS].index("speed")
    rows.take([line(1, "running", 0)], now=10.0)
    rows.take([line(1, "running", 100)], now=10.5)
    assert not rows.row(0)[speed]
    rows.take([line(1, "running", 400)], now=12.0)
    assert rows.row(0)[speed] == 200
    assert rows.stalled(13.0) == []
    assert rows.stalled(30.0) == [1]
    assert not rows.row(0)[speed]
    rows.take([line(1, "done", 1000)], now=31.0)
    assert rows.row(0)[speed] is None


def test_without_a_process_nothing_is_active() -> None:
    rows = TaskRows()
    rows.take([line(1, "running")])
    rows.alive = False
    assert rows.counts() == {"pending": 1}
    assert rows.row(0)[STATE] == "pending"


def test_what_is_under_way_is_held_while_the_run_is_paused() -> None:
    rows = TaskRows()
    rows.take([line(1, "running"), line(2, "pending"), line(3, "done")])
    rows.paused = True
    assert rows.counts() == {"held": 1, "pending": 1, "done": 1}
    active = in_view("active")
    assert active
    assert [active(rows.row(index)) for index in range(3)] == [True, False, False]
    assert COLUMNS[STATE].cell.text(rows.row(0)[STATE]) == "~ paused"
    rows.paused = False
    assert rows.counts() == {"running": 1, "pending": 1, "done": 1}


def test_views_and_reasons_select_rows() -> None:
    rows = TaskRows()
    denied = {"error_class": "DENIED", "error_status": 403, "error_code": "DENIED"}
    rows.take([line(1, "running"), line(2, "failed", **denied), line(3, "conflict"), line(4, "done")])
    every = [rows.row(index) for index in range(4)]
    active, failed = in_view("active"), in_view("failed")
    assert active
    assert failed
    assert [bool(active(row)) for row in every] == [True, False, False, False]
    assert [bool(failed(row)) for row in every] == [False, True, True, False]
    assert in_view("all") is None
    assert [failed_for(every[1][REASON])(row) for row in every] == [False, True, False, False]


def test_the_registry_all_have_in_common() -> None:
    one = make_rule("a.example.com/x", "b.example.com/y")
    other = make_rule("c.example.com/x", "b.example.com/z")
    assert registries_of(to_document(Plan("p", (one,)))) == ("a.example.com/", "b.example.com/")
    assert registries_of(to_document(Plan("p", (one, other)))) == ("", "b.example.com/")
    assert registries_of(to_document(Plan("p", ()))) == ("", "")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[JournalWriter]:
    plan = Plan("p", (make_rule("a.example.com/x", "b.example.com/y"),))
    made = JournalWriter.create(tmp_path / "journal.sqlite", {"plan": to_document(plan), "created": 0.0})
    made.add_rules([(1, "a.example.com/x -> b.example.com/y", "")])
    yield made
    made.close()


def add(writer: JournalWriter, number: int) -> None:
    source = {"source_registry": "a.example.com", "source_path": "x", "source_reference": f"{number}"}
    target = {"target_registry": "b.example.com", "target_path": "y", "target_reference": f"sha256:{number:064x}"}
    writer.add_task({"id": number, "rule_id": 1, **source, **target, "state": "pending", "phase": "generate"})


async def test_a_watch_sees_each_change_once(writer: JournalWriter, tmp_path: Path) -> None:
    for number in range(1, 4):
        add(writer, number)
    await writer.flush()
    watch = JournalWatch(RunFolder(tmp_path))
    outline, first = watch.begin()
    assert [number for number, _state, _phase in outline] == [1, 2, 3]
    assert first[0].source == "a.example.com/x:1"
    assert first[0].target == f"b.example.com/y@sha256:{1:064x}"
    assert watch.more() == []
    assert watch.look().tasks == ()
    assert not watch.look().changed
    writer.task(2, state="running", phase="execute")
    writer.task(3, state="done", phase="execute")
    add(writer, 4)
    writer.host("b.example.com", "throttled", {"requests_at_once": 2, "until": 5.0, "why": "slow down"})
    await writer.flush()
    look = watch.look()
    assert [task.id for task in look.tasks] == [2, 3, 4]
    assert look.hosts == (HostLine("b.example.com", "throttled", 2, 5.0, "slow down"),)
    assert watch.look().tasks == ()
    assert look.process is None
    watch.close()


async def test_all_lines_come_in_the_end(
    writer: JournalWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.app.journal_watch.FIRST", 3)
    monkeypatch.setattr("tui.app.journal_watch.CHUNK", 4)
    for number in range(1, 12):
        add(writer, number)
    await writer.flush()
    watch = JournalWatch(RunFolder(tmp_path))
    _outline, lines = watch.begin()
    while more := watch.more():
        lines += more
    assert [task.id for task in lines] == list(range(1, 12))
    watch.close()


@pytest.mark.parametrize("detail", ["its limit is reached", "12", "[]", "{", '"text"'])
def test_the_detail_of_a_host_may_be_a_sentence(detail: str) -> None:
    found = HostLine.from_row({"registry": "r.example.com", "state": "odd", "detail": detail})
    assert found == HostLine("r.example.com", "odd", why=detail)


async def test_hosts_are_shown_with_the_worst_first() -> None:
    lines = HostLines()
    app = WidgetApp(lines)
    async with app.run_test(size=(80, 24)) as pilot:
        hosts = [
            HostLine("fine.example.com", "ok"),
            HostLine("slow.example.com", "throttled", 3, time.time() + 30, "[b]wait\x1b[31m"),
            HostLine("gone.example.com", "down", None, None, "no answer since 12:00:00"),
        ]
        lines.show(hosts)
        await pilot.pause()
        shown = [one.text for one in lines.query(OneHost) if one.display]
        assert shown[0] == "✗ gone.example.com  not reachable  no answer since 12:00:00"
        assert shown[1].startswith("~ slow.example.com  asks for a pause  3 requests at once  for ")
        assert "[b]wait\\x1b[31m" in shown[1]
        assert len(shown) == 2
        lines.show(())
        await pilot.pause()
        assert not lines.display


async def test_an_end_is_announced_with_bell_and_notification(monkeypatch: pytest.MonkeyPatch) -> None:
    app = WidgetApp()
    async with app.run_test():
        written: list[str] = []
        driver = app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", written.append)
        monkeypatch.setattr(type(app), "is_headless", False)
        announce(app, "The run ended: 3 \x1b]0;images\x07 copied.")
        assert "\x07" in written
        (notification,) = [text for text in written if text.startswith("\x1b]9;")]
        assert notification.count("\x1b") == 1
        assert notification.count("\x07") == 1


def test_every_class_of_failures_has_a_word_and_its_hint_a_translation() -> None:
    def below(kind: type[RegistryError]) -> Iterator[type[RegistryError]]:
        for one in kind.__subclasses__():
            if one.__module__ == errors.__name__:
                yield one
            yield from below(one)

    for kind in below(RegistryError):
        assert kind.kind in REASONS
        assert isinstance(kind.default_hint, Said)


async def test_what_a_harbor_moves_is_counted_by_image_and_without_a_speed() -> None:
    app = WidgetApp(overview := Overview())
    async with app.run_test(size=(80, 8)) as pilot:
        progress = {"phase": "execute", "round": 0, "concurrency": 4, "bytes_written": 0}
        more: dict[str, Any] = {"counts": {}, "rules": {}, "to_move": 0, "seconds": 3.0, "hosts": ()}
        overview.show("running", "", progress, {}, handed=(2_000_000, 8_000_000), **more)
        await pilot.pause()
        shown = "\n".join(screen_lines(app))
        assert "2.00 MB of 8.00 MB" in shown
        assert "25%" in shown
        assert "/s" not in shown


def test_nobody_knows_how_far_a_task_of_a_harbor_is() -> None:
    keys = [column.key for column in COLUMNS]
    mine, theirs = TaskRows(), TaskRows(by_harbor=True)
    for rows in (mine, theirs):
        rows.take([line(1, "running")], now=1.0)
    assert mine.row(0)[keys.index("progress")].progress is not None
    assert theirs.row(0)[keys.index("progress")].progress is None
    assert theirs.row(0)[keys.index("speed")] is None
