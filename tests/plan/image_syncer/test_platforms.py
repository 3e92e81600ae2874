"""The values of `--os` and `--arch`."""

from __future__ import annotations

import pytest

from tui.plan.errors import RuleError
from tui.plan.image_syncer import parse_platforms, with_platforms
from tui.plan.model import Plan, Platform, Rule


@pytest.mark.parametrize(
    ("os", "arch", "expected", "codes"),
    [
        ([], [], [], []),
        (["", ""], [""], [], []),
        (["linux"], [], ["linux"], []),
        ([], ["amd64"], ["*/amd64"], []),
        (["linux"], ["amd64", "arm64:v8", "amd64"], ["linux/amd64", "linux/arm64/v8"], []),
        (["windows:10.0.17763"], ["amd64"], ["windows(10.0.17763)/amd64"], []),
        (["linux"], ["amd64,arm64"], ["linux/amd64", "linux/arm64"], ["arch-list"]),
    ],
)
def test_flags(os: list[str], arch: list[str], expected: list[str], codes: list[str]) -> None:
    platforms, hazards = parse_platforms(os, arch)
    assert [str(platform) for platform in platforms] == expected
    assert [hazard.code for hazard in hazards] == codes


@pytest.mark.parametrize(("os", "arch"), [(["linux/amd64"], []), ([], ["arm64/v8"]), (["a b"], []), ([], ["*x"])])
def test_flags_that_are_no_platform(os: list[str], arch: list[str]) -> None:
    with pytest.raises(RuleError, match="is not a platform") as caught:
        parse_platforms(os, arch)
    assert caught.value.origin == ("--os" if os else "--arch")


def test_they_narrow_every_rule() -> None:
    plan = Plan("p", (Rule("h.io", "a", "a.io/a"), Rule("h.io", "b", "a.io/b")))
    linux = (Platform("linux", ""),)
    assert [rule.platforms for rule in with_platforms(plan, linux).rules] == [linux, linux]
    assert with_platforms(plan, ()) is plan
