"""Files of `skopeo sync --src yaml`: what they copy, and what a plan cannot say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.image_syncer.files import tasks
from tui.plan.detect import detect_and_load
from tui.plan.document import read_document
from tui.plan.errors import PlanFileError
from tui.plan.imported import AuthEntry, Imported
from tui.plan.skopeo_sync import read_skopeo_sync

D = "sha256:" + "14" * 32
MANUAL = f"""\
registry.example.com:
  images:
    busybox: []
    redis:
      - "1.0"
      - {D}
  images-by-tag-regex:
    nginx: ^1\\.13\\.[12]-alpine$
  images-by-semver:
    alpine: ">= 3.12.0"
  credentials:
    username: john
    password: this is a secret
  tls-verify: true
  cert-dir: /home/john/certs
quay.io:
  tls-verify: false
  images:
    coreos/etcd:
      - latest
docker.io:
  images:
    library/alpine: null
"""
LISTED = ("1.13.1-alpine", "3.11", "3.12", "3.13.1")


def read(folder: Path, text: str, **options: str) -> Imported:
    path = folder / "sync.yaml"
    path.write_text(text)
    return detect_and_load(path, registry="a.io", environ={}, **options)


def test_the_example_of_the_manual(tmp_path: Path) -> None:
    imported = read(tmp_path, MANUAL, namespace="repo")
    assert tasks(imported.plan, LISTED) == [
        *(f"registry.example.com/busybox:{tag} a.io/repo/busybox:{tag}" for tag in LISTED),
        "registry.example.com/redis:1.0 a.io/repo/redis:1.0",
        f"registry.example.com/redis@{D} a.io/repo/redis@{D}",
        "registry.example.com/nginx:1.13.1-alpine a.io/repo/nginx:1.13.1-alpine",
        "registry.example.com/alpine:3.12 a.io/repo/alpine:3.12",
        "registry.example.com/alpine:3.13.1 a.io/repo/alpine:3.13.1",
        "quay.io/coreos/etcd:latest a.io/repo/etcd:latest",
        *(f"docker.io/library/alpine:{tag} a.io/repo/alpine:{tag}" for tag in LISTED),
    ]
    assert imported.auth.entries == (
        AuthEntry("registry.example.com", "john", "this is a secret"),
        AuthEntry("quay.io", insecure=True),
    )
    assert [hazard.code for hazard in imported.hazards] == ["option-left-out", "one-platform"]
    assert [rule.origin for rule in imported.plan.rules][:2] == ["sync.yaml:3", "sync.yaml:4"]


def test_a_destination_without_a_path_and_scoped(tmp_path: Path) -> None:
    text = "quay.io:\n  images: {coreos/etcd: [v1]}\n"
    assert tasks(read(tmp_path, text).plan) == ["quay.io/coreos/etcd:v1 a.io/etcd:v1"]
    scoped = read_skopeo_sync(read_document(tmp_path / "sync.yaml"), "a.io/m", scoped=True)
    assert tasks(scoped.plan) == ["quay.io/coreos/etcd:v1 a.io/m/quay.io/coreos/etcd:v1"]


def test_a_range_that_a_plan_does_not_know_leaves_the_rule_out(tmp_path: Path) -> None:
    imported = read(tmp_path, "quay.io:\n  images-by-semver:\n    a: '!= 1.2'\n    b: '>= 1'\n")
    assert [rule.source_path for rule in imported.plan.rules] == ["b"]
    (hazard,) = [hazard for hazard in imported.hazards if hazard.code == "not-expressible"]
    assert hazard.origin == "sync.yaml:3"
    assert "quay.io/a is left out" in hazard.message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("quay.io:\n  images: {A: []}\n", (2, 12), "upper case"),
        ("quay.io:\n  images: {a: v1}\n", (2, 15), "found a text, expected a list of tags"),
        ("quay.io:\n  images: [a]\n", (2, 11), "found a list, expected repositories"),
        ("quay.io:\n  images: {a: [bad tag]}\n", (2, 12), "neither a tag nor a digest"),
        ("quay.io:\n  images-by-tag-regex: {a: }\n", (2, 28), "found nothing, expected a regular expression"),
        ("quay.io:\n  images: {a: [[v1]]}\n", (2, 16), "found a list"),
        ("library:\n  images: {a: []}\n", (2, 12), "not a registry host"),
        ("quay.io:\n  images: {a: []}\n  tls-verify: 'no'\n", (3, 15), "found a text, expected true or false"),
        ("quay.io:\n  images: {a: []}\n  credentials: hunter2\n", (3, 16), "found a text, expected username"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, place: tuple[int, int], words: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.column) == place
    assert "hunter2" not in str(caught.value)


def test_it_needs_a_destination(tmp_path: Path) -> None:
    path = tmp_path / "sync.yaml"
    path.write_text(MANUAL)
    with pytest.raises(PlanFileError, match="no destination") as caught:
        detect_and_load(path, environ={})
    assert "--registry" in caught.value.hint


def test_what_is_warned_of(tmp_path: Path) -> None:
    text = "quay.io:\n  images: {a: [v1]}\n  image: {b: []}\n  credentials: {username: u, pasword: hunter2}\n"
    imported = read(tmp_path, text)
    assert [hazard.code for hazard in imported.hazards] == [
        "unknown-key",
        "unknown-key",
        "auth-incomplete",
        "one-platform",
    ]
    assert "hunter2" not in " ".join(map(str, imported.hazards))
