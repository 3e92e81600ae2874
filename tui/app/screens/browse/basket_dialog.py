"""The basket opened: what is selected, to look at and to take out."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.app.basket import Basket
from tui.app.i18n import N_, _
from tui.app.screens.browse.basket_line import BasketLine
from tui.app.screens.browse.tables import words
from tui.app.screens.computed_source import ComputedSource
from tui.app.widgets.cell import Cell
from tui.app.widgets.columns import Column
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.key_hints import KeyHints
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import Key, Row
from tui.app.widgets.table_pane import TablePane

COLUMNS = (
    Column(key="path", title=N_("Repository"), width=24, weight=2, cell=Cell(cut="start")),
    Column(key="selected", title=N_("Selected"), width=14, cell=Cell("accent")),
    Column(key="tags", title=N_("Tags"), width=14, weight=1, cell=Cell("muted"), priority=1, sortable=False),
)
_NAMED = 20


class BasketDialog(ModalScreen[str]):
    """Answers with the repository to go to, 'plan' to make a plan of it, or ''."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "remove", N_("Take out")),
        Binding("delete", "remove", N_("Take out"), show=False),
        Binding("X", "remove_all", N_("Empty it")),
        Binding("p", "answer('plan')", N_("Make a plan")),
        Binding("escape", "answer('')", N_("Close")),
        Binding("b,q", "answer('')", N_("Close"), show=False),
    ]
    DEFAULT_CSS = """
    BasketDialog > Vertical { width: 90%; max-width: 110; height: 90%; background: $surface; }
    BasketDialog TablePane { height: 1fr; }
    BasketDialog KeyHints { dock: none; }
    """

    def __init__(self, basket: Basket, changed: Callable[[], None]) -> None:
        super().__init__()
        self._basket = basket
        self._changed = changed
        self._table = LineTable(
            COLUMNS,
            self._source(),
            marks=True,
            id="basket",
            empty=N_("Nothing is selected. Space marks rows in the lists."),
        )

    def compose(self) -> ComposeResult:
        """Yield the list, the sums and the keys."""
        with Vertical():
            yield TablePane(self._table, _("Selected"))
            yield BasketLine()
            yield KeyHints()

    def on_mount(self) -> None:
        """Show the sums."""
        self._table.focus()
        self.refresh_basket()

    def refresh_basket(self) -> None:
        """Show what is selected now."""
        self._table.set_source(self._source())
        self.query_one(BasketLine).show(self._basket)

    def _source(self) -> ComputedSource:
        return ComputedSource(self._basket.paths, self._row)

    def _row(self, path: Key) -> Row:
        chosen = self._basket.chosen(str(path))
        named = "" if chosen is None else ", ".join(chosen[-_NAMED:])
        return (path, words(self._basket, str(path)), named)

    def action_remove(self) -> None:
        """Take the marked repositories, or the one under the cursor, out."""
        self._basket.drop_repositories([str(key) for key in self._table.chosen])
        self._table.set_marks(())
        self._tell()

    def action_remove_all(self) -> None:
        """Take everything out, after a question."""
        if self._basket.empty:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._basket.drop_repositories(self._basket.paths)
                self._tell()

        question = _("Take everything out of the selection?")
        self.app.push_screen(ConfirmDialog(question, yes=_("Empty it"), no=_("Keep it")), answered)

    def _tell(self) -> None:
        self.refresh_basket()
        self._changed()

    def action_answer(self, answer: str) -> None:
        """Close with this answer."""
        self.dismiss(answer)

    @on(LineTable.RowOpened)
    def _opened(self, event: LineTable.RowOpened) -> None:
        event.stop()
        self.dismiss(str(event.key))
