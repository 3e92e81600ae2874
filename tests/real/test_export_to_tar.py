"""One command ends in a tar, or in its parts, whatever happens to its process; skopeo reads what it made."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.programs import skopeo
from tests.support.pusher import push
from tests.support.reader import assert_same
from tests.support.registry import RealRegistry

WAIT = 60.0


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_tar_that_was_killed_twice_is_the_tar(
    cli: Cli, source: RealRegistry, target: RealRegistry, tmp_path: Path
) -> None:
    push(source, "library/large", images.image([images.layer("large", 24_000_000)]), "v1")
    entries = corpus.push_all(source, [each for each in corpus.every_shape() if each.repository == "library/multi"])
    tar = tmp_path / "usb" / "out.tar"
    tar.parent.mkdir()
    uploads = tar.parent / "out.tar.export" / ".regferry" / "uploads"

    def begun() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return any(path.stat().st_size > 4_000_000 for path in uploads.glob("*"))
        return False

    copying = cli.start("copy", f"{source.address}/*", f"oci-archive:{tar}", "--split", "5M", "--limit-rate", "8M")
    try:
        wait_until(begun)
    finally:
        copying.kill()
        copying.communicate()
    assert not list(tar.parent.glob("out.tar.0*"))

    packing = cli.start("runs", "resume")
    try:
        # It is in the midst of it, or done already where the disk is quick: both are to end in the same.
        wait_until(lambda: (tar.parent / "out.tar.001").exists() or packing.poll() is not None)
    finally:
        packing.kill()
        packing.communicate()
    cli.run("runs", "resume", "--json").expect(0)

    parts = sorted(tar.parent.glob("out.tar.0*"))
    assert sum(part.stat().st_size for part in parts) > 24_000_000
    left = {path.name for path in tar.parent.iterdir()} - {path.name for path in parts}
    assert left == {"out.tar.parts.json"}
    assert cli.run("unpack", "--check", str(tar.parent / "out.tar.parts.json")).exit == 0

    joined = tmp_path / "joined.tar"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    multi = entries[0].manifest
    assert skopeo("inspect", "--raw", f"oci-archive:{joined}:library/multi:v1") == multi.body
    skopeo("copy", "--all", f"oci-archive:{joined}:library/multi:v1", f"dir:{tmp_path / 'by-skopeo'}")
    config = json.loads(skopeo("inspect", "--config", f"oci-archive:{joined}:library/large:v1"))
    assert config["rootfs"]["type"] == "layers"

    cli.run("copy", f"oci-archive:{parts[0]}", f"{target.address}/{{path}}", "--json").expect(0)
    assert_same(source, target, ["library/large", *corpus.repositories(entries)])


def test_a_plain_tar_is_made_in_one_go(cli: Cli, source: RealRegistry, tmp_path: Path) -> None:
    image = images.image([images.layer("plain")])
    push(source, "library/app", image, "v1")
    result = cli.run("copy", f"{source.address}/library/app:v1", "oci-archive:./out.tar")
    assert result.exit == 0, str(result)
    assert "packed into out.tar" in result.out + result.err
    assert skopeo("inspect", "--raw", f"oci-archive:{tmp_path / 'out.tar'}:library/app:v1") == image.body
