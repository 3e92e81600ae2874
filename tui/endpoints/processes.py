"""Ending programs we started, with whatever they started."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress


async def end_session(process: asyncio.subprocess.Process) -> None:
    """Kill a process started with `start_new_session`, and its children (gpg, a prompt), and collect it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    with suppress(TimeoutError):  # something that left the session may hold the pipe; it is not waited for
        async with asyncio.timeout(1):
            await process.wait()
