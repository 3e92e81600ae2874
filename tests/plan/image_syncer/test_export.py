"""Plans as image-syncer's files: they mean the same when read back, and say what they leave out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.image_syncer.files import LISTED, A, D, E, H, split, tasks
from tests.plan.strategies import DIGESTS, REGISTRIES, TAGS, paths, plans
from tui.plan.image_syncer.export import export
from tui.plan.model import ArtifactSelection, Options, Plan, Platform, Rule, TagSelection
from tui.plan.toml_file import format_plan, parse_plan


def read_back(plan: Plan, format: str = "yaml") -> Plan:
    exported = export(plan, "json" if format == "json" else "yaml")
    with TemporaryDirectory() as folder:
        return split(Path(folder), exported.images, exported.auth, ending=format).plan


def one(rule: Rule) -> tuple[dict[str, object], list[str]]:
    exported = export(Plan("p", (rule,)))
    return yaml.safe_load(exported.images), [hazard.code for hazard in exported.hazards]


@pytest.mark.parametrize(
    ("rule", "images"),
    [
        (Rule(H, "a/b", f"{A}/n/b"), {f"{H}/a/b": f"{A}/n/b"}),
        (Rule(H, "a/b", f"{A}/n/b:one"), {f"{H}/a/b": f"{A}/n/b:one"}),
        (Rule(H, "a/b", f"{A}/n/b", target_references=("one",)), {f"{H}/a/b": f"{A}/n/b:one"}),
        (Rule(H, "a/b", f"{A}/{{project}}/{{name}}", ("v1",)), {f"{H}/a/b:v1": f"{A}/a/b"}),
        (Rule(H, "a/b", f"{A}/n/b", ("v1", "v2"), ("x", "y")), {f"{H}/a/b:v1,v2": f"{A}/n/b:x,y"}),
        (Rule(H, "a/b", f"{A}/n/b:{{tag}}-old", ("v1", "v2")), {f"{H}/a/b:v1,v2": f"{A}/n/b:v1-old,v2-old"}),
        (Rule(H, "a/b", f"{A}/n/b", (D, "v1")), {f"{H}/a/b:v1,{D}": f"{A}/n/b"}),
        (Rule(H, "a/b", f"{A}/n/b", (D, E)), {f"{H}/a/b@{D}": f"{A}/n/b", f"{H}/a/b@{E}": f"{A}/n/b"}),
        (Rule(H, "a/b", f"{A}/n/b", (D,), ("v1",)), {f"{H}/a/b@{D}": f"{A}/n/b:v1"}),
        (
            Rule(H, "a/b", f"{A}/n/{{name}}-{{tag}}", ("v1", "v2")),
            {f"{H}/a/b:v1": f"{A}/n/b-v1", f"{H}/a/b:v2": f"{A}/n/b-v2"},
        ),
        (Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(regex="^v1")), {f"{H}/a/b:/^v1/": f"{A}/n/b"}),
        (Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(("v*", "1.?"))), {rf"{H}/a/b:/^(?:v.*|1\..)$/": f"{A}/n/b"}),
    ],
)
def test_rules(rule: Rule, images: dict[str, object]) -> None:
    assert one(rule) == (images, ["option-left-out"])


@pytest.mark.parametrize(
    "rule",
    [
        Rule(H, "a/*", f"{A}/n"),
        Rule(H, "*", f"{A}/n"),
        Rule(H, "a/b", f"{A}/n/b:{{tag}}-old"),
        Rule(H, "a/b", f"{A}/n/b", target_references=("x", "y")),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(exclude=("x",))),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(semver=">=1")),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(newest=1)),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(exclude_regex="x")),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(newer_than="90d")),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(labels=("prod",))),
        Rule(H, "a/b", f"{A}/n/b", artifacts=ArtifactSelection(include=("image",))),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(("[ab]",))),
        Rule(H, "a/b", f"{A}/n/b", tags=TagSelection(("a",), regex="b")),
        Rule(H, "a/b", f"{A}/n/{{nmae}}"),
    ],
)
def test_rules_that_would_copy_something_else_are_left_out(rule: Rule) -> None:
    exported = export(Plan("p", (replace(rule, origin="p.toml:3"),)))
    assert yaml.safe_load(exported.images) == {}
    assert (exported.hazards[0].code, exported.hazards[0].origin) == ("not-expressible", "p.toml:3")
    assert str(rule) in exported.hazards[0].message


def test_rules_with_one_source_share_a_line() -> None:
    rules = [Rule(H, "a/b", f"{A}/n/{name}", ("v1",)) for name in ("x", "y", "x")]
    images = json.loads(export(Plan("p", tuple(rules)), "json").images)
    assert images == {f"{H}/a/b:v1": [f"{A}/n/x", f"{A}/n/y"]}


def test_logins_are_for_filling_in() -> None:
    auth = export(Plan("p", (Rule("127.0.0.1:5000", "a/b", f"{A}/n/b"),))).auth
    prefix = "REGISTRY_CN_HANGZHOU_ALIYUNCS_COM"
    assert yaml.safe_load(auth) == {
        "127.0.0.1:5000": {
            "username": "${REGISTRY_127_0_0_1_5000_USERNAME}",
            "password": "${REGISTRY_127_0_0_1_5000_PASSWORD}",
        },
        A: {"username": f"${{{prefix}_USERNAME}}", "password": f"${{{prefix}_PASSWORD}}"},
    }


@pytest.mark.parametrize(
    ("platforms", "hint"),
    [
        ([("linux/amd64", "linux/arm64/v8")], "use --os linux --arch amd64 --arch arm64:v8"),
        ([("windows(10.0)/amd64",)], "use --os windows:10.0 --arch amd64"),
        ([("linux/amd64", "windows/arm64")], "make a file for the rules of each platform"),
        ([("linux/amd64",), ()], "make a file for the rules of each filter"),
    ],
)
def test_flags_that_go_with_the_files(platforms: list[tuple[str, ...]], hint: str) -> None:
    rules = [
        Rule(H, f"a/b{number}", f"{A}/n/b", platforms=tuple(map(Platform.parse, texts)))
        for number, texts in enumerate(platforms)
    ]
    options = Options(concurrency=4, retries=1, force=True, on_conflict="skip")
    hazards = export(Plan("p", tuple(rules), options)).hazards
    assert [(hazard.code, hazard.hint) for hazard in hazards] == [
        ("option-left-out", "use --proc 4 --retries 1 --force"),
        ("not-expressible", "image-syncer has nothing like it"),
        ("option-left-out", hint),
    ]


@given(plans(), st.sampled_from(["yaml", "json"]))
def test_what_is_exported_means_the_same(plan: Plan, format: str) -> None:
    """Rule by rule: a rule is left out with a warning, or it copies what it copied."""
    expected: set[str] = set()
    left_out = 0
    for rule in plan.rules:
        alone = Plan("p", (rule,))
        if any(hazard.code == "not-expressible" for hazard in export(alone).hazards):
            left_out += 1
        else:
            expected |= set(tasks(alone))
    lost = [hazard for hazard in export(plan).hazards if " is left out: " in hazard.message]
    assert len(lost) == left_out
    assert set(tasks(read_back(plan, format))) == expected


NAMES = st.one_of(TAGS, DIGESTS)


@st.composite
def image_rules(draw: st.DrawFn) -> tuple[str, str]:
    source, target = (f"{draw(REGISTRIES)}/{draw(paths())}" for _ in range(2))
    kind = draw(st.sampled_from(["all", "regex", "digest", "tags", "renamed"]))
    if kind == "all":
        return source, target
    if kind == "regex":
        return f"{source}:/{draw(st.sampled_from(['^v1', 'a+', '/', 'x$', '(?i)RC', '[^/]:/']))}/", target
    if kind == "digest":
        return f"{source}@{draw(DIGESTS)}", target + draw(st.sampled_from(["", ":v9"]))
    first, others = draw(TAGS), draw(st.lists(NAMES, max_size=3))
    if kind == "tags":
        return ",".join([f"{source}:{first}", *others]), target
    renamed = draw(st.lists(TAGS, min_size=len(others) + 1, max_size=len(others) + 1))
    return ",".join([f"{source}:{first}", *others]), f"{target}:{','.join(renamed)}"


@given(st.lists(image_rules(), max_size=4).map(dict))
def test_what_is_imported_survives_both_files(rules: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        plan = split(Path(folder), rules).plan
    assert set(tasks(read_back(plan), LISTED)) == set(tasks(plan, LISTED))
    again = parse_plan(format_plan(plan), Path("images.toml"))
    bare = [tuple(replace(rule, origin="") for rule in each.rules) for each in (plan, again)]
    assert bare[0] == bare[1]
