"""The four lists of the place: what they are called, and the table each of them is."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _
from tui.app.screens.browse import tables
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_messages import TableMessage

Level = Literal["sources", "projects", "repositories", "tags"]
LEVELS: tuple[Level, ...] = get_args(Level)

_COLUMNS: dict[Level, tuple[Column, ...]] = {
    "sources": tables.SOURCES,
    "projects": tables.PROJECTS,
    "repositories": tables.REPOSITORIES,
    "tags": tables.TAGS,
}
_EMPTY: dict[Level, str] = {
    "sources": N_("No endpoints yet. Press 2 and add the registry to copy from."),
    "projects": N_("Nothing here yet. + adds repositories by name."),
    "repositories": N_("Nothing here yet. + adds repositories by name."),
    "tags": N_("No tags here yet."),
}
TITLES: dict[Level, str] = {
    "sources": N_("Endpoints"),
    "projects": N_("Projects"),
    "repositories": N_("Repositories"),
    "tags": N_("Tags"),
}


def title_of(level: Level) -> str:
    """Return what a list is called, in the language in use."""
    title = TITLES[level]
    return _(title)


def titled(title: str, what: str) -> str:
    """Return a title with what is being done there, '' for nothing."""
    return f"{title}, {what}" if what else title


class BrowseTable(LineTable):
    """One of the four lists; it says when another order is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", N_("Open")),
        Binding("space", "mark", N_("Mark")),
    ]

    class Sorted(TableMessage, namespace="browse_table"):
        """The rows are to be ordered by the column with this key."""

        def __init__(self, table: LineTable, column: str) -> None:
            super().__init__(table)
            self.column = column

    def __init__(self, level: Level) -> None:
        newest_first = level == "tags"
        super().__init__(
            _COLUMNS[level],
            ListSource(),
            marks=level != "sources",
            empty=_EMPTY[level],
            sort="tag" if newest_first else "",
            descending=newest_first,
            id=f"{level}-table",
        )

    def sort_by(self, column: str, descending: bool = False) -> None:
        """Order by a column and say so."""
        super().sort_by(column, descending)
        self.post_message(self.Sorted(self, column))
