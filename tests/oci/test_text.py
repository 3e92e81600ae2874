"""Remote text made printable: a registry must not command the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.errors import RegistryError
from tui.oci.text import printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("Umläute, 中文, emoji 🐳", "Umläute, 中文, emoji 🐳"),
        ("a\nb\r\nc\td", "a b  c d"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("nul\x00 del\x7f", "nul\\x00 del\\x7f"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("\ufeffbom \ud800surrogate", "\\ufeffbom \\ud800surrogate"),
        ("\x0b\x0c\x1c\x85", "\\x0b\\x0c\\x1c\\x85"),
    ],
)
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize("character", ["a", "ä", "\x1b"])
def test_cut_to_the_limit(character: str) -> None:
    cut = printable(character * 50, 10)
    assert len(cut) == 10
    assert cut.endswith("…")
    assert printable("a" * 10, 10) == "a" * 10


@given(st.text(st.characters()), st.integers(1, 50))
def test_nothing_that_commands_a_terminal_is_left(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [
        c
        for c in shown
        if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    assert len(shown.splitlines()) <= 1
    shown.encode()


def test_errors_carry_printable_text_only() -> None:
    error = RegistryError(
        "bad\x1b[2J", endpoint="evil\n.io", reference="r\x07", status=500, code="C\x1bODE" * 100, hint="look"
    )
    assert str(error).isprintable()
    assert error.message == "bad\\x1b[2J"
    assert len(error.code) == 100
    assert str(RegistryError("said", endpoint="r.io", status=404, code="X")) == "r.io: said (404 X)"
    assert str(RegistryError("said")) == "said"
