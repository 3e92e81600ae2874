"""The steps that choose an endpoint: the source, and the target."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.app.i18n import N_, _, told
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.rows import state_of
from tui.app.screens.endpoints.words import TEST_STATES, account, kind_title
from tui.app.screens.guide.step import Step
from tui.app.widgets.cell import Cell, StateCell
from tui.app.widgets.columns import Column
from tui.app.widgets.line_table import LineTable
from tui.app.widgets.row_source import ListSource
from tui.app.widgets.table_pane import TablePane
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError

_COLUMNS = (
    Column(key="name", title=N_("Name"), width=14, weight=1, max_width=32),
    Column(key="kind", title=N_("Kind"), width=12, weight=1, max_width=26, priority=2),
    Column(key="address", title=N_("Address"), width=22, weight=2, cell=Cell(cut="middle")),
    Column(key="account", title=N_("Account"), width=10, weight=1, max_width=24, priority=1),
    Column(key="state", title=N_("State"), width=15, cell=StateCell(TEST_STATES)),
)


class EndpointStep(Step):
    """A list of endpoints, one of which is taken."""

    EMPTY: ClassVar[str] = N_("No endpoints yet: n adds one")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "add", N_("Add an endpoint"))]

    def content(self) -> ComposeResult:
        """Yield the list."""
        table = LineTable(_COLUMNS, ListSource((), len(_COLUMNS)), empty=self.EMPTY, id="choose")
        yield TablePane(table, _("Endpoints"))

    def on_mount(self) -> None:
        """Show which endpoints there are, with the cursor on the one taken before."""
        self._read()
        self.query_one(LineTable).focus()
        before = self.before()
        if before is not None:
            self.query_one(LineTable).go_to(before.id)

    def before(self) -> Endpoint | None:
        """Return the endpoint taken before."""
        return None

    def offered(self) -> list[Endpoint]:
        """Return the endpoints to choose from."""
        return list(self.session.endpoints())

    @property
    def here(self) -> Endpoint | None:
        """The endpoint under the cursor."""
        key = self.query_one(LineTable).cursor_key
        return next((each for each in self._offered if each.id == key), None)

    def problem(self) -> str:
        """One has to be chosen."""
        return "" if self.here is not None else _("Add an endpoint first: n")

    def action_add(self) -> None:
        """Add an endpoint, and go on with it."""
        self.app.push_screen(EndpointForm(self._added))

    def _added(self, endpoint: Endpoint) -> None:
        self._read()
        self.query_one(LineTable).go_to(endpoint.id)

    def _read(self) -> None:
        try:
            self._offered = self.offered()
        except (EndpointsError, LocalError) as error:
            self._offered = []
            self.status(told(error), "error")
        rows = (
            (each.name, kind_title(each.kind), each.address, account(each), state_of(each, None), each.id)
            for each in self._offered
        )
        self.query_one(LineTable).set_source(ListSource(rows, len(_COLUMNS)))


class SourceStep(EndpointStep):
    """From where."""

    TITLE = N_("source")
    SENTENCE = N_("Which registry do the images come from?")

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
    SENTENCE = N_("Which registry do they go to?")
    EMPTY = N_("There is only the source: n adds the registry to copy to")

    def before(self) -> Endpoint | None:
        """Return the target taken before."""
        return self.journey.target

    def offered(self) -> list[Endpoint]:
        """Return every endpoint but the source."""
        source = self.journey.source
        return [each for each in self.session.endpoints() if source is None or each.id != source.id]

    def keep(self) -> None:
        """Take the target."""
        draft = self.session.draft
        draft.close_file()
        draft.target = self.here
