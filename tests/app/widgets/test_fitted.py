"""Text fitted to cells: always exactly as wide as asked, and never able to move the cursor."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.app.widgets.ascii_filter import to_ascii
from tui.app.widgets.fitted import clean, fit, shorten

ANY = st.text(st.characters(), max_size=80)


@given(ANY, st.integers(0, 60), st.sampled_from(["left", "right"]), st.sampled_from(["end", "middle", "start"]))
def test_every_text_fits_exactly(text: str, cells: int, align: str, cut: str) -> None:
    assert cell_len(fit(clean(text), cells, align, cut)) == cells


@given(ANY)
def test_nothing_that_moves_the_cursor_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not [one for one in cleaned if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    assert "\n" not in cleaned


@given(ANY)
def test_ascii_keeps_the_width(text: str) -> None:
    cleaned = clean(text)
    assert to_ascii(cleaned).isascii()
    assert cell_len(to_ascii(cleaned)) == cell_len(cleaned)


@pytest.mark.parametrize(
    ("cut", "expected"), [("end", "harbor.ex…"), ("middle", "harb…x:1.2"), ("start", "…nginx:1.2")]
)
def test_where_a_text_is_cut(cut: str, expected: str) -> None:
    assert shorten("harbor.example.com/nginx:1.2", 10, cut) == expected  # type: ignore[arg-type]


def test_a_double_width_character_is_not_halved() -> None:
    assert shorten("镜像仓库", 6) == "镜像…"
    assert fit("镜像仓库", 6) == "镜像… "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200db", "a\\u200db"),
        ("a\ufe0fb", "a\\ufe0fb"),
        ("\U0001f1e9\U0001f1ea", "\\U0001f1e9\\U0001f1ea"),
        ("e\u0301", "é"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("two\nlines", "two lines"),
    ],
)
def test_what_is_escaped(text: str, expected: str) -> None:
    assert clean(text) == expected
