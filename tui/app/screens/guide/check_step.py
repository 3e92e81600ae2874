"""The step that asks both registries what would happen, before a byte is written."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.app.i18n import N_, _, ngettext
from tui.app.screens.browse.loader import plain
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.forecasting import Forecast, watch
from tui.app.screens.planning.tables import COLUMNS, plain_actions
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.figures import bytes_text
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import Key, Row
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.engine.journal.schema import JournalError
from tui.oci.errors import LocalError, RegistryError

_FAILURES = (RegistryError, EndpointsError, LocalError, JournalError, OSError)


class CheckStep(Step):
    """Begins a run that only finds out what is to be done; the last step lets it go on."""

    TITLE = N_("check")
    SENTENCE = N_("Both registries are asked what is there already and what is missing. Nothing is written.")

    def content(self) -> ComposeResult:
        """Yield the tasks."""
        yield TablePane(LineTable(COLUMNS, empty=N_("No tasks so far"), id="tasks"), _("Tasks"))

    def on_mount(self) -> None:
        """Begin the check."""
        self.query_one(LineTable).focus()
        self._failed = ""
        journey = self.journey
        journey.forecast, journey.checked = Forecast(), False
        self._source = ComputedSource((), self._row)
        self.query_one(LineTable).set_source(self._source)
        begin(self, self._check, "check")

    def problem(self) -> str:
        """The check has to be over, and must have found something."""
        if self._failed:
            return self._failed
        if not self.journey.checked:
            return _("The check is not over yet")
        return "" if self.journey.forecast.tasks else _("There is nothing to copy: go back and select something else")

    def _row(self, key: Key) -> Row:
        source, target = self.journey.source, self.journey.target
        return self.journey.forecast.row(key, source.address if source else "", target.address if target else "")

    async def _check(self) -> None:
        journey = self.journey
        await warm_up()
        self.status(_("Finding out what is to be done…"))
        try:
            plan = self.session.draft.plan(self.session.basket)
            journey.folder = await self.session.make_run(plan, journey.source, journey.target)
            journey.process = await self.session.start(journey.folder, only_generate=True)
            checked = await watch(journey.folder, journey.process, journey.forecast, self._changed)
        except _FAILURES as error:
            self._fail(plain(error))
            return
        journey.process = None
        forecast = journey.forecast
        if checked.code and not forecast.tasks:
            first = forecast.rules_failed[0] if forecast.rules_failed else ("", checked.said, "")
            self._fail(
                ". ".join(part for part in first[1:] if part)
                or _("the check ended with {code}").format(code=checked.code)
            )
            return
        journey.checked = True
        self._changed([])

    def _changed(self, ids: list[int]) -> None:
        table = self.query_one(LineTable)
        self._source.add(ids)
        table.update_rows(ids)
        forecast = self.journey.forecast
        counts = plain_actions(forecast.counts)
        if not counts:
            return
        words = _("{counts}; {bytes} to move").format(counts=counts, bytes=bytes_text(forecast.to_move))
        failed = forecast.counts["failed"] + forecast.counts["conflict"] + len(forecast.rules_failed)
        if self.journey.checked and failed:
            text = ngettext("{count} thing will not work", "{count} things will not work", failed)
            words = f"{words}; {text.format(count=failed)}"
        elif self.journey.checked:
            words = words + "; " + _("enter goes on")
        self.status(words, "warning" if self.journey.checked and failed else "")

    def _fail(self, text: str) -> None:
        self._failed = text
        self.status(_("{problem} (escape goes back)").format(problem=text), "error")
