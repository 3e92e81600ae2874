"""What image-syncer's rules copy: the examples of both generations, as its parser expands them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.image_syncer.files import LISTED, A, D, E, H, combined, split, tasks
from tui.plan.errors import PlanFileError, RuleError

HUB = "docker.io"
V1 = ("v1.0", "v1.1", "v1.0-rc1")


def same(source: str, target: str, names: tuple[str, ...] = LISTED) -> list[str]:
    return [f"{source}:{name} {target}:{name}" for name in names]


GOOD = [
    pytest.param(f"{H}/team/app", f"{A}/ns/app", same(f"{H}/team/app", f"{A}/ns/app"), id="1"),
    pytest.param(f"{H}/team/app:v1.0", f"{A}/ns/app", [f"{H}/team/app:v1.0 {A}/ns/app:v1.0"], id="2"),
    pytest.param(f"{H}/team/app:v1.0", f"{A}/ns/app:prod", [f"{H}/team/app:v1.0 {A}/ns/app:prod"], id="3"),
    pytest.param(
        f"{H}/team/app:v1.0,v1.1,v2.0",
        f"{A}/ns/app",
        same(f"{H}/team/app", f"{A}/ns/app", ("v1.0", "v1.1", "v2.0")),
        id="4",
    ),
    pytest.param(
        f"{H}/team/app:v1.0,v1.1",
        f"{A}/ns/app:a,b",
        [f"{H}/team/app:v1.0 {A}/ns/app:a", f"{H}/team/app:v1.1 {A}/ns/app:b"],
        id="5",
    ),
    pytest.param(
        f"{H}/team/app:v1.0,v1.0", f"{A}/ns/app", same(f"{H}/team/app", f"{A}/ns/app", ("v1.0", "v1.0")), id="7"
    ),
    pytest.param(rf"{H}/team/app:/^v1\./", f"{A}/ns/app", same(f"{H}/team/app", f"{A}/ns/app", V1), id="9"),
    pytest.param(f"{H}/team/app:/a+/", f"{A}/ns/app", same(f"{H}/team/app", f"{A}/ns/app", ("latest", "aaa")), id="10"),
    pytest.param(f"{H}/team/app:/nomatch/", f"{A}/ns/app", [], id="11"),
    pytest.param(rf"{H}/team/app:/v1\.0$/", f"{A}/ns/app:renamed", [f"{H}/team/app:v1.0 {A}/ns/app:renamed"], id="12"),
    pytest.param(f"{H}/team/app@{D}", f"{A}/ns/app", [f"{H}/team/app@{D} {A}/ns/app@{D}"], id="15"),
    pytest.param(f"{H}/team/app@{D}", f"{A}/ns/app:v9", [f"{H}/team/app@{D} {A}/ns/app:v9"], id="16"),
    pytest.param(f"{H}/team/app:v1.0@{D}", f"{A}/ns/app", [f"{H}/team/app@{D} {A}/ns/app@{D}"], id="17"),
    pytest.param(
        f"{H}/team/app:v1.0,{D}",
        f"{A}/ns/app",
        [f"{H}/team/app:v1.0 {A}/ns/app:v1.0", f"{H}/team/app@{D} {A}/ns/app@{D}"],
        id="18",
    ),
    pytest.param("nginx:v1.0", f"{A}/ns/nginx", [f"{HUB}/library/nginx:v1.0 {A}/ns/nginx:v1.0"], id="20"),
    pytest.param("nginx", f"{A}/ns/nginx", same(f"{HUB}/library/nginx", f"{A}/ns/nginx"), id="21"),
    pytest.param("myorg/app:/^v1/", f"{A}/ns/app", same(f"{HUB}/myorg/app", f"{A}/ns/app", V1), id="22"),
    pytest.param(
        f"{H}/a/b:v1.0",
        ["d1.example.com/a/b", "d2.io/a/b:x", "d1.example.com/a/b"],
        [f"{H}/a/b:v1.0 d1.example.com/a/b:v1.0", f"{H}/a/b:v1.0 d2.io/a/b:x"],
        id="23",
    ),
    pytest.param(f"{H}/a/b:v1.0", "${DESTREG}/ns/b:$DTAG", [f"{H}/a/b:v1.0 reg.env.com/ns/b:t9"], id="24"),
    pytest.param("127.0.0.1:5000/a/b", "127.0.0.1:5001/c/d", same("127.0.0.1:5000/a/b", "127.0.0.1:5001/c/d"), id="28"),
    # what the text of the grammar says beyond the table
    pytest.param(f"{H}/a/b:v1.0", "destrepo", [f"{H}/a/b:v1.0 {HUB}/library/destrepo:v1.0"], id="short destination"),
    pytest.param(
        "localhost/solo:v1.0", "hub.local:5000/solo", ["localhost/solo:v1.0 hub.local:5000/solo:v1.0"], id="hosts"
    ),
    pytest.param(f"{H}/a/b:/^v1/", f"{A}/a/b:/^v1/", same(f"{H}/a/b", f"{A}/a/b", V1), id="the same expression twice"),
    pytest.param(f"{H}/a/b:v1.0", f"{A}/a/b:/^v1/", [f"{H}/a/b:v1.0 {A}/a/b:v1.0"], id="an expression that fits"),
    pytest.param(f"{H}/a/b", f"{A}/a/b:/^v1/", same(f"{H}/a/b", f"{A}/a/b", V1), id="an expression there only"),
    pytest.param(f"{H}/a/b:v1.0", f"{A}/a/b@{D}", [f"{H}/a/b:v1.0 {A}/a/b@{D}"], id="tag to digest"),
]

BAD = [
    pytest.param(f"{H}/team/app:v1.0,v1.1", f"{A}/ns/app:only", "2 at the source but 1 at the target", id="6"),
    pytest.param(f"{H}/team/app:v1.0, v1.1", f"{A}/ns/app", "a space in the list", id="8"),
    pytest.param(f"{H}/team/app:/v1", f"{A}/ns/app", "no '/' at its end", id="14"),
    pytest.param(f"{H}/team/app@{D}", f"{A}/ns/app@{E}", "not the one at the source", id="19"),
    pytest.param(f"{H}/a/b:v1.0", "", "an empty destination", id="25 text"),
    pytest.param(f"{H}/a/b:v1.0", [], "an empty list", id="25 list"),
    pytest.param(f"{H}/a/b:v1.0", ["x.io/a", ""], "an empty destination", id="25 item"),
    pytest.param(f"{H}/a/b:v1.0", None, "found nothing", id="25 null"),
    pytest.param(f"{H}/a/b:v1.0", 5, "found a number", id="25 number"),
    pytest.param(f"{H}/a/b:v1.0", {"x.io/a": "y"}, "found a mapping", id="25 mapping"),
    pytest.param(f"{H}/a/b:v1.0", ["x.io/a", 5], "found a number", id="25 number in list"),
    pytest.param(f"{H}/a/b:v1.0", f"{A}/ns/b:/x/", "1 at the source but 0 at the destination", id="27"),
    pytest.param("", f"{A}/ns/b", "an empty source", id="empty source"),
    pytest.param(f"{H}/a/b:/v1,0/,v2", f"{A}/ns/b", "no '/' at its end", id="expression in a list"),
    pytest.param(f"{H}/a/b:/(?=x)/", f"{A}/ns/b", "lookahead", id="not RE2"),
    pytest.param(f"{H}/a/b:", f"{A}/ns/b", "'' is not a tag", id="trailing colon"),
    pytest.param(f"{H}/a/*", f"{A}/ns/b", "not a repository path", id="wildcard"),
    pytest.param(f"{H}/a/B", f"{A}/ns/b", "upper case", id="upper case"),
    pytest.param(f"https://{H}/a/b", f"{A}/ns/b", "an address, not a repository", id="address"),
    pytest.param(f"{H}/a/b,v1", f"{A}/ns/b", "has no tag", id="list without first tag"),
    pytest.param(f"{H}/a/b:v1,a/b:v2", f"{A}/ns/b", "neither a tag nor a digest", id="repository in a list"),
    pytest.param(f"{H}/a/b@sha256:12", f"{A}/ns/b", "no digest like", id="short digest"),
    pytest.param(f"{H}/a/b:/x/", f"{A}/ns/b:/y/", "another regular expression", id="two expressions"),
    pytest.param(f"{H}/a/b", f"{A}/{{name}}", "not a repository path", id="no templates"),
]


@pytest.mark.parametrize("ending", ["yaml", "json"])
@pytest.mark.parametrize(("source", "destination", "expected"), GOOD)
def test_split_files(tmp_path: Path, ending: str, source: str, destination: object, expected: list[str]) -> None:
    environ = {"DESTREG": "reg.env.com", "DTAG": "t9"}
    assert tasks(split(tmp_path, {source: destination}, environ=environ, ending=ending).plan) == expected


@pytest.mark.parametrize("ending", ["yaml", "json"])
@pytest.mark.parametrize(("source", "destination", "words"), BAD)
def test_rules_that_are_refused(tmp_path: Path, ending: str, source: str, destination: object, words: str) -> None:
    good = {f"{H}/fine/app": f"{A}/ns/fine"}
    with pytest.raises(PlanFileError) as caught:
        split(tmp_path, good | {source: destination}, ending=ending)
    assert words in str(caught.value)
    assert caught.value.path.endswith(f"images.{ending}")
    assert caught.value.line
    assert caught.value.column


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        pytest.param(f"{H}/team/app:/v1/", f"{A}/ns/app:renamed", "3 at the source but 1 at the target", id="13"),
        pytest.param(f"{H}/a/b", f"{A}/ns/b:one", "7 at the source but 1 at the target", id="26"),
        pytest.param(f"{H}/a/b:/none/", f"{A}/ns/b:one", "0 at the source but 1 at the target", id="none of one"),
    ],
)
def test_counts_that_only_the_registry_can_tell(tmp_path: Path, source: str, destination: str, words: str) -> None:
    plan = split(tmp_path, {source: destination}).plan
    with pytest.raises(RuleError, match=words) as caught:
        tasks(plan)
    assert caught.value.origin == "images.yaml:1"


def test_one_name_for_a_repository_with_one_tag(tmp_path: Path) -> None:
    plan = split(tmp_path, {f"{H}/a/b": f"{A}/ns/b:one"}).plan
    assert tasks(plan, ("v7",)) == [f"{H}/a/b:v7 {A}/ns/b:one"]


OLD = [
    pytest.param(f"{H}/n/r:v1", "", [f"{H}/n/r:v1 {A}/n/r:v1"], id="a"),
    pytest.param(f"{H}/n/r", "", same(f"{H}/n/r", f"{A}/n/r"), id="a without tag"),
    pytest.param(f"{H}/n/r:v1,v2", "", same(f"{H}/n/r", f"{A}/n/r", ("v1", "v2")), id="b"),
    pytest.param(f"{H}/n/r:v1,v2", "x.io/y/z", same(f"{H}/n/r", "x.io/y/z", ("v1", "v2")), id="c"),
    pytest.param(f"{H}/n/r", "x.io/y/z", same(f"{H}/n/r", "x.io/y/z"), id="d"),
    pytest.param(f"{H}/n/r:v1", "x.io/y/z:prod", [f"{H}/n/r:v1 x.io/y/z:prod"], id="e"),
    pytest.param(f"{H}/n/r:v1,v2", "x.io/y/z:v1,v2", same(f"{H}/n/r", "x.io/y/z", ("v1", "v2")), id="f same names"),
    pytest.param(f"{H}/a/b/c:v1", "", [f"{H}/a/b/c:v1 {A}/n/b/c:v1"], id="h"),
    pytest.param("h.io/r:v1", "", [f"h.io/r:v1 {A}/n/r:v1"], id="i as fixed in 1.0.5"),
    pytest.param("nginx:v1", "", [f"{HUB}/library/nginx:v1 {A}/n/nginx:v1"], id="Docker Hub"),
]


@pytest.mark.parametrize(("source", "destination", "expected"), OLD)
def test_combined_files_of_1_0(tmp_path: Path, source: str, destination: str, expected: list[str]) -> None:
    default = {"registry": A, "namespace": "n"}
    plan = combined(tmp_path, {source: destination}, **default).plan
    assert tasks(plan) == expected


def test_names_that_the_old_generation_refuses(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="2 at the source but 1 at the target"):
        combined(tmp_path, {f"{H}/n/r:v1,v2": "x.io/y/z:prod"}, registry=A, namespace="n")  # f
    plan = combined(tmp_path, {f"{H}/n/r": "x.io/y/z:t"}, registry=A, namespace="n").plan  # g
    with pytest.raises(RuleError, match="7 at the source but 1 at the target"):
        tasks(plan)


@pytest.mark.parametrize("default", [{}, {"registry": A}, {"namespace": "n"}])
def test_an_empty_destination_needs_both_halves_of_the_default(tmp_path: Path, default: dict[str, str]) -> None:
    with pytest.raises(PlanFileError, match="an empty destination") as caught:
        combined(tmp_path, {f"{H}/n/r:v1": ""}, **default)
    assert "--registry and --namespace" in caught.value.hint
    assert (caught.value.line, caught.value.column) == (4, 32)


@pytest.mark.parametrize(
    "default",
    [
        {"registry": "acr", "namespace": "n"},
        {"registry": f"https://{A}", "namespace": "n"},
        {"registry": A, "namespace": "N"},
        {"registry": f"{A}/x", "namespace": "n"},
        {"registry": "", "namespace": "a b"},
    ],
)
def test_a_default_target_that_is_none(tmp_path: Path, default: dict[str, str]) -> None:
    with pytest.raises(RuleError, match="the default target") as caught:
        combined(tmp_path, {f"{H}/n/r:v1": ""}, **default)
    assert "--registry" in caught.value.hint


def test_rules_keep_the_order_and_the_lines_of_the_file(tmp_path: Path) -> None:
    text = f"# mirrors\n{H}/b/x:v1: {A}/b/x\n{H}/a/x:v1:\n  - {A}/a/x\n  - {A}/c/x\n"
    plan = split(tmp_path, text).plan
    assert plan.name == "images"
    assert [(rule.target, rule.origin) for rule in plan.rules] == [
        (f"{A}/b/x", "images.yaml:2"),
        (f"{A}/a/x", "images.yaml:3"),
        (f"{A}/c/x", "images.yaml:3"),
    ]
