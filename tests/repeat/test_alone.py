"""One run of a plan at a time, whoever begins it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tui.engine.runner import make_run
from tui.oci.errors import LocalError
from tui.plan.model import Plan
from tui.repeat.alone import StillRunning, alone, folder_of, last_begun, running

_HOLD = "import sys; from pathlib import Path; from tui.repeat.alone import alone\n"
_HOLD += "with alone(Path(sys.argv[1]), Path(sys.argv[2]), 'p'): print('held', flush=True); sys.stdin.read()"


def test_a_second_is_told_until_the_first_is_gone(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    held = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path), str(plan)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert held.stdout is not None
    assert held.stdin is not None
    assert held.stdout.readline() == b"held\n"
    with pytest.raises(StillRunning, match=r"a run of plan.toml is still going"), alone(tmp_path, plan, "p"):
        pytest.fail("both hold it")
    with alone(tmp_path, tmp_path / "other.toml", "p"):
        pass
    held.kill()
    held.wait()
    held.stdin.close()
    held.stdout.close()
    with alone(tmp_path, plan, "p"):
        pass


def test_a_run_that_somebody_else_began_counts(tmp_path: Path) -> None:
    folder = make_run(tmp_path, Plan("nightly", ()), {})
    assert running(tmp_path, "nightly") == ""
    with folder.locked():
        assert running(tmp_path, "nightly") == folder.name
        assert running(tmp_path, "other") == ""
        with pytest.raises(StillRunning, match="is still going"), alone(tmp_path, tmp_path / "n.toml", "nightly"):
            pytest.fail("two runs of one plan")


def test_when_it_began_last(tmp_path: Path) -> None:
    assert last_begun(tmp_path, "nightly") is None
    make_run(tmp_path, Plan("nightly", ()), {"created": 1000.0})
    make_run(tmp_path, Plan("other", ()), {"created": 2000.0})
    broken = make_run(tmp_path, Plan("nightly", ()), {})
    broken.journal.write_bytes(b"no journal")
    assert last_begun(tmp_path, "nightly") == 1000.0


def test_a_link_to_a_plan_is_the_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("")
    (tmp_path / "link.toml").symlink_to(tmp_path / "plan.toml")
    assert folder_of(tmp_path, tmp_path / "link.toml") == folder_of(tmp_path, tmp_path / "plan.toml")


def test_no_room_for_a_lock_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot use"), alone(tmp_path / "file", tmp_path / "p.toml", "p"):
        pytest.fail("a lock below a file")
