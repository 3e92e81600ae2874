"""Choosing tags: globs, expressions, version ranges, the newest, and the counts on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.plan.model import TagSelection
from tui.plan.selection import Funnel, SelectionError, check_selection, narrow
from tui.plan.versions import parse_version, sort_key

LISTED = ("latest", "v1.0", "v1.1", "v2.0", "aaa", "bbb", "v1.0-rc1")
VERSIONS = ("1.19", "1.20", "1.20.3", "1.21-rc1", "v1.25.0", "2", "2.0.0-beta.1", "1.20-alpine", "edge")


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (TagSelection(), LISTED),
        (TagSelection(include=("v1.*",)), ("v1.0", "v1.1", "v1.0-rc1")),
        (TagSelection(include=("v1.*",), exclude=("*-rc*",)), ("v1.0", "v1.1")),
        (TagSelection(include=("a*", "[b]bb")), ("aaa", "bbb")),
        (TagSelection(include=("LATEST", "V*")), ()),
        (TagSelection(exclude=("v?.?",)), ("latest", "aaa", "bbb", "v1.0-rc1")),
        (TagSelection(regex="a+"), ("latest", "aaa")),
        (TagSelection(regex=r"^v\d\.0\z"), ("v1.0", "v2.0")),
        (TagSelection(regex="nomatch"), ()),
        (TagSelection(semver=">=1.1"), ("v1.1", "v2.0")),
        (TagSelection(newest=2), ("v1.1", "v2.0")),
        # the four versions, then the last of the other tags by text
        (TagSelection(newest=5), ("latest", "v1.0", "v1.1", "v2.0", "v1.0-rc1")),
        (TagSelection(newest=100), LISTED),
        (TagSelection(include=("v1*",), regex="0", newest=1), ("v1.0",)),
    ],
)
def test_narrow_keeps_the_listed_order(selection: TagSelection, kept: tuple[str, ...]) -> None:
    assert narrow(selection, LISTED).tags == kept


def test_the_funnel_counts_every_step() -> None:
    selection = TagSelection(include=("v*",), newest=2)
    assert narrow(selection, [*LISTED, "v1.0"]) == Funnel(listed=7, matched=4, kept=2, tags=("v1.1", "v2.0"))


@pytest.mark.parametrize(
    ("versions", "kept"),
    [
        (">=1.20", ("1.20", "1.20.3", "v1.25.0", "2")),
        (">= v1.20", ("1.20", "1.20.3", "v1.25.0", "2")),
        (">=1.20 <2", ("1.20", "1.20.3", "v1.25.0")),
        (">=1.20,<2", ("1.20", "1.20.3", "v1.25.0")),
        ("^1.2", ("1.19", "1.20", "1.20.3", "v1.25.0")),
        ("~1.20", ("1.20", "1.20.3")),
        ("1.x", ("1.19", "1.20", "1.20.3", "v1.25.0")),
        ("1.19 - 1.20", ("1.19", "1.20", "1.20.3")),
        ("<1.20 || >=2", ("1.19", "2")),
        (">=1.21-rc0 <2", ("1.21-rc1", "v1.25.0")),
        ("<1.20.0", ("1.19",)),
        ("v1.20", ("1.20", "1.20.3")),
        (">=2.0.0-beta", ("2", "2.0.0-beta.1")),
        (">=1.21.0-rc0 <2", ("1.21-rc1", "v1.25.0")),
        ("*", ("1.19", "1.20", "1.20.3", "v1.25.0", "2")),
    ],
)
def test_version_ranges(versions: str, kept: tuple[str, ...]) -> None:
    assert narrow(TagSelection(semver=versions), VERSIONS).tags == kept


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (TagSelection(regex="(?!a)"), "lookahead"),
        (TagSelection(semver="latest"), "version range"),
        (TagSelection(semver=">=1.2.3.4"), "version range"),
        (TagSelection(newest=0), "at least 1"),
        (TagSelection(include=("",)), "empty glob"),
    ],
)
def test_a_selection_that_means_nothing(selection: TagSelection, words: str) -> None:
    with pytest.raises(SelectionError, match=words):
        check_selection(selection)


def test_versions_sort_by_precedence() -> None:
    ascending = [
        "aaa",
        "latest",
        "0.9",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "v1.0-rc.1",
        "1.0.0",
        "1.2",
        "1.10",
        "10.0.17763.1000",
        "10.0.17763.2000",
        "20240101",
    ]
    assert sorted(set(ascending), key=sort_key) == ascending


@pytest.mark.parametrize("tag", ["latest", "sha-3f1c", "1.", "1.2.3-", "v", "1..2", "1.2.3-a..b", "release-1.2"])
def test_not_a_version(tag: str) -> None:
    assert parse_version(tag) is None


@pytest.mark.parametrize(
    ("tag", "numbers", "prerelease"),
    [
        ("v1", (1, 0, 0), ""),
        ("1.2.3-rc1", (1, 2, 3), "rc1"),
        ("1.2.3-007.x", (1, 2, 3), "7.x"),
        ("1.2.3_build.5", (1, 2, 3), ""),
        ("1.2.3-a_b", (1, 2, 3), "a"),
        ("2024.01.05", (2024, 1, 5), ""),
        ("1.2.3.4", (1, 2, 3, 4), ""),
    ],
)
def test_a_version(tag: str, numbers: tuple[int, ...], prerelease: str) -> None:
    assert parse_version(tag) == (numbers, prerelease)


TAGS = st.lists(
    st.from_regex(r"v?[0-9]{1,3}(\.[0-9]{1,2}){0,3}(-[a-z0-9]{1,3})?|[A-Za-z0-9_][\w.-]{0,9}\Z", fullmatch=True)
)


@given(TAGS, st.integers(1, 5))
def test_newest_keeps_n_and_nothing_higher_is_left_out(tags: list[str], newest: int) -> None:
    funnel = narrow(TagSelection(newest=newest), tags)
    left_out = set(tags) - set(funnel.tags)
    assert funnel.kept == len(funnel.tags) == min(newest, len(set(tags)))
    assert all(sort_key(out) < sort_key(kept) for out in left_out for kept in funnel.tags)
