"""From the target back to the source: what is proposed for deletion, and what never is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui.oci.reference import Reference, Repository
from tui.plan.expand import expand
from tui.plan.mirror.mapping import Candidate, candidates, companion_of, lost_route, routes
from tui.plan.model import RepositorySelection, TagSelection
from tui.plan.rule_text import make_rule

SOURCE = Repository("src.example.com", "library/app")
_TAGS = st.lists(st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,8}", fullmatch=True), unique=True, max_size=8)
_TEMPLATES = st.sampled_from(
    [
        "t.io/m/{name}",
        "t.io/{path}",
        "t.io/{project}/x/{name}",
        "t.io/m/{name}:{tag}-old",
        "t.io/m/{name}:v{tag}",
        "t.io/m",
    ]
)


def _found(target: str, *, there: list[str], have: list[str], unselected: bool = False, **more: Any) -> list[Candidate]:
    rule = make_rule(str(SOURCE), target, **more)
    ways = routes([rule], [SOURCE])
    return candidates(ways, {SOURCE: there}, {way.target: have for way in ways}, unselected=unselected)


def _said(found: list[Candidate]) -> dict[str, tuple[str, str]]:
    return {each.target.tag: (each.source.tag, each.reason) for each in found}


@given(_TAGS, _TAGS, _TEMPLATES)
def test_what_was_copied_and_left_the_source_is_found_and_nothing_else(
    stay: list[str], leave: list[str], template: str
) -> None:
    leave = [tag for tag in leave if tag not in stay]
    rule = make_rule(str(SOURCE), template)
    before = expand(rule, SOURCE, [*stay, *leave])
    ways = routes([rule], [SOURCE])
    at_target = {ways[0].target: [pair.target.tag for pair in before]}
    found = candidates(ways, {SOURCE: stay}, at_target)
    assert {each.target for each in found} == {pair.target for pair in before if pair.source.tag in leave}
    assert {each.source for each in found} == {pair.source for pair in before if pair.source.tag in leave}


def test_what_the_rule_never_made_is_left_alone() -> None:
    found = _found("t.io/m/{name}:{tag}-old", there=["1"], have=["1-old", "2-old", "2", "latest"])
    assert _said(found) == {"2-old": ("2", "gone")}
    selection = TagSelection(include=("1.*",))
    assert _said(_found("t.io/m", there=["1.0"], have=["1.0", "1.1", "2.0"], tags=selection)) == {
        "1.1": ("1.1", "gone")
    }


def test_what_is_no_longer_selected_is_proposed_only_when_asked_for() -> None:
    selection = TagSelection(newest=1)
    have = ["1.0", "1.1", "0.9"]
    assert _said(_found("t.io/m", there=["1.0", "1.1"], have=have, tags=selection)) == {"0.9": ("0.9", "gone")}
    asked = _found("t.io/m", there=["1.0", "1.1"], have=have, tags=selection, unselected=True)
    assert _said(asked) == {"0.9": ("0.9", "gone"), "1.0": ("1.0", "unselected")}


def test_named_references_are_gone_when_the_source_does_not_list_them() -> None:
    found = _found("t.io/m", there=["1"], have=["a", "b", "c"], references=("1", "2"), target_references=("a", "b"))
    assert _said(found) == {"b": ("2", "gone")}


def test_another_rule_that_still_makes_the_tag_keeps_it() -> None:
    other = Repository("src.example.com", "library/other")
    rules = [make_rule(str(SOURCE), "t.io/m"), make_rule(str(other), "t.io/m")]
    ways = routes(rules, [SOURCE, other])
    have = {Repository("t.io", "m"): ["1", "2", "3"]}
    assert _said(candidates(ways, {SOURCE: ["1"], other: ["2"]}, have)) == {"3": ("3", "gone")}


def test_what_was_kept_before_it_was_overwritten_stays() -> None:
    have = ["1", "1-before-20261121", "2-before-now"]
    way = routes([make_rule(str(SOURCE), "t.io/m")], [SOURCE])
    found = candidates(way, {SOURCE: ["1"]}, {way[0].target: have}, backup="{tag}-before-{date}")
    assert _said(found) == {"2-before-now": ("2-before-now", "gone")}


def test_the_one_name_of_a_rule_stays_whatever_it_selects() -> None:
    rules = [
        make_rule(str(SOURCE), "t.io/m:stable", tags=TagSelection(newest=1, newest_by="time")),
        make_rule(str(SOURCE), "t.io/m"),
    ]
    have = {Repository("t.io", "m"): ["stable", "1", "0"]}
    assert _said(candidates(routes(rules, [SOURCE]), {SOURCE: ["1", "2"]}, have)) == {"0": ("0", "gone")}


def test_repositories_that_a_rule_does_not_choose_are_none_of_its_own() -> None:
    rule = replace(make_rule("s.io/library/*", "t.io/m/{name}"), repositories=RepositorySelection(exclude=("*/old",)))
    assert lost_route(rule, Repository("t.io", "m/old")) is None
    assert lost_route(rule, Repository("t.io", "m/new")) is not None


def test_companions_are_not_proposed_by_themselves() -> None:
    digest = "a" * 64
    names = [f"sha256-{digest}", f"sha256-{digest}.sig", f"sha256-{digest}.att"]
    assert _found("t.io/m", there=["1"], have=["1", *names]) == []
    assert {companion_of(name) for name in names} == {f"sha256:{digest}"}
    assert companion_of("sha256-abc") == companion_of("latest") == ""


def test_a_repository_made_from_a_tag_has_no_route() -> None:
    assert routes([make_rule(str(SOURCE), "t.io/m/{tag}:x")], [SOURCE]) == []


def test_a_lost_repository_is_made_up_from_its_name_at_the_target() -> None:
    def lost(source: str, target: str, path: str) -> str:
        route = lost_route(make_rule(source, target), Repository("t.io", path))
        return str(route.source) if route else ""

    assert lost("s.io/library/*", "t.io/m/{name}", "m/old") == "s.io/library/old"
    assert lost("s.io/library/*", "t.io/m", "m/sub/old") == "s.io/library/sub/old"
    assert lost("s.io/*", "t.io/m/{path}", "m/a/b") == "s.io/a/b"
    assert lost("s.io/*", "t.io/{project}/{name}", "a/b") == "s.io/a/b"
    assert lost("s.io/library/*", "t.io/m/{name}", "other/old") == ""
    assert lost("s.io/library/*", "t.io/{path}", "project/old") == ""
    assert lost("s.io/library/nginx", "t.io/m/{name}", "m/nginx") == ""


def test_all_of_a_lost_repository_is_proposed_under_its_own_reason() -> None:
    rule = make_rule("s.io/library/*", "t.io/m/{name}")
    route = lost_route(rule, Repository("t.io", "m/old"))
    assert route is not None
    found = candidates([route], {}, {route.target: ["1", "2"]})
    assert found == [
        Candidate(Reference(route.target, tag=tag), Reference(route.source, tag=tag), "repository")
        for tag in ("1", "2")
    ]
