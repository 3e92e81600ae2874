"""Globs and the expressions that mean the same."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plan import re2
from tui.plan.globs import glob_to_regex, regex_to_glob

TAGS = st.text("ab1.-_", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("regex", "glob"),
    [
        ("latest", "latest"),
        (r".*-rc.*", "*-rc*"),
        (r"v1\.2", "v1.2"),
        ("^v.+$", "v?*"),
        ("v.", "v?"),
        ("a/b", "a/b"),
        ("", ""),
        (r"\*", "[*]"),
        ("a|b", None),
        ("v[0-9]", None),
        (r"\d", None),
        ("ab*", None),
        ("a{2}", None),
        (".*?", None),
        ("(a)", None),
        ("a^b", None),
        (r"a\$", "a$"),
    ],
)
def test_expressions_that_have_a_glob(regex: str, glob: str | None) -> None:
    assert regex_to_glob(regex) == glob


@given(st.text("ab.1*?-", max_size=6), TAGS)
def test_a_glob_and_its_expression_match_the_same(glob: str, tag: str) -> None:
    regex = glob_to_regex(glob)
    assert regex is not None
    assert bool(re2.compile(f"^(?:{regex})$").search(tag)) == fnmatchcase(tag, glob)


@given(st.lists(st.sampled_from(["a", "b", r"\.", "-", ".", ".*", ".+", "1"]), max_size=5).map("".join), TAGS)
def test_an_expression_and_its_glob_match_the_same(regex: str, tag: str) -> None:
    glob = regex_to_glob(regex)
    assert glob is not None
    assert fnmatchcase(tag, glob) == bool(re2.compile(f"^{regex}$").search(tag))


def test_sets_are_not_translated() -> None:
    assert glob_to_regex("[ab]") is None
