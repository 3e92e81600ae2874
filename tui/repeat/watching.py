"""Looking at the source of a plan now and then, and running the plan when something is new there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from tui.engine.outcome import FAILED, WELL
from tui.oci.errors import LocalError, RegistryError
from tui.repeat.clock import Clock
from tui.repeat.schedule import Run, Say
from tui.repeat.snapshot import Changes, changes, load_snapshot, save_snapshot

Look = Callable[[], Awaitable[dict[str, str]]]

_DONE = (WELL, FAILED)
"""After these a run has nothing left that would go better for the same source."""


async def watch_source(every: float, look: Look, run: Run, kept: Path, say: Say, clock: Clock) -> None:
    """Look every `every` seconds until cancelled; what was seen is kept in the file `kept`.

    The first look ever runs the plan. A source that cannot be looked at is looked at again the next time, and so is one
    whose run was stopped or failed for a while. Raises LocalError when the file cannot be written.
    """
    while True:
        began = clock.now()
        await _once(look, run, kept, say)
        await clock.until(began + timedelta(seconds=every))


async def _once(look: Look, run: Run, kept: Path, say: Say) -> None:
    before = load_snapshot(kept)
    try:
        now = await look()
    except LocalError:
        raise
    except RegistryError as error:
        say(f"the source cannot be looked at: {error}")
        return
    found = changes(before or {}, now)
    if before is not None and not found:
        if found.gone:
            say(str(found))
            save_snapshot(kept, now)
        return
    say(_why(before is None, found, len(now)))
    code = await run()
    if code in _DONE:
        save_snapshot(kept, now)
        say(f"the run ended with exit code {code}")
    else:
        say(f"the run ended with exit code {code}; it is run again at the next look")


def _why(first: bool, found: Changes, count: int) -> str:
    return f"the first look, at {count} tags: running" if first else f"{found}: running"
