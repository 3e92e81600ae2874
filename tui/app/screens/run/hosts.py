"""What holds for whole registries: how much is under way, and what a registry makes everybody wait for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from textual.containers import Vertical

from tui.app.i18n import N_, _, ngettext
from tui.app.journal_watch import HostLine
from tui.app.widgets import figures
from tui.app.widgets.cell import Part
from tui.app.widgets.fitted import clean
from tui.app.widgets.parts_line import PartsLine
from tui.app.widgets.states import State

HOST_STATES: Mapping[str, State] = {
    state.name: state
    for state in (
        State("ok", N_("in order"), "✓", "+", "success", 3),
        State("throttled", N_("asks for a pause"), "~", "~", "warning", 1),
        State("waiting", N_("waiting for it"), "~", "~", "warning", 1),
        State("down", N_("not reachable"), "✗", "x", "error", 0),
        State("login", N_("refuses the login"), "✗", "x", "error", 0),
        State("refusing", N_("refuses everything"), "✗", "x", "error", 0),
        State("slow", N_("slow"), "~", "~", "warning", 2),
    )
}
MOST = 4
MOST_ON_A_SMALL_SCREEN = 2
ROOMY = 30
"""From this many lines on there is room for `MOST` registries."""


class OneHost(PartsLine):
    """`~ registry.example.com  asks for a pause  4 requests at once  for 12s  too many requests`."""

    def __init__(self) -> None:
        super().__init__()
        self._host: HostLine | None = None

    def show(self, host: HostLine) -> None:
        """Show one registry."""
        self._host = host
        self.update()

    def parts(self, cells: int) -> Iterable[Part]:
        """Return name, state and what else is known."""
        host = self._host
        if host is None:
            return
        known = HOST_STATES.get(host.state)
        style = known.style if known else "muted"
        yield f"{known.glyph if known else '?'} {clean(host.registry)}", style
        yield f"  {_(known.word) if known else clean(host.state)}", style
        if host.at_once is not None:
            told = ngettext("{count} request at once", "{count} requests at once", host.at_once)
            yield f"  {told.format(count=host.at_once)}", ""
        if host.until is not None and (left := host.until - time.time()) > 0:
            yield "  " + _("for {time}").format(time=figures.duration_text(left)), "warning"
        if host.why:
            yield f"  {clean(host.why)}", "muted"


class HostLines(Vertical):
    """A line for each registry there is something to say about, the most urgent first."""

    DEFAULT_CSS = "HostLines { height: auto; display: none; }"

    def show(self, hosts: Sequence[HostLine]) -> None:
        """Show these registries as far as there is room."""
        roomy = self.screen.size.height >= ROOMY
        worth = [host for host in hosts if roomy or host.state != "ok"]
        shown = sorted(worth, key=_urgency)[: MOST if roomy else MOST_ON_A_SMALL_SCREEN]
        self.display = bool(shown)
        lines = list(self.query(OneHost))
        if len(lines) < len(shown):
            made = [OneHost() for _each in range(len(shown) - len(lines))]
            self.mount_all(made)
            lines += made
        for at, line in enumerate(lines):
            line.display = at < len(shown)
            if at < len(shown):
                line.show(shown[at])


def _urgency(host: HostLine) -> tuple[int, str]:
    known = HOST_STATES.get(host.state)
    return known.rank if known else 2, host.registry
