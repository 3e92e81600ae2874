"""The step that asks whether both sides are ready, and does what is missing where an API can."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, said
from tui.app.screens.browse.loader import plain
from tui.app.screens.endpoints.policy_dialog import PolicyDialog
from tui.app.screens.guide.check_list import Checked, CheckList, counted
from tui.app.screens.guide.preparing import Trouble, looked_at, perform, policy
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.preview import Preview
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.oci.reference import Repository
from tui.providers.preparing import takes_policy


class PrepareStep(Step):
    """Every check is a real request; what would make the run fail holds one up."""

    TITLE = N_("prepare")
    SENTENCE = N_("Is everything ready? Each line was asked of the registry, or of the vendor's API.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "do", N_("Do it for me")),
        Binding("ctrl+r", "look", N_("Check again")),
        Binding("p", "policy", N_("Permissions needed")),
        Binding("ctrl+g", "all_the_same", N_("Go on all the same"), show=False),
    ]
    DEFAULT_CSS = "PrepareStep CheckList { height: 1fr; }"

    _over = False
    _anyway = False
    _checks: list[Checked]

    def content(self) -> ComposeResult:
        """Yield the list."""
        yield CheckList()

    def on_mount(self) -> None:
        """Begin to ask."""
        self._checks = []
        self.query_one(CheckList).focus()
        self.action_look()

    def problem(self) -> str:
        """Nothing may be in the way."""
        if self._anyway:
            return ""
        if not self._over:
            return _("Still asking")
        if not any(each.severity == "problem" for each in self._checks):
            return ""
        return f"{counted(self._checks)}: " + _("ctrl+g goes on all the same")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the policy only where accounts have one."""
        target = self.journey.target
        return action != "policy" or (target is not None and takes_policy(target.kind))

    def action_look(self) -> None:
        """Ask everything anew."""
        begin(self, self._look, "prepare")

    def action_do(self) -> None:
        """Ask whether to do what is missing, and do it."""
        actions = [each.action for each in self._checks if each.action is not None and each.severity == "problem"]
        if not actions:
            self.post_message(self.Said(_("There is nothing here that could be done through an API."), "warning"))
            return
        lines = "\n".join(said(action.words) for action in actions)
        target = self.journey.target
        question = _("Do this at {name}?").format(name=target.name if target else "")

        def answered(yes: bool | None) -> None:
            if yes:
                begin(self, self._perform, "prepare")

        self.app.push_screen(ConfirmDialog(question, lines, yes=_("Do it")), answered)

    def action_policy(self) -> None:
        """Show the least an account must be allowed."""
        begin(self, self._policy, "policy")

    def action_all_the_same(self) -> None:
        """Go on with what is in the way."""
        self._anyway = True
        self.post_message(self.Finished())

    def _targets(self) -> list[Repository]:
        return Preview(self.session.draft, self.session.basket).targets()

    async def _look(self) -> None:
        await warm_up()
        source, target = self.journey.source, self.journey.target
        assert source is not None
        assert target is not None
        shown = self.query_one(CheckList)
        self._checks, self._over = [], False
        repository = next(iter(self.session.basket.paths), "")
        asking = _("asking {source} and {target}…").format(source=source.name, target=target.name)
        await shown.show([], asking)
        async for each in looked_at(self.session, source, repository, target, self._targets()):
            self._checks.append(each)
            await shown.show(self._checks, asking)
        self._over = True
        await shown.show(self._checks)
        self._tell()

    def _tell(self) -> None:
        bad = [each for each in self._checks if each.severity == "problem"]
        if not bad:
            self.status(counted(self._checks) + "; " + _("enter goes on"))
        elif any(each.action for each in bad):
            self.status(counted(self._checks) + "; " + _("d does it through the API, after asking"), "warning")
        else:
            self.status(counted(self._checks) + "; " + _("do it in the console, then ctrl+r checks again"), "warning")

    async def _perform(self) -> None:
        target = self.journey.target
        assert target is not None
        self._over = False
        actions = [each.action for each in self._checks if each.action is not None and each.severity == "problem"]
        try:
            for action in actions:
                self.status(said(action.words) + "…")
                await perform(self.session, target, action)
        except Trouble as error:
            self._over = True
            self.status(plain(error), "error")
            return
        await self._look()

    async def _policy(self) -> None:
        target = self.journey.target
        assert target is not None
        try:
            found = await policy(self.session, target, self._targets())
        except Trouble as error:
            self.status(plain(error), "error")
            return
        if found is not None:
            self.app.push_screen(PolicyDialog(found))
