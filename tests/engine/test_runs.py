"""The runs on this machine: folders, names, and one process at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.harness import World, blob, picture
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.report import document
from tui.engine.runner import make_run, work_on
from tui.engine.runs import RunBusy, RunFolder, UnknownRun, find_run, list_runs, make_run_folder
from tui.engine.status import status
from tui.oci.errors import LocalError
from tui.plan.model import Plan

_HOLD = """
import sys
from pathlib import Path
from tui.engine.runs import RunFolder
with RunFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """A second process holds the run's lock."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def a_run(state: Path, name: str = "p") -> RunFolder:
    return make_run(state, Plan(name, ()), {})


# Folders and names


def test_a_folder_is_named_by_time_and_plan_and_is_private(tmp_path: Path) -> None:
    folder = make_run_folder(tmp_path, "Harbor → ACR (Beijing)!")
    assert folder.name[15:] == "-harbor-acr-beijing"
    assert folder.path.parent == tmp_path / "runs"
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.journal.name, folder.log.name, folder.output.name) == ("journal.sqlite", "log.jsonl", "output.txt")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "run"),
        ("北京", "run"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 100, "x" * 40),
        ("a" * 39 + "-b", "a" * 39),
    ],
)
def test_any_plan_name_makes_a_plain_folder(tmp_path: Path, name: str, expected: str) -> None:
    folder = make_run_folder(tmp_path, name)
    assert folder.name[16:] == expected
    assert folder.path.parent == tmp_path / "runs"


def test_many_runs_of_one_plan_in_one_second(tmp_path: Path) -> None:
    assert len({make_run_folder(tmp_path, "p").path for _ in range(5)}) == 5


def test_no_place_for_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="Not a directory") as caught:
        make_run_folder(tmp_path / "file", "p")
    assert "REGFERRY_STATE_DIR" in caught.value.hint


def test_runs_are_listed_the_newest_first_and_only_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    for name in ("20260102-000000-b", "20260101-000000-a", "20260103-000000-c", "notes"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        if name != "notes":
            (tmp_path / "runs" / name / "journal.sqlite").touch()
    assert [run.name[-1] for run in list_runs(tmp_path)] == ["c", "b", "a"]


def test_a_run_is_found_by_name_part_or_last(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match="there are no runs") as none:
        find_run(tmp_path, "last")
    assert "regferry" in none.value.hint
    for name in ("20260101-000000-web", "20260102-000000-web-2", "20260102-000000-data"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "journal.sqlite").touch()
    for text, found in [
        ("last", "20260102-000000-web-2"),
        ("", "20260102-000000-web-2"),
        ("data", "20260102-000000-data"),
        ("20260101", "20260101-000000-web"),
        ("20260101-000000-web", "20260101-000000-web"),
    ]:
        assert find_run(tmp_path, text).name == found
    with pytest.raises(UnknownRun, match=r"may be 2 runs: .*web-2"):
        find_run(tmp_path, "web")
    with pytest.raises(UnknownRun, match="no run 'absent'"):
        find_run(tmp_path, "absent")


# One process at a time


def test_a_second_process_is_told_who_works_on_the_run(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    assert folder.working() is None
    with another_process(folder) as process:
        assert folder.working() == process.pid
        for _ in range(2):
            with pytest.raises(RunBusy, match=f"process {process.pid}") as caught, folder.locked():
                pytest.fail("two processes in one run")
            assert caught.value.pid == process.pid
            assert folder.name in caught.value.hint
        with pytest.raises(RunBusy):
            folder.delete()
        assert folder.journal.exists()
    assert folder.working() is None  # killed: the kernel gave the lock back
    with folder.locked():
        pass


async def test_working_on_a_busy_run(tmp_path: Path, world: World) -> None:
    folder = a_run(tmp_path)
    with another_process(folder), pytest.raises(RunBusy):
        await work_on(folder, world.access, world.access)
    with JournalReader(folder.journal) as reader:
        assert reader.sessions() == []


def test_somebody_looking_is_nobody_working(tmp_path: Path) -> None:
    import fcntl
    import threading

    folder = a_run(tmp_path)
    with folder.locked():
        pass
    looker = (folder.path / "lock").open("r")
    fcntl.flock(looker, fcntl.LOCK_SH)  # as `working` does for a moment
    threading.Timer(0.03, looker.close).start()
    with folder.locked():
        assert folder.working() is not None


def test_a_deleted_run_is_gone(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    folder.delete()
    assert not folder.path.exists()
    assert list_runs(tmp_path) == []


# Status


def test_the_status_of_a_new_run(tmp_path: Path) -> None:
    found = status(a_run(tmp_path, "copy-all"))
    assert (found["plan"], found["state"], found["process"], found["exit"]) == ("copy-all", "new", None, None)
    assert found["tasks"]["total"] == 0
    assert (found["seconds"], found["ended"]) == (0, None)
    assert found["created"] > 0


async def test_the_status_of_a_run_that_ended(world: World) -> None:
    world.put(picture("a", blob(1, 100)), "library/a", "v1")
    outcome = await world.run()
    found = status(outcome.folder)
    assert (found["state"], found["exit"], found["process"]) == ("ended", 0, None)
    assert (found["tasks"]["total"], found["tasks"]["done"]) == (1, 1)
    assert found["ended"] is not None
    with JournalReader(outcome.folder.journal) as reader:
        assert found["bytes"] == document(reader, "")["bytes"]


async def test_the_status_tells_a_running_from_an_interrupted_process(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    writer = JournalWriter.open(folder.journal)
    writer.begin_session()
    writer.progress(state="running", phase="execute")
    writer.close()  # and no word of an end
    with another_process(folder) as process:
        found = status(folder)
        assert (found["state"], found["process"]) == ("running", process.pid)
    found = status(folder)
    assert (found["state"], found["process"], found["exit"]) == ("interrupted", None, None)


@pytest.mark.parametrize("content", [b"", b"x" * 5000])
def test_the_status_of_what_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    folder = make_run_folder(tmp_path, "p")
    folder.journal.write_bytes(content)
    found = status(folder)
    assert (found["run"], found["state"], found["tasks"]) == (folder.name, "unreadable", {})
    assert str(folder.journal) in found["message"]


def test_the_status_of_a_damaged_journal(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    body = bytearray(folder.journal.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    folder.journal.write_bytes(body)
    assert status(folder)["state"] == "unreadable"
