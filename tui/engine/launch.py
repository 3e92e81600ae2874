"""Starting the process of a run, detached: it outlives the app, the terminal and the connection that started it."""

from __future__ import annotations

import subprocess
import sys

from tui.engine.runs import RunFolder


def launch(
    folder: RunFolder, *, only_generate: bool = False, failed_too: bool = False, handover: bytes = b""
) -> subprocess.Popen[bytes]:
    """Start a process that does what is left of a run; it reads `handover` (packed logins) from a pipe.

    Progress and orders go through the journal; what the process prints goes to the run's `output`. Raises OSError
    when no process can be started.
    """
    command = [sys.executable, "-m", "tui.engine.worker", str(folder.path)]
    command += ["--only-generate"] if only_generate else []
    command += ["--failed-too"] if failed_too else []
    with folder.output.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True)
    assert process.stdin is not None
    try:
        process.stdin.write(handover)
        process.stdin.close()
    except BrokenPipeError:
        # It ended before it read anything, and says why in its output.
        process.stdin = None
    return process
