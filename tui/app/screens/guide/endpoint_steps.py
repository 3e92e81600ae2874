"""The steps that choose an endpoint, the source and the target: what must be done there, and whether it works."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.app.i18n import N_, _, said, told
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.changes import Changed
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.endpoints.rows import state_of
from tui.app.screens.endpoints.testing import Test, run_test
from tui.app.screens.endpoints.values import Filled
from tui.app.screens.endpoints.words import TEST_STATES, account, kind_title
from tui.app.screens.guide.places import Place, place_of
from tui.app.screens.guide.step import Step
from tui.app.screens.work import begin
from tui.app.widgets.cell import Cell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.fitted import clean
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError

if TYPE_CHECKING:
    from tui.providers.check_steps import Step as CheckedStep

_COLUMNS = (
    Column(key="name", title=N_("Name"), width=14, weight=1, max_width=32),
    Column(key="kind", title=N_("Kind"), width=12, weight=1, max_width=26, priority=2),
    Column(key="address", title=N_("Address"), width=22, weight=2, cell=Cell(cut="middle")),
    Column(key="account", title=N_("Account"), width=10, weight=1, max_width=24, priority=1),
    Column(key="state", title=N_("State"), width=15, cell=StateCell(TEST_STATES)),
)


class EndpointStep(Step):
    """A list of endpoints, one of which is taken once it was tried."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "add", N_("Add an endpoint")),
        Binding("l", "login", N_("Log in")),
        Binding("e", "edit", N_("Change it")),
        Binding("o", "others", N_("All endpoints, or those that fit"), show=False),
        Binding("ctrl+g", "all_the_same", N_("Go on without a test"), show=False),
    ]
    DEFAULT_CSS = """
    EndpointStep > #todo { height: auto; padding: 0 1; margin-bottom: 1; }
    EndpointStep > TablePane { min-height: 5; }
    EndpointStep > .sentence { margin-bottom: 0; }
    """

    _all = False
    _offered: list[Endpoint]

    def content(self) -> ComposeResult:
        """Yield what must be done, and the list."""
        yield Static(id="todo", markup=False)
        empty = _("No such endpoint yet ({kind}): n adds it, o shows the others")
        named = self.wanted.kind is not None
        words = empty.format(kind=_(self.wanted.title)) if named else _("No endpoints yet: n adds one")
        table = LineTable(_COLUMNS, ListSource((), len(_COLUMNS)), empty=words, id="choose")
        yield TablePane(table, _("Endpoints"))

    def on_mount(self) -> None:
        """Show which endpoints there are, with the cursor on the one taken before."""
        self._read()
        self.query_one(LineTable).focus()
        before = self.before()
        if before is not None:
            self.query_one(LineTable).go_to(before.id)
        self._tell_todo()

    @property
    def wanted(self) -> Place:
        """Which kind of registry belongs here."""
        return self.journey.way.source

    def before(self) -> Endpoint | None:
        """Return the endpoint taken before."""
        return None

    def offered(self) -> list[Endpoint]:
        """Return the endpoints to choose from."""
        return list(self.session.endpoints())

    def todo(self, place: Place) -> tuple[str, ...]:
        """Return what must be done there first."""
        return place.as_source

    @property
    def here(self) -> Endpoint | None:
        """The endpoint under the cursor."""
        key = self.query_one(LineTable).cursor_key
        return next((each for each in self._offered if each.id == key), None)

    def problem(self) -> str:
        """One has to be chosen."""
        return "" if self.here is not None else _("Add an endpoint first: n")

    def hold(self) -> bool:
        """Try the endpoint, unless that went well before."""
        here = self.here
        if here is None or here.id in self.journey.tried:
            return False
        begin(self, partial(self._try, here), "try")
        return True

    def action_add(self) -> None:
        """Add an endpoint, and go on with it."""
        filled = Filled(kind=self.wanted.kind or "") if self.wanted.kind else None
        self.app.push_screen(EndpointForm(self._added, filled=filled))

    def action_edit(self) -> None:
        """Change the endpoint under the cursor."""
        if self.here is not None:
            self.app.push_screen(EndpointForm(self._added, before=self.here))

    def action_login(self) -> None:
        """Give the endpoint under the cursor another login."""
        if self.here is not None:
            self.app.push_screen(LoginDialog(self.session, self.here), self._logged_in)

    def action_others(self) -> None:
        """Show every endpoint, or those alone that fit."""
        self._all = not self._all
        self._read()

    def action_all_the_same(self) -> None:
        """Take the endpoint as it is."""
        if self.here is not None:
            self.journey.tried.add(self.here.id)
            self.post_message(self.Finished())

    def on_line_table_row_highlighted(self) -> None:
        """Say what must be done for the endpoint under the cursor."""
        self._tell_todo()

    def _added(self, endpoint: Endpoint) -> None:
        self.journey.tried.discard(endpoint.id)
        if not self.wanted.fits(endpoint):
            self._all = True
        self._read()
        self.query_one(LineTable).go_to(endpoint.id)

    def _logged_in(self, changed: Changed | None) -> None:
        if changed is None:
            return
        self._added(changed.endpoint)
        if changed.warning:
            self.post_message(self.Said(changed.warning, "warning"))
        begin(self, partial(self._try, changed.endpoint), "try")

    async def _try(self, endpoint: Endpoint) -> None:
        """Test the connection, and go on when it works; a login that is refused is asked for again at once."""
        test = Test()

        def told() -> None:
            if test.steps and test.outcome is None:
                title, detail = _(test.steps[-1].title), said(test.steps[-1].detail)
                self.status(f"{endpoint.name}: {title}: {detail}")

        self.status(_("{name}: trying it…").format(name=endpoint.name))
        try:
            await run_test(self.session, endpoint, test, told)
        except (EndpointsError, LocalError) as error:
            self.post_message(self.Said(said(error.message), "warning"))
        outcome = test.outcome
        if outcome is not None and outcome.ok:
            self.journey.tried.add(endpoint.id)
            self.status("")
            self.post_message(self.Finished())
            return
        failed = next((step for step in test.steps if step.state == "failed"), None)
        self._read()
        self.query_one(LineTable).go_to(endpoint.id)
        self.status(_failure(endpoint, failed, test), "error")
        if failed is not None and failed.kind == "AUTH" and endpoint.store != "none":
            await self.session.forget(endpoint)
            self.action_login()

    def _read(self) -> None:
        try:
            found = self.offered()
        except (EndpointsError, LocalError) as error:
            found = []
            self.status(told(error), "error")
        self._offered = [each for each in found if self._all or self.wanted.fits(each)]
        rows = (
            (each.name, kind_title(each.kind), each.address, account(each), state_of(each, None), each.id)
            for each in self._offered
        )
        self.query_one(LineTable).set_source(ListSource(rows, len(_COLUMNS)))
        self._tell_todo()

    def _tell_todo(self) -> None:
        here = self.here
        place = place_of(here, self.wanted) if here is not None else self.wanted
        lines = [f"{number}. {_(line)}" for number, line in enumerate(self.todo(place), 1)]
        if here is None and place.address:
            lines.append(_("Its address looks like {address}").format(address=place.address))
        self.query_one("#todo", Static).update(clean_lines(lines))


class SourceStep(EndpointStep):
    """From where."""

    TITLE = N_("source")
    SENTENCE = N_("Which registry do the images come from? Needed there:")

    def before(self) -> Endpoint | None:
        """Return the source taken before, else that of the basket."""
        return self.journey.source or self.session.basket.source

    def keep(self) -> None:
        """Take the source."""
        assert self.here is not None
        self.journey.begin_at(self.here)


class TargetStep(EndpointStep):
    """To where."""

    TITLE = N_("target")
    SENTENCE = N_("Which registry do they go to? Needed there:")

    @property
    def wanted(self) -> Place:
        """Which kind of registry belongs here."""
        return self.journey.way.target

    def before(self) -> Endpoint | None:
        """Return the target taken before."""
        return self.journey.target

    def offered(self) -> list[Endpoint]:
        """Return every endpoint but the source."""
        source = self.journey.source
        return [each for each in self.session.endpoints() if source is None or each.id != source.id]

    def todo(self, place: Place) -> tuple[str, ...]:
        """Return what must be done there first."""
        return place.as_target

    def keep(self) -> None:
        """Take the target."""
        draft = self.session.draft
        draft.close_file()
        if draft.target is None or self.here is None or draft.target.id != self.here.id:
            draft.replication = None
        draft.target = self.here


def clean_lines(lines: list[str]) -> str:
    """Return lines of our own and remote words, fit for the screen."""
    return "\n".join(clean(line) for line in lines)


def _failure(endpoint: Endpoint, failed: CheckedStep | None, test: Test) -> str:
    """Return why an endpoint does not work, and what one can do here."""
    if failed is not None:
        words = f"{_(failed.title)}: {said(failed.detail)}"
        words = f"{words}. {said(failed.hint)}" if failed.hint else words
    else:
        words = f"{said(test.problem)}. {said(test.hint)}".rstrip(". ")
    keys = _("e changes it, l logs in, enter tries again, ctrl+g goes on all the same")
    return f"{endpoint.name}: {words} ({keys})"
