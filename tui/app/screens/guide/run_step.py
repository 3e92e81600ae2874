"""The last step: what will happen in short, and the start."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.app.i18n import N_, _
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.tables import plain_actions
from tui.app.widgets.detail_pane import DetailPane
from tui.app.widgets.figures import bytes_text, duration_text


class RunStep(Step):
    """Shows the whole migration on one page."""

    TITLE = N_("run")
    SENTENCE = N_("Enter starts the run. It goes on by itself when this terminal is closed; 5 lists all runs.")

    def content(self) -> ComposeResult:
        """Yield the page."""
        yield DetailPane(id="summary")

    def on_mount(self) -> None:
        """Show what will happen."""
        journey, draft = self.journey, self.session.draft
        source, target, forecast = journey.source, journey.target, journey.forecast
        assert source is not None
        assert target is not None
        pane = self.query_one(DetailPane)
        pane.focus()
        options = draft.options
        seconds = draft.seconds(forecast.to_move, forecast.to_do)
        pane.show(
            _("Ready to run"),
            [
                (_("From"), f"{source.name} ({source.address})"),
                (_("To"), f"{target.name} ({target.address})"),
                (_("Names"), draft.names),
                (_("Tasks"), plain_actions(forecast.counts)),
                (_("To move"), bytes_text(forecast.to_move)),
                (_("Not moved"), _("{bytes} are shared or there already").format(bytes=bytes_text(forecast.saved))),
                (_("Roughly"), duration_text(seconds)),
                (_("At once"), str(options.concurrency)),
                (_("Rounds of retry"), str(options.retries)),
            ],
        )
