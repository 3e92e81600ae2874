"""A run under way that stands still: its journal is written as a run writes it, and time goes on when it is told to.

A real run shows other figures each time one looks; for a picture that is compared, every look has to see the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from screenshots.scenes import Player, Scene
from screenshots.stage import TARGET
from screenshots.world import NOW
from tui.app.screens.run import RunScreen, hosts, overview, watched
from tui.engine.journal import writer as writing
from tui.engine.journal.reader import JournalReader
from tui.engine.journal.writer import JournalWriter
from tui.engine.runs import RunFolder

STEPS = (0.01, 0.04, 0.08, 0.13, 0.16, 0.18, 0.22, 0.28, 0.34, 0.39, 0.43, 0.46)
"""The share of the bytes that has moved, second by second."""
DONE, RUNNING = range(1, 10), range(10, 15)
FAILED, WAITING = 7, 15
_NEVER = 1e9


class Clock:
    """Stands in for the module `time` where a run's figures come from."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Moment:
    """One run, its journal in our hands."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: RunFolder) -> None:
        self.folder = folder
        self.clock = Clock()
        self._journal: JournalWriter | None = None
        for module in (watched, overview, hosts, writing):
            patch.setattr(module, "time", self.clock)
        # The screen looks when it is told to, and at no moment of its own.
        patch.setattr(watched, "LOOK_EVERY", _NEVER)
        patch.setattr(watched, "LOOK_AWAY_EVERY", _NEVER)

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Work on the run, as far as anybody can see."""
        with self.folder.locked():
            self._journal = journal = JournalWriter.open(self.folder.journal)
            assert (self.folder.path / "lock").read_text() == str(os.getpid())
            journal.begin_session()
            journal.progress(phase="execute", state="running", bytes_written=0, concurrency=5)
            with JournalReader(self.folder.journal) as reader:
                sizes = {line.id: line.bytes_total for line in reader.lines(0, 1000)}
            self.sizes = sizes
            for number in DONE:
                journal.task(number, state="done", attempts=1, bytes_done=sizes[number])
            for number in RUNNING:
                journal.task(number, state="running", attempts=1, bytes_done=0)
            refused = {"error_class": "DENIED", "error_status": 403, "error_code": "DENIED"}
            words = "requested access to the resource is denied"
            journal.task(
                FAILED,
                state="failed",
                bytes_done=0,
                message=words,
                hint="give the account permission on this repository, or use another account",
                **refused,
            )
            late = {"error_class": "SRV", "error_status": 503, "message": "503 Service Unavailable"}
            journal.task(WAITING, state="waiting", attempts=2, retryable=1, **late)
            pause = {"requests_at_once": 4, "until": self.clock.now + 20, "why": "too many requests"}
            journal.host(TARGET, "throttled", pause)
            try:
                yield
            finally:
                journal.close()

    async def step(self, at: int, to_move: int) -> int:
        """Let one second pass, and return how many bytes have moved then."""
        assert self._journal is not None
        moved = int(STEPS[at] * to_move)
        for place, number in enumerate(RUNNING):
            share = max(0.0, min(0.97, (at + 1 - place) / (len(STEPS) + place)))
            self._journal.task(number, bytes_done=int(share * self.sizes[number]))
        self._journal.progress(bytes_written=moved)
        await self._journal.flush()
        self.clock.now += 1
        return moved


def half_way(moment: Moment) -> Scene:
    """Return the scene that watches the run until half of it is done."""

    async def play(player: Player) -> None:
        assert moment._journal is not None
        await moment._journal.flush()
        await player.app.show_run(moment.folder)
        screen: RunScreen = player.screen
        await player.until(lambda: screen.state == "running" and screen.to_move)
        for at in range(len(STEPS)):
            moved = await moment.step(at, screen.to_move or 0)
            screen.look_soon()
            await player.until(lambda moved=moved: screen.progress["bytes_written"] == moved)
        screen.table.set_following(False)
        screen.table.go_to(DONE[0])  # from wherever following has brought it
        await player.pilot.pause()
        screen.table.go_to(FAILED)
        await player.pilot.pause()

    return play
