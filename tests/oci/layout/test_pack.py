"""A layout packed into parts, carried, and unpacked or read where it lies."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.oci.layout.written import BASE, image, place, written
from tui.oci.errors import IntegrityError, LocalError, NotFound, UnsupportedContent
from tui.oci.layout.client import LayoutClient
from tui.oci.layout.inventory import Inventory
from tui.oci.layout.pack import pack
from tui.oci.layout.parts import list_path
from tui.oci.layout.stream import LayoutTar
from tui.oci.layout.unpack import Parcel, unpack
from tui.oci.layout.writer import LayoutWriter
from tui.oci.reference import Repository

PART = 30_000


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    return await written(tmp_path / "export", v1=image("one"), v2=image("two"))


def files(folder: Path) -> dict[str, bytes]:
    """Return what counts in a layout: the blobs."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in (folder / "blobs").glob("*/*")}


def joined(folder: Path, out: str) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{out}.[0-9]*")))


def test_parts_joined_are_a_tar_that_tar_reads(folder: Path, tmp_path: Path) -> None:
    packed = pack(folder, tmp_path / "x.tar", PART)
    assert len(packed.parts) > 3
    assert {part.size for part in packed.parts[:-1]} == {PART}
    whole = joined(tmp_path, "x.tar")
    assert len(whole) == packed.size
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        names = tar.getnames()
        assert names[:3] == ["oci-layout", "index.json", "inventory.json"]
        for name, body in files(folder).items():
            member = tar.extractfile(name)
            assert member is not None
            assert member.read() == body
    assert not [name for name in names if ".regferry" in name]
    document = json.loads(list_path(tmp_path / "x.tar").read_text())
    for part in document["parts"]:
        assert hashlib.sha256((tmp_path / part["name"]).read_bytes()).hexdigest() == part["sha256"]


@pytest.mark.parametrize("offset", [0, 1, 511, 512, 700, 30_000, 61_111])
def test_the_stream_can_begin_anywhere(folder: Path, offset: int) -> None:
    tar = LayoutTar(folder)
    whole = b"".join(tar.pieces(0))
    assert len(whole) == tar.size
    assert b"".join(tar.pieces(offset)) == whole[offset:]


def test_an_interrupted_pack_goes_on_with_what_is_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = pack(folder, tmp_path / "whole" / "x.tar")
    expected = (tmp_path / "whole" / "x.tar").read_bytes()

    class Killed(Exception):
        pass

    def killed_in_the_second(done: int, size: int) -> None:
        if done > PART + 1_000:
            raise Killed

    with pytest.raises(Killed):
        pack(folder, tmp_path / "x.tar", PART, killed_in_the_second)
    assert (tmp_path / "x.tar.002.partial").exists()
    with pytest.raises(LocalError, match="not packed to its end"):
        Parcel([tmp_path / "x.tar.parts.json"])
    # Power was lost as well: the end of what is there is not what was written.
    partial = tmp_path / "x.tar.002.partial"
    partial.write_bytes(partial.read_bytes()[:-100] + bytes(5_000))
    first = (tmp_path / "x.tar.001").stat()
    packed = pack(folder, tmp_path / "x.tar", PART)
    assert joined(tmp_path, "x.tar") == expected
    assert packed.size == whole.size
    assert (tmp_path / "x.tar.001").stat().st_ino == first.st_ino
    assert list(tmp_path.glob("*.partial")) == []


def test_a_layout_that_is_opened_again_and_not_changed_is_the_same_tar(folder: Path) -> None:
    inventory = folder / "inventory.json"
    writer = LayoutWriter(folder)
    writer.close(Inventory())
    document = json.loads(inventory.read_bytes()) | {"made": "2026-01-01T00:00:00+00:00"}
    inventory.write_text(json.dumps(document, indent=1) + "\n")
    before = LayoutTar(folder).content
    again = LayoutWriter(folder)
    again.close(Inventory())
    assert LayoutTar(folder).content == before


async def test_another_content_does_not_overwrite_a_pack(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "x.tar")
    assert pack(folder, tmp_path / "x.tar").complete
    await written(folder, v3=image("three"))
    with pytest.raises(LocalError, match="of another export"):
        pack(folder, tmp_path / "x.tar")


async def test_no_pack_while_somebody_writes(folder: Path, tmp_path: Path) -> None:
    async with LayoutClient(place(folder)) as client:
        await client.start_upload(Repository(place(folder), "library/app"))
        with pytest.raises(LocalError, match="is writing to"):
            pack(folder, tmp_path / "x.tar")


def test_a_damaged_blob_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (folder / "blobs" / BASE.digest.replace(":", "/")).write_bytes(bytes(BASE.size))
    with pytest.raises(IntegrityError, match="is damaged"):
        pack(folder, tmp_path / "x.tar", PART)


@pytest.mark.parametrize("split", [0, PART])
async def test_unpacked_it_is_the_same(folder: Path, tmp_path: Path, split: int) -> None:
    pack(folder, tmp_path / "x.tar", split)
    added = unpack(Parcel([tmp_path / ("x.tar.001" if split else "x.tar")]), tmp_path / "far")
    assert added == len(files(folder))
    assert files(tmp_path / "far") == files(folder)
    assert json.loads((tmp_path / "far/index.json").read_text()) == json.loads((folder / "index.json").read_text())
    again = unpack(Parcel([tmp_path / "x.tar.parts.json"]), tmp_path / "far")
    assert again == 0


def test_an_interrupted_unpack_goes_on(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "x.tar", PART)

    class Killed(Exception):
        pass

    def killed_in_the_third(done: int, size: int) -> None:
        if done > 2 * PART:
            raise Killed

    with pytest.raises(Killed):
        unpack(Parcel([tmp_path / "x.tar.001"]), tmp_path / "far", killed_in_the_third)
    begun = files(tmp_path / "far")
    assert 0 < len(begun) < len(files(folder))
    added = unpack(Parcel([tmp_path / "x.tar.001"]), tmp_path / "far")
    assert added == len(files(folder)) - len(begun)
    assert files(tmp_path / "far") == files(folder)


def test_parts_may_lie_in_two_folders(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "x.tar", PART)
    (tmp_path / "second").mkdir()
    shutil.move(tmp_path / "x.tar.002", tmp_path / "second")
    with pytest.raises(LocalError, match=r"x\.tar\.002 is missing"):
        Parcel([tmp_path / "x.tar.001"])
    parcel = Parcel([tmp_path / "x.tar.001", tmp_path / "second" / "x.tar.002"])
    unpack(parcel, tmp_path / "far")
    assert files(tmp_path / "far") == files(folder)


def test_every_part_that_is_missing_or_short_is_named(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "x.tar", PART)
    (tmp_path / "x.tar.002").unlink()
    (tmp_path / "x.tar.003").write_bytes(b"short")
    with pytest.raises(LocalError, match=rf"x\.tar\.002 is missing; x\.tar\.003 has 5 bytes instead of {PART}"):
        Parcel([tmp_path / "x.tar.parts.json"])


@pytest.mark.parametrize(("number", "at"), [(1, 600), (1, 100), (2, 17), (4, 9_000)])
def test_a_damaged_part_is_named_and_nothing_of_it_is_taken(folder: Path, tmp_path: Path, number: int, at: int) -> None:
    pack(folder, tmp_path / "x.tar", PART)
    part = tmp_path / f"x.tar.{number:03}"
    body = bytearray(part.read_bytes())
    body[at] ^= 1
    part.write_bytes(body)
    parcel = Parcel([tmp_path / "x.tar.parts.json"])
    with pytest.raises(IntegrityError, match=rf"damaged: x\.tar\.{number:03}$"):
        unpack(parcel, tmp_path / "far")
    assert parcel.damaged() == [part.name]
    assert json.loads((tmp_path / "far" / "index.json").read_text())["manifests"] == []
    body[at] ^= 1
    part.write_bytes(body)
    unpack(Parcel([tmp_path / "x.tar.parts.json"]), tmp_path / "far")
    assert files(tmp_path / "far") == files(folder)


async def test_two_exports_are_unpacked_into_one_folder(folder: Path, tmp_path: Path) -> None:
    second = await written(tmp_path / "second", v3=image("three"))
    for export in (folder, second):
        pack(export, tmp_path / f"{export.name}.tar")
        unpack(Parcel([tmp_path / f"{export.name}.tar"]), tmp_path / "far")
    async with LayoutClient(place(tmp_path / "far")) as client:
        tags = [page async for page in client.tags(Repository(client.registry, "library/app"))]
    assert tags == [["v1", "v2", "v3"]]


@pytest.mark.parametrize("split", [0, PART])
async def test_a_tar_is_read_where_it_lies(folder: Path, tmp_path: Path, split: int) -> None:
    pack(folder, tmp_path / "x.tar", split)
    registry = f"oci-archive:{tmp_path}/x.tar/"
    async with LayoutClient(registry) as client:
        app = Repository(registry, "library/app")
        assert [page async for page in client.tags(app)] == [["v1", "v2"]]
        manifest = await client.get_manifest(app, "v2")
        for blob in manifest.blobs:
            async with client.read_blob(app, blob.digest, 7, blob.size) as pieces:
                body = b"".join([piece async for piece in pieces])
            assert body == (folder / "blobs" / blob.digest.replace(":", "/")).read_bytes()[7:]
        with pytest.raises(LocalError, match="only read"):
            await client.start_upload(app)
        if split:
            (tmp_path / "x.tar.002").unlink()
    if split:
        async with LayoutClient(registry) as client:
            with pytest.raises(LocalError, match=r"x\.tar\.002 is missing"):
                await client.get_manifest(app, "v1")


def test_what_is_no_tar_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"\x1f\x8b" + bytes(100))
    from tui.oci.layout.archive import ArchiveStore

    with pytest.raises(UnsupportedContent, match="is compressed") as caught:
        ArchiveStore(tmp_path / "x.tar").size("index.json")
    assert "gunzip" in caught.value.hint
    (tmp_path / "x.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(UnsupportedContent, match="no tar that can be read"):
        ArchiveStore(tmp_path / "x.tar").size("index.json")


async def test_what_older_dockers_saved_is_known(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "saved.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"))
    registry = f"oci-archive:{tmp_path}/saved.tar/"
    async with LayoutClient(registry) as client:
        with pytest.raises(NotFound) as caught:
            await client.get_manifest(Repository(registry, "saved"), "latest")
    assert "docker save" in caught.value.hint


async def test_a_tar_that_was_cut_off_is_said_to_be(folder: Path, tmp_path: Path) -> None:
    from tui.oci.layout.archive import ArchiveStore

    pack(folder, tmp_path / "x.tar")
    whole = (tmp_path / "x.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:60_000])
    with pytest.raises(UnsupportedContent, match=r"cut\.tar"):
        ArchiveStore(tmp_path / "cut.tar").size("index.json")
