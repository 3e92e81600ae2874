"""The lines above the tasks: phases, how the run stands, bytes with speed and time left, counts, registries."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.app.i18n import _
from tui.app.journal_watch import HostLine
from tui.app.run_state import LIVE, RUN_STATES
from tui.app.screens.run.hosts import HostLines
from tui.app.screens.run.task_rows import OPEN, SHOWN_STATES
from tui.app.widgets import figures
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean, width
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.phase_bar import Phase, PhaseBar
from tui.app.widgets.sparkline import Sparkline
from tui.app.widgets.state_counts import StateCounts
from tui.app.widgets.states import UNKNOWN
from tui.app.widgets.transfer_line import TransferLine

EVERY = 1.0
"""Seconds between two figures of speed and time: they move all the time, and each costs bytes on the line."""
PHASE_NAMES = ("generate", "execute", "retry")
SPEED_OVER = 8.0
"""Seconds the speed is measured over."""


class RunLine(PartsLine):
    """`► running  why ...                                      10 at once  1m 20s`."""

    def __init__(self) -> None:
        super().__init__()
        self._left: tuple[Part, ...] = ()
        self._right = ""

    def show(self, state: str, why: str, at_once: int, seconds: float) -> None:
        """Show a key of `RUN_STATES`, why or what about it, how much is done at once, and how long it took so far."""
        shown = RUN_STATES.get(state, UNKNOWN)
        self._left = ((shown.label, shown.style), (f"  {clean(why)}" if why else "", ""))
        right = [_("{count} at once").format(count=at_once)] if state in LIVE else []
        if seconds >= 1:
            right.append(figures.duration_text(seconds))
        self._right = "  ".join(right)
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return state and reason at the left, figures at the right where there is room."""
        yield from self._left
        room = cells - sum(width(text) for text, _style in self._left) - width(self._right)
        if room >= 2:
            yield " " * room, ""
            yield self._right, "muted"


class Overview(Vertical):
    """Everything about the run as a whole; `show` takes what the journal says now."""

    DEFAULT_CSS = """
    Overview { height: auto; padding: 0 1; }
    Overview > Horizontal { height: 1; }
    Overview TransferLine { width: 1fr; }
    Overview Sparkline { width: 14; margin-left: 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.phases = PhaseBar()
        self.line = RunLine()
        self.transfer = TransferLine()
        self.curve = Sparkline()
        self.counts = StateCounts(SHOWN_STATES)
        self.hosts = HostLines()
        self._samples: deque[tuple[float, int]] = deque()
        self._next = 0.0

    def compose(self) -> ComposeResult:
        """Yield the lines."""
        yield self.phases
        yield self.line
        with Horizontal():
            yield self.transfer
            yield self.curve
        yield self.counts
        yield self.hosts

    def show(
        self,
        state: str,
        why: str,
        progress: Mapping[str, Any],
        standing: Mapping[tuple[str, str], int],
        *,
        counts: Mapping[str, int],
        rules: Mapping[str, int],
        to_move: int | None,
        handed: tuple[int, int],
        seconds: float,
        hosts: Sequence[HostLine],
    ) -> None:
        """Show the run; figures that move by themselves are painted once in `EVERY` seconds.

        `standing` are the tasks by (phase, state), `to_move` the bytes to be copied in all, None while unknown.
        `handed` are the bytes of images a Harbor copies, of those done and of all: it tells no more, and no speed.
        """
        self.phases.show(phases(state, progress, standing, rules))
        self.counts.show(counts)
        now = time.monotonic()
        self.hosts.show(hosts)
        if now < self._next and state in LIVE:
            return
        self._next = now + EVERY
        self.line.show(state, why, progress["concurrency"], seconds)
        moved = int(progress["bytes_written"])
        if handed[1]:
            total = handed[1] + max(to_move or 0, moved)
            self.transfer.show(handed[0] + moved, total, None)
            return
        rate = self._rate(now, moved) if state == "running" else 0.0
        known = to_move is not None and (to_move or progress["phase"] != "generate")
        self.transfer.show(moved, max(to_move or 0, moved) if known else None, rate if state in LIVE else None)
        if state in LIVE:
            self.curve.add(rate)

    def paint_now(self) -> None:
        """Let the next `show` paint all figures."""
        self._next = 0.0

    def _rate(self, now: float, moved: int) -> float:
        if self._samples and moved < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((now, moved))
        while now - self._samples[0][0] > SPEED_OVER:
            self._samples.popleft()
        since, before = self._samples[0]
        return (moved - before) / (now - since) if now > since else 0.0


def phases(
    state: str, progress: Mapping[str, Any], standing: Mapping[tuple[str, str], int], rules: Mapping[str, int]
) -> dict[str, Phase]:
    """Return how the phases stand.

    Generate counts the tasks it knows all about, execute those it worked on, retry those that are tried again.
    """
    total, left, failed = Counter[str](), Counter[str](), Counter[str]()
    for (phase, task_state), number in standing.items():
        total[phase] += number
        left[phase] += number if task_state in OPEN else 0
        failed[phase] += number if task_state in ("failed", "conflict") else 0
    failed["generate"] += rules.get("failed", 0)
    current = PHASE_NAMES.index(progress["phase"]) if progress["phase"] in PHASE_NAMES else 0
    executed, again = total["execute"] + total["retry"], total["retry"]
    waiting = left["execute"] + left["retry"]
    if PHASE_NAMES[current] == "retry":  # what waits for its next try counts there, execute has tried everything
        again += left["execute"]
        done = {"execute": executed, "retry": again - waiting}
    else:
        done = {"execute": executed - waiting, "retry": again - left["retry"]}
    done["generate"] = total.total() - left["generate"]
    whole = {"generate": total.total(), "execute": executed, "retry": again}
    begun = state != "new" or bool(total)
    return {
        name: Phase(
            _phase_state(at, current, state, failed[name]) if begun and (name != "retry" or again) else "ahead",
            done[name],
            whole[name],
            failed[name],
        )
        for at, name in enumerate(PHASE_NAMES)
    }


def _phase_state(at: int, current: int, state: str, failed: int) -> str:
    if at > current:
        return "ahead"
    if at == current and state in LIVE:
        return "held" if state in ("paused", "stopping") else "active"
    if at == current and state not in ("done", "failed", "planned"):
        return "held"
    return "failing" if failed else "over"
