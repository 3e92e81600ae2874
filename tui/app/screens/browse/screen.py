"""The place 'browse': from an endpoint to its projects, repositories and tags, and marking what to copy."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from tui.app.i18n import N_, _
from tui.app.screens.browse.basket_dialog import BasketDialog
from tui.app.screens.browse.basket_line import BasketLine
from tui.app.screens.browse.loader import Loader, plain
from tui.app.screens.browse.names import NameKeeper
from tui.app.screens.browse.panes import LEVELS, TITLES, title_of, titled
from tui.app.screens.browse.panes import Level as Level
from tui.app.screens.browse.remembered import last_source
from tui.app.screens.browse.shelf import EVERYTHING, Shelf
from tui.app.screens.computed_source import ComputedSource
from tui.app.screens.work import start
from tui.app.session import way_of
from tui.app.widgets.detail_pane import DetailPane
from tui.app.widgets.empty_state import EmptyState
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError


class Browse(NameKeeper):
    """The place 'browse'. Where one is: an endpoint (the shelf), a project, a repository."""

    MODE: ClassVar[str] = "browse"
    BINDING_GROUP_TITLE = N_("Browse")
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pattern", N_("Pattern")),
        Binding("b", "basket", N_("Selected")),
        Binding("i", "details", N_("Details")),
        Binding("y", "copy(False)", N_("Copy")),
        Binding("escape", "go_back", N_("Back")),
        Binding("right,l", "go_in", N_("Go in"), show=False),
        Binding("left,h,backspace", "go_back", N_("Back"), show=False),
        Binding("Y", "copy(True)", N_("Copy with digest"), show=False),
        Binding("plus", "add_names", N_("Add repositories by name"), key_display="+", show=False),
        Binding("ctrl+r", "read_again", N_("Read again"), show=False),
    ]
    DEFAULT_CSS = """
    Browse #panes { height: 1fr; }
    Browse #panes > TablePane, Browse #panes > DetailPane { display: none; width: 1fr; height: 1fr; }
    Browse.-at-sources #sources { display: block; }
    Browse.-at-projects #projects { display: block; }
    Browse.-at-repositories #repositories { display: block; }
    Browse.-at-tags #tags { display: block; }
    Browse.-wide.-at-repositories #projects { display: block; width: 44; }
    Browse.-wide.-at-tags #repositories { display: block; width: 44; }
    Browse.-at-tags.-details #details { display: block; }
    Browse.-at-tags.-details #tags { display: none; }
    Browse.-wide.-at-tags.-details #tags { display: block; }
    Browse.-wide.-at-tags.-details #repositories { display: none; }
    Browse #trouble { display: none; width: 1fr; height: 1fr; }
    Browse.-trouble #trouble { display: block; }
    Browse.-trouble.-at-projects #projects, Browse.-trouble.-at-tags #tags { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._sources: dict[str, Endpoint] = {}

    def content(self) -> ComposeResult:
        """Yield the four lists, the details and the basket."""
        with Horizontal(id="panes"):
            for level in LEVELS:
                yield TablePane(self.tables[level], _(TITLES[level]), id=level)
            yield EmptyState("", id="trouble")
            yield DetailPane(id="details")
        yield BasketLine()

    def on_mount(self) -> None:
        """Go to the endpoint browsed last, else show which there are."""
        self._go("sources")
        last = last_source(self.session.state)
        known = next((each for each in self._list_sources() if each.id == last), None)
        if known is not None:
            self.open_source(known)

    def on_screen_resume(self) -> None:
        """Take in what changed elsewhere: the endpoint list, the basket."""
        sources = self._list_sources()
        shelf = self.shelf
        if shelf is not None:
            now = next((each for each in sources if each.id == shelf.endpoint.id), None)
            if now is None:
                self.stop_reading()
                self.shelf = None
                self._go("sources")
            elif way_of(now) != way_of(shelf.endpoint):
                self.open_source(now)
            else:
                shelf.endpoint = now
        self.basket_changed()

    def on_screen_suspend(self) -> None:
        """Read nothing more for a screen nobody sees."""
        self.stop_reading("survey", "order", "visible")

    def _list_sources(self) -> tuple[Endpoint, ...]:
        """Read the endpoint list and show it."""
        try:
            sources = self.session.endpoints()
        except (EndpointsError, LocalError) as error:
            self.say(plain(error), "error")
            sources = ()
        self._sources = {each.id: each for each in sources}
        rows = [(each.name, each.address, each.kind, each.username, each.id) for each in sources]
        self.tables["sources"].set_source(ListSource(rows, key_column=4))
        return sources

    def open_source(self, endpoint: Endpoint) -> None:
        """Show the projects of a registry."""
        self.stop_reading()
        shelf = self.shelf = Shelf(endpoint)
        loader = self.loader = Loader(self.session, shelf)
        self.project, self.path = EVERYTHING, ""
        self.tables["projects"].set_source(ComputedSource((), self.row_of("projects")))
        self.tables["repositories"].set_source(ComputedSource((), self.row_of("repositories")))
        self.tables["tags"].set_source(ComputedSource((), self.row_of("tags")))
        self._go("projects")
        start(self, "repositories", True, self.read_repositories, shelf, loader)
        self.basket_changed()

    def _use_project(self, project: str) -> None:
        """Let the list of repositories be that of a project."""
        if self.shelf is not None and project != self.project:
            self.project = project
            source = ComputedSource(self.shelf.within(project), self.row_of("repositories"))
            self.tables["repositories"].set_source(source)
            self.tables["repositories"].action_first()
            self.show_marks("repositories")
        self.retitle()

    def open_repository(self, path: str) -> None:
        """Show the tags of a repository."""
        shelf, loader = self.shelf, self.loader
        assert shelf is not None
        assert loader is not None
        if path != self.path:
            self.stop_reading("tags", "visible", "order", "details")
            self.path = path
            self.tables["tags"].set_source(ComputedSource(shelf.listed.get(path, ()), self.row_of("tags")))
            self.tables["tags"].action_first()
            self.show_marks("tags")
        self._go("tags")
        if path not in shelf.listed:
            start(self, "tags", True, self.read_tags, shelf, loader, path)

    def _go(self, level: Level) -> None:
        """Show a list and put the cursor there."""
        self.level = level
        self.remove_class("-trouble")
        for each in LEVELS:
            self.set_class(each == level, f"-at-{each}")
        self.remove_class("-details")
        self.tables[level].focus()
        self.refresh_bindings()
        self.retitle()

    def show_trouble(self, words: str) -> None:
        """Say in the place of the list why it cannot be read, and what to do."""
        title = _("The tags cannot be read") if self.level == "tags" else _("The repositories cannot be listed")
        choices = [("ctrl+r", _("try again")), ("2", _("test the endpoint, or change it"))]
        if self.level == "projects":
            choices.append(("+", _("add repositories by name")))
        self.app.keep_message(words, "error")
        self.whisper()
        self.query_one("#trouble", EmptyState).show(title, words, [*choices, ("esc", _("back"))])
        self.add_class("-trouble")

    def retitle(self, what: str = "") -> None:
        """Say where one is, and `what` is being done there."""
        crumbs: list[str] = []
        if self.shelf is not None and self.level != "sources":
            crumbs.append(self.shelf.endpoint.name)
            busy = "" if self.shelf.complete else _("reading")
            self.query_one("#projects", TablePane).title = titled(title_of("projects"), busy)
            project = self.project if self.project not in (EVERYTHING, "") else title_of("repositories")
            self.query_one("#repositories", TablePane).title = titled(project, busy)
            self.query_one("#tags", TablePane).title = titled(self.path or title_of("tags"), what)
            if self.level == "tags":
                crumbs.append(self.path)
            elif self.level == "repositories" and self.project not in (EVERYTHING, ""):
                crumbs.append(self.project)
        self.crumbs(*crumbs)

    @on(LineTable.RowOpened)
    def _opened(self, event: LineTable.RowOpened) -> None:
        event.stop()
        key = str(event.key)
        if event.table is self.tables["sources"]:
            self.open_source(self._sources[key])
        elif event.table is self.tables["projects"]:
            self._use_project(key)
            self._go("repositories")
        elif event.table is self.tables["repositories"]:
            self.open_repository(key)
        else:
            self.action_details()

    @on(LineTable.RowHighlighted)
    def _highlighted(self, event: LineTable.RowHighlighted) -> None:
        if event.key is None:
            return
        if event.table is self.tables["projects"]:
            self._use_project(str(event.key))
        elif event.table is self.tables["tags"]:
            self.tell_note(str(event.key))
            if self.has_class("-details"):
                self.read_details(str(event.key))

    def action_go_in(self) -> None:
        """Go into what is under the cursor."""
        focused = self.focused
        if isinstance(focused, LineTable):
            focused.action_open()

    def action_go_back(self) -> None:
        """Go one step back: from the details, from the tags, from the repositories, from the registry."""
        if self.has_class("-details"):
            self.remove_class("-details")
            self.stop_reading("details")
            self.tables["tags"].focus()
        elif self.level != "sources":
            self._go(LEVELS[LEVELS.index(self.level) - 1])

    def action_details(self) -> None:
        """Show the tag under the cursor in full."""
        key = self.tables["tags"].cursor_key
        if self.level == "tags" and key is not None:
            self.add_class("-details")
            self.query_one(DetailPane).focus()
            self.read_details(str(key))
        elif self.level != "tags":
            self.action_go_in()

    def action_copy(self, digest: bool) -> None:
        """Copy the reference under the cursor, or the manifest where the details are read."""
        shelf = self.shelf
        if isinstance(self.focused, DetailPane) and self.copyable:
            self.app.copy_to_clipboard(self.copyable)
            self.say(_("The manifest is copied."), "success")
            return
        key = self.tables[self.level].cursor_key
        if shelf is None or key is None or self.level in ("sources", "projects"):
            self.say(_("There is nothing to copy here: go to a repository or a tag."), "warning")
            return
        text = f"{shelf.endpoint.address}/{self.path if self.level == 'tags' else key}"
        if self.level == "tags":
            info = shelf.infos.get((self.path, str(key)))
            text += f":{key}" + (f"@{info.digest}" if digest and info else "")
        self.app.copy_to_clipboard(text)
        self.say(_("Copied {text}").format(text=text), "success")

    def action_basket(self) -> None:
        """Show what is selected."""

        def answered(answer: str | None) -> None:
            if answer == "plan":
                self.app.action_go("plan")
            elif answer and self.shelf is not None and self.shelf.holds(self.basket):
                self.open_repository(answer)

        self.app.push_screen(BasketDialog(self.basket, self.basket_changed), answered)

    def action_read_again(self) -> None:
        """Read what is shown once more from the registry."""
        shelf, path = self.shelf, self.path
        if shelf is None:
            self._list_sources()
        elif self.level == "tags":
            shelf.forget(path)
            self.path = ""
            self.open_repository(path)
        else:
            start(self, "read", False, self._afresh, shelf.endpoint)

    async def _afresh(self, endpoint: Endpoint) -> None:
        """Open an endpoint over new connections, with the login it has now."""
        await self.session.forget(endpoint)
        self.open_source(endpoint)
