"""Who moves the bytes of a plan: this machine, or the Harbor at one side; which of the two suits, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.app.draft import Draft
from tui.app.i18n import N_, _, ngettext
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.planning.harbor_view import HarborView, look_at_harbor, reasons_text
from tui.app.screens.planning.replication_form import replication_dialog, settings_text, take_settings
from tui.app.screens.work import begin
from tui.app.session import Session
from tui.app.warm_up import warm_up
from tui.app.widgets.detail_pane import DetailPane, Section
from tui.endpoints.model import Endpoint
from tui.plan.model import Plan
from tui.plan.replication import Replication

OWN = "own"


class EnginePane(Vertical):
    """The choice with what speaks for each; `taken` is what stands there, None for this machine."""

    BINDING_GROUP_TITLE = N_("Engine")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "settings", N_("Settings of the replication")),
        Binding("ctrl+r", "look", N_("Ask again"), show=False),
    ]
    DEFAULT_CSS = """
    EnginePane { height: 1fr; }
    EnginePane Horizontal { height: 1; padding: 0 1; margin-bottom: 1; }
    EnginePane .label { width: auto; color: $text-muted; margin-right: 2; }
    EnginePane DetailPane { height: 1fr; }
    """

    def __init__(self, session: Session, draft: Draft, plan: Plan, harbors: Sequence[Endpoint], other: str) -> None:
        """`other` is the name of the registry at the other side, which a Harbor is given the login of."""
        super().__init__()
        self._session = session
        self._plan = plan
        self._harbors = {each.address: each for each in harbors}
        self._other = other
        self._views: dict[str, HarborView] = {}
        self._how = draft.replication or Replication()
        chosen = draft.replication.harbor if draft.replication else OWN
        self._first = chosen if chosen in self._harbors else OWN

    def compose(self) -> ComposeResult:
        """Yield the choice and what there is to know."""
        choices = [(OWN, _("this machine"))]
        choices += [(address, _("Harbor {name}").format(name=each.name)) for address, each in self._harbors.items()]
        with Horizontal():
            yield Static(_("Moves the bytes"), classes="label", markup=False)
            yield ChoiceLine(choices, self._first, id="engine")
        yield DetailPane()

    def on_mount(self) -> None:
        """Ask the Harbors."""
        self.query_one(ChoiceLine).focus()
        self._show()
        self.action_look()

    @property
    def taken(self) -> Replication | None:
        """What is chosen."""
        value = self.query_one(ChoiceLine).value
        return None if value == OWN else replace(self._how, harbor=value)

    @property
    def problem(self) -> str:
        """Why what is chosen would not work, '' when it would."""
        value = self.query_one(ChoiceLine).value
        if value == OWN:
            return ""
        view = self._views.get(value)
        if view is None:
            return _("The Harbor is still being asked")
        if view.problem:
            return f"{view.problem}. {view.hint}".rstrip(". ")
        return _("Harbor can express nothing of this plan: leave it to this machine") if view.nothing else ""

    @property
    def consent(self) -> tuple[str, str]:
        """The question to ask before Harbor is taken, and its detail; '' when there is nothing to ask."""
        value = self.query_one(ChoiceLine).value
        if value == OWN or self._how.registry:
            return "", ""
        name = self._harbors[value].name
        question = _("Give Harbor {name} the login of {other}?").format(name=name, other=self._other)
        detail = _(
            "Harbor needs it to reach that registry, keeps it encrypted, and its administrators can use it.\n"
            "A registry that Harbor knows already can be named in the settings (s) instead."
        )
        return question, detail

    def action_look(self) -> None:
        """Ask the Harbors again."""
        for address, endpoint in self._harbors.items():
            self._views.pop(address, None)
            begin(self, partial(self._look, endpoint), f"harbor-{endpoint.id}")

    def action_settings(self) -> None:
        """Change how Harbor replicates."""

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                self._how = take_settings(self._how, values)
                self._show()

        self.app.push_screen(replication_dialog(self._how), answered)

    async def _look(self, endpoint: Endpoint) -> None:
        await warm_up()
        self._views[endpoint.address] = await look_at_harbor(self._session, endpoint, self._plan)
        self._show()

    @on(ChoiceLine.Changed)
    def _changed(self) -> None:
        self._show()

    def _show(self) -> None:
        value = self.query_one(ChoiceLine).value
        pane = self.query_one(DetailPane)
        if value == OWN:
            pane.show(_("This machine"), self._own_fields(), self._advice())
        else:
            pane.show(_("Harbor's replication"), self._harbor_fields(value), self._harbor_sections(value))

    def _own_fields(self) -> list[tuple[str, str]]:
        return [
            (_("Data path"), _("source → this machine → target")),
            (_("Can"), _("all of the plan, whatever it says")),
            (_("Checks"), _("every digest; goes on inside a layer after a broken line")),
            (_("Needs"), _("this machine must reach both registries")),
        ]

    def _harbor_fields(self, address: str) -> list[tuple[str, str]]:
        return [
            (_("Data path"), _("Harbor ↔ the other registry; this machine only watches")),
            (_("Can"), _("globs on names and tags, labels, new beginnings of paths")),
            (_("Cannot"), _("regular expressions, versions, newest tags, platforms")),
            (_("Needs"), _("an administrator there; Harbor must reach the other side")),
            (_("Settings"), settings_text(self._how)),
        ]

    def _harbor_sections(self, address: str) -> list[Section]:
        view = self._views.get(address)
        if view is None:
            return [Section(_("Asking the Harbor…"), [])]
        if view.problem:
            return [Section(_("This Harbor cannot do it now"), [view.problem, view.hint])]
        said = _("Harbor {version}, and this account may replicate").format(version=view.version)
        if not view.against:
            return [Section(said, [_("It can express all of this plan.")])]
        if view.nothing:
            return [Section(_("It can express nothing of this plan"), reasons_text(view.against))]
        count = len(view.left)
        left = ngettext(
            "{count} rule is copied by this machine instead, because of Harbor:",
            "{count} rules are copied by this machine instead, because of Harbor:",
            count,
        )
        return [Section(said, [left.format(count=count), *reasons_text(view.against)])]

    def _advice(self) -> list[Section]:
        """Say which of the two suits."""
        if not self._harbors:
            return [Section(_("No side of this plan is a Harbor"), [_("so this machine copies it.")])]
        lines = [_("This machine: when it reaches both well, or the plan is more than globs.")]
        lines.append(_("The Harbor (space): when its own line to the other side is the better one."))
        return [Section(_("Which one suits?"), lines)]
