"""Who carries out a run: our own engine, or a Harbor's replication where the plan says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from tui.engine.context import RunContext
from tui.engine.execute import Executor
from tui.engine.generate import Generator
from tui.engine.journal.reader import JournalReader
from tui.engine.recorder import Recorder
from tui.engine.tasks import Task


class Carrier(Protocol):
    """The execute phase."""

    async def execute(self, tasks: Iterable[Task], *, unsure: bool = False) -> None:
        """Bring every task to a final state, or back to `pending` when a stop was asked for. Raises StopRequested."""


@asynccontextmanager
async def opened_engine(
    run: RunContext, recorder: Recorder, reader: JournalReader
) -> AsyncIterator[tuple[Generator, Carrier]]:
    """Give the generate and the execute phase of a run; what they opened is closed at the end."""
    own = Executor(run, recorder)
    if run.plan.replication is None:
        yield Generator(run, recorder), own
        return
    from tui.engine.harbor.carrying import Replicated
    from tui.engine.harbor.generating import ReplicatedGenerator
    from tui.engine.harbor.site import Site
    from tui.engine.harbor.started import KEY, Started

    site = Site(run, run.plan.replication)
    started = Started(run.journal, reader.meta(KEY, []))
    try:
        yield ReplicatedGenerator(run, recorder, site), Replicated(run, recorder, site, own, started)
    finally:
        await site.close()
