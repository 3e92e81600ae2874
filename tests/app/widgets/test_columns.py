"""How columns share the width, and what their cells show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.app import i18n
from tui.app.widgets import cell
from tui.app.widgets.columns import Column, layout

COLUMN = st.builds(
    Column,
    key=st.just("k"),
    title=st.just("t"),
    width=st.integers(1, 30),
    max_width=st.none() | st.integers(30, 60),
    weight=st.integers(0, 3),
    priority=st.integers(0, 3),
)


@pytest.fixture(autouse=True)
def _english() -> None:
    i18n.install("en")


@given(st.lists(COLUMN, max_size=8), st.integers(0, 250))
def test_columns_stand_side_by_side_within_the_width(columns: list[Column], width: int) -> None:
    end = 2
    for placed in layout(columns, width, 2):
        assert placed.x >= end
        assert placed.width > 0
        end = placed.x + placed.width + 1
    assert end - 1 <= max(width, 2)


def column(key: str, width: int, **options: Any) -> Column:
    return Column(key=key, title=key, width=width, **options)


def shown(columns: list[Column], width: int) -> dict[str, int]:
    return {columns[placed.column].key: placed.width for placed in layout(columns, width)}


def test_the_least_important_columns_go_first() -> None:
    columns = [column("a", 20), column("b", 10, priority=2), column("c", 10, priority=1)]
    assert shown(columns, 42) == {"a": 20, "b": 10, "c": 10}
    assert shown(columns, 40) == {"a": 20, "c": 10}
    assert shown(columns, 25) == {"a": 20}
    assert shown(columns, 15) == {"a": 15}


def test_what_is_left_is_shared_by_weight() -> None:
    columns = [column("a", 10, weight=2), column("b", 10, weight=1, max_width=12), column("c", 10)]
    assert shown(columns, 62) == {"a": 38, "b": 12, "c": 10}


CELLS: list[tuple[cell.Cell, Any, str]] = [
    (cell.Cell(), "镜像", "镜像"),
    (cell.Cell(), None, ""),
    (cell.NumberCell(), 12, "12"),
    (cell.BytesCell(), 999, "999 B"),
    (cell.BytesCell(), 12_345_678, "12.3 MB"),
    (cell.BytesCell(), 999_950, "1.00 MB"),
    (cell.RateCell(), 34_100_000, "34.1 MB/s"),
    (cell.RateCell(), 0, ""),
    (cell.DurationCell(), 12, "12s"),
    (cell.DurationCell(), 185, "3m 05s"),
    (cell.DurationCell(), 3720, "1h 02m"),
    (cell.DurationCell(), 183_600, "2d 03h"),
    (cell.StateCell(), "failed", "✗ failed"),
    (cell.StateCell(), "of a newer version", "? unknown"),
    (cell.ProgressCell(), cell.Progress(1, 3), "33%"),
    (cell.ProgressCell(), cell.Progress(999, 1000), "99%"),
    (cell.ProgressCell(), cell.Progress(0, 0), "100%"),
    (cell.ProgressCell(), cell.Progress(5, None), ""),
    (cell.DigestCell(), "sha256:" + "0123456789abcdef" * 4, "sha256:" + "0123456789abcdef" * 4),
]


@pytest.mark.parametrize(("kind", "value", "text"), CELLS)
def test_the_text_of_a_cell(kind: cell.Cell, value: Any, text: str) -> None:
    assert kind.text(value) == text


@pytest.mark.parametrize(("kind", "value", "_text"), CELLS)
@pytest.mark.parametrize("width", [1, 4, 9, 10, 24])
def test_a_cell_is_as_wide_as_its_column(kind: cell.Cell, value: Any, _text: str, width: int) -> None:
    parts = kind.parts(value, width, kind.align)
    assert cell_len("".join(text for text, _style in parts)) == width
    assert {style for _text, style in parts} <= set(cell.STYLES)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (cell.Cell(), [None, "Alpha", "beta"]),
        (cell.BytesCell(), [None, 9, 10]),
        (cell.StateCell(), ["failed", "running", "done", "of a newer version"]),
        (cell.ProgressCell(), [None, cell.Progress(1, 4), cell.Progress(1, 2), cell.Progress(0, 0)]),
        (cell.TimeCell(), [None, datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)]),
    ],
)
def test_cells_order_by_value_not_by_text(kind: cell.Cell, values: list[Any]) -> None:
    jumbled = values[::-1]
    assert sorted(jumbled, key=kind.sort_key) == values


def test_a_short_digest_keeps_what_tells_it_apart() -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    assert cell.DigestCell().parts(digest, 20, "left")[0][0].strip() == "sha256:0123456789ab"
    assert cell.DigestCell().parts(digest, 12, "left")[0][0].strip() == "0123456789ab"


def test_a_bar_is_full_only_when_all_is_done() -> None:
    kind = cell.ProgressCell()
    assert "╌" in "".join(text for text, _ in kind.parts(cell.Progress(999_999, 1_000_000), 20, "left"))
    assert kind.parts(cell.Progress(10, 10), 20, "left")[0] == ("▬" * 15, "success")
