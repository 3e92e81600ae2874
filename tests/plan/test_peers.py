"""The peers' own example files: all of them import, and every warning names its place.

Every file names its source; `image-syncer-config.json` is examples/config.json of AliyunContainerService/image-syncer.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.plan.image_syncer.files import tasks
from tui.plan.detect import detect_and_load
from tui.plan.expand import chosen_repositories, matching_repositories
from tui.plan.imported import AuthEntry, Imported

PEERS = Path(__file__).parent / "peers"
FILES = sorted(path.name for path in PEERS.iterdir())
LISTED = ("latest", "3", "3.9", "3.19", "v1.0", "v1.1", "v2.0", "aaa", "1.13.1-alpine-perl", "3.12.1", "12")


def read(name: str) -> Imported:
    return detect_and_load(PEERS / name, registry="a.io", namespace="m", environ={"HUB_USER": "ann"})


def places(imported: Imported) -> Counter[str]:
    return Counter(hazard.code for hazard in imported.hazards)


def test_there_are_files_of_every_peer() -> None:
    assert {name.partition(".")[0].partition("-")[0] for name in FILES} == {"image", "skopeo", "regsync", "dregsy"}


@pytest.mark.parametrize("name", FILES)
def test_every_warning_has_its_place(name: str) -> None:
    imported = read(name)
    assert imported.plan.rules
    lines = (PEERS / name).read_text().splitlines()
    for hazard in imported.hazards:
        file, _, line = hazard.origin.partition(":")
        assert file == name
        assert not line or 1 <= int(line) <= len(lines)
    assert all(rule.origin.startswith(f"{name}:") for rule in imported.plan.rules)
    assert not any(secret in str(imported.hazards) for secret in ("xxxxxxxxx", "this is a secret", "alsosecret"))


def test_image_syncer() -> None:
    source, target = "quay.io/coreos/kube-rbac-proxy", "quay.io/ruohe/kube-rbac-proxy"
    found = tasks(read("image-syncer-images.yaml").plan, ("v1.0", "aaa"))
    digest = "sha256:14b267eb38aa85fd12d0e168fffa2d8a6187ac53a14a0212b0d4fce8d729598c"
    assert found == [
        f"{source}:v1.0 {target}:v1.0",
        f"{source}:aaa {target}:aaa",
        f"{source}:v1.0 {target}:v1.0",
        f"{source}:v1.0 {target}:v1.0",
        f"{source}:v2.0 {target}:v2.0",
        f"{source}@{digest} {target}@{digest}",
        f"{source}:v1.1 {target}1:v1.1",
        f"{source}:v1.1 {target}2:v1.1",
        f"{source}:aaa {target}:aaa",
    ]
    combined = read("image-syncer-config.json")
    assert len(combined.plan.rules) == 3
    assert [entry.match for entry in combined.auth.entries][:2] == ["quay.io", "registry.cn-beijing.aliyuncs.com"]


def test_skopeo_sync() -> None:
    imported = read("skopeo-sync.yaml")
    by_rule = [len(tasks(type(imported.plan)("p", (rule,)), LISTED)) for rule in imported.plan.rules]
    assert by_rule == [len(LISTED), 3, 1, 3, 1]  # 12 and 3.19 are versions as well
    assert places(imported) == {"option-left-out": 1, "one-platform": 1}


def test_regsync() -> None:
    imported = read("regsync.yml")
    assert tasks(imported.plan, LISTED) == [
        "docker.io/library/busybox:latest registry:5000/library/busybox:latest",
        *(
            f"docker.io/library/alpine:{tag} registry:5000/library/alpine:{tag}"
            for tag in ("latest", "3", "3.9", "3.19")
        ),
        *(f"docker.io/library/debian:{tag} registry:5000/library/debian:{tag}" for tag in ("3", "12")),
        "ghcr.io/regclient/regctl:latest registry:5000/regclient/regctl:latest",
    ]
    options = imported.plan.options
    assert (options.concurrency, options.on_conflict, options.backup) == (2, "backup", "bkup-{tag}")
    assert [hazard.origin.partition(":")[2] for hazard in imported.hazards if "mediaTypes" in hazard.message] == ["34"]


def test_regsync_with_templates_leaves_out_what_a_plan_cannot_say() -> None:
    imported = read("regsync-templates.yml")
    assert tasks(imported.plan) == ["docker.io/library/busybox:latest registry:5000/library/busybox:latest"]
    assert places(imported)["not-expressible"] == 2


def test_dregsy() -> None:
    imported = read("dregsy.yaml")
    source, target = "source-registry.acme.com", "dest-registry.acme.com"
    assert tasks(imported.plan, ("1", "2")) == [
        *(f"{source}/test/image:{tag} {target}/archive/test/image:{tag}" for tag in ("0.1.0", "0.1.1")),
        *(f"{source}/test/another-image:{tag} {target}/test/another-image:{tag}" for tag in ("1", "2")),
    ]
    assert imported.auth.entries == (
        AuthEntry(source, "alex", "secret"),
        AuthEntry(target, "alex", "alsosecret", insecure=True),
    )
    assert places(imported) == {"option-left-out": 4, "one-platform": 2}


def test_dregsy_with_expressions() -> None:
    imported = read("dregsy-matching.yaml")
    (rule,) = imported.plan.rules
    paths = matching_repositories(rule, ["myproject/webui", "other/webui", "x/myproject/y"])
    assert chosen_repositories(rule, paths) == ["myproject/webui"]
    assert rule.target == "127.0.0.1:5000/ecr/{path}"
    assert places(imported)["not-expressible"] == 1
