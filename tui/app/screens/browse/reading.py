"""Reading in the lists: what runs beside the screen, and is cancelled when one moves on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import on

from tui.app.i18n import _, said
from tui.app.screens.browse import tables
from tui.app.screens.browse.details import fields_of, raw_text, sections_of
from tui.app.screens.browse.loader import MOST_FOR_ORDER, Loader, Trouble, plain
from tui.app.screens.browse.panes import BrowseTable
from tui.app.screens.browse.remembered import remember_source
from tui.app.screens.browse.selecting import Selecting
from tui.app.screens.browse.shelf import EVERYTHING, Shelf
from tui.app.screens.work import start
from tui.app.widgets.detail_pane import DetailPane
from tui.app.widgets.line_table import LineTable
from tui.oci.errors import LocalError

if TYPE_CHECKING:
    from tui.providers.content import ManifestNode, Referrer

_REST = 0.15
"""Seconds the cursor rests on a tag before its details are read."""
_LONG_PAGE = 200
READERS = ("repositories", "tags", "visible", "order", "details", "listing", "survey")
"""The groups of workers that read a registry."""


class Reading(Selecting):
    """What Browse knows of reading a registry."""

    def __init__(self) -> None:
        super().__init__()
        self.loader: Loader | None = None
        self.copyable = ""
        """What `y` copies while the details are shown: the raw JSON."""

    def stop_reading(self, *groups: str) -> None:
        """Cancel what reads; all of it when no group is named."""
        for group in groups or READERS:
            self.workers.cancel_group(self, group)

    def retitle(self, what: str = "") -> None:
        """Say where one is, and `what` is being done there."""

    def show_trouble(self, words: str) -> None:
        """Say in the place of the list why it cannot be read."""

    def names_wanted(self) -> None:
        """Ask for names of repositories."""

    async def read_repositories(self, shelf: Shelf, loader: Loader) -> None:
        """Read the list of repositories, or say why there is none."""
        from tui.providers.catalog import CatalogUnavailable

        self.retitle()
        said, style = "", ""
        try:
            await asyncio.to_thread(remember_source, self.session.state, shelf.endpoint.id)
            await loader.repositories(self._repositories_found)
            if not shelf.count:
                said = _("This registry has no repositories yet, or none this account may see.")
        except CatalogUnavailable as error:
            said, style = plain(error), "warning"
        except (*Trouble, LocalError) as error:
            said, style = plain(error), "error"
        shelf.complete = True
        if style == "error" and not shelf.count and self.level == "projects":
            self.show_trouble(said)
        elif said:
            self.say(said, style)
        else:
            self.whisper()
        self.retitle()
        if style == "warning" and not shelf.count:
            self.names_wanted()

    def _repositories_found(self, new: list[str]) -> None:
        assert self.shelf is not None
        if not new:
            return
        self.source("projects").add([EVERYTHING, *self.shelf.projects])
        projects = {EVERYTHING, *(_project(path) for path in new)}
        self.tables["projects"].update_rows(projects)
        here = [path for path in new if self.project in (EVERYTHING, _project(path))]
        self.source("repositories").add(here)
        self.tables["repositories"].update_rows(here)

    async def read_tags(self, shelf: Shelf, loader: Loader, path: str) -> None:
        """Read the tags of the open repository."""
        source, table = self.source("tags"), self.tables["tags"]

        def found(page: list[str]) -> None:
            new = source.add(page)
            if len(new) < _LONG_PAGE:
                table.update_rows(new)
            else:
                table.set_source(source)  # which puts them in their order in steps

        self.retitle(_("reading"))
        try:
            await loader.tags(path, found)
        except Trouble as error:
            if self.level == "tags" and not source.count():
                self.show_trouble(plain(error))
            else:
                self.say(plain(error), "error")
        else:
            self.whisper("" if shelf.listed[path] else _("This repository has no tags."))
            self.tags_listed(path)
        self.retitle()

    @on(LineTable.VisibleRowsChanged, "#tags-table")
    def _tags_on_screen(self, event: LineTable.VisibleRowsChanged) -> None:
        if self.loader is not None and event.keys:
            keys = [str(key) for key in event.keys]
            start(self, "visible", True, self._describe, self.loader, self.path, keys)

    async def _describe(self, loader: Loader, path: str, tags: list[str]) -> None:
        def found(tag: str) -> None:
            self.tables["tags"].update_rows([tag])
            if tag == self.tables["tags"].cursor_key:
                self.tell_note(tag)

        try:
            await loader.describe(path, tags, found)
        except Trouble as error:
            self.say(plain(error), "error")

    @on(BrowseTable.Sorted, "#tags-table")
    def _sorted(self, event: BrowseTable.Sorted) -> None:
        """Read what the order needs: the rows on screen alone would not do."""
        self.stop_reading("order")
        if event.column in tables.LAZY and self.shelf is not None and self.loader is not None:
            start(self, "order", True, self._read_for_order, self.shelf, self.loader, self.path)

    async def _read_for_order(self, shelf: Shelf, loader: Loader, path: str) -> None:
        tags = [str(tag) for tag in self.source("tags").keys if (path, tag) not in shelf.infos]
        if len(tags) > MOST_FOR_ORDER:
            count = f"{len(tags):,}"
            said = _("{count} tags are too many to read for an order; rows not read come last").format(count=count)
            self.say(said, "warning")
            return
        done = 0

        def found(tag: str) -> None:
            nonlocal done
            done += 1
            self.tables["tags"].update_rows([tag])
            if not done % 10:
                self.retitle(_("{done} of {total} read").format(done=done, total=len(tags)))

        try:
            await loader.describe(path, tags, found)
        except Trouble as error:
            self.say(plain(error), "error")
        self.retitle()

    def tell_note(self, tag: str) -> None:
        """Say in full why something is missing in the row of a tag."""
        if self.shelf is not None:
            info = self.shelf.infos.get((self.path, tag))
            note = self.shelf.failures.get((self.path, tag), "") if info is None else said(info.problem)
            self.whisper(note, "warning")

    def read_details(self, tag: str) -> None:
        """Show a tag of the open repository in full."""
        if self.loader is not None:
            start(self, "details", True, self._read_details, self.loader, self.path, tag)

    async def _read_details(self, loader: Loader, path: str, tag: str) -> None:
        pane = self.query_one(DetailPane)
        await asyncio.sleep(_REST)
        title = f"{path}:{tag}"
        self.copyable = ""
        pane.show(title, [(_("Reading"), "…")])

        def found(node: ManifestNode, attached: list[Referrer] | None) -> None:
            self.copyable = raw_text(node)
            pane.show(title, fields_of(node), sections_of(node, attached))

        try:
            await loader.tree(path, tag, found)
        except Trouble as error:
            if not self.copyable:
                pane.show(title, [(_("Not readable"), plain(error))])
            self.say(plain(error), "error")


def _project(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""
