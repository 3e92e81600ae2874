"""How a run stands, in one word: from what its journal says and whether a process works on it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from tui.app.i18n import N_, _
from tui.app.widgets.states import State
from tui.engine.outcome import CREDENTIALS, FAILED, LOCAL, RETRYABLE, STOPPED, USAGE, WELL

RUN_STATES: Mapping[str, State] = {
    state.name: state
    for state in (
        State("interrupted", N_("interrupted"), "✗", "x", "error", 0),
        State("failed", N_("failures"), "✗", "x", "error", 1),
        State("running", N_("running"), "►", ">", "accent", 2),
        State("starting", N_("starting"), "►", ">", "accent", 3),
        State("waiting", N_("waiting"), "~", "~", "warning", 4),
        State("paused", N_("paused"), "~", "~", "warning", 5),
        State("stopping", N_("stopping"), "~", "~", "warning", 6),
        State("stopped", N_("stopped"), "-", "-", "warning", 7),
        State("new", N_("ready"), "◦", ".", "muted", 8),
        State("planned", N_("planned"), "◦", ".", "muted", 9),
        State("done", N_("done"), "✓", "+", "success", 10),
        State("unreadable", N_("unreadable"), "!", "!", "error", 11),
    )
}
"""The states of a run, most urgent first."""

LIVE = frozenset({"running", "starting", "waiting", "paused", "stopping"})
"""A process works on the run."""
CAN_GO_ON = frozenset({"new", "planned", "stopped", "interrupted"})
"""Something is left to do and nobody does it."""

OUTCOMES = {
    WELL: N_("all well"),
    FAILED: N_("something has to be mended first"),
    USAGE: N_("settings or files could not be used"),
    RETRYABLE: N_("it may go well another time"),
    CREDENTIALS: N_("a login was refused or is missing"),
    LOCAL: N_("this machine was the obstacle: disk or permissions"),
    STOPPED: N_("stopped on request, can go on"),
}
"""What the exit code of a run's process means."""


def run_state(
    process: int | None,
    written: str,
    session: Mapping[str, Any] | None,
    *,
    left: int,
    starting: bool = False,
) -> str:
    """Return a key of `RUN_STATES`.

    `process` works on the run (None: nobody does), `written` is the state in the journal, `session` its latest
    session, `left` the number of tasks that reached no final state, `starting` says that a process was started that
    has not come so far yet. Ask for the process before reading the journal: what one reads after a process ended is
    its last word.
    """
    if process is not None:
        begun = session is not None and session["pid"] == process
        return written if begun and written in LIVE else "running" if begun else "starting"
    if starting:
        return "starting"
    if written in ("new", "stopped", "planned"):
        return written
    if written != "ended" or session is None or session["exit_code"] is None:
        return "interrupted"
    if session["exit_code"] == WELL:
        return "planned" if left else "done"
    return "stopped" if left else "failed"


def outcome_text(state: str, exit_code: int | None) -> str:
    """Return in words what a run came to, '' while that is open."""
    if state == "interrupted":
        return _("its process ended before it was done")
    if state not in ("done", "failed", "stopped") or exit_code is None:
        return ""
    if exit_code > 128:
        return _("ended by signal {name}").format(name=_signal_name(exit_code - 128))
    return _(OUTCOMES[exit_code]) if exit_code in OUTCOMES else _("ended in an unknown way")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
