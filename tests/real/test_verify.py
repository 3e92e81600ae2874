"""Verifying a run against real registries: every kind of damage is found, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import StartRegistry
from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.pusher import Pusher
from tests.support.registry import RealRegistry

APP = images.image([images.layer("verify-base", 40_000), images.layer("verify-app", 30_000)])
WEB = images.image([images.layer("verify-base", 40_000), images.layer("verify-web", 20_000)])


def push_ours(source: RealRegistry) -> None:
    pusher = Pusher(source)
    for name, image in (("team/app", APP), ("team/web", WEB)):
        for part in image.all_blobs().values():
            pusher.blob(name, part)
        pusher.manifest(name, image, ["v1", "v2"] if name == "team/app" else ["v1"])
    pusher.close()


def copy(cli: Cli, source: RealRegistry, target: RealRegistry, *names: str) -> str:
    rules: dict[str, str | list[str]] = {f"{source.address}/{name}": f"{target.address}/m/{name}" for name in names}
    run: str = cli.sync(rules, source, target).expect(0)["run"]
    return run


@pytest.fixture
def copied(cli: Cli, source: RealRegistry, target: RealRegistry) -> Cli:
    """A run that copied two images of ours."""
    push_ours(source)
    copy(cli, source, target, "team/app", "team/web")
    return cli


def verified(cli: Cli, code: int, *flags: str) -> dict[str, Any]:
    return cli.run("runs", "verify", "last", "--json", *flags).expect(code)


def kinds(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the places of what was found, by kind."""
    found: dict[str, list[str]] = {}
    for finding in document["findings"]:
        found.setdefault(finding["kind"], []).append(finding["place"])
    return found


def tag_file(target: RealRegistry, repository: str, tag: str) -> Path:
    root = target.root / "docker" / "registry" / "v2" / "repositories"
    return root / repository / "_manifests" / "tags" / tag


def test_what_was_copied_is_as_planned(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    entries = corpus.push_all(source, corpus.every_shape())
    push_ours(source)
    run = copy(cli, source, target, *corpus.repositories(entries), "team/app", "team/web")
    quick = verified(cli, 0, "--extra")
    assert (quick["findings"], quick["references"]["different"]) == ([], 0)
    assert quick["references"]["same"] == quick["planned"] > 10
    assert quick["checked"]["bytes"] == 0
    assert quick["checked"]["platforms"] > 0
    deep = verified(cli, 0, "--deep")
    assert deep["findings"] == []
    assert deep["checked"]["blobs"] == quick["checked"]["blobs"]
    assert deep["checked"]["bytes"] >= 90_000  # the layers of ours, the shared one once
    shown = cli.run("runs", "show", run).out
    assert shown.count("everything as planned") == 2
    assert "every manifest and blob read and hashed" in shown
    reports(cli, run)


def reports(cli: Cli, run: str) -> None:
    """Check that the report is written, signed off and checked from the command line."""
    folder = cli.folder / "reports"
    folder.mkdir()
    written = cli.run("runs", "report", run, "--out", folder, "--signed-off-by", "Ann Example")
    assert written.exit == 0, written
    assert {path.suffix for path in folder.iterdir()} == {".html", ".md", ".json", ".csv"}
    as_json = folder / f"{run}.json"
    checked = cli.run("runs", "report", "--check", as_json)
    assert (checked.exit, "Signed off by Ann Example" in checked.out) == (0, True)
    as_json.write_text(as_json.read_text().replace('"done"', '"failed"', 1))
    assert "it was changed" in cli.run("runs", "report", "--check", as_json).out
    printed = cli.run("runs", "report", run)
    assert "Complete and verified" in printed.out
    assert cli.run("runs", "report", run, "--out", folder / "new" / "report.html").exit == 0
    assert (folder / "new" / "report.html").is_file()
    for wrong in ("report.pdf", f"reports/{as_json.name}/report.html"):
        refused = cli.run("runs", "report", run, "--out", cli.folder / wrong)
        assert (refused.exit, wrong in refused.err) == (5, True), refused


def test_every_kind_of_damage_is_found(copied: Cli, target: RealRegistry) -> None:
    address = f"{target.address}/m"
    shutil.rmtree(tag_file(target, "m/team/app", "v2"))
    moved = tag_file(target, "m/team/web", "v1") / "current" / "link"
    (other,) = {image.digest for image in (APP,)}
    pusher = Pusher(target)
    for part in APP.all_blobs().values():
        pusher.blob("m/team/web", part)
    pusher.manifest("m/team/web", APP, ["v1", "unplanned"])
    pusher.close()
    assert moved.read_text() == other
    lost = APP.blobs[-1]
    shutil.rmtree(target.blob_path(lost.digest).parent)
    target.stop()  # it remembers what it had
    target.start()

    document = verified(copied, 1, "--extra")

    assert kinds(document) == {
        "missing-tag": [f"{address}/team/app:v2"],
        "other-digest": [f"{address}/team/web:v1"],
        "missing-blob": [f"{address}/team/app@{lost.digest}"],
        "extra-tag": [f"{address}/team/web:unplanned"],
    }
    (blob,) = [finding for finding in document["findings"] if finding["kind"] == "missing-blob"]
    assert blob["tags"] == [f"{address}/team/app:v1"]
    (elsewhere,) = [finding for finding in document["findings"] if finding["kind"] == "other-digest"]
    assert (elsewhere["expected"], elsewhere["found"]) == (WEB.digest, APP.digest)
    assert document["references"]["different"] == 3

    words = copied.run("runs", "verify", "last", "--extra")
    assert words.exit == 1
    for part in ("the tag or digest is missing", "the tag points elsewhere", "a blob is missing", "does not know"):
        assert part in words.out


def test_damage_on_the_disk_of_the_target_is_found_by_reading(copied: Cli, target: RealRegistry) -> None:
    shared, own = APP.blobs[1], WEB.blobs[-1]
    assert shared.digest in {blob.digest for blob in WEB.blobs}
    target.corrupt(own.digest)
    assert verified(copied, 0)["findings"] == []  # asking alone does not tell
    path = target.blob_path(shared.digest)
    path.write_bytes(path.read_bytes()[: shared.size // 2])

    document = verified(copied, 1, "--deep")

    found = {finding["place"]: finding for finding in document["findings"]}
    place = f"{target.address}/m/team"
    assert found.keys() <= {f"{place}/{name}@{shared.digest}" for name in ("app", "web")} | {
        f"{place}/web@{own.digest}"
    }
    assert found[f"{place}/web@{own.digest}"]["kind"] == "damaged"
    assert {digest for name in found for digest in [name.partition("@")[2]]} == {own.digest, shared.digest}
    assert {finding["kind"] for finding in found.values()} <= {"damaged", "wrong-size"}
    assert document["references"] == {"same": 0, "different": 3, "unknown": 0}


def test_what_needed_no_copy_is_verified_to_the_last_blob(
    copied: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    copy(copied, source, target, "team/app")
    lost = APP.blobs[0]
    (target.root / "docker/registry/v2/repositories/m/team/app/_layers/sha256" / lost.digest[7:] / "link").unlink()
    target.stop()
    target.start()
    document = verified(copied, 1)
    assert kinds(document) == {"missing-blob": [f"{target.address}/m/team/app@{lost.digest}"]}
    assert document["references"] == {"same": 0, "different": 2, "unknown": 0}


def test_a_registry_that_is_locked_gives_no_answer(
    cli: Cli, start_registry: StartRegistry, source: RealRegistry
) -> None:
    target = start_registry("htpasswd")
    entries = corpus.push_all(source, corpus.every_shape()[:1])
    pairs = {f"{source.address}/{name}": f"{target.address}/{name}" for name in corpus.repositories(entries)}
    cli.sync(pairs, source, target).expect(0)
    cli.write("auth.yaml", {})
    document = verified(cli, 3)
    assert set(kinds(document)) == {"unknown"}
    assert document["references"]["unknown"] == document["planned"]
