"""Looking at a plan before it runs, and starting the run."""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable

from tui.app.draft import endpoint_at, target_registry
from tui.app.i18n import _
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.planning.drafting import Drafting, Trouble, plain
from tui.app.screens.planning.forecasting import Forecast, discard, watch
from tui.app.screens.planning.head import PlanHead
from tui.app.screens.planning.lacking import Offer
from tui.app.screens.planning.preflight import Preflight, preflight, samples
from tui.app.screens.planning.preview import Preview
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import start
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.detail_pane import Section
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.model import Endpoint
from tui.engine.journal.schema import JournalError
from tui.engine.runs import RunFolder
from tui.oci.access import Access
from tui.oci.reference import Repository
from tui.plan.model import Plan
from tui.providers.kinds import guess

_MAY_RUN = (0, 1, 3)
"""Exit codes of a check after which a run can do something: all well, or only some tasks failed."""


class Checking(Drafting):
    """What the place knows of checks. `folder` is the run that was made for the check and not started yet."""

    def __init__(self) -> None:
        super().__init__()
        self.folder: RunFolder | None = None
        self.found: Preflight | None = None
        self._tried: list[Repository] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._may_run = False

    def drop_forecast(self) -> None:
        """Forget the check and remove its folder."""
        super().drop_forecast()
        folder, process = self.folder, self._process
        self.folder, self._process, self._may_run, self.checking = None, None, False, False
        self.workers.cancel_group(self, "check")
        self.workers.cancel_group(self, "preflight")
        if folder is not None:
            start(self.app, "discard", False, discard, folder, process)

    def show_target(self) -> None:
        """Say where it goes, and what came out when it was tried last, if it still is the same."""
        if self.found is not None and (self.preview is None or samples(self.preview.targets()) != self._tried):
            self.found = None
        if self.found is None:
            super().show_target()
        else:
            self._show_found(self.found)

    def _show_found(self, found: Preflight) -> None:
        words = found.text or _("trying")
        self.query_one(PlanHead).show_target(self.draft, words, "success" if found.ok else "error")

    def sides(self, plan: Plan) -> tuple[Endpoint | None, Endpoint | None]:
        """Return the endpoints of source and target, None where a file names a registry we have no endpoint for."""
        if self.draft.opened is None:
            return self.basket.source, self.draft.target
        endpoints = self.endpoints()
        sources = endpoint_at(endpoints, [rule.source_registry for rule in plan.rules])
        return sources, endpoint_at(endpoints, [target_registry(rule) for rule in plan.rules])

    def action_check(self) -> None:
        """Find out what the plan would do."""
        wrong = self._not_ready()
        if wrong:
            self.say(wrong, "warning")
            return
        self.drop_forecast()
        plan = self.draft.plan(self.basket)
        self.preview = Preview(self.draft, self.basket)
        self.checked, self.forecast, self.checking = plan, Forecast(), True
        source, target = self.sides(plan)
        addresses = (source.address if source else "", target.address if target else "")
        forecast = self.forecast
        self.table.set_source(ComputedSource((), lambda key: forecast.row(key, *addresses)))
        self.query_one("#tasks", TablePane).title = _("Checking")
        self.show_sums()
        start(self, "check", True, self._check, plan, forecast, source, target)
        self.action_preflight(show=False)

    def _not_ready(self) -> str:
        if self.draft.opened is None:
            if self.basket.empty:
                return _("Nothing is selected yet: press 3 and mark what to copy, or l to open a plan file.")
            if self.draft.target is None:
                return _("Choose a target first: press t.")
        return ""

    async def _check(self, plan: Plan, forecast: Forecast, source: Endpoint | None, target: Endpoint | None) -> None:
        rows = self.table.source
        assert isinstance(rows, ComputedSource)

        def changed(ids: list[int]) -> None:
            rows.add(sorted(ids))
            self.table.update_rows(ids)
            self.show_sums()

        try:
            self.folder = await self.session.make_run(plan, source, target)
            self._process = await self.session.start(self.folder, only_generate=True)
            ended = await watch(self.folder, self._process, forecast, changed)
        except (*Trouble, JournalError) as error:
            self._ended(_("Not checked"))
            self.say(plain(error), "error")
            return
        self._may_run = ended.code in _MAY_RUN and forecast.to_do > 0
        self._ended(_("Tasks"))
        if ended.code not in _MAY_RUN and ended.said:
            self.say(ended.said, "error")
        elif ended.code not in _MAY_RUN and not forecast.tasks:
            first = forecast.rules_failed[0] if forecast.rules_failed else ("", "", "")
            self.say(_("Nothing could be looked at: {why}").format(why=" ".join(first[1:]).strip()), "error")
        elif self._may_run:
            self.say(_("Checked. r starts the run."), "success")
        else:
            self.say(_("Nothing to do: the target has it all, or nothing can be copied."), "success")

    def _ended(self, title: str) -> None:
        self.checking = False
        self.query_one("#tasks", TablePane).title = title
        self.show_sums()
        self.show_row()

    def action_preflight(self, show: bool = True) -> None:
        """Try whether the target will take it; `show` opens what was found in full."""
        if show and self.found is not None and self.found.steps:
            self._show_preflight(self.found)
            return
        if wrong := self._not_ready():
            self.say(wrong, "warning")
            return
        preview = self.preview or Preview(self.draft, self.basket)
        targets = preview.targets()
        if not targets:
            self.say(_("There is no target to try: see what is wrong with the names."), "warning")
            return
        start(self, "preflight", True, self._preflight, targets, show)

    async def _preflight(self, targets: list[Repository], show: bool) -> None:
        head = self.query_one(PlanHead)

        def changed(found: Preflight) -> None:
            self.found = found
            self._show_found(found)

        self._tried = samples(targets)
        rules = self.draft.plan(self.basket).rules
        head.show_target(self.draft, _("trying"))
        try:
            found = await preflight(targets, self._access_to, self._kind_of, rules, changed)
        except Trouble as error:
            head.show_target(self.draft, plain(error), "error")
            return
        if found.offers and self.is_current:
            self._ask_to_prepare(found.offers, targets)
        elif show and self.is_current:
            self._show_preflight(found)
        elif not found.ok:
            self.say(_("The target would refuse this; p shows it step by step."), "error")

    def _ask_to_prepare(self, offers: list[Offer], targets: list[Repository]) -> None:
        """Ask whether what is missing at the target is to be created."""
        question = _("The target lacks something. Do this now?")
        detail = "\n".join(offer.words for offer in offers)
        dialog = ConfirmDialog(question, detail, yes=_("Do it"))
        self.app.push_screen(dialog, lambda yes: self._preparing(offers, targets) if yes else None)

    def _preparing(self, offers: list[Offer], targets: list[Repository]) -> None:
        start(self, "preflight", True, self._prepare, offers, targets)

    async def _prepare(self, offers: list[Offer], targets: list[Repository]) -> None:
        try:
            for offer in offers:
                await offer.accept()
        except Trouble as error:
            self.say(plain(error), "error")
            return
        # What was found before is about a target that lacked it.
        self.found = None
        self.drop_forecast()
        self.show_draft()
        self.say(
            _("Done: {what}. c checks the plan again.").format(what="; ".join(each.words for each in offers)), "success"
        )

    def _kind_of(self, repository: Repository) -> str:
        here = (each for each in (self.draft.target, *self.endpoints()) if each is not None)
        return next((each.kind for each in here if each.address == repository.registry), guess(repository.registry))

    def _access_to(self, repository: Repository) -> Awaitable[Access]:
        target = self.draft.target
        if target is not None and target.address == repository.registry:
            return self.session.resolver.access_of(target)
        return self.session.resolver.access(repository)

    def _show_preflight(self, found: Preflight) -> None:
        lines = [f"{title}: {outcome}" for title, outcome in found.steps]
        self.app.push_screen(TextDialog(_("The target, step by step"), (), [Section(found.text, lines)]))

    def action_run(self) -> None:
        """Start the run that was checked."""
        if self.checking:
            self.say(_("Still checking: wait until the tasks are known."), "warning")
        elif self.forecast is None or self.folder is None:
            self.say(_("Check the plan first: press c."), "warning")
        elif not self._may_run:
            self.say(_("There is nothing to run: see the actions of the tasks."), "warning")
        else:
            start(self, "run", True, self._run, self.folder)

    async def _run(self, folder: RunFolder) -> None:
        try:
            process = await self.session.start(folder)
        except (*Trouble, JournalError) as error:
            self.say(plain(error), "error")
            return
        # It is a run now, and no check to be thrown away.
        self.folder = self._process = None
        self.drop_forecast()
        self.show_draft()
        self.hush()
        await self.app.show_run(folder, process)
