"""From rules to pairs of references."""

from __future__ import annotations

import pytest

from tui.oci.reference import Reference, Repository
from tui.plan.errors import RuleError
from tui.plan.expand import Pair, check, clashes, expand, matching_repositories
from tui.plan.model import Rule, TagSelection

LISTED = ("latest", "v1.0", "v1.1")
D1, D2 = "sha256:" + "14" * 32, "sha256:" + "25" * 32
CATALOG = ["team/app", "team/sub/app", "teams/app", "library/nginx", "team", "team/app", "Bad/../name", "team/Up"]


def pairs_of(rule: Rule, repository: str = "", listed: tuple[str, ...] = LISTED) -> list[str]:
    found = expand(rule, Repository.parse(repository) if repository else rule.source, listed)
    return [f"{pair.source} {pair.target}" for pair in found]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("team/*", ["team/app", "team/sub/app"]),
        ("team/sub/*", ["team/sub/app"]),
        ("*", ["team/app", "team/sub/app", "teams/app", "library/nginx", "team"]),
        ("team/app", ["team/app"]),
        ("not/there", ["not/there"]),
        ("none/*", []),
    ],
)
def test_repositories_of_a_rule(path: str, found: list[str]) -> None:
    assert matching_repositories(Rule("h.io", path, "a.io/ns/{path}"), CATALOG) == found


@pytest.mark.parametrize(
    ("path", "target", "repository", "expected"),
    [
        ("team/*", "a.io/ns", "h.io/team/sub/app", "a.io/ns/sub/app:latest"),
        ("team/*", "a.io/ns/", "h.io/team/app", "a.io/ns/app:latest"),
        ("team/*", "a.io/ns:{tag}-old", "h.io/team/app", "a.io/ns/app:latest-old"),
        ("team/*", "a.io/ns/{name}", "h.io/team/sub/app", "a.io/ns/app:latest"),
        ("*", "a.io/mirror", "h.io/team/sub/app", "a.io/mirror/team/sub/app:latest"),
        ("*", "a.io/{project}/{path}", "h.io/team/app", "a.io/team/team/app:latest"),
    ],
)
def test_targets_of_a_pattern(path: str, target: str, repository: str, expected: str) -> None:
    rule = Rule("h.io", path, target)
    check(rule)
    assert pairs_of(rule, repository, ("latest",)) == [f"{repository}:latest {expected}"]


def test_listed_tags_keep_their_order_and_their_names() -> None:
    assert pairs_of(Rule("h.io", "team/app", "a.io/ns/app")) == [
        "h.io/team/app:latest a.io/ns/app:latest",
        "h.io/team/app:v1.0 a.io/ns/app:v1.0",
        "h.io/team/app:v1.1 a.io/ns/app:v1.1",
    ]


def test_named_tags_and_digests_go_by_position() -> None:
    rule = Rule("h.io", "team/app", "a.io/ns/{name}", references=("v1", D1), target_references=("a", "b"))
    check(rule)
    assert pairs_of(rule, listed=()) == ["h.io/team/app:v1 a.io/ns/app:a", f"h.io/team/app@{D1} a.io/ns/app:b"]


def test_a_digest_keeps_its_digest_or_gets_a_tag() -> None:
    assert pairs_of(Rule("h.io", "app/x", "a.io/ns/x", references=(D1,))) == [f"h.io/app/x@{D1} a.io/ns/x@{D1}"]
    assert pairs_of(Rule("h.io", "app/x", "a.io/ns/x:v9", references=(D1,))) == [f"h.io/app/x@{D1} a.io/ns/x:v9"]


def test_one_name_at_the_target_needs_one_tag_at_the_source() -> None:
    rule = Rule("h.io", "team/app", "a.io/ns/app:prod", origin="plan.toml:8")
    check(rule)
    assert pairs_of(rule, listed=("v1",)) == ["h.io/team/app:v1 a.io/ns/app:prod"]
    with pytest.raises(RuleError, match="3 at the source but 1 at the target") as caught:
        pairs_of(rule)
    assert caught.value.origin == "plan.toml:8"
    assert caught.value.hint
    with pytest.raises(RuleError, match="0 at the source but 1 at the target"):
        pairs_of(rule, listed=())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("h.io", "a/b", "a.io/b", references=("v1", "v2"), target_references=("x",)), "2 at the source but 1"),
        (Rule("h.io", "a/b", "a.io/b:x", references=("v1", "v2")), "2 at the source but 1"),
        (Rule("h.io", "a/b", "a.io/b", references=(D1,), target_references=(D2,)), "not the one at the source"),
        (
            Rule("h.io", "a/b", "a.io/b", references=("v1", D1), target_references=("v1", D2)),
            "not the one at the source",
        ),
        (Rule("h.io", "a/b", "a.io/b:{tag}-x", references=(D1,)), "is a digest"),
        (Rule("h.io", "a/b", "a.io/{nme}"), "did you mean {name}"),
        (Rule("h.io", "a/b", "a.io/b", references=("bad tag",)), "neither a tag nor a digest"),
        (Rule("h.io", "a/b", "a.io/b", references=("v1",), target_references=("sha256:12",)), "neither a tag nor"),
        (Rule("h.io", "a/b", "a.io/b", tags=TagSelection(regex="(")), "regular expression"),
        (Rule("h.io", "a/b", "a.io/b", references=("v1",), tags=TagSelection(newest=1)), "both named and selected"),
        (Rule("h.io", "a/*", "a.io/b", references=("v1",)), "many repositories"),
        (Rule("h.io", "a/b*", "a.io/b"), "whole repositories"),
        (Rule("h.io", "a/Up", "a.io/b"), "not a repository path"),
        (Rule("h.io", "", "a.io/b"), "not a repository path"),
        (Rule("h.io", "/*", "a.io/b"), "not a repository path"),
        (Rule("h.io", "a/*", "a.io/b/{name}:prod:x"), "not a tag"),
    ],
)
def test_check_finds_what_is_wrong_before_anything_is_listed(rule: Rule, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        check(rule)
    assert words in str(caught.value)
    assert caught.value.hint


def test_a_listed_name_that_is_no_tag_makes_no_reference() -> None:
    with pytest.raises(RuleError, match="neither a tag nor a digest"):
        pairs_of(Rule("h.io", "a/b", "a.io/b"), listed=("v1/../../secret",))


def test_clashes_are_two_sources_of_one_tag() -> None:
    rule = Rule("h.io", "team/*", "a.io/flat/{name}")
    pairs = [
        pair
        for path in ("team/a/app", "team/b/app", "team/b/other")
        for pair in expand(rule, Repository("h.io", path), ("v1",))
    ]
    assert clashes(pairs) == [(pairs[0], pairs[1])]
    assert clashes([pairs[0], pairs[0]]) == []
    same = Reference.parse(f"a.io/flat/app@{D1}")
    assert clashes([Pair(pairs[0].source, same), Pair(pairs[1].source, same)]) == []
