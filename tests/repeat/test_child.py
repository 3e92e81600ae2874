"""A run as a process: its exit code, and how it is told to stop."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tui.repeat.child import run_child, run_command

_STOPPABLE = """
import pathlib, signal, sys, time
place = pathlib.Path(sys.argv[1])
def stop(number, frame):
    place.write_text("stopped")
    sys.exit(6)
signal.signal(signal.SIGTERM, stop)
place.write_text("begun")
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("code", "exit_code"), [("0", 0), ("3", 3), ("__import__('os').kill(__import__('os').getpid(), 9)", 137)]
)
async def test_the_exit_code_is_that_of_the_run(code: str, exit_code: int) -> None:
    assert await run_child([sys.executable, "-c", f"import sys; sys.exit({code})"]) == exit_code


async def test_who_is_cancelled_tells_it_to_stop_and_waits(tmp_path: Path) -> None:
    place = tmp_path / "place"
    task = asyncio.create_task(run_child([sys.executable, "-c", _STOPPABLE, str(place)]))
    while not place.exists() or place.read_text() != "begun":
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert place.read_text() == "stopped"


def test_the_command_reads_the_plan_anew_and_lets_no_two_run(tmp_path: Path) -> None:
    command = run_command(tmp_path / "plan.toml", ("--retries", "1"))
    assert command[-5:] == ["run", str(tmp_path / "plan.toml"), "--no-overlap", "--retries", "1"]
