"""The tasks of a run as rows of a table: known by number and state at once, line by line soon after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from tui.app.i18n import N_, _
from tui.app.screens.run.reasons import reason_word
from tui.app.widgets.cell import (
    BytesCell,
    Cell,
    NumberCell,
    Part,
    Progress,
    ProgressCell,
    RateCell,
    StateCell,
)
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import fit
from tui.app.widgets.row_source import Key, Row
from tui.app.widgets.states import PHASE_STATES, PHASES, TASK_STATES
from tui.engine.journal.lines import TaskLine

ACTIVE = frozenset({"running", "waiting"})
OPEN = frozenset({"pending", *ACTIVE})
_BY_URGENCY = sorted({"held": PHASE_STATES["held"], **TASK_STATES}.items(), key=lambda item: item[1].rank)
SHOWN_STATES = dict(_BY_URGENCY)
"""The states of tasks, and that of those under way while their run is paused."""
RATE_EVERY = 1.0
"""Seconds between two figures of a task's speed: often enough to read, seldom enough for a slow line."""
FORGET_RATE = 5.0

View = Literal["all", "active", "failed", "open", "finished"]
VIEWS: dict[View, str] = {
    "all": N_("All tasks"),
    "active": N_("Active tasks"),
    "failed": N_("Failed tasks"),
    "open": N_("Tasks to come"),
    "finished": N_("Finished tasks"),
}
_STATES_OF: dict[View, frozenset[str]] = {
    "active": ACTIVE | {"held"},
    "failed": frozenset({"failed", "conflict"}),
    "open": frozenset({"pending"}),
    "finished": frozenset({"done", "unchanged", "skipped", "cancelled"}),
}


class PhaseCell(Cell):
    """A phase by its word."""

    searchable = False

    def text(self, value: Any) -> str:
        """Return the word in the language in use."""
        return _(PHASES[value].word) if value in PHASES else ""


class HowFar(NamedTuple):
    """How far a task is, or the word for why it will not get further."""

    progress: Progress | None
    word: str = ""


class HowFarCell(ProgressCell):
    """A bar while there is something to come, the reason of a failure in its place."""

    def parts(self, value: Any, width: int, align: Any) -> tuple[Part, ...]:
        """Return bar and percentage, or the reason."""
        if value.word:
            return ((fit(value.word, width, "left"), "error"),)
        return super().parts(value.progress, width, align)

    def text(self, value: Any) -> str:
        """Return the percentage, or the reason."""
        progress = value.progress if isinstance(value, HowFar) else value
        return value.word if isinstance(value, HowFar) and value.word else super().text(progress)

    def sort_key(self, value: Any) -> float:
        """Return the share done."""
        return super().sort_key(value.progress)


COLUMNS = (
    Column(key="source", title=N_("Source"), width=22, weight=3, cell=Cell(cut="middle")),
    Column(key="target", title=N_("Target"), width=22, weight=3, cell=Cell(cut="middle"), priority=4),
    Column(key="state", title=N_("State"), width=11, cell=StateCell(SHOWN_STATES)),
    Column(key="phase", title=N_("Phase"), width=8, cell=PhaseCell(), priority=7),
    Column(key="progress", title=N_("Progress"), width=13, max_width=22, weight=1, cell=HowFarCell()),
    Column(key="bytes", title=N_("Bytes"), width=8, cell=BytesCell(), priority=3),
    Column(key="speed", title=N_("Speed"), width=10, cell=RateCell(), priority=2),
    Column(key="attempts", title=N_("Tries"), width=5, cell=NumberCell(), priority=6),
    Column(key="message", title=N_("Message"), width=24, weight=4, cell=Cell(style="muted"), priority=5),
)
STATE, REASON = 2, len(COLUMNS)
"""Where in a row the state is, and behind the columns what a failure is grouped by."""
NO_REASON = ("", None, "")


@dataclass(slots=True)
class _Speed:
    at: float
    done: int
    rate: float = 0.0


class TaskRows:
    """A `RowSource` of tasks, keyed by their ids, with the counts that follow from them.

    `strip` are the registries' `host/` to leave out, as they are those of every task. With `by_harbor` nobody knows
    how far a task is that is under way.
    """

    def __init__(
        self,
        outline: Sequence[tuple[int, str, str]] = (),
        *,
        strip: tuple[str, str] = ("", ""),
        by_harbor: bool = False,
    ) -> None:
        """`outline` is (id, state, phase) of tasks whose lines come later."""
        self.strip = strip
        self._by_harbor = by_harbor
        self.running: set[int] = set()
        self.standing: Counter[tuple[str, str]] = Counter([(phase, state) for _number, state, phase in outline])
        """How many tasks there are by (phase, state)."""
        self.alive = True
        """Whether a process works on the run: without one nothing is active, whatever its last words were."""
        self.paused = False
        """Whether what is under way waits for the run to go on."""
        self._ids = [number for number, _state, _phase in outline]
        self._lines: list[TaskLine | tuple[str, str]] = [(state, phase) for _number, state, phase in outline]
        self._index: dict[Key, int] = dict(zip(self._ids, range(len(self._ids)), strict=True))
        self._speeds: dict[int, _Speed] = {}

    def take(self, lines: Iterable[TaskLine], now: float | None = None) -> list[Key]:
        """Take in lines as they are in the journal and return their keys; `now` (seconds) where they are news."""
        keys: list[Key] = []
        for line in lines:
            index = self._index.setdefault(line.id, len(self._ids))
            if index == len(self._ids):
                self._ids.append(line.id)
                self._lines.append(line)
            else:
                old = self._lines[index]
                self.standing[(old.phase, old.state) if isinstance(old, TaskLine) else (old[1], old[0])] -= 1
                self._lines[index] = line
            self.standing[line.phase, line.state] += 1
            if line.state in ACTIVE:
                self.running.add(line.id)
                if now is not None:
                    self._measure(line, now)
            else:
                self.running.discard(line.id)
                self._speeds.pop(line.id, None)
            keys.append(line.id)
        return keys

    def stalled(self, now: float) -> list[Key]:
        """Return the tasks whose speed is no longer true, as nothing was heard of them, having set it to nothing."""
        found: list[Key] = []
        for number, speed in self._speeds.items():
            if speed.rate and now - speed.at > FORGET_RATE:
                speed.rate = 0.0
                found.append(number)
        return found

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in each state there is."""
        found: Counter[str] = Counter()
        for (_phase, state), number in self.standing.items():
            found[self._as_is(state)] += number
        return {state: number for state, number in found.items() if number}

    def _as_is(self, state: str) -> str:
        if state not in ACTIVE or (self.alive and not self.paused):
            return state
        return "held" if self.alive else "pending"

    def line(self, key: Key) -> TaskLine | None:
        """Return what is known of a task."""
        index = self._index.get(key)
        found = None if index is None else self._lines[index]
        return found if isinstance(found, TaskLine) else None

    def numbers(self, states: frozenset[str]) -> list[int]:
        """Return the ids of the tasks in these states."""
        return [number for number, line in zip(self._ids, self._lines, strict=True) if _state(line) in states]

    def failed_for(self, reason: tuple[str, int | None, str]) -> list[int]:
        """Return the ids of the tasks that failed for one reason."""
        failed = (self.line(number) for number in self.numbers(_STATES_OF["failed"]))
        return [line.id for line in failed if line and reason_of(line) == reason]

    def newest_active(self) -> Key | None:
        """Return the active task that was planned last: whoever follows it sees those that began before above it."""
        return max(self.running, default=None)

    def count(self) -> int:
        """Return the number of tasks."""
        return len(self._ids)

    def key(self, index: int) -> Key:
        """Return the id of a task."""
        return self._ids[index]

    def index(self, key: Key) -> int | None:
        """Return where a task is."""
        return self._index.get(key)

    def row(self, index: int) -> Row:
        """Return the values for `COLUMNS`, and the reason of a failure."""
        line = self._lines[index]
        if not isinstance(line, TaskLine):
            return ("", "", self._as_is(line[0]), line[1], HowFar(None), None, None, None, "", NO_REASON)
        unknown = self._by_harbor and line.state == "running" and not line.bytes_done
        speed = None if unknown or self.paused else self._speeds.get(line.id)
        return (
            line.source.removeprefix(self.strip[0]),
            line.target.removeprefix(self.strip[1]),
            self._as_is(line.state),
            line.phase,
            HowFar(None) if unknown else _how_far(line),
            line.bytes_total or None,
            speed.rate if speed else None,
            line.attempts or None,
            line.message,
            reason_of(line),
        )

    def _measure(self, line: TaskLine, now: float) -> None:
        speed = self._speeds.get(line.id)
        if speed is None or line.bytes_done < speed.done:
            self._speeds[line.id] = _Speed(now, line.bytes_done)
        elif now - speed.at >= RATE_EVERY:
            speed.rate = (line.bytes_done - speed.done) / (now - speed.at)
            speed.at, speed.done = now, line.bytes_done


def reason_of(line: TaskLine) -> tuple[str, int | None, str]:
    """Return what failures are grouped by."""
    return line.error_class, line.error_status, line.error_code


def _state(line: TaskLine | tuple[str, str]) -> str:
    return line.state if isinstance(line, TaskLine) else line[0]


def _how_far(line: TaskLine) -> HowFar:
    if line.error_class:
        return HowFar(None, reason_word(line.error_class))
    if line.state in ("skipped", "cancelled", "unchanged") or (line.state == "pending" and not line.bytes_done):
        return HowFar(None)
    if line.state == "done":
        return HowFar(Progress(1, 1))
    return HowFar(Progress(line.bytes_done, line.bytes_total or None))


def in_view(view: View) -> Callable[[Row], bool] | None:
    """Return a test for rows of a view, None where all belong to it."""
    states = _STATES_OF.get(view)
    return None if states is None else lambda row: row[STATE] in states


def failed_for(reason: tuple[str, int | None, str]) -> Callable[[Row], bool]:
    """Return a test for rows of tasks that failed for one reason."""
    failed = _STATES_OF["failed"]
    return lambda row: row[REASON] == reason and row[STATE] in failed


def next_view(view: View) -> View:
    """Return the view after this one."""
    names: Sequence[View] = list(VIEWS)
    return names[(names.index(view) + 1) % len(names)]
