"""Selecting in the lists: the marks on the rows follow the basket, and the basket what is marked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from textual import on
from textual.timer import Timer
from textual.worker import Worker

from tui.app.basket import EVERY_TAG, Basket
from tui.app.i18n import _
from tui.app.screens.browse import tables
from tui.app.screens.browse.basket_line import BasketLine
from tui.app.screens.browse.loader import Loader, Trouble, plain
from tui.app.screens.browse.panes import LEVELS, BrowseTable, Level
from tui.app.screens.browse.pattern import chosen_of, pattern_dialog, selection_of
from tui.app.screens.browse.shelf import EVERYTHING, Shelf
from tui.app.screens.browse.survey import survey
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.place import NoticeLine, Place
from tui.app.screens.work import start
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import Key, Row

_SOON = 0.15
"""Seconds between a change and what takes longer to say about it."""


class Selecting(Place):
    """What Browse knows of selecting. The basket is the truth; the marks are shown after it."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = {level: BrowseTable(level) for level in LEVELS}
        self.level: Level = "sources"
        self.shelf: Shelf | None = None
        self.project = EVERYTHING
        self.path = ""
        self._sums: Timer | None = None
        self._surveyor: Worker[None] | None = None

    @property
    def basket(self) -> Basket:
        """What is selected."""
        return self.session.basket

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done where one is."""
        match action:
            case "pattern" | "go_back" | "add_names":
                return self.level != "sources"
            case "copy":
                return self.level in ("repositories", "tags")
            case "details":
                return self.level == "tags"
            case "basket":
                return not self.basket.empty
        return True

    def whisper(self, text: str = "", style: str = "") -> None:
        """Show a line that is not worth keeping for the message log; nothing by default."""
        self.query_one(NoticeLine).say(text, style)

    def source(self, level: Level) -> ComputedSource:
        """Return the rows of a list below the endpoints."""
        source = self.tables[level].source
        assert isinstance(source, ComputedSource)
        return source

    def row_of(self, level: Level) -> Callable[[Key], Row]:
        """Return how the rows of a list are made, for what is open now."""
        shelf, path, basket = self.shelf, self.path, self.basket
        assert shelf is not None
        if level == "projects":
            return lambda key: tables.project_row(shelf, basket, str(key))
        if level == "repositories":
            return lambda key: tables.repository_row(shelf, basket, str(key))
        return lambda key: tables.tag_row(shelf, path, str(key))

    def basket_changed(self) -> None:
        """Show what is selected now, everywhere; what takes longer follows soon."""
        for level in ("projects", "repositories", "tags"):
            self.show_marks(level)
        self.refresh_bindings()
        if self._sums is None:
            self._sums = self.set_timer(_SOON, self._sum_up)

    def show_marks(self, level: Level) -> None:
        """Bring the marks and the words of one list in line with the basket."""
        if self.shelf is None:
            return
        table = self.tables[level]
        expected = self._expected(level)
        if table.marked_keys != expected:
            table.set_marks(expected)
        table.update_rows(table.visible_keys())

    def _expected(self, level: Level) -> set[Key]:
        """Return the keys to be marked in a list."""
        shelf, basket = self.shelf, self.basket
        if shelf is None or basket.empty or not shelf.holds(basket):
            return set()
        keys = self.source(level).keys
        if level == "projects":
            return {key for key in keys if shelf.whole(basket, str(key))}
        if level == "repositories":
            return {key for key in keys if key in basket.repositories}
        if self.path in basket.repositories and basket.repositories[self.path] == EVERY_TAG:
            return set(keys)
        chosen = set(basket.chosen(self.path) or ())
        return {key for key in keys if key in chosen}

    @on(LineTable.MarksChanged)
    def _marked(self, event: LineTable.MarksChanged) -> None:
        level = next((each for each in LEVELS if self.tables[each] is event.table), None)
        if level is None or level == "sources" or self.shelf is None:
            return
        marks, expected = set(event.table.marked_keys), self._expected(level)
        added, dropped = marks - expected, expected - marks
        if not added and not dropped:
            return
        shelf, path = self.shelf, self.path

        def take() -> None:
            if level == "tags":
                self._take_tags(path, marks, added)
            else:
                self._take_paths(level, shelf, added, dropped)
            self.basket_changed()

        self._with_basket(take)

    def _take_tags(self, path: str, marks: Collection[Key], added: Collection[Key]) -> None:
        keys = self.source("tags").keys
        if len(added) > 1 and len(marks) == len(keys):
            self.basket.take_repositories([path])
        else:
            self.basket.take_tags(path, [str(key) for key in keys if key in marks])

    def _take_paths(self, level: Level, shelf: Shelf, added: Iterable[Key], dropped: Iterable[Key]) -> None:
        within = shelf.within if level == "projects" else lambda path: [path]
        for key in dropped:
            self.basket.drop_repositories(within(str(key)))
        for key in added:
            self.basket.take_repositories([path for path in within(str(key)) if path not in self.basket.repositories])
        if level == "projects" and not shelf.complete:
            self.say(_("The list is still being read: repositories that are found later are not selected."), "warning")

    def _with_basket(self, take: Callable[[], None]) -> None:
        """Do `take` with a basket for this registry; ask first when there is another one's selection in it."""
        shelf = self.shelf
        assert shelf is not None
        if shelf.holds(self.basket):
            take()
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.basket.clear(shelf.endpoint)
                self.basket.listed.update(shelf.listed)
                take()
            else:
                self.basket_changed()

        if self.basket.empty or self.basket.source is None:
            answered(True)
            return
        question = _("Begin a new selection here?")
        detail = _("Something of {other} is selected; a plan has one source.").format(other=self.basket.source.name)
        self.app.push_screen(ConfirmDialog(question, detail, yes=_("Begin anew"), no=_("Keep it")), answered)

    def tags_listed(self, path: str) -> None:
        """Take in that all tags of a repository are known."""
        assert self.shelf is not None
        if self.shelf.holds(self.basket):
            self.basket.listed[path] = self.shelf.listed[path]
        self.tables["repositories"].update_rows([path])
        self.basket_changed()

    def _sum_up(self) -> None:
        self._sums = None
        self.query_one(BasketLine).show(self.basket)
        shelf, worker = self.shelf, self._surveyor
        busy = worker is not None and not worker.is_finished and not worker.is_cancelled
        if busy or shelf is None or not shelf.holds(self.basket) or not self.is_current:
            return
        if self.basket.unlisted() or self.basket.unmeasured():
            self._surveyor = start(self, "survey", True, self._survey, shelf)

    async def _survey(self, shelf: Shelf) -> None:
        def changed() -> None:
            if self._sums is None:
                self._sums = self.set_timer(_SOON, self._sum_line)

        try:
            browser = await Loader(self.session, shelf).browser()
            await survey(self.basket, browser, changed, lambda why: self.say(why, "warning"))
        except Trouble as error:
            self.say(plain(error), "error")
        self._sum_line()

    def _sum_line(self) -> None:
        self._sums = None
        self.query_one(BasketLine).show(self.basket)
        self.tables["repositories"].update_rows(self.tables["repositories"].visible_keys())

    def action_pattern(self) -> None:
        """Select tags by pattern: of the open repository, of the marked ones, or of the one under the cursor."""
        shelf = self.shelf
        paths = self._for_pattern()
        if shelf is None or not paths:
            self.say(_("Go to a repository first, or mark some: a pattern is about their tags."), "warning")
            return
        before = self.basket.repositories.get(paths[0], EVERY_TAG) if shelf.holds(self.basket) else EVERY_TAG
        dialog = pattern_dialog(paths, lambda: shelf.listed, before, lambda: shelf.infos)
        loader = Loader(self.session, shelf)

        def listed(path: str) -> None:
            self.tags_listed(path)
            dialog.look_again()

        start(self, "listing", True, loader.listing, paths, listed)

        def answered(values: dict[str, str] | None) -> None:
            self.workers.cancel_group(self, "listing")
            if values is not None:
                self._with_basket(lambda: self._take_pattern(paths, values))

        self.app.push_screen(dialog, answered)

    def _take_pattern(self, paths: list[str], values: dict[str, str]) -> None:
        chosen = dict.fromkeys(chosen_of(values, paths))
        self.basket.drop_repositories(path for path in paths if path not in chosen)
        self.basket.take_repositories(chosen, selection_of(values))
        self.basket_changed()

    def _for_pattern(self) -> list[str]:
        if self.shelf is None or self.level == "sources":
            return []
        if self.level == "tags":
            return [self.path]
        table = self.tables[self.level]
        if self.level == "repositories":
            return [str(key) for key in table.chosen]
        keys = [str(key) for key in table.chosen]
        return list(dict.fromkeys(path for key in keys for path in self.shelf.within(key)))
