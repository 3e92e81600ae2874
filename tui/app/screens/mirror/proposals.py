"""What left the source and is still at the target: looked up, shown and marked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, ngettext, said, sentence, whole
from tui.app.screens.place import Place
from tui.app.screens.planning.head import FreeLine
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import start
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.oci.errors import RegistryError
from tui.plan.errors import PlanFileError, RuleError
from tui.plan.model import Plan

if TYPE_CHECKING:
    from tui.endpoints.model import Endpoint
    from tui.endpoints.resolve import AccessResolver
    from tui.engine.mirror.apply import Outcome
    from tui.engine.mirror.propose import Proposal
    from tui.plan.mirror.review import Deletion, Review


TROUBLE = (RegistryError, EndpointsError, PlanFileError, RuleError)
"""What goes wrong at registries and with logins, in words for the user."""


class Proposals(Place):
    """Proposals for one plan. Nothing is marked at first."""

    MODE: ClassVar[str] = "plan"
    BINDING_GROUP_TITLE = N_("Deletions at the target")
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "look", N_("Look again"), show=False),
        Binding("n", "notes", N_("Notes"), show=False),
        Binding("y", "copy", N_("Copy"), show=False),
        Binding("escape,backspace", "back", N_("Back"), show=False),
    ]
    DEFAULT_CSS = """
    Proposals #proposals { height: 1fr; }
    Proposals #none { display: none; height: 1fr; }
    Proposals.-none #none { display: block; }
    Proposals.-none #proposals, Proposals.-none #row { display: none; }
    """

    def __init__(self, plan: Plan, source: Endpoint | None, target: Endpoint | None, mode: str = "plan") -> None:
        self.MODE = mode  # type: ignore[misc]
        super().__init__()
        self.plan = plan
        self._sides = (source, target)
        self.proposal: Proposal | None = None
        self.outcomes: dict[str, Outcome] = {}
        self.busy = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with proposals where there are some."""
        return action not in ("delete", "save", "copy") or not self.has_class("-none")

    def content(self) -> ComposeResult:
        """Yield the proposals, the one under the cursor in full, and the sums."""
        from tui.app.screens.mirror.rows import COLUMNS

        self.table = LineTable(COLUMNS, ListSource(), marks=True, id="proposals-table", empty="")
        yield TablePane(self.table, _("Proposals"), id="proposals")
        yield EmptyState("", id="none")
        yield FreeLine(id="row")
        yield FreeLine(id="sums")

    def on_mount(self) -> None:
        """Begin to look."""
        self.crumbs(self.plan.name, _("deletions"))
        self.action_look()

    # Looking

    def action_look(self) -> None:
        """Look at both sides."""
        if self.busy:
            self.say(_("Wait until it is done."), "warning")
            return
        self.busy, self.proposal, self.outcomes = True, None, {}
        self._show(_("Looking at both sides"), _("Nothing is deleted by that."))
        start(self, "mirror", True, self._look)

    async def _look(self) -> None:
        from tui.engine.mirror.look import MirrorRefused
        from tui.engine.mirror.propose import propose

        try:
            proposal = await propose(self.plan, *self._resolvers())
        except MirrorRefused as error:
            self.busy = False
            self._show(_("Nothing is proposed"), f"{sentence(said(error.message))}\n{sentence(said(error.hint))}")
        except TROUBLE as error:
            self.busy = False
            self._show(_("It cannot be found out"), sentence(whole(error)))
        else:
            self.busy, self.proposal = False, proposal
            self._proposed(proposal)
        finally:
            self.busy = False

    def _proposed(self, proposal: Proposal) -> None:
        review = proposal.review
        self._show_rows()
        if not review.deletions:
            self._show(_("Nothing left the source"), self._looked_at(review))
            return
        self.remove_class("-none")
        self.refresh_bindings()
        self.table.focus()
        self.say(_("Nothing is marked yet: space marks a tag, a all of them, X deletes what is marked."))

    def _looked_at(self, review: Review) -> str:
        tags = ngettext(
            "{count} tag at the target was looked at.", "{count} tags at the target were looked at.", review.tags
        )
        lines = [tags.format(count=f"{review.tags:,}")]
        if review.kept:
            lines.append(_("{count} protected; n shows them.").format(count=len(review.kept)))
        return "\n".join(lines)

    def _resolvers(self) -> tuple[AccessResolver, AccessResolver]:
        from tui.endpoints.origins import NO_OVERRIDE

        resolver = self.session.resolver
        source, target = ("" if each is None or self.session.is_demo(each) else each.name for each in self._sides)
        return resolver.overridden(NO_OVERRIDE, source), resolver.overridden(NO_OVERRIDE, target)

    # Showing

    def _show(self, title: str, words: str) -> None:
        self.add_class("-none")
        self.refresh_bindings()
        choices = () if self.busy else (("c", _("look again")), ("esc", _("back")))
        self.query_one("#none", EmptyState).show(title, words, choices)
        self._show_sums()

    def _show_rows(self) -> None:
        from tui.app.screens.mirror.rows import KEY, row

        found = self.proposal.review.deletions if self.proposal else ()
        registries = {each.target.registry for each in found}
        shared = registries.pop() if len(registries) == 1 else ""
        rows = [row(each, self.outcomes.get(str(each.target)), shared) for each in found]
        self.table.set_source(ListSource(rows, KEY))
        self.query_one("#proposals", TablePane).title = (
            _("Proposals at {registry}").format(registry=shared) if shared else _("Proposals")
        )
        self._show_row()
        self._show_sums()

    def _show_sums(self) -> None:
        line = self.query_one("#sums", FreeLine)
        if self.proposal is None:
            line.show(("", ""))
            return
        review, marked = self.proposal.review, self.marked()
        left = len(review.deletions) - len(self.outcomes)
        count = ngettext("{count} proposed", "{count} proposed", left)
        parts = [
            (count.format(count=f"{left:,}"), "accent"),
            ("  " + _("of {count} tags").format(count=f"{review.tags:,}"), ""),
            ("  " + _("{count} marked").format(count=f"{len(marked):,}"), "warning" if marked else ""),
        ]
        if refusal := replace(review, deletions=tuple(marked)).refusal():
            parts.append((f"  {said(refusal)}", "error"))
        else:
            limits = _("at most {count} and {percent} %").format(
                count=review.limits.max_count, percent=review.limits.max_percent
            )
            parts.append((f"  {limits}", "muted"))
        if review.kept:
            parts.append(("  " + _("{count} protected").format(count=len(review.kept)), "muted"))
        line.show(*parts)

    @on(LineTable.RowHighlighted)
    def _show_row(self) -> None:
        line, deletion = self.query_one("#row", FreeLine), self.under_cursor
        if deletion is None:
            line.show(("", ""))
        elif (outcome := self.outcomes.get(str(deletion.target))) is not None and outcome.message:
            line.show((f"{deletion.target}: {said(outcome.message)}", "error" if outcome.fate == "failed" else "muted"))
        else:
            line.show((f"{deletion.source} → {deletion.target}  {deletion.digest}", "muted"))

    @on(LineTable.MarksChanged)
    def _marks_changed(self) -> None:
        self._show_sums()

    @on(LineTable.RowOpened)
    def _opened(self) -> None:
        from tui.app.screens.mirror.rows import REASONS

        if (deletion := self.under_cursor) is None:
            return
        outcome = self.outcomes.get(str(deletion.target))
        fields = [
            (_("Tag"), str(deletion.target)),
            (_("Digest"), deletion.digest),
            (_("Source"), str(deletion.source)),
            (_("Why"), _(REASONS[deletion.reason])),
            (_("Shared with"), ", ".join(deletion.shares)),
            (_("Message"), said(outcome.message) if outcome else ""),
            (_("What to do"), said(outcome.hint) if outcome else ""),
        ]
        self.app.push_screen(TextDialog(_("Proposal"), [field for field in fields if field[1]]))

    @property
    def under_cursor(self) -> Deletion | None:
        """The proposal under the cursor."""
        found = self.proposal.review.deletions if self.proposal else ()
        return next((each for each in found if str(each.target) == self.table.cursor_key), None)

    def marked(self) -> list[Deletion]:
        """Return the proposals that are marked and not tried yet."""
        marks = set(self.table.marks)
        found = self.proposal.review.deletions if self.proposal else ()
        return [each for each in found if str(each.target) in marks and str(each.target) not in self.outcomes]
