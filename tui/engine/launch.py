"""Starting the process of a run, detached: it outlives the app, the terminal and the connection that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tui.endpoints.handover import environment_for_run, pack
from tui.endpoints.model import Endpoint
from tui.engine.runs import RunFolder
from tui.oci.access import Access


def launch(
    folder: RunFolder,
    endpoints: Sequence[Endpoint] = (),
    accesses: Mapping[str, Access] | None = None,
    *,
    only_generate: bool = False,
    failed_too: bool = False,
    only_asked: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process that does what is left of a run; `accesses` by endpoint id reach it through a pipe.

    It does not see the variables that hold passwords of `endpoints`. Progress and orders go through the journal; what
    the process prints goes to the run's `output`. Raises OSError when no process can be started.
    """
    arguments = [str(folder.path)]
    arguments += ["--only-generate"] if only_generate else []
    arguments += ["--failed-too"] if failed_too else []
    arguments += ["--only-asked"] if only_asked else []
    return _detached("tui.engine.worker", arguments, folder.output, endpoints, accesses)


def launch_verification(
    folder: RunFolder,
    endpoints: Sequence[Endpoint] = (),
    accesses: Mapping[str, Access] | None = None,
    *,
    deep: bool = False,
    extra: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process that verifies a run, in the same way; how it stands is in `tui.engine.verify.record`.

    What it prints goes to the run's `verify_output`. Raises OSError when no process can be started.
    """
    arguments = [str(folder.path), *(["--deep"] if deep else []), *(["--extra"] if extra else [])]
    folder.verify_output.unlink(missing_ok=True)
    return _detached("tui.engine.verify.process", arguments, folder.verify_output, endpoints, accesses)


def _detached(
    module: str,
    arguments: Sequence[str],
    output_path: Path,
    endpoints: Sequence[Endpoint],
    accesses: Mapping[str, Access] | None,
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", module, *arguments]
    with output_path.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment_for_run(os.environ, endpoints),
        )
    assert process.stdin is not None
    try:
        process.stdin.write(pack(accesses or {}))
        process.stdin.close()
    except BrokenPipeError:
        # It ended before it read anything, and says why in its output.
        process.stdin = None
    return process
