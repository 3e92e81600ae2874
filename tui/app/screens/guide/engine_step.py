"""The step that says who moves the bytes, where a side is a Harbor."""

from __future__ import annotations

from textual.app import ComposeResult

from tui.app.i18n import N_, _
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.engine_pane import EnginePane
from tui.app.widgets.confirm_dialog import ConfirmDialog


class EngineStep(Step):
    """This machine, or Harbor's own replication."""

    TITLE = N_("engine")
    SENTENCE = N_("Who moves the bytes? This machine suits most; Harbor's own replication where its line is better.")

    _agreed = False

    def content(self) -> ComposeResult:
        """Yield the choice."""
        journey, draft = self.journey, self.session.draft
        harbors = journey.harbors
        others = [each for each in (journey.source, journey.target) if each is not None and each not in harbors[:1]]
        plan = draft.plan(self.session.basket)
        yield EnginePane(self.session, draft, plan, harbors, others[0].name if others else "")

    def problem(self) -> str:
        """What is chosen has to work."""
        return self.query_one(EnginePane).problem

    def hold(self) -> bool:
        """Ask whether Harbor may have the login of the other side."""
        question, detail = self.query_one(EnginePane).consent
        if not question or self._agreed or self.session.draft.replication is not None:
            return False

        def answered(yes: bool | None) -> None:
            if yes:
                self._agreed = True
                self.post_message(self.Finished())

        self.app.push_screen(ConfirmDialog(question, detail, yes=_("Give it")), answered)
        return True

    def keep(self) -> None:
        """Take what is chosen."""
        self.session.draft.replication = self.query_one(EnginePane).taken
