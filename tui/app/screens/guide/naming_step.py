"""The step that says how things are called at the target, with every name shown before anything is asked."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui.app.i18n import N_, _, said
from tui.app.screens.browse.loader import Loader, Trouble, plain
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.guide.step import Step
from tui.app.screens.planning.preview import Preview
from tui.app.screens.planning.tables import COLUMNS
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.table_pane import TablePane
from tui.plan.naming import TemplateError, check_template

_SOON = 0.15
_LISTED_AT_ONCE = 200
"""Repositories whose tags are listed for the preview; of the others the check finds them."""
_WAYS = (
    ("{path}", N_("the same")),
    ("below", N_("below a project")),
    ("flat", N_("flat in a project")),
    ("own", N_("a template")),
)
"""How names are made: the same path, PROJECT/{path}, PROJECT/{name}, or as typed."""


class NamingStep(Step):
    """The template, and what it makes of everything that is selected."""

    TITLE = N_("naming")
    SENTENCE = N_("How are they called there? Fields of a template: {path} {project} {name} {tag} {registry}.")
    DEFAULT_CSS = """
    NamingStep Horizontal { height: 1; padding: 0 1; }
    NamingStep .label { width: auto; color: $text-muted; margin-right: 2; }
    NamingStep Input { width: 1fr; }
    NamingStep TablePane { margin-top: 1; }
    """
    LEFT_OVER: ClassVar[tuple[str, ...]] = ("action", "bytes")

    def content(self) -> ComposeResult:
        """Yield the ways to name things, the template, and the preview."""
        way, text = _read(self.session.draft.names)
        with Horizontal():
            yield Static(_("Names"), classes="label", markup=False)
            yield ChoiceLine([(value, _(words)) for value, words in _WAYS], way, id="way")
        with Horizontal(id="typed"):
            yield Static(_("Project"), classes="label", id="what", markup=False)
            yield Input(text, id="template", compact=True, select_on_focus=False)
        columns = [column for column in COLUMNS if column.key not in self.LEFT_OVER]
        yield TablePane(LineTable(columns, id="preview"), _("Source and target"))

    def on_mount(self) -> None:
        """Show the names, and list the tags they are made of."""
        self.query_one(ChoiceLine).focus()
        self._way_changed()
        begin(self, self._list_tags, "tags")

    @property
    def names(self) -> str:
        """The template of repository and tag, as it stands."""
        way, text = self.query_one(ChoiceLine).value, self.query_one(Input).value.strip()
        if way == "own":
            return text
        project = text.strip("/")
        return {"below": f"{project}/{{path}}", "flat": f"{project}/{{name}}"}.get(way, "{path}")

    def problem(self) -> str:
        """The template has to make a reference, and no two sources the same one."""
        if not self.names.strip("/") or self.names.startswith("/"):
            return _("Type a name first")
        target = self.journey.target
        assert target is not None
        try:
            check_template(f"{target.address}/{self.names}")
        except TemplateError as error:
            return said(str(error))
        return self._wrong

    def keep(self) -> None:
        """Take the template."""
        self.session.draft.names = self.names

    _wrong = ""

    @on(ChoiceLine.Changed)
    def _way_changed(self) -> None:
        way = self.query_one(ChoiceLine).value
        self.query_one("#typed").display = way != "{path}"
        self.query_one("#what", Static).update(_("Template") if way == "own" else _("Project"))
        if way == "own" and not self.query_one(Input).value:
            self.query_one(Input).value = "{path}"
        self._soon()

    @on(Input.Changed, "#template")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._soon()

    def _soon(self) -> None:
        begin(self, self._look, "look")

    async def _look(self) -> None:
        await asyncio.sleep(_SOON)
        self.session.draft.names = self.names
        preview = Preview(self.session.draft, self.session.basket)
        table = self.query_one("#preview", LineTable)

        def row(key: object) -> tuple[object, ...]:
            values = preview.row(key)
            return (values[0], values[1], values[4])

        table.set_source(ComputedSource(preview.places, row))
        names = await asyncio.to_thread(preview.names)
        self._wrong = ""
        if names.impossible:
            self._wrong = names.reason
        elif names.clashes:
            self._wrong = _("{count} tags would be written twice, for example {target}").format(
                count=names.clashes, target=names.clash
            )
        unlisted = len(self.session.basket.unlisted())
        count = f"{len(preview.places):,}"
        note = _("{count} names, those of some tags are found by the check") if unlisted else _("{count} names")
        self.status(self._wrong or note.format(count=count), "error" if self._wrong else "")

    async def _list_tags(self) -> None:
        await warm_up()
        shelf, basket = self.journey.shelf, self.session.basket
        assert shelf is not None
        wanted = [path for path in basket.unlisted() if path not in shelf.listed][:_LISTED_AT_ONCE]
        try:
            await Loader(self.session, shelf).listing(wanted, lambda path: None)
        except Trouble as error:
            self.post_message(self.Said(plain(error), "warning"))
        basket.listed.update(shelf.listed)
        self._soon()


def _read(names: str) -> tuple[str, str]:
    """Return the way and the text of a template as it was kept."""
    for ending, way in (("/{path}", "below"), ("/{name}", "flat")):
        project = names.removesuffix(ending)
        if project != names and "{" not in project:
            return way, project
    return ("{path}", "") if names == "{path}" else ("own", names)
