"""What a plan file says of deletions and of who is told: read, refused with its place, and written back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.oci.reference import Reference
from tui.plan.errors import PlanFileError
from tui.plan.mirror.settings import Mirror, protected_by
from tui.plan.model import from_document, to_document
from tui.plan.notify import Notify
from tui.plan.toml_file import format_plan, parse_plan

_PLAN = """version = 1
[mirror]
protect = ["v1.*", "mirror/base:*", "/^release-/"]
max_count = 5
max_percent = 10
unselected = true
[notify]
url_env = "HOOK"
secret_env = "HOOK_SECRET"
shape = "dingtalk"
on = "failure"
metrics_file = "/tmp/regferry.prom"
"""


def test_both_tables_are_read_and_written_back() -> None:
    plan = parse_plan(_PLAN, Path("plan.toml"))
    assert plan.mirror == Mirror(("v1.*", "mirror/base:*", "/^release-/"), 5, 10, unselected=True)
    assert plan.notify == Notify("HOOK", "HOOK_SECRET", "dingtalk", "failure", "/tmp/regferry.prom")
    assert parse_plan(format_plan(plan), Path("plan.toml")) == plan
    assert from_document(to_document(plan)) == plan


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[mirror]\nprotect = ["/(/"]', "2:12: found the regular expression"),
        ('[mirror]\nprotect = [""]', "an empty pattern protects nothing"),
        ("[mirror]\nmax_count = -1", "3:1"),
        ("[mirror]\nmax = 1", "unknown key 'max'"),
        ('[notify]\nshape = "teams"', "found 'teams', expected one of generic, slack"),
        ('[notify]\nurl_env = "https://hooks.example.com/s3cret"', "names of environment variables"),
        ('[notify]\nshape = "slack"\nsecret_env = "S"', "not signed"),
        ('[notify]\nmetrics_file = "/tmp/metrics.txt"', ".prom"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(line: str, said: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        parse_plan(f"version = 1\n{line}\n", Path("plan.toml"))
    assert said.removeprefix("2:12: ").removeprefix("3:1") in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.line > 1


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [("1.*", True), ("2.*", False), ("mirror/app:1*", True), ("mirror/*", True), ("other/*", False), ("/^1/", True)],
)
def test_patterns_protect_tags_or_whole_names(pattern: str, hit: bool) -> None:
    assert bool(protected_by((pattern,), Reference.parse("r.example.com/mirror/app:1.0"))) is hit


def test_a_maximum_counts_and_compares() -> None:
    mirror = Mirror(max_count=2, max_percent=50)
    assert mirror.over(2, 4) == ""
    assert "3 deletions are more than max_count = 2" in mirror.over(3, 100)
    assert "2 of 3 tags are 67 %" in mirror.over(2, 3)
    assert mirror.over(1, 0) != ""
    assert Mirror().over(0, 0) == ""
