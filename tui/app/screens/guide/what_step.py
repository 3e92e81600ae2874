"""The step that chooses what is copied: everything, what a filter leaves, or names that are typed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.basket import EVERY_TAG
from tui.app.i18n import N_, _, ngettext
from tui.app.screens.browse.loader import Loader, Trouble, plain
from tui.app.screens.browse.pattern import chosen_of, pattern_dialog, selection_of
from tui.app.screens.browse.shelf import Shelf
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.form_dialog import Field, FormDialog, Values, Verdict
from tui.app.screens.guide.step import Step
from tui.app.screens.work import begin
from tui.app.warm_up import warm_up
from tui.app.widgets.cell import Cell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import Key, Row
from tui.app.widgets.table_pane import TablePane
from tui.oci.reference import is_repository
from tui.plan.model import TagSelection

_COLUMNS = (Column(key="path", title=N_("Repository"), width=30, weight=1, cell=Cell(cut="middle")),)


class WhatStep(Step):
    """The repositories of the source, as far as it lists them."""

    TITLE = N_("what")
    SENTENCE = N_(
        "Mark what is to be copied: space marks one, a all that are shown, / filters, + takes names or globs."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus", "names", N_("Names or globs"), key_display="+"),
        Binding("p", "pattern", N_("Which tags")),
        Binding("ctrl+r", "read", N_("Read again"), show=False),
    ]

    _failed = False

    def content(self) -> ComposeResult:
        """Yield the list of repositories."""
        source = ComputedSource(self.shelf.repositories, _row)
        table = LineTable(_COLUMNS, source, marks=True, empty=N_("No repositories so far"), id="repositories")
        yield TablePane(table, _("Repositories"))

    def on_mount(self) -> None:
        """Read the list, unless it is known."""
        table = self.query_one(LineTable)
        table.focus()
        self._tell()
        if not self.shelf.complete:
            self.action_read()
        elif self.journey.marked:
            table.set_marks(self.journey.marked)

    @property
    def shelf(self) -> Shelf:
        """What is known of the source."""
        assert self.journey.shelf is not None
        return self.journey.shelf

    def problem(self) -> str:
        """Something has to be marked."""
        return "" if self.query_one(LineTable).marked_keys else _("Mark something first: a marks all that are shown")

    def keep(self) -> None:
        """Put what is marked into the basket."""
        self.journey.marked = {str(key) for key in self.query_one(LineTable).marked_keys}
        self.journey.fill_basket()

    def action_read(self) -> None:
        """Read the list of repositories."""
        begin(self, self._read, "repositories")

    def action_names(self) -> None:
        """Mark what names or globs say; names the list does not have are added to it."""
        title = _("Repositories of {endpoint}").format(endpoint=self.shelf.endpoint.name)
        about = _("Names or globs, separated by spaces: team-a/* takes a project, * everything that is listed.")
        fields = [Field("names", _("Take"), hint="library/* team/app")]
        self.app.push_screen(FormDialog(title, fields, self._judge, about=about), self._named)

    def action_pattern(self) -> None:
        """Choose which tags of what is marked are taken."""
        marked = [str(key) for key in self.query_one(LineTable).marks] or self.shelf.repositories
        dialog = pattern_dialog(marked, lambda: self.shelf.listed, self.journey.selection)

        def patterned(values: dict[str, str] | None) -> None:
            if values is not None:
                self.journey.selection = selection_of(values)
                chosen = chosen_of(values, marked)
                if len(chosen) < len(marked):
                    self.query_one(LineTable).set_marks(chosen)
                self._tell()

        self.app.push_screen(dialog, patterned)

    @on(LineTable.MarksChanged)
    @on(LineTable.Arranged)
    def _tell(self) -> None:
        marked = len(self.query_one(LineTable).marked_keys)
        repositories = ngettext("{count} repository", "{count} repositories", marked).format(count=f"{marked:,}")
        tags = _("all tags") if self.journey.selection == EVERY_TAG else _tag_words(self.journey.selection)
        self.status(_("Selected: {repositories}, {tags}").format(repositories=repositories, tags=tags))

    async def _read(self) -> None:
        await warm_up()
        from tui.providers.catalog import CatalogUnavailable

        table = self.query_one(LineTable)
        if self._failed:
            # An open connection remembers for a while that the registry was not there, or the login refused.
            await self.session.forget(self.shelf.endpoint)
        loader = Loader(self.session, self.shelf)
        problem, unlisted = "", False
        self.status(_("Reading the list of repositories…"))
        try:
            await loader.repositories(lambda _new: self._found())
        except CatalogUnavailable as error:
            problem, unlisted = plain(error), True
        except Trouble as error:
            problem = plain(error)
        self.shelf.complete = not problem or unlisted
        self._failed = not self.shelf.complete
        self._found()
        marked = self.journey.marked & set(self.shelf.repositories)
        if marked:
            table.set_marks(marked)
        if problem and not unlisted:
            self.status(_("{problem} (ctrl+r tries again, escape goes back)").format(problem=problem), "error")
        elif unlisted and not self.shelf.count:
            self.post_message(self.Said(problem, "warning"))
            self.action_names()
        elif self.shelf.count:
            self._tell()
        else:
            self.status(_("This registry has no repositories yet, or none this account may see."), "warning")

    def _found(self) -> None:
        table = self.query_one(LineTable)
        source = table.source
        assert isinstance(source, ComputedSource)
        if new := source.add(self.shelf.repositories):
            table.update_rows(new)

    def _judge(self, values: Values) -> Verdict:
        patterns = _patterns(values)
        wrong = [each for each in patterns if not _is_glob(each) and not is_repository(each)]
        if wrong:
            return Verdict(
                error=_("{name} is not a repository path: lower case, parts joined by /").format(name=wrong[0])
            )
        taken = self._taken(patterns)
        empty = [each for each in patterns if _is_glob(each) and not self._taken([each])]
        if empty:
            return Verdict(error=_("{glob} matches nothing that is listed").format(glob=empty[0]))
        count = ngettext("{count} repository", "{count} repositories", len(taken)).format(count=f"{len(taken):,}")
        return Verdict(lines=(count, *taken[:6]) if patterns else ())

    def _taken(self, patterns: list[str]) -> list[str]:
        listed = self.shelf.repositories
        found = {path: None for each in patterns if _is_glob(each) for path in listed if fnmatchcase(path, each)}
        return [*found, *(each for each in patterns if not _is_glob(each) and each not in found)]

    def _named(self, values: dict[str, str] | None) -> None:
        if values is None:
            return
        taken = self._taken(_patterns(values))
        self.shelf.add(taken)
        self._found()
        table = self.query_one(LineTable)
        # New rows are taken in with the next paint; marks go by key and may come first.
        table.set_marks({*table.marked_keys, *taken})


def _row(key: Key) -> Row:
    return (key,)


def _patterns(values: Values) -> list[str]:
    return list(dict.fromkeys(each.strip("/") for each in values["names"].replace(",", " ").split()))


def _is_glob(text: str) -> bool:
    return any(character in text for character in "*?[")


def _tag_words(selection: TagSelection) -> str:
    without = ", ".join(selection.exclude_labels)
    parts = [
        " ".join(selection.include),
        _("without {globs}").format(globs=" ".join(selection.exclude)) if selection.exclude else "",
        f"/{selection.regex}/" if selection.regex else "",
        selection.semver,
        _("without {globs}").format(globs=f"/{selection.exclude_regex}/") if selection.exclude_regex else "",
        _("labelled {labels}").format(labels=", ".join(selection.labels)) if selection.labels else "",
        _("not labelled {labels}").format(labels=without) if without else "",
        _("newer than {age}").format(age=selection.newer_than) if selection.newer_than else "",
        _("the newest {count}").format(count=selection.newest) if selection.newest else "",
    ]
    return _("tags: {selection}").format(selection=", ".join(part for part in parts if part))
