"""Images leave one registry on a disk and enter another from it; skopeo reads the disk in between."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.programs import path_of
from tests.support.pusher import push
from tests.support.reader import Reader, assert_same
from tests.support.registry import RealRegistry

WAIT = 60.0


def exported(cli: Cli, source: str, folder: Path, *options: str | Path) -> None:
    result = cli.run("copy", f"{source}/*", f"oci:{folder}", "--json", *options)
    assert result.exit == 0, str(result)


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def check_blobs(folder: Path) -> int:
    """Check that every blob in a layout is what its name says; return their bytes."""
    total = 0
    for path in (folder / "blobs").glob("*/*"):
        body = path.read_bytes()
        assert hashlib.new(path.parent.name, body).hexdigest() == path.name
        total += len(body)
    return total


def skopeo(*arguments: str) -> bytes:
    done = subprocess.run([str(path_of("skopeo")), *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_every_shape_goes_over_a_folder_and_keeps_its_digest(
    cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    entries = corpus.push_all(source, corpus.every_shape())
    tags = corpus.tag_count(entries)
    folder = tmp_path / "usb: 2026@11" / "export"
    folder.parent.mkdir()
    exported(cli, source.address, folder)
    assert check_blobs(folder) > 0
    app = next(entry for entry in entries if entry.repository == "library/app")
    again = cli.run("copy", f"{source.address}/*", f"oci:{folder}", "--json").expect(0)
    assert again["tasks"]["unchanged"] == tags
    assert again["bytes"]["written"] == 0

    carried = tmp_path / "carried"
    shutil.move(folder, carried)
    raw = skopeo("inspect", "--raw", f"oci:{carried}:library/app:v1")
    assert raw == app.manifest.body
    skopeo("copy", f"oci:{carried}:library/multi:v1", f"dir:{tmp_path / 'by-skopeo'}", "--all")

    document = cli.run("copy", f"oci:{carried}", f"{target.address}/{{path}}", "--json").expect(0)
    assert document["tasks"]["done"] == tags
    assert assert_same(source, target, corpus.repositories(entries), skopeo_up_to=1) == tags
    run = document["run"]
    assert cli.run("runs", "verify", run, "--json").expect(0)["references"]["same"] == tags


def test_what_skopeo_wrote_is_read(cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path) -> None:
    image = images.image([images.layer("skopeo")])
    push(source, "library/app", image, "v1")
    address = f"docker://{source.address}/library/app:v1"
    skopeo("copy", "--src-tls-verify=false", address, f"oci:{tmp_path / 'Nginx'}:1.27")
    skopeo("copy", "--src-tls-verify=false", address, f"oci-archive:{tmp_path / 'whole.tar'}:library/web:2")
    cli.run("copy", f"oci:{tmp_path / 'Nginx'}", f"{target.address}/a/{{name}}", "--json").expect(0)
    cli.run("copy", "oci-archive:./whole.tar", f"{target.address}/a/{{name}}", "--json").expect(0)
    reader = Reader(target)
    assert reader.manifest("a/nginx", "1.27") == reader.manifest("a/web", "2") == image.body


def test_referrers_cross_the_gap(cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path) -> None:
    image = images.image([images.layer("signed")])
    push(source, "library/app", image, "v1")
    empty = images.blob(b"{}", images.OCI_EMPTY)
    sbom = images.artifact(empty, [images.blob(b"{}", "text/spdx+json")], artifact_type="text/spdx+json", subject=image)
    push(source, "library/app", sbom)
    tag = image.digest.replace(":", "-")
    push(source, "library/app", images.index([("", sbom)]), tag)
    cli.run("copy", f"{source.address}/library/app:v1", f"oci:{tmp_path / 'export'}", "--json").expect(0)
    cli.run("copy", "oci:./export//library/app:v1", f"{target.address}/library/app", "--json").expect(0)
    reader = Reader(target)
    listed = json.loads(reader.manifest("library/app", tag))["manifests"]
    assert [(entry["digest"], entry["artifactType"]) for entry in listed] == [(sbom.digest, "text/spdx+json")]
    assert "annotations" not in listed[0]
    assert reader.manifest("library/app", sbom.digest) == sbom.body


def test_a_platform_is_chosen_on_the_way_out(cli: Cli, source: RealRegistry, tmp_path: Path) -> None:
    corpus.push_all(source, [entry for entry in corpus.every_shape() if entry.repository == "library/multi"])
    options = ("--platform", "linux/arm64/v8", "--json")
    cli.run("copy", f"{source.address}/library/multi", f"oci:{tmp_path / 'export'}", *options).expect(0)
    raw = json.loads(skopeo("inspect", "--raw", f"oci:{tmp_path / 'export'}:library/multi:v1"))
    assert [entry["platform"]["architecture"] for entry in raw["manifests"]] == ["arm64"]


def test_an_export_that_was_killed_goes_on_in_the_middle_of_a_blob(
    cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    layer = images.layer("large", 48_000_000)
    push(source, "library/large", images.image([layer]), "v1")
    corpus.push_all(source, corpus.many_tags("library/app", 20))
    folder = tmp_path / "export"
    uploads = folder / ".regferry" / "uploads"
    process = cli.start("copy", f"{source.address}/*", f"oci:{folder}", "--json", "--limit-rate", "24M")
    try:
        wait_until(lambda: any(path.stat().st_size > 20_000_000 for path in uploads.glob("*")))
        time.sleep(0.3)
    finally:
        process.kill()
        process.communicate()
    assert check_blobs(folder) < layer.size
    document = cli.run("runs", "resume", "--json").expect(0)
    assert document["tasks"]["done"] == 21
    assert document["bytes"]["read"] < layer.size + 20_000_000
    assert list(uploads.glob("*")) == []
    check_blobs(folder)
    cli.run("copy", f"oci:{folder}", f"{target.address}/{{path}}", "--json").expect(0)
    assert assert_same(source, target, ["library/large", "library/app"], skopeo_up_to=2) == 21


def test_an_import_that_was_killed_goes_on(
    cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    corpus.push_all(source, corpus.many_tags("library/app", 20))
    exported(cli, source.address, tmp_path / "export")
    with FlakyProxy(target.address, delay=0.1) as slow:
        arguments = ("copy", "oci:./export", f"{slow.address}/{{path}}", "--json", "--concurrency", "2")
        process = cli.start(*arguments)
        try:
            target.wait_for_tags(3)
        finally:
            process.kill()
            process.communicate()
        slow.delay = 0
        assert cli.run("runs", "resume", "--json").expect(0)["tasks"]["total"] == 20
    assert assert_same(source, target, ["library/app"], skopeo_up_to=2) == 20
