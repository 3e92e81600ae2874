"""The table of endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.app.i18n import N_
from tui.app.screens.endpoints.testing import Test
from tui.app.screens.endpoints.words import TEST_STATES, account, kind_title, store_title
from tui.app.widgets.cell import Cell, NumberCell, StateCell, TimeCell
from tui.app.widgets.columns import Column
from tui.app.widgets.row_source import ListSource, Row
from tui.endpoints.model import Endpoint


class _LatencyCell(NumberCell):
    """Milliseconds."""

    def text(self, value: object) -> str:
        """Return them with their unit."""
        return "" if value is None else f"{value} ms"


COLUMNS = (
    Column(key="name", title=N_("Name"), width=14, weight=3, max_width=32),
    Column(key="kind", title=N_("Kind"), width=12, weight=1, max_width=26, priority=5),
    Column(key="address", title=N_("Address"), width=24, weight=3, max_width=48, cell=Cell(cut="middle")),
    Column(key="account", title=N_("Account"), width=11, weight=1, max_width=24, priority=3),
    Column(key="state", title=N_("State"), width=15, cell=StateCell(TEST_STATES)),
    Column(key="latency", title=N_("Latency"), width=8, cell=_LatencyCell(), priority=6),
    Column(key="tested", title=N_("Last test"), width=16, cell=TimeCell("muted"), priority=7),
    Column(key="store", title=N_("Password in"), width=16, weight=1, max_width=28, cell=Cell("muted"), priority=4),
)


def state_of(endpoint: Endpoint, test: Test | None) -> str:
    """Return a key of `TEST_STATES`."""
    if test is not None and test.outcome is None:
        return "testing"
    outcome = test.outcome if test is not None else endpoint.last_test
    if outcome is None:
        return "untested"
    return "works" if outcome.ok else "failed"


def row_of(endpoint: Endpoint, test: Test | None) -> Row:
    """Return the row of an endpoint; behind its columns comes the id, which is the key."""
    outcome = test.outcome if test is not None and test.outcome is not None else endpoint.last_test
    scheme = "http://" if endpoint.scheme == "http" else ""
    return (
        endpoint.name,
        kind_title(endpoint.kind),
        f"{scheme}{endpoint.address}",
        account(endpoint),
        state_of(endpoint, test),
        outcome.latency_ms if outcome is not None and outcome.latency_ms else None,
        outcome.at if outcome is not None else None,
        store_title(endpoint),
        endpoint.id,
    )


def source_of(endpoints: Iterable[Endpoint], tests: Mapping[str, Test]) -> ListSource:
    """Return the rows, by id."""
    return ListSource((row_of(each, tests.get(each.id)) for each in endpoints), key_column=len(COLUMNS))
