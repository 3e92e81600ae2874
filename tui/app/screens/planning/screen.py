"""The place 'plan': where the selection goes, with the names it gets there, and what will happen."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Input

from tui.app.i18n import N_, _, said
from tui.app.screens.browse.loader import Loader
from tui.app.screens.browse.shelf import Shelf
from tui.app.screens.browse.survey import survey
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.funnel_words import rule_sections
from tui.app.screens.planning.drafting import Trouble, plain
from tui.app.screens.planning.engine_dialog import EngineDialog
from tui.app.screens.planning.filing import Filing
from tui.app.screens.planning.head import FreeLine, PlanHead
from tui.app.screens.planning.options import options_dialog, take_options
from tui.app.screens.planning.preview import Place as Spot
from tui.app.screens.planning.target_dialog import TargetDialog
from tui.app.screens.planning.task_fields import task_fields
from tui.app.screens.text_dialog import TextDialog
from tui.app.screens.work import start
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.model import Endpoint
from tui.oci.reference import InvalidReference, Reference

_SURVEY_PAUSE = 0.3
"""Seconds between two looks at what was found out about the selection."""
_ABOUT_TASKS = frozenset(
    {"target", "naming", "options", "engine", "check", "run", "edit", "selection", "preflight", "save"}
    | {"again", "deletions", "export", "copy"}
)
"""What cannot be done while there is nothing to plan."""


class PlanScreen(Filing):
    """The place 'plan'."""

    MODE: ClassVar[str] = "plan"
    BINDING_GROUP_TITLE = N_("Plan")
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "target", N_("Target")),
        Binding("n", "naming", N_("Names")),
        Binding("o", "options", N_("Options")),
        Binding("E", "engine", N_("Engine"), show=False),
        Binding("c", "check", N_("Check")),
        Binding("r", "run", N_("Run")),
        Binding("e", "edit", N_("Edit target")),
        Binding("v", "selection", N_("Selection, step by step"), show=False),
        Binding("p", "preflight", N_("Try the target"), show=False),
        Binding("w", "save", N_("Save as a plan file"), show=False),
        Binding("l", "load", N_("Open or import a file"), show=False),
        Binding("A", "again", N_("Repeat this"), show=False),
        Binding("M", "deletions", N_("Deletions at the target"), show=False),
        Binding("x", "export", N_("Export for another tool"), show=False),
        Binding("u", "close_file", N_("Back to what is selected"), show=False),
        Binding("y", "copy", N_("Copy"), show=False),
        Binding("escape", "leave_naming", N_("Back"), show=False),
    ]
    DEFAULT_CSS = """
    PlanScreen #tasks { height: 1fr; }
    PlanScreen #nothing { display: none; height: 1fr; }
    PlanScreen #funnel { display: none; }
    PlanScreen.-narrowed #funnel { display: block; }
    PlanScreen.-nothing #nothing { display: block; }
    PlanScreen.-nothing PlanHead, PlanScreen.-nothing #tasks, PlanScreen.-nothing FreeLine { display: none; }
    """

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done with what there is."""
        if action in _ABOUT_TASKS and self.has_class("-nothing"):
            return False
        if action == "close_file":
            return self.draft.opened is not None
        return True

    def content(self) -> ComposeResult:
        """Yield head, tasks and sums."""
        yield PlanHead()
        yield TablePane(self.table, id="tasks")
        yield FreeLine(id="row")
        yield FreeLine(id="funnel")
        yield FreeLine(id="sums")
        yield FreeLine(id="bytes")
        choices = (("3", _("browse a registry and mark what to copy")), ("l", _("open a plan, or import a file")))
        yield EmptyState(_("Nothing to plan yet"), "", choices, id="nothing")

    def on_screen_resume(self) -> None:
        """Take in what was selected meanwhile."""
        self.choose_default_target()
        self.show_draft()
        if self.has_class("-nothing"):
            self.set_focus(None)
        elif self.focused is None:
            self.table.focus()
        if self.draft.opened is None and (self.basket.unlisted() or self.basket.unmeasured()):
            start(self, "survey", True, self._survey)

    def on_screen_suspend(self) -> None:
        """Find out nothing more about the selection while nobody looks; a check goes on."""
        self.workers.cancel_group(self, "survey")

    async def _survey(self) -> None:
        """Find the tags of whole repositories, so that the preview shows all there is."""
        source = self.basket.source
        if source is None:
            return
        due: list[Timer] = []

        def show() -> None:
            due.clear()
            self._surveyed(source)

        def changed() -> None:
            if not due:
                due.append(self.set_timer(_SURVEY_PAUSE, show))

        try:
            browser = await Loader(self.session, Shelf(source)).browser()
            await survey(self.basket, browser, changed, lambda why: self.say(why, "warning"))
        except Trouble as error:
            self.say(plain(error), "error")

    def _surveyed(self, source: Endpoint) -> None:
        """Show what was found out about the selection."""
        if self.basket.source is not source or self.draft.opened is not None:
            return
        if self.preview is None or self.forecast is not None or any(not place.tag for place in self.preview.places):
            self.show_draft()
        else:
            self.query_one(PlanHead).show(self.draft, self.basket)
            self.table.update_rows(self.table.visible_keys())

    def choose_default_target(self) -> None:
        """Take the only endpoint besides the source; forget one that is gone, and take in one that changed."""
        endpoints = {each.id: each for each in self.endpoints()}
        target, source = self.draft.target, self.basket.source
        if target is not None:
            self.draft.target = endpoints.get(target.id)
        elif self.draft.opened is None:
            others = [each for each in endpoints.values() if source is not None and each.id != source.id]
            self.draft.target = others[0] if len(others) == 1 else None

    @on(LineTable.RowHighlighted)
    def _highlighted(self, event: LineTable.RowHighlighted) -> None:
        event.stop()
        self.show_row()

    @on(LineTable.RowOpened)
    def _opened(self, event: LineTable.RowOpened) -> None:
        event.stop()
        if self.forecast is None:
            self.action_check()
        elif isinstance(event.key, int) and (task := self.forecast.tasks.get(event.key)) is not None:
            self.app.push_screen(TextDialog(_("Task"), task_fields(task)))

    def action_selection(self) -> None:
        """Show what each step of the selection left, rule by rule."""
        if self.forecast is None or not self.forecast.funnels:
            self.say(_("Check the plan first (c): it lists the tags, and counts what each step leaves."), "warning")
            return
        self.app.push_screen(TextDialog(_("Selection, step by step"), (), rule_sections(self.forecast.funnels)))

    def action_target(self) -> None:
        """Choose the target."""
        if self.draft.opened is not None:
            self.say(_("The targets are those of the file; e edits one of them."), "warning")
            return

        def answered(chosen: str | None) -> None:
            found = next((each for each in self.endpoints() if each.id == chosen), None)
            if found is not None:
                self.draft.target = found
                self.draft.overrides.clear()
                self.show_draft()

        self.app.push_screen(TargetDialog(self.endpoints(), self.draft.target), answered)

    def action_naming(self) -> None:
        """Type the names at the target."""
        naming = self.query_one("#naming", Input)
        if naming.disabled:
            self.say(_("The names are those of the file; e edits one of them."), "warning")
            return
        naming.focus()
        naming.cursor_position = len(naming.value)
        self.say(_("fields: {fields}").format(fields="{path} {project} {name} {tag} {registry}"))

    def action_leave_naming(self) -> None:
        """Go back to the rows, or from an empty plan to the first place."""
        if self.has_class("-nothing"):
            self.app.action_go("home")
            return
        if isinstance(self.focused, Input):
            self.say("")
        self.table.focus()

    def action_options(self) -> None:
        """Change the options."""

        def answered(values: dict[str, str] | None) -> None:
            if values is not None:
                take_options(self.draft, values)
                self.show_draft()

        self.app.push_screen(options_dialog(self.draft), answered)

    def action_engine(self) -> None:
        """Choose who moves the bytes: this machine, or the Harbor at one side."""
        if wrong := self._not_ready():
            self.say(wrong, "warning")
            return
        plan = self.draft.plan(self.basket)
        sides = [each for each in self.sides(plan) if each is not None]
        harbors = [each for each in sides if each.kind == "harbor"]
        if not harbors:
            self.say(_("No side of this plan is a Harbor, so this machine moves the bytes."), "warning")
            return
        other = next((each.name for each in reversed(sides) if each is not harbors[0]), "")

        def answered(changed: bool | None) -> None:
            if changed:
                self.show_draft()

        self.app.push_screen(EngineDialog(self.session, self.draft, plan, harbors, other), answered)

    def action_edit(self) -> None:
        """Give the reference under the cursor a target of its own."""
        path, tag, target = self._under_cursor()
        if not tag:
            self.say(_("Go to a row with a tag; tags the check finds can be edited after it."), "warning")
            return

        def judge(values: Values) -> Verdict:
            if not values["target"]:
                return Verdict(lines=(_("empty: as the names say"),))
            try:
                reference = Reference.parse(values["target"])
            except InvalidReference as error:
                return Verdict(error=said(str(error)))
            wrong = "" if reference.tag or reference.digest else _("a tag is needed at the end")
            return Verdict(error=wrong, lines=(str(reference),))

        def answered(values: dict[str, str] | None) -> None:
            if values is None:
                return
            if values["target"]:
                self.draft.overrides[path, tag] = str(Reference.parse(values["target"]))
            else:
                self.draft.overrides.pop((path, tag), None)
            self.show_draft()

        title = _("Target of {source}").format(source=f"{path}:{tag}")
        self.app.push_screen(FormDialog(title, [Field("target", _("Target"), target)], judge), answered)

    def _under_cursor(self) -> tuple[str, str, str]:
        """Return source path, tag or digest, and target of the row under the cursor."""
        key = self.table.cursor_key
        if isinstance(key, int) and self.forecast is not None:
            task = self.forecast.tasks[key]
            return task.path, task.reference, task.target
        if isinstance(key, Spot) and self.preview is not None:
            try:
                return key.path, key.tag, self.preview.target(key)
            except ValueError:
                return key.path, key.tag, ""
        return "", "", ""

    def action_copy(self) -> None:
        """Copy the target under the cursor."""
        target = self._under_cursor()[2]
        if target:
            self.app.copy_to_clipboard(target)
            self.say(_("Copied {text}").format(text=target), "success")
