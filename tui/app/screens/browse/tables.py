"""The columns of the four lists, and how a selection is said in words."""

from __future__ import annotations

from typing import Any

from tui.app.basket import EVERY_TAG, Basket
from tui.app.i18n import N_, _, ngettext, said
from tui.app.screens.browse.shelf import EVERYTHING, Shelf
from tui.app.widgets.cell import BytesCell, Cell, DigestCell, NumberCell, Part, TimeCell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import Align, clean, fit, width
from tui.app.widgets.row_source import Row
from tui.plan.versions import parse_version

LAZY = frozenset({"created", "size", "platforms", "digest", "signed"})
"""Columns of a tag that are read for the rows on screen only."""


class TagCell(Cell):
    """A tag; versions are ordered as such, what is no version comes before them."""

    def sort_key(self, value: Any) -> Any:
        """Return the precedence of the version (Semantic Versioning 2.0.0, section 11)."""
        version = parse_version(value)
        if version is None:
            return (0, value)
        if not version.prerelease:
            return (1, version.numbers, (1,), value)
        # Made here, because a library's version objects take a second for ten thousand tags.
        identifiers = [(0, int(each), "") if each.isdigit() else (1, 0, each) for each in version.prerelease.split(".")]
        return (1, version.numbers, (0, *identifiers), value)


class PlatformsCell(Cell):
    """Platforms, without `linux/` where that makes them fit, else their number."""

    def text(self, value: Any) -> str:
        """Return all of them."""
        return ", ".join(clean(each) for each in value or ())

    def search_text(self, value: Any) -> str:
        """Return all of them."""
        return " ".join(value or ())

    def parts(self, value: Any, cells: int, align: Align) -> tuple[Part, ...]:
        """Return the longest way to say it that fits."""
        full = self.text(value)
        short = full.replace("linux/", "")
        number = ngettext("{count} platform", "{count} platforms", len(value or ())).format(count=len(value or ()))
        ways = (full, short, number) if len(value or ()) > 1 else (full, short)
        shown = next((way for way in ways if width(way) <= cells), ways[-1])
        return ((fit(shown, cells, align), self.style),)

    def sort_key(self, value: Any) -> Any:
        """Return the platforms."""
        return tuple(value or ())


class SignedCell(Cell):
    """Whether a signature is attached: yes, no, or not known."""

    def text(self, value: Any) -> str:
        """Return a word; None is not read yet, '?' could not be found out."""
        return {True: _("yes"), False: _("no"), "?": "?"}.get(value, "")

    def sort_key(self, value: Any) -> int:
        """Return signed ones last."""
        return {True: 3, False: 2, "?": 1}.get(value, 0)


SOURCES = (
    Column(key="name", title=N_("Endpoint"), width=16, weight=1, max_width=40),
    Column(key="address", title=N_("Address"), width=24, weight=2, cell=Cell(cut="middle")),
    Column(key="kind", title=N_("Kind"), width=10, priority=1),
    Column(key="account", title=N_("Account"), width=14, weight=1, priority=2),
)
PROJECTS = (
    Column(key="project", title=N_("Project"), width=16, weight=1),
    Column(key="count", title=N_("Repositories"), width=12, cell=NumberCell(), priority=2),
    Column(key="selected", title=N_("Selected"), width=12, cell=Cell("accent"), priority=1),
)
REPOSITORIES = (
    Column(key="path", title=N_("Repository"), width=20, weight=1, cell=Cell(cut="start")),
    Column(key="tags", title=N_("Tags"), width=6, cell=NumberCell(), priority=2),
    Column(key="selected", title=N_("Selected"), width=12, cell=Cell("accent"), priority=1),
)
TAGS = (
    Column(key="tag", title=N_("Tag"), width=12, weight=3, cell=TagCell(cut="middle"), max_width=48),
    Column(key="created", title=N_("Created"), width=10, cell=TimeCell("muted"), weight=1, max_width=16, priority=2),
    Column(key="size", title=N_("Size"), width=8, cell=BytesCell()),
    Column(key="platforms", title=N_("Platforms"), width=15, weight=2, cell=PlatformsCell(), max_width=40, priority=1),
    Column(key="digest", title=N_("Digest"), width=12, cell=DigestCell("muted"), weight=1, max_width=19, priority=3),
    Column(key="signed", title=N_("Signed"), width=6, cell=SignedCell(), priority=2),
    Column(key="note", title=N_("Note"), width=6, weight=1, cell=Cell("warning"), priority=1, sortable=False),
)


def project_row(shelf: Shelf, basket: Basket, project: str) -> Row:
    """Return the row of a project."""
    name = {EVERYTHING: _("(all repositories)"), "": _("(no project)")}.get(project, project)
    paths = shelf.within(project)
    some = shelf.selected(basket, project)
    words = ""
    if some:
        whole = shelf.whole(basket, project)
        words = _("all") if whole else _("{some} of {all}").format(some=some, all=len(paths))
    return (name, len(paths), words)


def repository_row(shelf: Shelf, basket: Basket, path: str) -> Row:
    """Return the row of a repository."""
    listed = shelf.listed.get(path)
    return (path, None if listed is None else len(listed), words(basket, path) if shelf.holds(basket) else "")


def tag_row(shelf: Shelf, path: str, tag: str) -> Row:
    """Return the row of a tag; blank where nothing was read yet."""
    info = shelf.infos.get((path, tag))
    if info is None:
        return (tag, None, None, None, None, None, shelf.failures.get((path, tag), ""))
    signed = "?" if info.signed is None else info.signed
    kind = _(info.kind) if info.kind not in ("image", "index") else ""
    note = said(info.problem) or " ".join(part for part in (kind, *(clean(label) for label in info.labels)) if part)
    return (tag, info.created or info.pushed, info.size, info.platforms, info.digest, signed, note)


def words(basket: Basket, path: str) -> str:
    """Return what is selected of a repository, '' for nothing."""
    if path in basket.tags:
        count = len(basket.tags[path])
        return ngettext("{count} tag", "{count} tags", count).format(count=count)
    if path not in basket.repositories:
        return ""
    chosen = basket.chosen(path)
    if basket.repositories[path] == EVERY_TAG:
        return _("all tags")
    return _("by pattern") if chosen is None else _("{count} by pattern").format(count=len(chosen))


KINDS = (N_("chart"), N_("signature"), N_("attestation"), N_("sbom"), N_("plugin"), N_("artifact"))
"""What is neither image nor index, for the catalogs."""
