"""The list of proposals: a tag at the target, why it is proposed, and what became of it."""

from __future__ import annotations

from tui.app.i18n import N_, _
from tui.app.widgets.cell import Cell, DigestCell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.row_source import Row
from tui.app.widgets.states import State
from tui.engine.mirror.apply import Outcome
from tui.plan.mirror.review import Deletion

REASONS = {
    "gone": N_("gone at the source"),
    "unselected": N_("no longer selected"),
    "repository": N_("its repository is gone"),
}

FATES = {
    state.name: state
    for state in (
        State("failed", N_("failed"), "✗", "x", "error", 0),
        State("kept", N_("kept"), "!", "!", "warning", 1),
        State("changed", N_("changed"), "~", "~", "warning", 2),
        State("wanted", N_("wanted again"), "~", "~", "warning", 3),
        State("proposed", N_("proposed"), "◦", ".", "muted", 4),
        State("gone", N_("gone already"), "-", "-", "muted", 5),
        State("deleted", N_("deleted"), "✓", "+", "success", 6),
    )
}
"""What became of a tag, most urgent first."""

COLUMNS = (
    Column(key="target", title=N_("Tag at the target"), width=26, weight=4, cell=Cell(cut="middle")),
    Column(key="fate", title=N_("State"), width=14, cell=StateCell(FATES)),
    Column(key="reason", title=N_("Why"), width=18, weight=1, max_width=30, priority=2),
    Column(key="digest", title=N_("Digest"), width=12, cell=DigestCell("muted"), max_width=19, weight=1, priority=3),
    Column(key="shares", title=N_("Shared with"), width=11, weight=2, cell=Cell("muted"), priority=1),
)


KEY = len(COLUMNS)
"""Where a row has its key, the whole reference; it is not shown."""


def row(deletion: Deletion, outcome: Outcome | None, registry: str) -> Row:
    """Return the row of a proposal and, once it was tried, its outcome; the target without `registry` before it."""
    return (
        str(deletion.target).removeprefix(f"{registry}/"),
        outcome.fate if outcome else "proposed",
        _(REASONS[deletion.reason]),
        deletion.digest,
        ", ".join(deletion.shares),
        str(deletion.target),
    )
