"""A layout as the engine uses it: what is written is there, whole, and what others wrote is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.oci.layout.written import BASE, image, place, put, written
from tests.support import images
from tui.oci.errors import IntegrityError, LocalError, NotFound, UnsupportedContent, UploadSessionLost
from tui.oci.layout.client import LayoutClient
from tui.oci.layout.names import CONTAINERD_NAME, REF_NAME, Name, parse_name
from tui.oci.reference import Repository


def repository(folder: Path, path: str = "library/app") -> Repository:
    return Repository(place(folder), path)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_was_written_is_found_by_another_client(tmp_path: Path) -> None:
    app = image("app")
    folder = await written(tmp_path / "export", v1=app)
    async with LayoutClient(place(folder)) as client:
        assert [page async for page in client.catalog()] == [["library/app"]]
        assert [page async for page in client.tags(repository(folder))] == [["v1"]]
        head = await client.head_manifest(repository(folder), "v1")
        assert head is not None
        assert head.digest == app.digest
        assert (await client.get_manifest(repository(folder), app.digest)).body == app.body
        async with client.read_blob(repository(folder), BASE.digest, 10) as pieces:
            read = b"".join([piece async for piece in pieces])
    assert read == b"".join(BASE.chunks())[10:]
    inventory = json.loads((folder / "inventory.json").read_text())
    assert inventory["held"][BASE.digest] == {"size": BASE.size, "repositories": ["library/app"]}


async def test_the_children_of_an_index_need_no_entry_of_their_own(tmp_path: Path) -> None:
    child = image("child")
    index = images.index([("linux/amd64", child)])
    async with LayoutClient(place(tmp_path)) as client:
        await put(client, "library/app", child.digest, child)
        await put(client, "library/app", "v1", index)
    listed = json.loads((tmp_path / "index.json").read_text())["manifests"]
    assert [entry["annotations"] for entry in listed] == [{REF_NAME: "library/app:v1"}]
    async with LayoutClient(place(tmp_path)) as client:
        head = await client.head_manifest(repository(tmp_path), child.digest)
    assert head is not None


async def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    async with LayoutClient(place(folder)) as client:
        assert await client.head_manifest(repository(folder), "v1") is None
        assert not await client.has_blob(repository(folder), BASE.digest)
        with pytest.raises(NotFound, match=r"index\.json is not in this folder"):
            await client.get_manifest(repository(folder), "v1")
    assert not folder.exists()


async def test_one_writer_at_a_time(tmp_path: Path) -> None:
    async with LayoutClient(place(tmp_path)) as first, LayoutClient(place(tmp_path)) as second:
        await put(first, "library/app", "v1", image("app"))
        with pytest.raises(LocalError, match="is writing to"):
            await second.start_upload(repository(tmp_path))


async def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    async with LayoutClient(place(tmp_path)) as client:
        with pytest.raises(LocalError, match="'letters' is in it"):
            await client.start_upload(repository(tmp_path))
    assert files_in(tmp_path) == ["letters"]


async def test_an_upload_goes_on_in_another_process(tmp_path: Path) -> None:
    content = b"".join(BASE.chunks())
    async with LayoutClient(place(tmp_path)) as client:
        upload = await client.start_upload(repository(tmp_path))
        await upload.patch(content[:20_000])
    async with LayoutClient(place(tmp_path)) as client:
        again = await client.resume_upload(repository(tmp_path), upload.location, 15_000)
        assert again.offset == 15_000
        await again.patch(content[15_000:30_000])
        await again.finish(BASE.digest, content[30_000:])
        assert await client.has_blob(repository(tmp_path), BASE.digest)
        with pytest.raises(UploadSessionLost):
            await client.resume_upload(repository(tmp_path), upload.location, 15_000)
        with pytest.raises(UploadSessionLost):
            await client.resume_upload(repository(tmp_path), "../../index.json", 1)


async def test_half_a_blob_that_went_bad_is_begun_anew(tmp_path: Path) -> None:
    content = b"".join(BASE.chunks())
    async with LayoutClient(place(tmp_path)) as client:
        upload = await client.start_upload(repository(tmp_path))
        await upload.patch(bytes(20_000))
    async with LayoutClient(place(tmp_path)) as client:
        again = await client.resume_upload(repository(tmp_path), upload.location, 20_000)
        with pytest.raises(UploadSessionLost, match="not whole"):
            await again.finish(BASE.digest, content[20_000:])
        assert not await client.has_blob(repository(tmp_path), BASE.digest)
        await again.cancel()
    assert list((tmp_path / ".regferry" / "uploads").iterdir()) == []


async def test_what_this_process_wrote_is_checked_too(tmp_path: Path) -> None:
    async with LayoutClient(place(tmp_path)) as client:
        upload = await client.start_upload(repository(tmp_path))
        with pytest.raises(IntegrityError):
            await upload.finish(BASE.digest, b"something else")


async def test_what_a_killed_process_did_not_finish_is_removed(tmp_path: Path) -> None:
    await written(tmp_path, v1=image("app"))
    left = [tmp_path / f"index.json.{'a' * 16}.tmp", tmp_path / "blobs/sha256" / f"{'b' * 64}.{'c' * 16}.tmp"]
    for path in left:
        path.touch()
    (tmp_path / "mine.tmp").touch()
    await written(tmp_path, v2=image("other"))
    assert not any(path.exists() for path in left)
    assert (tmp_path / "mine.tmp").exists()


async def test_a_damaged_manifest_is_not_read(tmp_path: Path) -> None:
    app = image("app")
    await written(tmp_path, v1=app)
    blob = tmp_path / "blobs" / app.digest.replace(":", "/")
    blob.write_bytes(app.body + b" ")
    async with LayoutClient(place(tmp_path)) as client:
        with pytest.raises(IntegrityError):
            await client.get_manifest(repository(tmp_path), "v1")


async def test_a_pipe_in_the_place_of_a_file_does_not_hold_us(tmp_path: Path) -> None:
    app = image("app")
    await written(tmp_path, v1=app)
    blob = tmp_path / "blobs" / app.digest.replace(":", "/")
    blob.unlink()
    os.mkfifo(blob)
    async with LayoutClient(place(tmp_path)) as client:
        with pytest.raises(LocalError):
            await client.get_manifest(repository(tmp_path), "v1")


async def test_what_others_wrote_stays_as_it_is(tmp_path: Path) -> None:
    app, other = image("app"), image("other")
    await written(tmp_path, v1=app)
    index = json.loads((tmp_path / "index.json").read_text())
    index["annotations"] = {"who": "somebody"}
    nameless = {"mediaType": other.media_type, "digest": other.digest, "size": len(other.body), "x": 1}
    index["manifests"].append(nameless)
    (tmp_path / "index.json").write_text(json.dumps(index))
    async with LayoutClient(place(tmp_path)) as client:
        await put(client, "library/app", "v2", image("second"))
    after = json.loads((tmp_path / "index.json").read_text())
    assert after["annotations"] == {"who": "somebody"}
    assert nameless in after["manifests"]
    assert len(after["manifests"]) == 3


async def test_referrers_come_from_the_index_and_from_their_tag(tmp_path: Path) -> None:
    app = image("app")
    empty = images.blob(b"{}", images.OCI_EMPTY)
    sbom = images.artifact(empty, [images.blob(b"{}", "text/spdx")], artifact_type="text/spdx", subject=app)
    signature = images.artifact(empty, [images.blob(b"s", "text/plain")], artifact_type="x/sig", subject=app)
    async with LayoutClient(place(tmp_path)) as client:
        await put(client, "library/app", "v1", app)
        await put(client, "library/app", sbom.digest, sbom)
        await put(client, "library/app", app.digest.replace(":", "-"), images.index([("", signature)]))
        await put(client, "library/other", "v1", app)
    async with LayoutClient(place(tmp_path)) as client:
        found = await client.referrers(repository(tmp_path), app.digest)
        assert [each.digest for each in found] == [sbom.digest, signature.digest]
        assert found[0].artifact_type == "text/spdx"
        assert await client.referrers(repository(tmp_path, "library/other"), app.digest) == []


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({REF_NAME: "library/app:v1"}, Name("library/app", "v1")),
        ({REF_NAME: "v1"}, Name("usb-1", "v1")),
        ({CONTAINERD_NAME: "docker.io/library/nginx:1.27", REF_NAME: "1.27"}, Name("docker.io/library/nginx", "1.27")),
        ({REF_NAME: "localhost:5000/app:v1"}, Name("localhost_5000/app", "v1")),
        ({REF_NAME: "library/app"}, Name("library/app", "latest")),
        ({}, Name("usb-1", "latest")),
    ],
)
async def test_names_of_others_are_understood(tmp_path: Path, annotations: dict[str, str], expected: Name) -> None:
    app = image("app")
    folder = await written(tmp_path / "USB 1", v1=app)
    entry = {"mediaType": app.media_type, "digest": app.digest, "size": len(app.body), "annotations": annotations}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    async with LayoutClient(place(folder)) as client:
        assert await client.head_manifest(repository(folder, expected.path), expected.target) is not None


@pytest.mark.parametrize("text", ["Not/A:name", "a@sha256:123", "x/y:", "../etc/passwd:v1", "a//b"])
def test_what_is_no_name_is_none(text: str) -> None:
    assert parse_name(text, "alone") is None


@pytest.mark.parametrize("body", ["", "[]", '{"manifests": 3}', '{"manifests": [{"digest": "x"}]}', "[" * 100_000])
async def test_a_broken_index_is_named(tmp_path: Path, body: str) -> None:
    (tmp_path / "index.json").write_text(body)
    async with LayoutClient(place(tmp_path)) as client:
        with pytest.raises(UnsupportedContent, match=r"index\.json"):
            await client.get_manifest(repository(tmp_path), "v1")
