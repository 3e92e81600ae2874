"""The table of differences, and the details of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.app.i18n import N_, _, said
from tui.app.widgets.cell import Cell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.states import State
from tui.engine.verify.findings import HINTS, WORDS

_WARNINGS = ("extra-tag", "unknown")
KINDS: Mapping[str, State] = {
    kind: State(kind, str(words), *(("!", "!", "warning") if kind in _WARNINGS else ("✗", "x", "error")), rank)
    for rank, (kind, words) in enumerate(WORDS.items())
}
COLUMNS = (
    Column(key="place", title=N_("Where"), width=20, weight=3, cell=Cell(cut="middle")),
    Column(key="kind", title=N_("Difference"), width=30, weight=1, max_width=46, cell=StateCell(KINDS)),
    Column(key="message", title=N_("Why"), width=32, weight=2, cell=Cell(style="muted"), priority=1),
)
Finding = Mapping[str, Any]


class FindingTable(LineTable):
    """A row for each difference, the gravest first."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, empty=N_("No difference so far."), id="findings-table")
        self.found: dict[str, Finding] = {}

    def show(self, findings: Sequence[Finding]) -> None:
        """Show these differences."""
        found = {f"{finding['kind']} {finding['place']}": finding for finding in findings}
        if found.keys() == self.found.keys():
            self.found = found
            return
        self.found = found
        self.set_source(
            ListSource([(each["place"], each["kind"], said(each["message"]), key) for key, each in found.items()], 3)
        )

    @property
    def finding(self) -> Finding | None:
        """The difference under the cursor."""
        return self.found.get(str(self.cursor_key))


def finding_details(finding: Finding) -> tuple[list[tuple[str, str]], list[Section]]:
    """Return fields and sections about a difference."""
    kind = finding["kind"]
    fields = [
        (_("Where"), finding["place"]),
        (_("Difference"), said(WORDS[kind]) if kind in WORDS else finding["words"]),
        (_("Why"), said(finding["message"])),
        (_("What to do"), said(HINTS[kind]) if kind in HINTS else finding["hint"]),
    ]
    planned = [(_("Planned"), finding["expected"]), (_("Found"), finding["found"])]
    tags = [tag for tag in finding["tags"] if tag != finding["place"]]
    sections = [Section(_("Not whole because of it"), tags)] if tags else []
    return [*fields, *((name, value) for name, value in planned if value)], sections
