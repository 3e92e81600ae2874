"""The loop of the helper process: one JSON request a line, one JSON answer a line, until the pipe ends.

Run by its path in isolated mode; the first line brings the module search path, so that what is importable there is
importable here. An answer is `{"id": N, "reason": WORD, "value": ...}`; it never holds the text of an exception.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import IO

_PR_SET_DUMPABLE = 4


def main() -> None:
    """Answer requests until end of file."""
    requests, answers = _take_pipes()
    _keep_memory_private()
    _limit(30)  # the imports
    hello = json.loads(requests.readline() or b'{"path": []}')
    sys.path[:] = hello["path"]
    from tui.endpoints.secrets.agent.operations import perform

    _limit(0)
    answers.write(b'{"id": 0, "reason": "ready"}\n')
    answers.flush()
    for line in requests:
        request = json.loads(line)
        _limit(request["seconds"] + 2)
        reason, value = perform(request)
        _limit(0)
        answers.write(json.dumps({"id": request["id"], "reason": reason, "value": value}).encode() + b"\n")
        answers.flush()


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Move the pipes away from 0 and 1: a backend that calls getpass or prints would otherwise eat or spoil them."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return requests, answers


def _keep_memory_private() -> None:
    """Write no core file, and let no other process of this user read our memory or environment (Linux)."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _limit(seconds: float) -> None:
    """End this process by SIGALRM after `seconds` (0: never), should the parent die while a call here hangs."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
