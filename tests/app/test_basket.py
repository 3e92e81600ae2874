"""What is selected, how much that is, and the rules it makes."""

from __future__ import annotations

from tui.app.basket import Basket, with_override
from tui.app.draft import Draft, endpoint_at, target_registry
from tui.endpoints.model import Endpoint
from tui.plan.expand import check, expand
from tui.plan.model import Plan, Platform, Rule, TagSelection

SOURCE = Endpoint("here", "src.example.com", store="none")
TARGET = Endpoint("there", "dst.example.com", store="none")


def basket(**listed: tuple[str, ...]) -> Basket:
    made = Basket(SOURCE)
    made.listed.update({path.replace("_", "/"): tags for path, tags in listed.items()})
    return made


def test_a_repository_is_selected_whole_or_by_tags_and_never_both() -> None:
    held = basket(team_app=("1", "2", "3"))
    held.take_repositories(["team/app"])
    assert held.chosen("team/app") == ("1", "2", "3")
    held.take_tags("team/app", ["2", "2", "1"])
    assert (held.repositories, held.tags) == ({}, {"team/app": ["2", "1"]})
    held.take_tags("team/app", [])
    assert held.empty


def test_a_pattern_chooses_of_the_tags_that_are_listed() -> None:
    held = basket(team_app=("1.0", "1.1", "2.0", "latest"))
    held.take_repositories(["team/app"], TagSelection(include=("1.*",)))
    assert held.chosen("team/app") == ("1.0", "1.1")
    assert (held.covers("team/app", "1.1"), held.covers("team/app", "2.0")) == (True, False)
    held.take_repositories(["team/app"], TagSelection(newest=1))
    assert held.chosen("team/app") == ("2.0",)
    held.listed["team/app"] = ("1.0", "3.0")
    assert held.chosen("team/app") == ("3.0",)


def test_sums_say_when_they_are_a_lower_bound() -> None:
    held = basket(a=("1",))
    held.take_repositories(["a", "b"])
    assert held.tally() == (2, 1, 0, False, False)
    assert held.unlisted() == ["b"]
    held.listed["b"] = ("1", "2")
    held.measured("a", "1", {"sha256:x": 10, "sha256:base": 100})
    held.measured("b", "1", {"sha256:y": 20, "sha256:base": 100})
    assert held.tally() == (2, 3, 130, True, False)
    assert held.unmeasured() == [("b", "2")]
    held.measured("b", "2", {"sha256:base": 100})
    assert held.tally() == (2, 3, 130, True, True)


def test_bytes_are_those_of_what_is_selected_not_of_all_that_was_read() -> None:
    held = basket(a=("1", "2"))
    held.measured("a", "1", {"sha256:x": 10})
    held.measured("a", "2", {"sha256:y": 90})
    held.take_tags("a", ["1"])
    assert held.tally().size == 10


def test_another_source_begins_with_nothing_known() -> None:
    held = basket(a=("1",))
    held.take_repositories(["a"])
    held.clear(SOURCE)
    assert (held.empty, held.listed) == (True, {"a": ("1",)})
    held.clear(TARGET)
    assert (held.source, held.listed) == (TARGET, {})


def test_rules_are_by_repository_and_pass_the_check_of_plans() -> None:
    held = basket()
    held.take_repositories(["team/b"], TagSelection(semver=">=1"))
    held.take_tags("team/a", ["1", "2"])
    rules = held.rules("dst.example.com/mirror/{path}")
    assert [rule.source_path for rule in rules] == ["team/a", "team/b"]
    for rule in rules:
        check(rule)


def targets(rules: tuple[Rule, ...], listed: dict[str, tuple[str, ...]]) -> dict[str, str]:
    pairs = [pair for rule in rules for pair in expand(rule, rule.source, listed[rule.source_path])]
    return {str(pair.source): str(pair.target) for pair in pairs}


def test_one_tag_may_go_elsewhere_and_is_copied_once() -> None:
    held = basket(a=("1", "2"), b=("1", "2"))
    held.take_repositories(["a"])
    held.take_tags("b", ["1", "2"])
    rules = held.rules("dst.example.com/{path}")
    for path in ("a", "b"):
        rules = held.with_override(rules, path, "1", f"dst.example.com/other/{path}:one")
    assert targets(rules, held.listed) == {
        "src.example.com/a:1": "dst.example.com/other/a:one",
        "src.example.com/a:2": "dst.example.com/a:2",
        "src.example.com/b:1": "dst.example.com/other/b:one",
        "src.example.com/b:2": "dst.example.com/b:2",
    }


def test_an_edited_tag_lets_no_older_one_in_where_the_newest_are_kept() -> None:
    held = basket(a=("1", "2", "3"))
    held.take_repositories(["a"], TagSelection(newest=2))
    rules = held.with_override(held.rules("dst.example.com/{path}"), "a", "3", "dst.example.com/three:3")
    assert targets(rules, held.listed) == {
        "src.example.com/a:2": "dst.example.com/a:2",
        "src.example.com/a:3": "dst.example.com/three:3",
    }


def test_names_at_the_target_stay_beside_their_references() -> None:
    rule = Rule("src.example.com", "a", "dst.example.com/a", references=("1", "2"), target_references=("x", "y"))
    rules = with_override((rule,), "src.example.com", "a", "1", "dst.example.com/b:z")
    assert targets(rules, {"a": ()}) == {
        "src.example.com/a:2": "dst.example.com/a:y",
        "src.example.com/a:1": "dst.example.com/b:z",
    }


def test_the_draft_is_the_basket_with_names_options_and_edits() -> None:
    held = basket(a=("1", "2"))
    held.take_repositories(["a"])
    draft = Draft(TARGET, names="mirror/{path}", platforms=(Platform("linux", "arm64"),))
    draft.overrides["a", "2"] = "dst.example.com/two:2"
    draft.overrides["gone", "1"] = "dst.example.com/gone:1"
    plan = draft.plan(held)
    assert targets(plan.rules, held.listed) == {
        "src.example.com/a:1": "dst.example.com/mirror/a:1",
        "src.example.com/a:2": "dst.example.com/two:2",
    }
    assert {rule.platforms for rule in plan.rules} == {(Platform("linux", "arm64"),)}
    assert plan.name == "here to there"


def test_a_file_takes_the_place_of_the_basket_until_it_is_closed() -> None:
    from pathlib import Path

    held = basket(a=("1",))
    held.take_repositories(["a"])
    rule = Rule("other.example.com", "x", "dst.example.com/x", references=("1",))
    draft = Draft(TARGET)
    draft.open(Plan("filed", (rule,)), Path("filed.toml"))
    assert draft.plan(held) == Plan("filed", (rule,))
    draft.close_file()
    assert [rule.source_path for rule in draft.plan(held).rules] == ["a"]


def test_a_rough_time_is_bytes_by_throughput_and_something_for_each_task() -> None:
    draft = Draft(throughput=10_000_000)
    assert draft.seconds(100_000_000, 0) == 10
    assert draft.seconds(0, 100) == 2


def test_an_endpoint_is_found_only_where_all_rules_mean_the_same() -> None:
    assert endpoint_at([SOURCE, TARGET], ["dst.example.com", "dst.example.com"]) == TARGET
    assert endpoint_at([SOURCE, TARGET], ["dst.example.com", "src.example.com"]) is None
    assert endpoint_at([SOURCE, TARGET], []) is None
    assert target_registry(Rule("a.b", "x", "{registry}/x")) == ""
