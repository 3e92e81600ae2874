"""The keys that steer a run: start, pause, stop, how much at once, try again, skip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from tui.app.i18n import N_, _, ngettext
from tui.app.journal_watch import Look
from tui.app.run_state import CAN_GO_ON, LIVE
from tui.app.screens.run.watched import WatchedRun
from tui.app.steering import LEAST, MOST, STEERING_ERRORS
from tui.app.widgets.confirm_dialog import ConfirmDialog

PAUSE_TYPING = 0.4
"""Seconds after the last + or - until the run is told."""
ON_ITS_WAY = 0.1
"""Seconds between two looks whether a process has begun."""
_FAILED = frozenset({"failed", "conflict"})


class SteeredRun(WatchedRun):
    """A watched run that obeys keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "begin", N_("Run")),
        Binding("r", "go_on", N_("Go on")),
        Binding("p", "pause", N_("Pause")),
        Binding("p", "resume", N_("Go on")),
        Binding("X", "stop", N_("Stop")),
        Binding("r", "retry", N_("Retry")),
        Binding("R", "retry_all", N_("Retry all failed")),
        Binding("plus,equals_sign", "at_once(1)", N_("More at once"), key_display="+", show=False),
        Binding("minus", "at_once(-1)", N_("Fewer at once"), key_display="-", show=False),
        Binding("x", "skip", N_("Skip"), show=False),
    ]
    _wanted: int | None = None
    """How many at once somebody wants, while the run has not said that it is so."""
    _typing: Timer | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense in the state the run is in."""
        live = self.state in LIVE
        match action:
            case "begin":
                return self.state in ("new", "planned")
            case "go_on":
                return self.state in ("stopped", "interrupted")
            case "pause":
                return live and self.state not in ("paused", "stopping")
            case "resume":
                return self.state == "paused"
            case "stop":
                return live and self.state != "stopping"
            case "at_once":
                return live
            case "retry":
                return self.state not in CAN_GO_ON and self.failures > 0
            case "retry_all":
                return self.failures > 0
        return True

    @property
    def failures(self) -> int:
        """How many tasks and rules failed."""
        failed = sum(number for (_phase, state), number in self.rows.standing.items() if state in _FAILED)
        return failed + (self.look.rules or {}).get("failed", 0)

    def action_begin(self) -> None:
        """Start a process that works on the run."""
        self.action_go_on()

    def action_go_on(self) -> None:
        """Start a process that does what is left."""
        self._do(self.steering.start(), _("The run begins; it goes on when you leave."))

    def action_pause(self) -> None:
        """Let the run wait."""
        self._do(self._order("pause"), _("Told the run to pause."))

    def action_resume(self) -> None:
        """Let the run go on."""
        self._do(self._order("resume"), _("Told the run to go on."))

    def action_stop(self) -> None:
        """Stop the run, after a question."""
        question = ConfirmDialog(
            _("Stop this run?"),
            _("What is being copied ends where nothing is lost. It can go on later from where it was."),
            yes=_("Stop"),
            no=_("Let it run"),
        )
        self.app.push_screen(question, self._stop)

    def _stop(self, yes: bool | None) -> None:
        if yes:
            self._do(self._order("stop"), _("Told the run to stop."))

    def action_at_once(self, step: int) -> None:
        """Copy more or fewer images at once from now on."""
        now = self._wanted if self._wanted is not None else int(self.progress.get("concurrency", LEAST))
        self._wanted = max(LEAST, min(MOST, now + step))
        self.say(_("{count} at once").format(count=self._wanted))
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(PAUSE_TYPING, self._tell_at_once)

    def _tell_at_once(self) -> None:
        self._typing = None
        self._do(self._order("concurrency", str(self._wanted)), "")

    def take(self, look: Look) -> None:
        """Take in what a look saw; what was wanted counts until the run says it has it, for the next + or -."""
        super().take(look)
        if self._typing is None and (self.state not in LIVE or self.progress.get("concurrency") == self._wanted):
            self._wanted = None

    def action_retry(self) -> None:
        """Try the marked tasks again, or the one under the cursor."""
        numbers = [number for number in self.chosen_tasks() if self._state_of(number) in _FAILED]
        if not numbers:
            self.say(_("Only failed tasks can be tried again; this one has not failed."), "warning")
            return
        self._do(self.steering.retry(numbers, working=self.state in LIVE), _told_to_retry(len(numbers), self.state))
        self.table.set_marks(())

    def action_retry_all(self) -> None:
        """Try everything again that failed."""
        numbers = self.rows.numbers(_FAILED)
        rules = (self.look.rules or {}).get("failed", 0)
        if not numbers and not rules:
            self.say(_("Nothing has failed."))
        elif self.state in LIVE:
            self._do(self.steering.retry(numbers, working=True), _told_to_retry(len(numbers), self.state))
        else:
            self._do(self.steering.start(failed_too=True), _told_to_retry(len(numbers) + rules, self.state))

    def action_skip(self) -> None:
        """Leave out the marked tasks, or the one under the cursor, as far as they have not begun."""
        numbers = [number for number in self.chosen_tasks() if self._state_of(number) in ("pending", "failed")]
        if not numbers:
            self.say(_("Only tasks that wait or failed can be skipped."), "warning")
            return
        told = ngettext("{count} task will be skipped.", "{count} tasks will be skipped.", len(numbers))
        text = told.format(count=f"{len(numbers):,}")
        if self.state not in LIVE:
            text = _("{what} That happens when the run goes on.").format(what=text)
        self._do(self.steering.skip(numbers), text)
        self.table.set_marks(())

    def chosen_tasks(self) -> Sequence[int]:
        """Return the tasks an order is about: the marked ones, or the one under the cursor."""
        return [key for key in self.table.chosen if isinstance(key, int)]

    def _state_of(self, number: int) -> str:
        line = self.rows.line(number)
        return line.state if line else ""

    async def _order(self, verb: str, argument: str = "") -> None:
        """Tell the process of the run; one that is on its way is told as soon as it is there."""
        while self.state == "starting":  # noqa: ASYNC110 - looks come at that pace anyway
            await asyncio.sleep(ON_ITS_WAY)
        await self.steering.order(verb, argument)

    def _do(self, order: Awaitable[object], told: str) -> None:
        self.run_worker(self._carry_out(order, told), group="steering")

    async def _carry_out(self, order: Awaitable[object], told: str) -> None:
        try:
            await order
        except STEERING_ERRORS as error:
            self.say_error(error)
            return
        if told:
            self.say(told)
        self.look_soon(started=self.steering.started)


def _told_to_retry(count: int, state: str) -> str:
    told = ngettext("{count} failure is tried again.", "{count} failures are tried again.", count)
    text = told.format(count=f"{count:,}")
    return _("{what} That begins after this round.").format(what=text) if state in LIVE else text
