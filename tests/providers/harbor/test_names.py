"""Names, versions, query terms and globs as Harbor has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.harbor import globs as others
from tui.oci.reference import InvalidReference
from tui.providers.harbor import query
from tui.providers.harbor.globs import matches
from tui.providers.harbor.names import (
    Version,
    is_project_name,
    project_of_robot,
    repository_segment,
    segment,
    split_path,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("v2.13.1-8f3c2a", (2, 13)), ("1.10.19", (1, 10)), ("", (0, 0)), ("vX", (0, 0))],
)
def test_versions(text: str, expected: tuple[int, int]) -> None:
    assert Version.parse(text) == Version(*expected)


def test_versions_are_ordered() -> None:
    assert Version(1, 10) < Version(2, 2) < Version(2, 13)


@pytest.mark.parametrize("name", ["a", "library", "a.b_c-d", "123", "a" * 255])
def test_project_names(name: str) -> None:
    assert is_project_name(name)


@pytest.mark.parametrize("name", ["", "A", "a__b", "-a", "a-", "a/b", "é", "a" * 256, "a\n"])
def test_what_is_no_project_name(name: str) -> None:
    assert not is_project_name(name)


def test_paths() -> None:
    assert split_path("a/b/c") == ("a", "b/c")
    assert repository_segment("b/c") == "b%252Fc"
    assert segment("a b/c") == "a%20b%2Fc"
    for path in ("a", "a/", "A/b", "a/../b"):
        with pytest.raises(InvalidReference):
            split_path(path)


@pytest.mark.parametrize(
    ("user", "project"),
    [
        ("robot$shop+ci", "shop"),
        ("bot$a.b-c+x", "a.b-c"),
        ("robot$ci", ""),
        ("admin", ""),
        ("a+b", ""),
        ("robot$../x+y", ""),
    ],
)
def test_robots(user: str, project: str) -> None:
    assert project_of_robot(user) == project


def test_query_terms() -> None:
    assert query.exactly("name", "a/b") == "name=a/b"
    assert query.exactly("name", "123") == "name={'123'}"
    assert query.containing("tags", "rc") == "tags=~rc"
    assert query.among("name", ("a", "12")) == "name={a '12'}"
    assert query.all_of("a=b", "", query.TAGGED) == "a=b,tags=*"
    for value in ("a,b", "a b", "a%2Cb", "a+b", "~a", "", "{a}"):
        with pytest.raises(ValueError, match="cannot stand"):
            query.exactly("name", value)
    with pytest.raises(ValueError, match="no values"):
        query.among("name", ())


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("library/**", "library/a/b", True),
        ("library/**", "library", True),
        ("library/*", "library/a/b", False),
        ("**", "a/b/c", True),
        ("**", "", True),
        ("?*", "", False),
        ("?*", "v1", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("{a,b}/**", "b/x", True),
        ("{1.*,2.*}", "2.0", True),
        ("{1.*,2.*}", "3.0", False),
        ("v[0-9]", "v5", True),
        ("v[!0-9]", "v5", False),
        ("v[^0-9]", "vx", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("{a", "a", False),
        ("[a", "a", False),
        ("a.b", "axb", False),
        ("a.b", "a.b\n", False),
        ("a/**/**", "a", True),
        ("a**", "a/b", False),
        ("{a/b,c/{d,e}}/*", "c/e/x", True),
        ("{a/b,c/{d,e}}/*", "c/f/x", False),
        (r"\{a,b\}", "{a,b}", True),
        ("{a,b}" * 20, "a" * 20, False),
        ("**/*a" * 200, "a" * 200, False),
        ("*a" * 200, "b" * 5_000, False),
    ],
)
def test_globs(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


_TEXTS = st.text("ab/", max_size=6).filter(lambda text: "//" not in text)
_PATTERNS = st.lists(st.sampled_from(["a", "b", "*", "?", "**", "{a,b}", "a*"]), min_size=1, max_size=4).map("/".join)


@given(_PATTERNS, _TEXTS)
def test_two_ways_to_read_a_glob_agree(pattern: str, text: str) -> None:
    assert matches(pattern, text) is others.matches(pattern, text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_pattern_breaks_it(pattern: str, text: str) -> None:
    assert matches(pattern, text) in (True, False)
