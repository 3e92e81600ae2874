"""One run as a process of its own: it reads the plan anew, and a fault in it does not end the schedule."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from pathlib import Path


def run_command(plan_file: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the command line that runs a plan unless a run of it is going."""
    return [sys.executable, "-m", "tui", "run", str(plan_file), "--no-overlap", *options]


async def run_child(command: Sequence[str]) -> int:
    """Run a command to its end and return its exit code; its output goes where ours goes.

    When cancelled it is told to stop where nothing is lost, and waited for; a second cancellation ends it at once. It
    has a session of its own, so that the terminal's interrupt reaches it once only: from here. Nobody can be asked for
    a passphrase there. Raises OSError when it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True)
    try:
        return _code(await process.wait())
    except asyncio.CancelledError:
        await _stopped(process)
        raise


async def _stopped(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await process.wait()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
        raise


def _code(returned: int) -> int:
    return 128 - returned if returned < 0 else returned
