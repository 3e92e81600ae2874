"""Orders kept up to date row by row are the orders made anew."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tui.app.widgets.row_order import Arrangement, RowOrder, arrange, finish, paced
from tui.app.widgets.row_source import ListSource, Row

ROWS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=60)


def odd(row: Row) -> bool:
    return bool(row[1] % 2)


def second(row: Row) -> int:
    return int(row[1])


def positions(order: RowOrder) -> list[int]:
    return [order.index_at(position) for position in range(len(order))]


@given(
    before=ROWS,
    changes=ROWS,
    accepts=st.sampled_from([None, odd]),
    sort_key=st.sampled_from([None, second]),
    descending=st.booleans(),
)
def test_updates_lead_to_the_same_order(
    before: list[tuple[int, int]],
    changes: list[tuple[int, int]],
    accepts: Callable[[Row], bool] | None,
    sort_key: Callable[[Row], int] | None,
    descending: bool,
) -> None:
    arrangement = Arrangement(accepts, sort_key, descending)
    source = ListSource(before)
    order = finish(arrange(source, arrangement))
    for change in changes:
        source.put(change)
        index = source.index(change[0])
        assert index is not None
        order.update([index])
    anew = finish(arrange(source, arrangement))
    assert positions(order) == positions(anew)
    assert [order.position_of(index) for index in positions(order)] == list(range(len(order)))
    hidden = set(range(source.count())) - set(positions(order))
    assert all(order.position_of(index) is None for index in hidden)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_equal_keys_keep_the_order_of_the_source(values: list[int]) -> None:
    source = ListSource(enumerate(values))
    order = finish(arrange(source, Arrangement(sort_key=second)))
    assert positions(order) == sorted(range(len(values)), key=values.__getitem__)


async def test_a_long_list_is_arranged_in_steps() -> None:
    source = ListSource((number, -number) for number in range(20_000))
    order = await paced(arrange(source, Arrangement(sort_key=second)))
    assert positions(order) == list(reversed(range(20_000)))
