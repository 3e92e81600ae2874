"""Files of regsync: what they copy, and what a plan cannot say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.image_syncer.files import tasks
from tests.support.chinese import in_chinese
from tui.oci.reference import Repository
from tui.oci.saying import Said
from tui.plan.detect import detect_and_load
from tui.plan.errors import PlanFileError
from tui.plan.expand import chosen_repositories, expand, matching_repositories
from tui.plan.imported import AuthEntry, Imported
from tui.plan.model import Platform

LISTED = ("3", "3.1", "3.2-rc1", "4.0.0", "latest", "edge")
EXAMPLE = """\
version: 1
x-note: free
creds:
  - registry: registry:5000
    tls: disabled
  - registry: docker.io
    user: "{{env \\"HUB_USER\\"}}"
    pass: "{{env \\"HUB_PASS\\"}}"
    reqPerSec: 3
defaults:
  parallel: 4
  interval: 60m
  referrers: true
sync:
  - source: busybox
    target: registry:5000/library/busybox
    type: image
  - source: alpine:3
    target: registry:5000/library/alpine:three
    type: image
    platforms: [linux/amd64, linux/arm64/v8]
  - source: alpine
    target: registry:5000/library/alpine
    type: repository
    tags:
      allow: ["3", "3\\\\..+", "latest"]
      deny: [".*-rc.*"]
"""


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Imported:
    path = folder / "regsync.yml"
    path.write_text(text)
    return detect_and_load(path, environ=environ or {})


def step(**fields: object) -> str:
    lines = "".join(f"    {key}: {value}\n" for key, value in fields.items())
    return f"version: 1\nsync:\n  -\n{lines}"


def codes(imported: Imported) -> list[str]:
    return [hazard.code for hazard in imported.hazards]


def test_an_example(tmp_path: Path) -> None:
    imported = read(tmp_path, EXAMPLE, {"HUB_USER": "me", "HUB_PASS": "hunter2"})
    assert tasks(imported.plan, LISTED) == [
        "docker.io/library/busybox:latest registry:5000/library/busybox:latest",
        "docker.io/library/alpine:3 registry:5000/library/alpine:three",
        "docker.io/library/alpine:3 registry:5000/library/alpine:3",
        "docker.io/library/alpine:3.1 registry:5000/library/alpine:3.1",
        "docker.io/library/alpine:latest registry:5000/library/alpine:latest",
    ]
    assert imported.plan.options.concurrency == 4
    assert imported.plan.rules[1].platforms == (Platform("linux", "amd64"), Platform("linux", "arm64", "v8"))
    assert imported.plan.rules[2].origin == "regsync.yml:22"
    assert imported.auth.entries == (AuthEntry("registry:5000", insecure=True), AuthEntry("docker.io", "me", "hunter2"))
    assert codes(imported) == ["option-left-out", "option-left-out"]
    assert "hunter2" not in repr(imported)


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ("{}", LISTED),
        ("{allow: ['3|4']}", ("3", "3.1", "3.2-rc1")),  # ^3|4$, as regsync builds it
        ("{deny: [latest, edge]}", ("3", "3.1", "3.2-rc1", "4.0.0")),
        ("{semverRange: ['>=4', '<3.1']}", ("3", "4.0.0")),
    ],
)
def test_tag_filters(tmp_path: Path, tags: str, kept: tuple[str, ...]) -> None:
    text = step(source="h.io/a/b", target="a.io/b", type="repository", tags=tags)
    assert tasks(read(tmp_path, text).plan, LISTED) == [f"h.io/a/b:{tag} a.io/b:{tag}" for tag in kept]


def test_tag_sets_are_rules_of_their_own(tmp_path: Path) -> None:
    fields = {"source": "h.io/a/b", "target": "a.io/b", "type": "repository"}
    plan = read(tmp_path, step(**fields, tagSets="[{allow: ['3']}, {allow: [edge]}]", tags="{allow: [latest]}")).plan
    assert tasks(plan, LISTED) == [f"h.io/a/b:{tag} a.io/b:{tag}" for tag in ("3", "edge", "latest")]


@pytest.mark.parametrize(
    ("repos", "found"),
    [
        ("{}", ["team/app", "team/sub/db", "library/nginx"]),
        ("{allow: ['.*']}", ["team/app", "team/sub/db", "library/nginx"]),
        ("{allow: ['team/.*']}", ["team/app", "team/sub/db"]),
        ("{allow: [library/nginx, team/app]}", ["library/nginx", "team/app"]),
    ],
)
def test_whole_registries(tmp_path: Path, repos: str, found: list[str]) -> None:
    plan = read(tmp_path, step(source="h.io", target="a.io/m", type="registry", repos=repos)).plan
    catalog = ["team/app", "team/sub/db", "library/nginx"]
    pairs = [
        pair
        for rule in plan.rules
        for path in matching_repositories(rule, catalog)
        for pair in expand(rule, Repository("h.io", path), ("v1",))
    ]
    assert [f"{pair.source} {pair.target}" for pair in pairs] == [f"h.io/{p}:v1 a.io/m/{p}:v1" for p in found]


@pytest.mark.parametrize(
    "fields",
    [
        {"tags": "{semverRange: ['!= 2']}"},
        {"platforms": "[local]"},
        {"target": "'a.io/{{.Sync.Source}}'"},
        {"target": "ocidir:///backup"},
    ],
)
def test_what_would_copy_too_much_is_left_out(tmp_path: Path, fields: dict[str, str]) -> None:
    imported = read(tmp_path, step(**({"source": "h.io", "target": "a.io/m", "type": "registry"} | fields)))
    assert imported.plan.rules == ()
    assert codes(imported) == ["not-expressible"]
    message = imported.hazards[0].message
    assert "the step for h.io is left out" in message
    assert isinstance(message, Said)
    assert in_chinese(str(message.values["reason"]))
    assert imported.hazards[0].origin == "regsync.yml:4"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"platform": "linux/amd64"}, "one-platform"),
        ({"backup": "old"}, "option-left-out"),
        ({"mediaTypes": "[x]"}, "option-left-out"),
        ({"tags": "{alow: [x]}"}, "unknown-key"),
        ({"target": "'{{env \"REG\"}}/b:v1'"}, "destination-environment"),
    ],
)
def test_what_is_warned_of(tmp_path: Path, fields: dict[str, str], code: str) -> None:
    text = step(**({"source": "h.io/a/b", "target": "a.io/b", "type": "repository"} | fields))
    imported = read(tmp_path, text, {"REG": "a.io"})
    assert codes(imported) == [code]
    assert [rule.target for rule in imported.plan.rules] == ["a.io/b"]


@pytest.mark.parametrize(
    ("login", "entry", "expected"),
    [
        ('{user: u, pass: "{{env `P`}}"}', AuthEntry("h.io", "u"), ["secret-environment", "auth-incomplete"]),
        ('{user: u, pass: "{{file `/p`}}"}', AuthEntry("h.io", "u"), ["secret-environment", "auth-incomplete"]),
        ("{user: u, pass: hunter2, tls: insecure}", AuthEntry("h.io", "u", "hunter2", True), []),
        ("{credHelper: x, user: u, pass: hunter2}", AuthEntry("h.io", "u", "hunter2"), ["option-left-out"]),
    ],
)
def test_logins(tmp_path: Path, login: str, entry: AuthEntry, expected: list[str]) -> None:
    text = f"creds:\n  - {login.replace('{', '{registry: h.io, ', 1)}\nsync: []\n"
    imported = read(tmp_path, text)
    assert imported.auth.entries == (entry,)
    assert codes(imported) == expected
    assert "hunter2" not in " ".join(map(str, imported.hazards))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (step(source="h.io/a", type="image"), (4, 5), "a step without 'target'"),
        (step(source="h.io/a", target="a.io/a", type="images"), (6, 11), "the type 'images', expected one of image"),
        (step(source="h.io/A", target="a.io/a", type="image"), (4, 13), "upper case"),
        (step(source="hio", target="a.io/a", type="registry"), (4, 13), "not a registry host"),
        (step(source="h.io/a", target="a.io/a", type="repository", tags="{allow: ['(']}"), (7, 20), "expression '('"),
        (step(source="h.io/a", target="a.io/a", type="repository", tags="[x]"), (7, 11), "found a list"),
        (step(source="h.io/a", target="a.io/a", type="image", platforms="[a/b/c/d]"), (7, 17), "does not read as"),
        ("version: 2\nsync: []\n", (1, 10), "version 2, expected version 1"),
        ("sync: []\ndefaults: {parallel: many}\n", (2, 22), "found a text, expected a whole number"),
        ("sync: []\ncreds: [{pass: hunter2}]\n", (2, 9), "a login without 'registry'"),
        ("sync: []\ncreds: [hunter2]\n", (2, 9), "found a text, expected a login"),
        ("sync: [x]\n", (1, 8), "found a text, expected a step"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == place
    assert "hunter2" not in str(caught.value)


def test_what_no_glob_can_say_is_said_by_expressions(tmp_path: Path) -> None:
    fields = {"repos": "{allow: ['te.*/app', 'x/.*'], deny: [team/app]}", "tags": "{deny: ['v[0-9]', '.*-rc']}"}
    (rule,) = read(tmp_path, step(source="h.io", target="a.io/m", type="registry", **fields)).plan.rules
    paths = matching_repositories(rule, ["team/app", "tea/app", "x/y", "z/app"])
    assert chosen_repositories(rule, paths) == ["tea/app", "x/y"]
    (one,) = read(tmp_path, step(source="h.io/a/b", target="a.io/b", type="repository", tags=fields["tags"])).plan.rules
    assert [pair.source.tag for pair in expand(one, one.source, ("v1", "v10", "2-rc", "2"))] == ["v10", "2"]


def test_a_backup_of_overwritten_tags_is_taken_over(tmp_path: Path) -> None:
    text = "version: 1\ndefaults:\n  backup: 'bkup-{{.Ref.Tag}}'\nsync: []\n"
    imported = read(tmp_path, text)
    assert (imported.plan.options.on_conflict, imported.plan.options.backup) == ("backup", "bkup-{tag}")
    assert codes(imported) == []
    other = read(tmp_path, text.replace("bkup-{{.Ref.Tag}}", "bkup-{{.Ref.Digest}}"))
    assert (other.plan.options.on_conflict, codes(other)) == ("overwrite", ["option-left-out"])
