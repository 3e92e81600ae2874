"""What to do next, from what there is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.app.basket import Basket
from tui.app.i18n import _, ngettext
from tui.app.run_state import LIVE
from tui.app.screens.home.latest import LatestRun
from tui.app.widgets.cell import Part
from tui.endpoints.model import Endpoint


class NextStep(NamedTuple):
    """A key of home and what it leads to."""

    key: str
    words: str


def next_step(endpoints: Sequence[Endpoint], runs: Sequence[LatestRun], basket: Basket) -> NextStep:
    """Return the one thing that is most likely wanted now."""
    live = [run for run in runs if run.state in LIVE]
    if live:
        return NextStep("w", _("watch {run}, which is under way").format(run=live[0].name))
    if not basket.empty:
        count = ngettext("{count} repository is selected", "{count} repositories are selected", len(basket.paths))
        words = count.format(count=f"{len(basket.paths):,}")
        return NextStep("4", _("{selected}: choose where it goes").format(selected=words))
    if runs and runs[0].state in ("failed", "interrupted", "stopped"):
        return NextStep("w", _("look at {run}, which did not do everything").format(run=runs[0].name))
    if not endpoints:
        return NextStep("2", _("add the registry to copy from, and the one to copy to"))
    broken = next((each for each in endpoints if each.last_test is not None and not each.last_test.ok), None)
    if broken is not None:
        return NextStep("2", _("{endpoint} did not work when it was tested").format(endpoint=broken.name))
    if len(endpoints) == 1:
        return NextStep("2", _("add a second registry: one to copy from, one to copy to"))
    return NextStep("n", _("the guided migration: from source to run, step by step"))


def line_of(step: NextStep) -> tuple[Part, ...]:
    """Return the step as the parts of a line."""
    return ((" " + _("Next") + "  ", "muted"), (step.key, "accent"), (f"  {step.words}", ""))
