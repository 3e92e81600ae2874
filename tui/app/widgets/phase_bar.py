"""The phases of a run in one line: what is over, what is going on, what is ahead, each with its count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.app.i18n import N_, _
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import width
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.states import PHASE_STATES, PHASES

FAILED_COUNT = N_("{count} failed")


@dataclass(frozen=True, slots=True)
class Phase:
    """How one phase stands: `state` is a key of `states.PHASE_STATES`; `total` is None while it is not known."""

    state: str = "ahead"
    done: int = 0
    total: int | None = None
    failed: int = 0

    @property
    def count(self) -> str:
        """`120/200`, or the number done; nothing for a phase that has not begun."""
        if self.state == "ahead":
            return ""
        return f"{self.done:,}" if self.total is None else f"{self.done:,}/{self.total:,}"


class PhaseBar(PartsLine):
    """`✓ 1 generate 200/200 > ► 2 execute 120/200, 3 failed > ◦ 3 retry`. Where that does not fit, counts go first."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._phases: dict[str, Phase] = {name: Phase() for name in PHASES}

    def show(self, phases: Mapping[str, Phase]) -> None:
        """Show these phases; the names are those of `states.PHASES`."""
        self._phases = {name: phases.get(name, Phase()) for name in PHASES}
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return the phases as fully as fits."""
        for counts, failures in ((True, True), (True, False), (False, False)):
            parts = list(self._parts_with(counts, failures))
            if sum(width(text) for text, _style in parts) <= cells:
                break
        return parts

    def _parts_with(self, counts: bool, failures: bool) -> Iterable[Part]:
        for at, (name, phase) in enumerate(self._phases.items()):
            state = PHASE_STATES.get(phase.state, PHASE_STATES["ahead"])
            if at:
                yield "  ›  ", "faint"
            yield f"{state.glyph} {PHASES[name].glyph} {_(PHASES[name].word)}", state.style
            if counts and phase.count:
                yield f" {phase.count}", ""
            if failures and phase.failed:
                yield f", {_(FAILED_COUNT).format(count=f'{phase.failed:,}')}", "error"
