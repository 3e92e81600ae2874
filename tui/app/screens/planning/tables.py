"""The list of tasks: one row for each reference, before and after it was looked at."""

from __future__ import annotations

from typing import Any

from tui.app.i18n import N_, _
from tui.app.widgets.cell import BytesCell, Cell, Part, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import Align, clean, fit
from tui.app.widgets.states import State


class TargetCell(Cell):
    """A target, or the exception that says why there is none."""

    def __init__(self) -> None:
        super().__init__(cut="middle")

    def text(self, value: Any) -> str:
        """Return the reference, or what is wrong."""
        return clean(str(value))

    def parts(self, value: Any, width: int, align: Align) -> tuple[Part, ...]:
        """Return the reference; an error in its colour and from its beginning."""
        if isinstance(value, Exception):
            return ((fit(f"! {self.text(value)}", width, align), "error"),)
        return super().parts(value, width, align)


ACTIONS = {
    state.name: state
    for state in (
        State("failed", N_("failed"), "✗", "x", "error", 0),
        State("conflict", N_("conflict"), "!", "!", "error", 1),
        State("overwrite", N_("overwrite"), "~", "~", "warning", 2),
        State("new", N_("new"), "✓", "+", "success", 3),
        State("add", N_("add to it"), "✓", "+", "success", 4),
        State("unchanged", N_("unchanged"), "=", "=", "muted", 5),
        State("skipped", N_("skipped"), "-", "-", "muted", 6),
        State("checking", N_("checking"), "►", ">", "accent", 7),
        State("unchecked", N_("not checked"), "◦", ".", "muted", 8),
    )
}
"""What will happen to a task, most urgent first."""

COLUMNS = (
    Column(key="source", title=N_("Source"), width=20, weight=3, cell=Cell(cut="middle")),
    Column(key="target", title=N_("Target"), width=24, weight=4, cell=TargetCell()),
    Column(key="action", title=N_("Action"), width=13, cell=StateCell(ACTIONS)),
    Column(key="bytes", title=N_("Size"), width=8, cell=BytesCell(), priority=1),
    Column(key="note", title=N_("Note"), width=12, weight=2, cell=Cell("muted"), priority=2, sortable=False),
)


def plain_actions(counts: dict[str, int]) -> str:
    """Return how many tasks there are of each action: `40 new, 2 unchanged`."""
    return ", ".join(f"{counts[name]:,} {_(state.word)}" for name, state in ACTIONS.items() if counts.get(name))
