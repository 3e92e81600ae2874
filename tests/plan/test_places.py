"""Rules from and to places on a disk."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from tui.oci.reference import Reference, Repository
from tui.plan.errors import PlanFileError
from tui.plan.expand import check, expand
from tui.plan.export import TOOLS, Tool, export_for
from tui.plan.image_syncer.export import Exported, export
from tui.plan.model import Plan, Rule
from tui.plan.naming import registry_of
from tui.plan.rule_text import make_rule, source_text
from tui.plan.toml_file import format_plan, parse_plan


def target_of(rule: Rule, path: str, tag: str = "v1") -> str:
    check(rule)
    return str(expand(rule, Repository(rule.source_registry, path), [tag])[0].target)


@pytest.mark.parametrize(
    ("source", "target", "path", "expected"),
    [
        ("r.example.com/*", "oci:/usb/a:b", "team/app", "oci:/usb/a:b//team/app:v1"),
        ("r.example.com/team/*", "oci:/usb//mirror", "team/x/app", "oci:/usb//mirror/x/app:v1"),
        ("r.example.com/team/app", "oci:/u//{registry}/{name}:{tag}-o", "team/app", "oci:/u//r.example.com/app:v1-o"),
        ("oci:/usb/{x}", "r.example.com/m/{path}", "team/app", "r.example.com/m/team/app:v1"),
        ("oci:/usb//team/*", "oci:/other{y}//{name}", "team/app", "oci:/other{y}//app:v1"),
    ],
)  # fmt: skip
def test_where_a_rule_leads(source: str, target: str, path: str, expected: str) -> None:
    rule = make_rule(source, target)
    assert target_of(rule, path) == expected
    again = make_rule(source_text(rule)[0], rule.target)
    assert again == rule


def test_everything_in_a_place_is_a_pattern() -> None:
    rule = make_rule("oci:/usb/export", "r.example.com/{path}")
    assert (rule.source_registry, rule.source_path, rule.is_pattern) == ("oci:/usb/export/", "*", True)
    assert (
        make_rule("oci:/usb/export//app:1", "r.example.com/x").source
        == Reference.parse("oci:/usb/export//app").repository
    )


@pytest.mark.parametrize(
    ("template", "registry"),
    [
        ("oci:/a/b//{path}", "oci:/a/b/"),
        ("oci:/a:b", "oci:/a:b/"),
        ("r.example.com/{path}", "r.example.com"),
        ("{registry}/x", ""),
    ],
)
def test_the_registry_of_a_template(template: str, registry: str) -> None:
    assert registry_of(template) == registry


def test_a_tar_is_a_target() -> None:
    check(make_rule("r.example.com/app", "oci-archive:/usb/x.tar"))


def test_a_plan_file_with_places_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = """\
version = 1
name = "out"
[options]
since = ["./earlier", "/usb/old/inventory.json"]
[[rule]]
source = "harbor.example.com/library/*"
target = "oci:./usb: 2026//{name}"
"""
    plan = parse_plan(text, Path("out.toml"))
    assert plan.options.since == (str(tmp_path / "earlier"), "/usb/old/inventory.json")
    assert plan.rules[0].target == f"oci:{tmp_path}/usb: 2026//{{name}}"
    assert parse_plan(format_plan(plan), Path("out.toml")).options == plan.options


@pytest.mark.parametrize(
    ("source", "target", "place"),
    [("oci:export//*", "r.example.com/{path}", "6:10"), ("r.example.com/*", "oci:export", "7:10")],
)
def test_a_place_that_is_none_is_named_with_its_line(source: str, target: str, place: str) -> None:
    text = f'version = 1\nname = "x"\n\n\n[[rule]]\nsource = "{source}"\ntarget = "{target}"\n'
    with pytest.raises(PlanFileError, match="two slashes") as caught:
        parse_plan(text, Path("x.toml"))
    assert caught.value.where == f"x.toml:{place}"


@pytest.mark.parametrize("tool", [*TOOLS, "image-syncer"])
def test_other_tools_are_not_given_rules_about_disks(tool: Tool | Literal["image-syncer"]) -> None:
    rules = [make_rule("r.example.com/a/app", "oci:/usb"), make_rule("oci:/usb//a/app:v1", "r.example.com/a/app")]
    kept = make_rule("r.example.com/a/app:v1", "q.example.com/a/app")
    plan = Plan("disks", (*rules, kept))
    exported = export(plan) if tool == "image-syncer" else export_for(plan, tool)
    assert "/usb" not in str(exported.images if isinstance(exported, Exported) else exported.files)
    said = [str(hazard) for hazard in exported.hazards if "on a disk" in str(hazard)]
    assert len(said) == 2
