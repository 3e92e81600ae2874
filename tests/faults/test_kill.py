"""kill -9 at random moments: it goes on, converges, and no tag is ever visible that is not whole."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from tests.faults.conftest import IDLE, MB, PLAIN, Behind, Ferry
from tests.faults.large import layer_bytes, plant_image
from tests.faults.watcher import Watcher
from tests.support import corpus
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry
from tests.support.tcp_proxy import LinkFault
from tui.engine.blob_work import CHUNK

CONCURRENCY = 4
NAMES = ["team0/app00", "team1/app01", "team2/app02", "library/large"]


def fill(source: RealRegistry, tags: int, large: int) -> tuple[int, int]:
    """Put three repositories with shared layers and one large image into the source: tags, unique bytes."""
    entries = corpus.push_all(source, corpus.shared_layers(3, tags, base_size=400_000, own_size=60_000))
    total = layer_bytes(plant_image(source, "library/large", "v1", large, large // 2))
    blobs = {digest: blob.size for entry in entries for digest, blob in entry.manifest.all_blobs().items()}
    return corpus.tag_count(entries) + 1, sum(blobs.values()) + total


def check_journal(ferry: Ferry, run: str) -> None:
    path = ferry.folder / "state" / "runs" / run / "journal.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    finally:
        connection.close()


def stop_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill a process after so long; return whether it was still running."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


@pytest.mark.parametrize(
    ("kills", "tags", "large", "seed"),
    [
        pytest.param(6, 8, 12 * MB, 1, id="short"),
        pytest.param(100, 60, 80 * MB, 2, id="100", marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
    ],
)
def test_killed_again_and_again(
    ferry: Ferry,
    source: RealRegistry,
    target: RealRegistry,
    behind: Behind,
    kills: int,
    tags: int,
    large: int,
    seed: int,
) -> None:
    count, unique = fill(source, tags, large)
    down, up = behind(source), behind(target)
    # Slow enough that every process is killed in the middle of something.
    down.shape(latency=0.005, bandwidth=unique / (0.5 * kills))
    plan = ferry.write_plan(down.address, up.address, concurrency=CONCURRENCY)
    dice = random.Random(seed)
    killed = 0
    with Watcher(target, NAMES) as watcher:
        process = ferry.start("run", str(plan), "--json")
        for _ in range(kills):
            # Importing takes half a second, in which there is nothing to interrupt.
            killed += stop_after(process, 0.5 + dice.uniform(0.05, 1.0))
            if ferry.runs():
                run = ferry.newest_run()
                check_journal(ferry, run)
                process = ferry.start("runs", "resume", run, "--json")
            else:
                process = ferry.start("run", str(plan), "--json")
        down.shape()
        out, err = process.communicate(timeout=200)
    assert process.returncode == 0, f"{out}\n{err}"
    assert killed >= kills // 2
    assert watcher.violations == []
    assert watcher.looks > kills
    assert assert_same(source, target, NAMES, skopeo_up_to=2) == count
    # Beyond the unique bytes only what was under way when it was killed: what sessions that are lost had taken (it
    # lies in the target until it is purged), and what was on the wire.
    allowed = unique + target.uploads_bytes() + killed * CONCURRENCY * CHUNK
    assert up.stats().up <= allowed * 1.01 + count * 5_000


def test_a_blob_goes_on_where_the_killed_process_left_it(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    """Killed between two chunks, because distribution 2.8 keeps no session whose chunk broke off.

    The source broke once before: chunks are read before they are sent then, so that one that stalls leaves none open.
    """
    total = layer_bytes(plant_image(source, "library/large", "v1", 80 * MB))
    down, up = behind(source, LinkFault("rst", 5 * MB, times=1)), behind(target)
    down.shape(bandwidth=40 * MB)
    process = ferry.start(
        "copy", f"{down.address}/library/large:v1", f"{up.address}/library/large:v1", "--json", *PLAIN
    )  # fmt: skip
    while up.stats().up < 45 * MB:
        assert process.poll() is None
    down.cut(60, silently=True)
    sent = -1
    while sent != (sent := up.stats().up):
        time.sleep(0.4)
    process.kill()
    process.communicate()
    down.cut(0)
    down.shape()
    ferry.run("runs", "resume", "last", "--json").expect(0)
    assert assert_same(source, target, ["library/large"]) == 1
    assert up.stats().up <= total + CHUNK
    assert target.uploads_bytes() == 0


def test_stopped_and_continued_by_the_kernel_while_the_link_dies(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    """SIGSTOP is a laptop that sleeps: when it wakes up, every connection is dead and nobody said so."""
    count, _ = fill(source, 10, 20 * MB)
    down, up = behind(source), behind(target)
    down.shape(latency=0.01, bandwidth=10 * MB)
    plan = ferry.write_plan(down.address, up.address)
    process = ferry.start("run", str(plan), "--json")
    try:
        target.wait_for_tags(5)
        process.send_signal(signal.SIGSTOP)
        for link in (down, up):
            link.cut(IDLE + 1)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(IDLE + 1.5)
        process.send_signal(signal.SIGCONT)
        down.shape()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, f"{out}\n{err}"
    assert assert_same(source, target, NAMES, skopeo_up_to=2) == count


def test_a_graceful_stop_leaves_nothing_behind_and_sends_nothing_twice(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    count, unique = fill(source, 8, 12 * MB)
    down, up = behind(source), behind(target)
    down.shape(latency=0.005, bandwidth=8 * MB)
    plan = ferry.write_plan(down.address, up.address, concurrency=CONCURRENCY)
    process = ferry.start("run", str(plan), "--json")
    target.wait_for_tags(3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 6, f"{out}\n{err}"
    down.shape()
    ferry.run("runs", "resume", "last", "--json").expect(0)
    assert assert_same(source, target, NAMES, skopeo_up_to=2) == count
    # What was acknowledged when it stopped was gone on with.
    assert target.uploads_bytes() == 0
    assert up.stats().up <= unique + count * 5_000


def test_a_journal_that_lost_its_latest_rows_is_no_harm(
    ferry: Ferry, source: RealRegistry, target: RealRegistry, behind: Behind
) -> None:
    """After a power loss the journal may be older than the target: what it does not know is looked at again."""
    count, unique = fill(source, 10, 6 * MB)
    down, up = behind(source), behind(target)
    down.shape(latency=0.01, bandwidth=8 * MB)
    process = ferry.start("run", str(ferry.write_plan(down.address, up.address, concurrency=CONCURRENCY)), "--json")
    target.wait_for_tags(4)
    (run,) = ferry.runs()
    folder = ferry.folder / "state" / "runs" / run
    older = ferry.folder / "older"
    process.send_signal(signal.SIGSTOP)  # the copy is of one moment, as the disk would be
    shutil.copytree(folder, older)
    process.send_signal(signal.SIGCONT)
    target.wait_for_tags(count // 2)
    process.kill()
    process.communicate()
    shutil.rmtree(folder)
    older.rename(folder)
    check_journal(ferry, run)
    down.shape()
    resumed = ferry.run("runs", "resume", run, "--json").expect(0)
    assert resumed["tasks"]["done"] + resumed["tasks"]["unchanged"] == count
    assert assert_same(source, target, NAMES, skopeo_up_to=2) == count
    assert up.stats().up <= unique + target.uploads_bytes() + CONCURRENCY * 2 * CHUNK + count * 5_000


def test_two_runs_to_one_target_at_the_same_time(ferry: Ferry, source: RealRegistry, target: RealRegistry) -> None:
    """Single-flight is per process: what two of them spoil for each other is put right."""
    count, _ = fill(source, 10, 2 * MB)
    plan = ferry.write_plan(source.address, target.address)
    processes = [ferry.start("run", str(plan), "--json") for _ in range(2)]
    ends = [(process.communicate(timeout=100), process.returncode) for process in processes]
    assert [code for _, code in ends] == [0, 0], ends
    assert assert_same(source, target, NAMES, skopeo_up_to=2) == count
