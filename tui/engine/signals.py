"""SIGINT and SIGTERM stop a run where nothing is lost, a second one ends it at once; SIGHUP does neither."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Received:
    """The signal that ended the run at once; 0 when none did."""

    fatal: int = 0


@contextmanager
def handled(stop: Callable[[], None], end: Callable[[], object]) -> Iterator[Received]:
    """Call `stop` at the first signal and `end` at the second, in the running event loop."""
    loop = asyncio.get_running_loop()
    received = Received()
    asked = False

    def heard(number: int) -> None:
        nonlocal asked
        if not asked:
            asked = True
            stop()
        else:
            received.fatal = number
            end()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, heard, number)
    # A lost connection to the terminal is no reason to stop copying.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    try:
        yield received
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
