"""What can be done with the plan of a run besides this run: repeating it, and deletions at its target."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, whole
from tui.app.journal_watch import WATCH_ERRORS, read_once
from tui.app.run_state import LIVE
from tui.app.screens.again import show_deletions, show_repeating
from tui.app.screens.run.failures_reading import FailuresReading
from tui.app.screens.work import start
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.engine.journal.reader import JournalReader
from tui.oci.errors import LocalError
from tui.plan.model import Plan, from_document


class RepeatedRun(FailuresReading):
    """A run whose plan may be used again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "again", N_("Repeat this")),
        Binding("M", "deletions", N_("Deletions at the target"), show=False),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to repeat what went well; what failed has other things to offer first."""
        if action == "again":
            return self.state not in LIVE and not self.failures
        return super().check_action(action, parameters)

    def action_again(self) -> None:
        """Show how the plan is repeated: a command line, a timer, a CronJob."""
        start(self, "plan", True, self._with_plan, lambda plan: show_repeating(self, plan, None))

    def action_deletions(self) -> None:
        """Show what left the source and is still at the target."""
        start(self, "plan", True, self._with_plan, lambda plan: show_deletions(self, plan, self._endpoints()))

    def _endpoints(self) -> tuple[Endpoint, ...]:
        """Return the endpoints, those the run was made with first: others may have the same address."""
        named = self.session.named_in(self.folder)
        return tuple(sorted(self.session.endpoints(), key=lambda endpoint: endpoint.name not in named))

    async def _with_plan(self, show: Callable[[Plan], None]) -> None:
        try:
            show(from_document(await asyncio.to_thread(read_once, self.folder, _document)))
        except (EndpointsError, LocalError, ValueError) as error:
            self.say(whole(error), "error")
        except WATCH_ERRORS as error:
            self.say_error(error)


def _document(reader: JournalReader) -> dict[str, object]:
    document: dict[str, object] = reader.meta("plan")
    return document
