"""Plans as files of skopeo, regsync and dregsy: they mean the same when read back, and say what they leave out."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings

from tests.plan.image_syncer.files import tasks
from tests.plan.strategies import plans
from tui.plan.detect import detect_and_load
from tui.plan.expand import chosen_repositories, matching_repositories
from tui.plan.export import TOOLS, Tool, export_for
from tui.plan.exported import ExportedFiles, unsaid, whole, wholes
from tui.plan.imported import Imported
from tui.plan.model import (
    ArtifactSelection,
    Options,
    Plan,
    Platform,
    RepositorySelection,
    Rule,
    TagSelection,
)
from tui.plan.notify import Notify

H, A = "harbor.example.com", "acr.example.com"
D = "sha256:" + "14" * 32
LISTED = ("1.20.0", "1.21.3", "2.0.0", "v1.5.0", "latest", "1.22.0-rc1", "a_b")


def read_back(exported: ExportedFiles, tool: Tool) -> list[Imported]:
    with TemporaryDirectory() as folder:
        found = []
        for number, file in enumerate(exported.files):
            path = Path(folder) / f"{number}.yaml"
            path.write_text(file.text)
            destination = shlex.split(file.command)[-1] if tool == "skopeo" else ""
            registry, _, namespace = destination.partition("/")
            scoped = "--scoped" in file.command
            found.append(detect_and_load(path, registry=registry, namespace=namespace, scoped=scoped, environ={}))
        return found


def meaning(rules: tuple[Rule, ...]) -> set[str]:
    """Return what rules for repositories copy, and the platforms with it."""
    return {
        f"{line} {rule.platforms}"
        for rule in rules
        if not rule.is_pattern
        for line in tasks(Plan("p", (replace(rule, origin=""),)), LISTED)
    }


def left_out(exported: ExportedFiles, plan: Plan) -> list[Rule]:
    named = {hazard.origin for hazard in exported.hazards if " is left out: " in hazard.message}
    return [rule for rule in plan.rules if rule.origin in named]


RULES = {
    "all": Rule(H, "team/app", f"{A}/m/{{name}}"),
    "tags": Rule(H, "team/app", f"{A}/m/app", ("1.20.0", "latest")),
    "digest": Rule(H, "team/app", f"{A}/m/app", (D,)),
    "regex": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(regex="^1")),
    "whole": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(regex=r"^1\.2[01].*$")),
    "globs": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(include=("1.*", "lat?st"))),
    "semver": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(semver=">=1.20.0 <2.0.0")),
    "exclude": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(exclude=("*-rc*",), exclude_regex="^v")),
    "same name": Rule(H, "team/app", f"{A}/m/app:latest", ("latest",)),
    "several": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(regex=r"(?:^latest$)|(?:^1\.2.*$)")),
    "platform": Rule(H, "team/app", f"{A}/m/app", platforms=(Platform.parse("linux/arm64/v8"),)),
    "renamed": Rule(H, "team/app", f"{A}/m/other", ("1.20.0",), ("old",)),
    "newest": Rule(H, "team/app", f"{A}/m/app", tags=TagSelection(newest=3)),
    "charts": Rule(H, "team/app", f"{A}/m/app", artifacts=ArtifactSelection(include=("chart",))),
}
CARRIED: dict[Tool, set[str]] = {
    "skopeo": {"all", "tags", "digest", "regex", "whole", "globs", "semver", "same name", "several"},
    "regsync": set(RULES) - {"newest", "charts"},
    "dregsy": set(RULES) - {"renamed", "newest", "charts"},
}


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_carried_over_or_named(name: str, tool: Tool) -> None:
    rule = replace(RULES[name], origin="plan.toml:7")
    exported = export_for(Plan("p", (rule,)), tool)
    found = read_back(exported, tool)
    if name in CARRIED[tool]:
        assert left_out(exported, Plan("p", (rule,))) == []
        assert meaning(tuple(each for one in found for each in one.plan.rules)) == meaning((rule,)) != set()
    else:
        assert exported.files == ()
        (hazard,) = [hazard for hazard in exported.hazards if "is left out: " in hazard.message]
        assert (hazard.code, hazard.origin) == ("not-expressible", "plan.toml:7")


@pytest.mark.parametrize("tool", TOOLS)
@settings(deadline=None, max_examples=60)
@given(plan=plans())
def test_whatever_a_plan_says_is_carried_over_or_named(tool: Tool, plan: Plan) -> None:
    # Rules that look alike may differ in what is not carried over; the line they stand in tells them apart.
    plan = replace(plan, rules=tuple(replace(rule, origin=f"plan.toml:{n}") for n, rule in enumerate(plan.rules, 1)))
    exported = export_for(plan, tool)
    missing = left_out(exported, plan)
    kept = tuple(rule for rule in plan.rules if rule not in missing)
    found = tuple(rule for one in read_back(exported, tool) for rule in one.plan.rules)
    assert meaning(found) == meaning(kept)
    assert any(rule.is_pattern for rule in found) == any(rule.is_pattern for rule in kept)


@pytest.mark.parametrize("tool", ["regsync", "dregsy"])
@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        (Rule(H, "*", f"{A}/m/{{path}}"), ["team/app", "tea/x", "solo"]),
        (Rule(H, "team/*", f"{A}/m/{{path}}"), ["team/app"]),
        (Rule(H, "*", f"{A}/m/{{path}}", repositories=RepositorySelection(regex="^tea/")), ["tea/x"]),
    ],
)
def test_many_repositories(tool: Tool, rule: Rule, chosen: list[str]) -> None:
    (imported,) = read_back(export_for(Plan("p", (rule,)), tool), tool)
    (back,) = imported.plan.rules
    paths = matching_repositories(back, ["team/app", "tea/x", "solo"])
    assert (chosen_repositories(back, paths), back.target) == (chosen, rule.target)


def test_regsync_leaves_out_repositories_by_name() -> None:
    rule = Rule(H, "*", f"{A}/m/{{path}}", repositories=RepositorySelection(exclude=("tea/*",)))
    (imported,) = read_back(export_for(Plan("p", (rule,)), "regsync"), "regsync")
    (back,) = imported.plan.rules
    assert chosen_repositories(back, matching_repositories(back, ["team/app", "tea/x"])) == ["team/app"]


@pytest.mark.parametrize("tool", TOOLS)
def test_options_and_tables_that_are_not_carried_over_are_named(tool: Tool) -> None:
    options = Options(on_conflict="fail", order="oldest-first", limit_rate=1000)
    plan = Plan("p", (RULES["all"],), options, notify=Notify(url_env="HOOK"))
    said = " ".join(hazard.message for hazard in export_for(plan, tool).hazards)
    for part in ("on_conflict = 'fail'", "order = 'oldest-first'", "limit_rate = 1000", "[notify]"):
        assert part in said


def test_what_is_added_to_plans_later_is_found_by_itself() -> None:
    @dataclass(frozen=True)
    class Later(TagSelection):
        moon: str = ""

    later = Later(moon="full")
    assert unsaid(later, ("include", "regex")) == ["moon"]
    for tool in TOOLS:
        exported = export_for(Plan("p", (replace(RULES["all"], tags=later),)), tool)
        assert any("moon" in hazard.message for hazard in exported.hazards)
        assert exported.files == ()


def test_skopeo_has_a_file_for_every_destination() -> None:
    rules = (
        RULES["tags"],
        Rule(H, "team/app", f"{A}/m/app", ("2.0.0",)),
        Rule(H, "team/db", f"{A}/other/db"),
        Rule(H, "team/app", f"{A}/m/app"),
        Rule(H, "team/app", f"{A}/all/{{registry}}/{{path}}"),
    )
    exported = export_for(Plan("p", rules), "skopeo")
    assert [file.command.rpartition("FILE ")[2] for file in exported.files] == [
        f"{A}/m",
        f"{A}/other",
        f"{A}/m",
        f"{A}/all",
    ]
    assert "--scoped" in exported.files[-1].command
    first = yaml.safe_load(exported.files[0].text)
    assert first == {H: {"images": {"team/app": ["1.20.0", "latest", "2.0.0"]}}}


def test_regsync_takes_backups_and_logins_from_the_environment() -> None:
    options = Options(concurrency=3, on_conflict="backup", backup="{tag}-old", referrers=False)
    exported = export_for(Plan("p", (RULES["all"],), options), "regsync")
    document = yaml.safe_load(exported.files[0].text)
    assert document["defaults"] == {"parallel": 3, "backup": "{{.Ref.Tag}}-old"}
    assert document["creds"][0]["user"] == '{{env "HARBOR_EXAMPLE_COM_USERNAME"}}'
    (imported,) = read_back(exported, "regsync")
    assert imported.plan.options == options.__class__(concurrency=3, on_conflict="backup", backup="{tag}-old")


def test_alternatives_of_whole_expressions_are_a_list_again() -> None:
    assert wholes(r"(?:^latest$)|(?:^3\.\d+$)") == ["latest", r"3\.\d+"]
    assert wholes("(?:^a(b)$)|(?:^c$)") == [".*(?:(?:^a(b)$)|(?:^c$)).*"]
    assert wholes("") == []


@pytest.mark.parametrize(
    ("regex", "expected"),
    [("^a$", "a"), ("a", ".*(?:a).*"), ("^a|b$", ".*(?:^a|b$).*"), (r"^a\$", r".*(?:^a\$).*"), ("^(?:a)$", "(?:a)")],
)
def test_an_expression_for_the_whole_text(regex: str, expected: str) -> None:
    assert whole(regex) == expected
