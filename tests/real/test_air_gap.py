"""Images leave one registry on a disk and enter another from it; skopeo reads the disk in between."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.programs import skopeo
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


def sizes(folder: Path) -> Iterator[int]:
    """Sizes of a folder's files in bytes, of those that stay long enough to be asked."""
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            yield path.stat().st_size


def check_blobs(folder: Path) -> int:
    """Check that every blob in a layout is what its name says; return their bytes."""
    total = 0
    for path in (folder / "blobs").glob("*/*"):
        body = path.read_bytes()
        assert hashlib.new(path.parent.name, body).hexdigest() == path.name
        total += len(body)
    return total


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
        wait_until(lambda: any(size > 20_000_000 for size in sizes(uploads)))
        time.sleep(0.3)
    finally:
        process.kill()
        process.communicate()
    assert check_blobs(folder) < layer.size
    begun = max(sizes(uploads))
    document = cli.run("runs", "resume", "--json").expect(0)
    assert document["tasks"]["done"] == 21
    # What was read before the end of a chunk was noted is read again, but not from the beginning.
    assert document["bytes"]["read"] < begun + layer.size - 4_000_000
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


@dataclass
class Months:
    """Two exports of one source: the second was made with nothing but the inventory of the first."""

    cli: Cli
    source: RealRegistry
    first: Path
    second: Path
    base: images.Blob


@pytest.fixture
def months(cli: Cli, source: RealRegistry, tmp_path: Path) -> Months:
    base = images.layer("base", 300_000)
    push(source, "library/app", images.image([base, images.layer("app1", 50_000)]), "v1")
    push(source, "library/web", images.image([images.layer("web1", 50_000)]), "v1")
    made = Months(cli, source, tmp_path / "first", tmp_path / "second", base)
    exported(cli, source.address, made.first)
    inventory = shutil.copy(made.first / "inventory.json", tmp_path / "first.json")
    push(source, "library/app", images.image([base, images.layer("app2", 50_000)]), "v2")
    push(source, "library/new", images.image([base, images.layer("new", 50_000)]), "v1")
    exported(cli, source.address, made.second, "--since", inventory)
    return made


def test_a_differential_export_leaves_out_what_is_known(months: Months, target: RealRegistry) -> None:
    assert not (months.second / "blobs" / months.base.digest.replace(":", "/")).exists()
    assert check_blobs(months.second) < 150_000
    for export in (months.first, months.second):
        result = months.cli.run("copy", f"oci:{export}", f"{target.address}/far/{{path}}", "--json")
        assert result.exit == 0, str(result)
    names = {name: f"far/{name}" for name in ("library/app", "library/web", "library/new")}
    assert assert_same(months.source, target, names) == 4


def test_what_an_import_lacks_is_named_and_can_be_given(months: Months, target: RealRegistry) -> None:
    arguments = ("copy", f"oci:{months.second}", f"{target.address}/{{path}}", "--json", "--retries", "0")
    document = months.cli.run(*arguments).expect(1)
    failed = {entry["source"].rpartition("/")[2]: entry["message"] for entry in document["failed"]}
    assert sorted(failed) == ["app:v1", "app:v2", "new:v1", "web:v1"]
    assert months.base.digest in failed["new:v1"]
    assert f"1 blob ({months.base.size} bytes)" in failed["new:v1"]
    months.cli.run(*arguments, "--since", months.first).expect(0)
    assert assert_same(months.source, target, ["library/app", "library/web", "library/new"]) == 4


def test_a_disk_that_is_full_ends_an_export_until_there_is_room(
    cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    push(source, "library/large", images.image([images.layer("large", 12_000_000)]), "v1")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        document = cli.run("copy", f"{source.address}/*", f"oci:{disk}/export", "--json").expect(5)
        assert "No space left on device" in document["failed"][0]["message"]
        assert list((disk / "export/.regferry/uploads").iterdir()) == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        cli.run("runs", "retry", "--json").expect(0)
        check_blobs(disk / "export")
        cli.run("copy", f"oci:{disk}/export", f"{target.address}/{{path}}", "--json").expect(0)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert assert_same(source, target, ["library/large"]) == 1


def test_an_export_travels_in_parts(cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path) -> None:
    push(source, "library/app", images.image([images.layer(f"part{number}", 900_000) for number in range(4)]), "v1")
    exported(cli, source.address, tmp_path / "export")
    packed = cli.run("pack", "export", "out.tar", "--split", "1M", "--json").expect(0)
    assert packed["parts"] == ["out.tar.001", "out.tar.002", "out.tar.003", "out.tar.004"]
    skopeo_reads = tmp_path / "joined.tar"
    skopeo_reads.write_bytes(b"".join((tmp_path / name).read_bytes() for name in packed["parts"]))
    assert skopeo("inspect", "--raw", f"oci-archive:{skopeo_reads}:library/app:v1")
    (tmp_path / "out.tar.003").rename(tmp_path / "third")
    missing = cli.run("unpack", "out.tar.001", "far")
    assert (missing.exit, "out.tar.003 is missing" in missing.err) == (5, True), str(missing)
    (tmp_path / "third").rename(tmp_path / "out.tar.003")
    assert cli.run("unpack", "--check", "out.tar.parts.json").out == "4 parts, all there and whole\n"
    cli.run("unpack", "out.tar.001", "far", "--json").expect(0)
    for carried, name in (("oci:./far", "a"), ("oci-archive:./out.tar", "b")):
        cli.run("copy", carried, f"{target.address}/{name}/{{name}}", "--json").expect(0)
        assert assert_same(source, target, {"library/app": f"{name}/app"}) == 1
