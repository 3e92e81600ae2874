"""The task states and how each looks: a word, a glyph and a style, never colour alone.

The glyphs are one cell wide in every terminal (East Asian Width neutral or narrow, no emoji), and each has a
stand-in for terminals that show only ASCII.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.app.i18n import N_, _


@dataclass(frozen=True, slots=True)
class State:
    """How one state is shown. `style` is one of `cell.STYLES`; `rank` orders by urgency."""

    name: str
    word: str
    glyph: str
    ascii: str
    style: str
    rank: int

    @property
    def label(self) -> str:
        """The glyph and the word in the language in use: `✓ done`."""
        return f"{self.glyph} {_(self.word)}"


def _table(*states: State) -> Mapping[str, State]:
    return {state.name: state for state in states}


TASK_STATES = _table(
    State("failed", N_("failed"), "✗", "x", "error", 0),
    State("conflict", N_("conflict"), "!", "!", "error", 1),
    State("running", N_("running"), "►", ">", "accent", 2),
    State("waiting", N_("waiting"), "~", "~", "warning", 3),
    State("pending", N_("pending"), "◦", ".", "muted", 4),
    State("done", N_("done"), "✓", "+", "success", 5),
    State("unchanged", N_("unchanged"), "=", "=", "success", 6),
    State("skipped", N_("skipped"), "-", "-", "muted", 7),
    State("cancelled", N_("cancelled"), "/", "/", "muted", 8),
)
"""The nine task states of the design, most urgent first."""

PHASES = _table(
    State("generate", N_("generate"), "1", "1", "accent", 0),
    State("execute", N_("execute"), "2", "2", "accent", 1),
    State("retry", N_("retry"), "3", "3", "accent", 2),
)
"""The phases of a run, in order."""

PHASE_STATES = _table(
    State("ahead", N_("not started"), "◦", ".", "muted", 0),
    State("active", N_("active"), "►", ">", "accent", 1),
    State("over", N_("finished"), "✓", "+", "success", 2),
    State("failing", N_("finished with failures"), "✗", "x", "error", 3),
    State("held", N_("paused"), "~", "~", "warning", 4),
)
"""What a phase is doing."""

UNKNOWN = State("unknown", N_("unknown"), "?", "?", "muted", 9)


def task_state(name: str) -> State:
    """Return how the task state `name` is shown; a state we do not know (a newer journal) shows as unknown."""
    return TASK_STATES.get(name, UNKNOWN)


def ascii_glyphs() -> dict[str, str]:
    """Return the ASCII stand-in of every glyph used here."""
    tables = (TASK_STATES, PHASE_STATES)
    return {state.glyph: state.ascii for table in tables for state in table.values()}
