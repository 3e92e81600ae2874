"""States in words, with their numbers: never colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.states import TASK_STATES, UNKNOWN, State


class StatusWord(PartsLine):
    """One state: glyph and word in its colour, and perhaps why: `~ waiting  registry limits requests`."""

    DEFAULT_CSS = "StatusWord { width: 1fr; }"

    def __init__(
        self, states: Mapping[str, State] = TASK_STATES, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._states = states
        self._state: State | None = None
        self._why = ""

    def show(self, state: str, why: str = "") -> None:
        """Show a state by its name."""
        self._state, self._why = self._states.get(state, UNKNOWN), clean(why)
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the state and the reason."""
        if self._state is not None:
            yield self._state.label, self._state.style
            if self._why:
                yield f"  {self._why}", "muted"


class StateCounts(PartsLine):
    """How many there are of each state, without those there are none of: `✗ failed 3  ✓ done 180`."""

    def __init__(
        self, states: Mapping[str, State] = TASK_STATES, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._states = states
        self._counts: dict[str, int] = {}

    def show(self, counts: Mapping[str, int]) -> None:
        """Show these counts by state, most urgent first."""
        self._counts = dict(counts)
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return word and number of every state there is."""
        between = ""
        for name, state in self._states.items():
            if count := self._counts.get(name, 0):
                yield f"{between}{state.label}", state.style
                yield f" {count:,}", ""
                between = "  "
