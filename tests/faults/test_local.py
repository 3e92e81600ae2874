"""This machine as the obstacle: disks that are full or read-only, journals of others, terminals that go away."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Ferry
from tests.support import corpus
from tests.support.cli import Result, environment
from tests.support.flaky import FlakyProxy
from tests.support.programs import require
from tests.support.reader import assert_nothing_half_pushed, assert_same
from tests.support.registry import RealRegistry

NAME = "library/many"
TAGS = 40


@pytest.fixture(scope="module")
def source() -> Iterator[RealRegistry]:
    """A registry with 40 tags; one for all, nothing here changes it."""
    require("docker-registry", "skopeo")
    with RealRegistry() as registry:
        corpus.push_all(registry, corpus.many_tags(NAME, TAGS))
        yield registry


@pytest.fixture
def plan(ferry: Ferry, source: RealRegistry, target: RealRegistry) -> Path:
    """A plan for 40 tags."""
    return ferry.write_plan(source.address, target.address, concurrency=4)


@contextmanager
def small_disk(path: Path, kilobytes: int) -> Iterator[None]:
    """Mount a file system of its own at `path`. Skips the test without the right to."""
    path.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def remount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(path)], check=True)


def limited(ferry: Ferry, limits: str, *arguments: str | Path, timeout: float = 60) -> Result:
    """Run the command line under shell limits such as `-f 100`."""
    finished = subprocess.run(
        ["sh", "-c", f'ulimit {limits} && exec "$@"', "sh", *ferry.command(*arguments)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        cwd=ferry.folder, env=environment(ferry.folder), timeout=timeout, check=False,
    )  # fmt: skip
    return Result(tuple(map(str, arguments)), finished.returncode, finished.stdout, finished.stderr)


def local_failure(result: Result) -> str:
    """Check that a command ended because of this machine, with words instead of a traceback; return the words."""
    assert result.exit == 5, str(result)
    assert "Traceback" not in result.err, str(result)
    return result.out + result.err


@pytest.fixture(scope="module")
def journal_kilobytes(tmp_path_factory: pytest.TempPathFactory, source: RealRegistry) -> int:
    """What the journal of a whole run of the plan takes; while it is written it takes more than that."""
    with RealRegistry() as target:
        ferry = Ferry(tmp_path_factory.mktemp("measured"))
        ferry.run("run", str(ferry.write_plan(source.address, target.address)), "--json").expect(0)
        return (run_folder(ferry) / "journal.sqlite").stat().st_size // 1024


@pytest.mark.parametrize("share", [0.1, 0.8])
def test_a_disk_that_is_full(
    ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry, journal_kilobytes: int, share: float
) -> None:
    """Full when the journal is made, and on the way."""
    state = ferry.folder / "state"
    with small_disk(state, int(journal_kilobytes * share)):
        words = local_failure(ferry.run("run", str(plan), "--json"))
        assert "free space" in words
        assert_nothing_half_pushed(target)
        assert target.uploads_bytes() == 0
        remount(state, "size=64m")
        again = ("runs", "resume", "last") if ferry.runs() else ("run", str(plan))
        ferry.run(*again, "--json").expect(0)
        assert len(ferry.runs()) == 1
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_files_that_may_not_grow(
    ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry, journal_kilobytes: int
) -> None:
    """RLIMIT_FSIZE is a disk quota that needs no root to be met; the shell counts blocks of 512 bytes."""
    local_failure(limited(ferry, f"-f {journal_kilobytes * 2 * 6 // 10}", "run", str(plan), "--json"))
    assert_nothing_half_pushed(target)
    again = ("runs", "resume", "last") if ferry.runs() else ("run", str(plan))
    ferry.run(*again, "--json").expect(0)
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_a_log_that_cannot_be_written_stops_nothing(
    ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry
) -> None:
    ferry.run("run", str(plan), "--json", "--log", "/dev/full").expect(0)
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_a_state_folder_that_is_read_only(ferry: Ferry, plan: Path) -> None:
    state = ferry.folder / "state"
    with small_disk(state, 1000):
        remount(state, "ro")
        words = local_failure(ferry.run("run", str(plan), "--json"))
    assert str(state) in words
    assert "REGFERRY_STATE_DIR" in words


def test_a_run_whose_folder_became_read_only(ferry: Ferry, plan: Path) -> None:
    state = ferry.folder / "state"
    with small_disk(state, 20_000):
        ferry.run("run", str(plan), "--json").expect(0)
        remount(state, "ro")
        listed = ferry.run("runs", "list", "--json")
        assert listed.exit == 0, str(listed)
        local_failure(ferry.run("runs", "resume", "last", "--json"))


def test_a_state_folder_that_cannot_be(ferry: Ferry, plan: Path) -> None:
    (ferry.folder / "state").write_text("a file is in the way")
    words = local_failure(ferry.run("run", str(plan), "--json"))
    assert "REGFERRY_STATE_DIR" in words


@pytest.mark.parametrize(
    "limit",
    [24, 40],
)
def test_few_files_may_be_open(
    ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry, limit: int
) -> None:
    result = limited(ferry, f"-n {limit}", "run", str(plan), "--json")
    assert result.exit in (0, 5), str(result)
    assert "Traceback" not in result.err, str(result)
    if result.exit:
        assert "ulimit -n" in result.out + result.err
        ferry.run("runs", "resume", "last", "--json").expect(0)
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def run_folder(ferry: Ferry) -> Path:
    (name,) = ferry.runs()
    return ferry.folder / "state" / "runs" / name


def test_a_journal_of_a_newer_version_is_left_alone(ferry: Ferry, plan: Path) -> None:
    ferry.run("run", str(plan), "--json").expect(0)
    journal = run_folder(ferry) / "journal.sqlite"
    connection = sqlite3.connect(journal)
    connection.execute("PRAGMA user_version = 9999")
    connection.commit()
    connection.close()
    before = journal.read_bytes()
    words = local_failure(ferry.run("runs", "resume", "last", "--json"))
    assert "newer" in words
    assert journal.read_bytes() == before
    listed = ferry.run("runs", "list")
    assert (listed.exit, "Traceback" in listed.err) == (0, False)


@pytest.mark.parametrize(
    "damage",
    ["empty", "page"],
)
def test_a_damaged_journal_is_said_and_kept(ferry: Ferry, plan: Path, damage: str) -> None:
    ferry.run("run", str(plan), "--json").expect(0)
    journal = run_folder(ferry) / "journal.sqlite"
    whole = journal.read_bytes()
    broken = {
        "empty": b"",
        "page": whole[:4096] + os.urandom(4096) + whole[8192:],
    }[damage]
    for extra in journal.parent.glob("journal.sqlite-*"):
        extra.unlink()
    journal.write_bytes(broken)
    local_failure(ferry.run("runs", "resume", "last", "--json"))
    assert journal.read_bytes() == broken
    listed = ferry.run("runs", "list")
    assert (listed.exit, "Traceback" in listed.err) == (0, False)


def test_two_processes_that_want_one_run(ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry) -> None:
    with FlakyProxy(source.address, delay=0.03) as slow:
        process = ferry.start("run", str(ferry.write_plan(slow.address, target.address)), "--json")
        target.wait_for_tags(2)
        process.kill()
        process.communicate()
        both = [ferry.start("runs", "resume", "last", "--json") for _ in range(2)]
        ends = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert sorted(code for _, code in ends) == [0, 2], ends
    (refused,) = [out + err for (out, err), code in ends if code == 2]
    assert "working on" in refused
    assert "Traceback" not in refused
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


@pytest.mark.parametrize("how", ["hang-up", "closed"])
def test_a_terminal_that_goes_away(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, plan: Path, how: str
) -> None:
    """A lost SSH connection: SIGHUP, then EIO for every write; the run goes on to its end."""
    with FlakyProxy(source.address, delay=0.05) as slow:
        path = ferry.write_plan(slow.address, target.address, concurrency=2)
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(ferry.folder)
            command = ferry.command("run", str(path))
            os.execve(command[0], command, environment(ferry.folder))
        try:
            target.wait_for_tags(3)
            if how == "hang-up":
                os.kill(child, signal.SIGHUP)
                time.sleep(0.3)
            os.close(terminal)
            target.wait_for_tags(TAGS, timeout=60)
            _, status = os.waitpid(child, 0)
        except BaseException:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
    assert os.waitstatus_to_exitcode(status) == 0
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS
    assert ferry.run("runs", "show", "last", "--json").json()["tasks"]["done"] == TAGS


@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
def test_output_that_nobody_reads(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, plan: Path, closed: str
) -> None:
    """A pipe whose reader is gone loses the words, and neither the work nor the exit code."""
    process = ferry.start("run", str(plan))
    assert process.stdout is not None
    assert process.stderr is not None
    if closed != "stderr":
        process.stdout.close()
    if closed != "stdout":
        process.stderr.close()
    assert process.wait(60) == 0
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_a_home_that_does_not_exist(ferry: Ferry, plan: Path, source: RealRegistry, target: RealRegistry) -> None:
    shutil.rmtree(ferry.folder / "home", ignore_errors=True)
    bare = {"HOME": str(ferry.folder / "nowhere"), "TMPDIR": str(ferry.folder / "nowhere")}
    result = ferry.start("run", str(plan), "--json", env=bare)
    out, err = result.communicate(timeout=60)
    assert result.returncode == 0, f"{out}\n{err}"
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_second_and_third_signals_end_it_sooner(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, plan: Path
) -> None:
    with FlakyProxy(source.address, delay=1.0) as slow:
        process = ferry.start("run", str(ferry.write_plan(slow.address, target.address)), "--json")
        deadline = time.monotonic() + 20
        while not slow.seen and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        slow.delay = 0
        assert process.returncode in (6, 128 + signal.SIGTERM, -signal.SIGTERM), f"{out}\n{err}"
        assert "Traceback" not in err
        ferry.run("runs", "resume", "last", "--json").expect(0)
    assert assert_same(source, target, [NAME], skopeo_up_to=1) == TAGS


def test_files_of_a_run_are_for_their_owner_alone(ferry: Ferry, plan: Path) -> None:
    ferry.run("run", str(plan), "--json").expect(0)
    for path in [run_folder(ferry), *run_folder(ferry).iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path
