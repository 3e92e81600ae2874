"""Plans as values: platforms, and the trip through JSON and pickle."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given

from tests.plan.strategies import plans
from tests.support.chinese import in_chinese
from tui.oci.reference import Repository
from tui.plan.model import Plan, Platform, Rule, from_document, to_document


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/arm64/v8", Platform("linux", "arm64", "v8")),
        ("windows(10.0.17763)/amd64", Platform("windows", "amd64", os_version="10.0.17763")),
        ("linux", Platform("linux", "")),
        ("*/arm/v7", Platform("", "arm", "v7")),
        ("linux/*/v8", Platform("linux", "", "v8")),
    ],
)
def test_platform_text(text: str, platform: Platform) -> None:
    assert Platform.parse(text) == platform
    assert str(platform) == text


@pytest.mark.parametrize("text", ["", "/amd64", "linux/", "linux/amd64/", "linux/a/b/c", "linux amd64", "lin(ux"])
def test_no_platform(text: str) -> None:
    with pytest.raises(ValueError, match="does not read as") as caught:
        Platform.parse(text)
    assert in_chinese(str(caught.value))


@pytest.mark.parametrize(
    ("platform", "image", "passes"),
    [
        (Platform("linux", "amd64"), ("linux", "amd64", "", ""), True),
        (Platform("linux", "amd64"), ("linux", "arm64", "v8", ""), False),
        (Platform("linux", "arm64"), ("linux", "arm64", "v8", ""), True),
        (Platform("linux", "arm", "v7"), ("linux", "arm", "v6", ""), False),
        (Platform("linux", "arm64", "v8"), ("linux", "arm64", "", ""), True),
        (Platform("linux", "amd64"), ("", "", "", ""), True),
        (Platform("", "amd64"), ("windows", "amd64", "", "10.0"), True),
        (Platform("windows", "", os_version="10.0"), ("windows", "amd64", "", "10.1"), False),
        (Platform("linux", "amd64"), ("unknown", "unknown", "", ""), False),
    ],
)
def test_platform_matches(platform: Platform, image: tuple[str, str, str, str], passes: bool) -> None:
    assert platform.matches(*image) is passes


def test_a_rule_says_what_it_needs() -> None:
    rule = Rule("h.io", "team/app", "a.io/ns/app", references=("v1", "v2"), target_references=("a", "b"))
    assert (rule.is_pattern, rule.needs_tags) == (False, False)
    assert rule.source == Repository("h.io", "team/app")
    assert str(rule) == "h.io/team/app:v1,v2 -> a.io/ns/app:a,b"


@pytest.mark.parametrize("path", ["*", "team/*"])
def test_a_pattern_is_no_single_repository(path: str) -> None:
    rule = Rule("h.io", path, "a.io/ns/{name}")
    assert (rule.is_pattern, rule.needs_tags) == (True, True)
    with pytest.raises(ValueError, match="many repositories"):
        _ = rule.source


@given(plans())
def test_plans_survive_json_and_pickle(plan: Plan) -> None:
    assert from_document(json.loads(json.dumps(to_document(plan)))) == plan
    assert from_document(to_document(plan)) == plan
    assert pickle.loads(pickle.dumps(plan)) == plan


@pytest.mark.parametrize(
    "change",
    [{"rules": None}, {"options": {"retry": 1}}, {"rules": [{"source": "x"}]}, {"options": {"on_conflict": "x"}}],
)
def test_a_foreign_document_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not a plan document|on_conflict"):
        from_document(to_document(Plan("p", ())) | change)
