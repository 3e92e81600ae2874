"""image-syncer's files as files: what is read, what is refused, and where the refusal points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plan.image_syncer.files import A, D, H, codes, combined, split, tasks, write
from tui.plan.errors import PlanFileError, RuleError
from tui.plan.image_syncer import load

RULES = {f"{H}/team/app:v1": f"{A}/ns/app"}
ONE = [f"{H}/team/app:v1 {A}/ns/app:v1"]


@pytest.mark.parametrize(
    ("name", "text", "place", "words"),
    [
        ("i.yaml", "", (1, 1), "an empty file"),
        ("i.json", " \n", (1, 1), "an empty file"),
        ("i.yaml", "# nothing\n", (1, 1), "an empty file"),
        ("i.yaml", "a: b\n\tc: d\n", (2, 1), "found a tab, expected spaces"),
        ("i.yaml", "a:\n  - b\n\t- d\n", (3, 1), "found a tab, expected spaces"),
        ("i.yaml", "a: b\na: c\n", (2, 1), "already, in line 1"),
        ("i.json", '{"a": "b",\n "a": "c"}', (2, 2), "already, in line 1"),
        ("i.yaml", "a: b\n---\nc: d\n", (2, 1), "a second document"),
        ("i.json", '{"a": "b"} {}', (1, 12), "Extra data"),
        ("i.json", '{"a": "b", // no\n}', (1, 12), "no JSON"),
        ("i.json", '{"a": NaN}', (1, 7), "a number JSON does not have"),
        ("i.json", '["a"]', (1, 1), "found a list, expected rules"),
        ("i.yaml", "just words\n", (1, 1), "found a text, expected rules"),
        ("i.yaml", "a: &x [*x]\n", (1, 4), "an alias inside"),
        ("i.yaml", "? [a, b]\n: c\n", (1, 3), "a list as a key"),
        ("i.yaml", "a: b\nb: \x00\n", (2, 4), "the character U+0000"),
        ("i.yaml", "'a: b\n", (2, 1), "no YAML"),
        ("i.yaml", "é: bad name\n", (1, 1), "not a repository path"),
        ("i.json", '{"é": "x", "b":\n "bad name"}', (1, 2), "not a repository path"),
        ("i.json", "[" * 100_000, (1, 1), "nested too deeply"),
        ("i.txt", "a: b\n", (0, 0), "the ending '.txt', expected a file whose name ends in .json, .yaml, .yml"),
        ("i", "a: b\n", (0, 0), "no ending"),
    ],
)
def test_broken_files_say_where(tmp_path: Path, name: str, text: str, place: tuple[int, int], words: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(PlanFileError) as caught:
        load(None, None, path, environ={})
    error = caught.value
    assert words in str(error)
    assert (error.line, error.column) == place
    assert str(error).startswith(str(path))


def test_deep_nesting_in_yaml(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match="nested too deeply"):
        load(None, None, write(tmp_path / "i.yaml", "[" * 100_000), environ={})


def test_aliases_that_multiply_are_no_work(tmp_path: Path) -> None:
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(PlanFileError, match=r"is not|found a list"):
        load(None, None, write(tmp_path / "i.yaml", "\n".join(lines)), environ={})


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"a: \xff\n", "not UTF-8"), ("a: b\n".encode("utf-16"), "not UTF-8")],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "i.yaml"
    path.write_bytes(data)
    with pytest.raises(PlanFileError, match=words):
        load(None, None, path, environ={})


@pytest.mark.parametrize("name", ["i.yaml", "i.json"])
def test_a_mark_of_windows_editors_is_skipped(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + f'{{"{H}/team/app:v1": "{A}/ns/app"}}\r\n'.encode())
    assert tasks(load(None, None, path, environ={}).plan) == ONE


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.yaml"):
        with pytest.raises(PlanFileError, match="no readable file") as caught:
            load(path, None, None, environ={})
        assert caught.value.where == str(path)


def test_json_as_people_indent_it(tmp_path: Path) -> None:
    text = f'{{\n\t"{H}/team/app:v1":\t"{A}/ns\\u002fapp"\n}}\n'
    plan = split(tmp_path, text, ending="json").plan
    assert tasks(plan) == ONE
    assert plan.rules[0].origin == "images.json:2"


def test_yaml_anchors_and_merges(tmp_path: Path) -> None:
    text = f"""
{H}/a/x:v1: &mirrors [{A}/a/x, {A}/b/x]
{H}/a/y:v1: *mirrors
"""
    assert len(tasks(split(tmp_path, text).plan)) == 4
    login = f"base: &base {{username: u, password: p}}\n{H}:\n  <<: *base\n  password: own\n"
    entries = split(tmp_path, RULES, login).auth.entries
    assert [(entry.match, entry.username, entry.password) for entry in entries] == [("base", "u", "p"), (H, "u", "own")]


@pytest.mark.parametrize("ending", ["json", "yaml", "yml"])
def test_combined_files(tmp_path: Path, ending: str) -> None:
    imported = combined(tmp_path, RULES, {H: {"username": "u", "password": "p"}}, ending)
    assert tasks(imported.plan) == ONE
    assert imported.plan.name == "config"
    assert imported.auth.entries[0].match == H
    assert [hazard.code for hazard in imported.hazards] == ["index-digest"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "no 'images', expected the keys 'auth' and 'images'"),
        ('{"auth": {}}', "no 'images'"),
        ('{"images": []}', "found a list, expected rules"),
        ('{"images": {}, "auth": []}', "found a list, expected logins"),
        ("[]", "found a list, expected the keys"),
    ],
)
def test_combined_files_that_are_none(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PlanFileError, match=words):
        load(write(tmp_path / "c.json", text), None, None, environ={})


def test_a_combined_file_goes_before_split_ones(tmp_path: Path) -> None:
    config = write(tmp_path / "c.json", {"images": RULES, "image": {}})
    imported = load(config, tmp_path / "auth.yaml", tmp_path / "images.yaml", environ={})
    assert codes(imported) == ["unknown-key", "ignored-file", "ignored-file"]
    assert "did you mean 'images'?" in str(imported.hazards[0])


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no file with rules") as caught:
        load(None, tmp_path / "auth.yaml", None, environ={})
    assert "--images" in caught.value.hint


@pytest.mark.parametrize(
    ("source", "destination", "code", "words"),
    [
        (f"{H}/a/b:/v1/", f"{A}/n/b", "regex-unanchored", "anywhere"),
        (f"{H}/a/b", f"{A}/n/b:one", "single-name", "exactly one tag"),
        (f"{H}/a/b:v1,v1", f"{A}/n/b", "duplicate-tag", "twice"),
        (f"{H}/a/b:v1", "$DEST/n/b", "destination-environment", "takes DEST from the environment"),
        (f"{H}/a/b:v1", f"{A}/n/b$UNSET", "destination-environment", "not set and empty: UNSET"),
        (f"{H}/a/b:v1@{D}", f"{A}/n/b", "tag-lost", "the tag v1"),
        (f"{H}/a/b", f"{A}/n/b:/v1/", "destination-regex", "selects the tags"),
        ("harbor/a/b:v1", f"{A}/n/b", "host-without-dot", "harbor:443"),
        ("myorg/app", f"{A}/n/b", "hub-short-name", "docker.io"),
        ("library/nginx:/^1/", f"{A}/n/b", "hub-short-name", "docker.io"),
        (f"{H}/a/b:v1", "myorg/app", "hub-short-name", "docker.io"),
    ],
)
def test_rules_that_are_warned_of(tmp_path: Path, source: str, destination: str, code: str, words: str) -> None:
    auth = {"docker.io": {"username": "u", "password": "p"}}
    imported = split(tmp_path, {source: destination}, auth, {"DEST": "reg.env.com"})
    assert codes(imported) == [code]
    assert words in str(imported.hazards[0])
    assert imported.hazards[0].origin == "images.yaml:1"


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (rf"{H}/a/b:/^v1\./", f"{A}/n/b"),
        (rf"{H}/a/b:/\.0$/", f"{A}/n/b"),
        ("nginx", f"{A}/n/b"),
        ("myorg/app:v1", f"{A}/n/b"),
        ("docker.io/myorg/app", f"{A}/n/b"),
        (f"{H}/a/b:v1@{D}", f"{A}/n/b:v1"),
        (f"{H}/a/b:v1,v2", f"{A}/n/b:one,two"),
    ],
)
def test_rules_that_mean_what_they_seem(tmp_path: Path, source: str, destination: str) -> None:
    assert codes(split(tmp_path, {source: destination}, {"docker.io": {"username": "u", "password": "p"}})) == []


def test_warnings_of_the_first_generation(tmp_path: Path) -> None:
    imported = combined(tmp_path, {"h.io/r:v1": "", f"{H}/a/b:v1": ""}, registry=A, namespace="n")
    assert codes(imported) == ["two-part-name", "default-target"]
    assert f"go to {A}/n" in str(imported.hazards[1])


def test_an_unset_variable_that_breaks_a_destination_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"not a registry host|not a repository path") as caught:
        split(tmp_path, {f"{H}/a/b:v1": "${DEST}/n/b"})
    assert caught.value.hint == "set DEST"


def test_lists_that_image_syncer_has_copied_are_always_mentioned(tmp_path: Path) -> None:
    (hazard,) = split(tmp_path, RULES).hazards
    assert (hazard.code, hazard.origin) == ("index-digest", "images.yaml")


def test_yaml_is_loaded_only_for_yaml(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json", RULES)
    code = (
        "import sys, pathlib, tui.plan.image_syncer as s; assert 'yaml' not in sys.modules;"
        "s.load(None, None, pathlib.Path(sys.argv[1]), environ={}); assert 'yaml' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0
