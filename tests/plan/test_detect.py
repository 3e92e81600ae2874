"""Which kind of file it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.image_syncer.files import tasks, write
from tui.plan.detect import detect_and_load
from tui.plan.errors import PlanFileError, RuleError

ONE = ["h.io/a/b:v1 a.io/n/b:v1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.toml", 'version = 1\n[[rule]]\nsource = "h.io/a/b:v1"\ntarget = "a.io/n/{name}"\n'),
        ("images.yaml", {"h.io/a/b:v1": "a.io/n/b"}),
        ("images.json", {"h.io/a/b:v1": ["a.io/n/b"]}),
        ("config.json", {"auth": {}, "images": {"h.io/a/b:v1": ""}}),
        ("config.yml", {"images": {"h.io/a/b:v1": "a.io/n/b"}}),
        ("skopeo.yaml", {"h.io": {"images": {"a/b": ["v1"]}}}),
        ("skopeo.yaml", {"h.io": {"images": {"a/b": ["v1"]}}, "x.io": {"credentials": {}}}),
        ("regsync.yaml", {"sync": [{"source": "h.io/a/b:v1", "target": "a.io/n/b:v1", "type": "image"}]}),
    ],
)
def test_every_kind(tmp_path: Path, name: str, content: object) -> None:
    path = write(tmp_path / name, content)
    imported = detect_and_load(path, registry="a.io", namespace="n", environ={})
    assert tasks(imported.plan) == ONE
    assert imported.plan.name == path.stem


def test_logins_beside_rules(tmp_path: Path) -> None:
    rules = write(tmp_path / "images.yaml", {"h.io/a/b:v1": "a.io/n/b"})
    auth = write(tmp_path / "auth.yaml", {"h.io": {"username": "u", "password": "$P"}})
    imported = detect_and_load(rules, auth=auth, environ={"P": "p"})
    assert imported.auth.entries[0].password == "p"


@pytest.mark.parametrize(
    ("name", "content", "words", "hint"),
    [
        ("auth.yaml", {"h.io": {"username": "u", "password": "hunter2"}}, "logins without rules", "--auth"),
        ("x.yaml", {"apiVersion": {"a": 1}}, "a file of another kind, expected a file of image-syncer", ""),
        ("x.json", [1], "a file of another kind", ""),
        ("x.txt", "a", "the ending '.txt'", "rename"),
        ("x", "a", "no ending", "rename"),
        ("x.toml", "a", "no TOML", ""),
        ("x.yaml", "", "an empty file", "{}"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: object, words: str, hint: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(PlanFileError) as caught:
        detect_and_load(path, environ={})
    assert words in str(caught.value)
    assert hint in caught.value.hint
    assert "hunter2" not in f"{caught.value}{caught.value.hint}"


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no.yaml", tmp_path / "no.toml"):
        with pytest.raises(PlanFileError, match="no readable file"):
            detect_and_load(path, environ={})


def test_a_default_target_that_is_none(tmp_path: Path) -> None:
    path = write(tmp_path / "images.yaml", {"h.io/a/b:v1": "a.io/n/b"})
    with pytest.raises(RuleError, match="not a registry host"):
        detect_and_load(path, registry="acr", namespace="n", environ={})
