"""Plan files: what they mean, that they come back as they were, and where they say they are wrong."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.plan.strategies import plans
from tui.plan.errors import PlanFileError
from tui.plan.model import Options, Plan, Platform, Rule, TagSelection
from tui.plan.toml_file import format_plan, load_plan, parse_plan, save_plan

DIGEST = "sha256:" + "14" * 32
GOOD = """\
version = 1
name = "harbor-to-acr"
[options]            # all optional
concurrency = 4
retries = 2
on_conflict = "skip"      # or "overwrite", "fail"
referrers = false
[[rule]]
source = "harbor.example.com/library/nginx"     # a repository
target = "registry.cn-beijing.aliyuncs.com/image-syncer/{name}"   # {registry} {project} {path} {name} {tag}
tags = { include = ["1.*"], exclude = ["*-rc*"], regex = "", semver = ">=1.20", newest = 5 }
platforms = ["linux/amd64", "linux/arm64/v8"]
[[rule]]
source = "harbor.example.com/team/*"
target = "acr.example.com/team"
"""


def test_a_file_is_a_plan() -> None:
    assert parse_plan(GOOD, Path("moves.toml")) == Plan(
        "harbor-to-acr",
        (
            Rule(
                "harbor.example.com",
                "library/nginx",
                "registry.cn-beijing.aliyuncs.com/image-syncer/{name}",
                tags=TagSelection(include=("1.*",), exclude=("*-rc*",), semver=">=1.20", newest=5),
                platforms=(Platform("linux", "amd64"), Platform("linux", "arm64", "v8")),
                origin="moves.toml:8",
            ),
            Rule("harbor.example.com", "team/*", "acr.example.com/team", origin="moves.toml:13"),
        ),
        Options(concurrency=4, retries=2, on_conflict="skip", referrers=False),
    )


@pytest.mark.parametrize(
    ("source", "registry", "path", "references", "names"),
    [
        ("nginx", "docker.io", "library/nginx", (), ()),
        ("h.io/a/b:v1", "h.io", "a/b", ("v1",), ()),
        (f"h.io/a/b@{DIGEST}", "h.io", "a/b", (DIGEST,), ()),
        (f"h.io/a/b:v1@{DIGEST}", "h.io", "a/b", (DIGEST,), ("v1",)),
        ("h.io/*", "h.io", "*", (), ()),
        ("h.io:5000/team/sub/*", "h.io:5000", "team/sub/*", (), ()),
        ("myorg/*", "docker.io", "myorg/*", (), ()),
    ],
)
def test_sources(source: str, registry: str, path: str, references: tuple[str, ...], names: tuple[str, ...]) -> None:
    text = f'version = 1\n[[rule]]\nsource = "{source}"\ntarget = "a.io/x/y"\n'
    (rule,) = parse_plan(text, Path("p.toml")).rules
    assert rule == Rule(registry, path, "a.io/x/y", references, names, origin="p.toml:2")


def test_a_plan_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "nightly.toml"
    path.write_text("version = 1\n")
    assert load_plan(path) == Plan("nightly", ())


@given(plans())
def test_what_is_written_reads_back_the_same(plan: Plan) -> None:
    read = parse_plan(format_plan(plan), Path("p.toml"))
    assert all(rule.origin.startswith("p.toml:") for rule in read.rules)
    assert replace(read, rules=tuple(replace(rule, origin="") for rule in read.rules)) == plan


def test_every_rule_that_is_written_says_its_line() -> None:
    text = format_plan(parse_plan(GOOD, Path("p.toml")))
    lines = text.split("\n")
    assert [lines[int(rule.origin.split(":")[1]) - 1] for rule in parse_plan(text, Path("p.toml")).rules] == [
        "[[rule]]"
    ] * 2


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("version = 1", "version = 2", (1, 1), "found version 2, expected version = 1"),
        ("version = 1", "# none", (1, 1), "no 'version'"),
        ("version = 1", 'version = "1"', (1, 1), "expected a whole number"),
        ("concurrency", "concurency", (4, 1), "did you mean 'concurrency'?"),
        ("concurrency = 4", "concurrency = true", (4, 1), "concurrency = true, expected a whole number"),
        ("concurrency = 4", "concurrency = 0", (4, 1), "expected at least 1"),
        ("retries = 2", "  retries = -1", (5, 3), "expected at least 0"),
        ('"skip"', '"skipp"', (6, 1), "did you mean 'skip'?"),
        ("referrers = false", 'referrers = "no"', (7, 1), "expected true or false"),
        ("[options] ", "[opts] ", (3, 1), "unknown key 'opts'"),
        ("library/nginx", "library/Nginx", (9, 10), "upper case"),
        ("harbor.example.com/library/nginx", "*", (9, 10), "name the registry"),
        ("library/nginx", "library/nginx:v1,v2", (9, 10), "is not a tag"),
        ("library/nginx", "library/ng*", (8, 1), "did you mean 'library/ng/*'?"),
        ("{name}", "{nme}", (10, 10), "did you mean {name}?"),
        ("image-syncer/", "image-syncer@", (10, 10), "not by a digest"),
        ("target = ", "#", (8, 1), "a rule without 'target'"),
        ("newest = 5", "newst = 5", (11, 81), "did you mean 'newest'?"),
        ("newest = 5", "newest = 0", (11, 1), "at least 1"),
        ("newest = 5", 'newest = "5"', (11, 81), "expected a whole number"),
        ('["1.*"]', '"1.*"', (11, 10), "expected a list of strings"),
        ('">=1.20"', '"latest"', (11, 1), "version range"),
        ('regex = ""', 'regex = "(?=a)"', (11, 1), "lookahead"),
        ("arm64/v8", "arm64/v8/x", (12, 29), "does not read as os/architecture"),
        ('["linux/amd64"', '[3, "linux/amd64"', (12, 1), "3 in platforms"),
        ("platforms = ", "newer_than = ", (12, 1), "unknown key 'newer_than'"),
        ('library/nginx"', 'library/nginx:v1"', (8, 1), "both named and selected"),
        ("name = ", "version = 1\nname = ", (2, 12), "a key that is there already"),
        ("referrers = false", "referrers = False", (7, 13), "no TOML"),
        ("target = ", "target ", (10, 8), "no TOML"),
        ('"acr.example.com/team"', '"acr.example.com/team', (15, 31), "no TOML"),
        ('[[rule]]\nsource = "harbor.example.com/team/*"', '[[rules]]\nsource = "x"', (13, 1), "did you mean 'rule'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, place: tuple[int, int], words: str) -> None:
    assert old in GOOD
    with pytest.raises(PlanFileError) as caught:
        parse_plan(GOOD.replace(old, new, 1), Path("moves.toml"))
    error = caught.value
    assert words in f"{error} {error.hint}"
    assert (error.line, error.column) == place
    assert str(error).startswith("moves.toml:")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('version = 1\nrule = [{ source = "h.io/a", target = "a.io/b", tgas = {} }]\n', (2, 49)),
        ("version = 1\noptions.retry = 3\n", (2, 1)),
        ('version = 1\nname = """\nrule = 1\n"""\n[[rule]]\nsource = "h.io/a"\n', (5, 1)),
        ("version = 1\nrule = 3\n", (2, 1)),
    ],
)
def test_places_in_other_ways_of_writing(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(PlanFileError) as caught:
        parse_plan(text, Path("p.toml"))
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"\xef\xbb\xbfversion = 1\n", (1, 1), "byte order mark"),
        (b'version = 1\nname = "\xc3\xa9\xff"\n', (2, 10), "0xff, which is not UTF-8"),
        ("version = 1\n".encode("utf-16"), (1, 1), "not UTF-8"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, place: tuple[int, int], words: str) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    with pytest.raises(PlanFileError) as caught:
        load_plan(path)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == place


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="no readable file") as caught:
        load_plan(tmp_path / "missing.toml")
    assert caught.value.where == str(tmp_path / "missing.toml")


def test_saving_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path, link = tmp_path / "p.toml", tmp_path / "link.toml"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    save_plan(Plan("p", ()), link)
    assert load_plan(path) == Plan("p", ())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, path]


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    save_plan(Plan("before", ()), path)
    with pytest.raises(UnicodeEncodeError):
        save_plan(Plan("lone surrogate \ud800", ()), path)
    assert load_plan(path).name == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("word", ["keep", "latest", "fail"])
def test_what_happens_to_moved_tags(word: Any) -> None:
    text = f'version = 1\nname = "a"\n[options]\non_drift = "{word}"\n'
    plan = parse_plan(text, Path("p.toml"))
    assert plan == Plan("a", (), Options(on_drift=word))
    assert parse_plan(format_plan(plan), Path("p.toml")) == plan
    with pytest.raises(PlanFileError, match=r"latest") as caught:
        parse_plan(text.replace(word, "newest"), Path("p.toml"))
    assert "p.toml:4" in str(caught.value)
