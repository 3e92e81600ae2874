"""The folder survives a restart, resumes uploads, and leaves no rubbish."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from tests.demo.conftest import connect
from tui.demo.images import EMPTY, IMAGE, artifact, content, image, index, layer
from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.demo.storage import FilesystemStorage
from tui.oci.reference import digest_of


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def everything(storage: Storage) -> dict[str, object]:
    """Return all a client can see."""
    seen: dict[str, object] = {}
    for repository in storage.repositories():
        for tag in storage.tags(repository):
            stored = storage.manifest(repository, tag)
            assert stored is not None
            seen[f"{repository}:{tag}"] = (stored, storage.read(stored.digest))
            seen[f"{repository}@{stored.digest}"] = storage.referrers(repository, stored.digest)
            for part in json.loads(storage.read(stored.digest)).get("layers", ()):
                assert storage.has_blob(repository, part["digest"])
                seen[f"{repository}@{part['digest']}"] = storage.read(part["digest"])
    return seen


async def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    storage = FilesystemStorage(tmp_path)
    await load_samples(EmbeddedRegistry(storage), 0.01)
    storage.put_manifest("empty/tags", b'{"a":1}', IMAGE)
    storage.untag("library/nginx", "stable")
    storage.delete_manifest("library/redis", "7.2")  # a tag is no digest: nothing happens
    before = everything(storage)
    again = FilesystemStorage(tmp_path)
    assert everything(again) == before
    assert again.repositories() == storage.repositories()
    assert "empty/tags" in again.repositories()
    assert any(value for key, value in before.items() if key.startswith("team/app@"))  # the referrer was among it


async def test_a_broken_upload_goes_on_after_a_restart(tmp_path: Path) -> None:
    body = os.urandom(10_000)
    async with EmbeddedRegistry(FilesystemStorage(tmp_path)) as registry, connect(registry) as api:
        location = await api.start_upload("team/app")
        await api("PATCH", location, body[:6000])
        gone = await api.start_upload("team/app")
        await api("DELETE", gone)
    async with EmbeddedRegistry(FilesystemStorage(tmp_path)) as registry, connect(registry) as api:
        assert (await api("GET", location)).headers["Range"] == "0-5999"
        assert (await api("GET", gone)).code == "BLOB_UPLOAD_UNKNOWN"
        assert (await api("PATCH", location, body[6000:], Content_Range="6000-9999")).status == 202
        assert (await api("PUT", f"{location}?digest={digest_of(body)}")).status == 201
        assert (await api("GET", f"/v2/team/app/blobs/{digest_of(body)}")).body == body
        assert (await api("GET", location)).code == "BLOB_UPLOAD_UNKNOWN"


async def test_no_rubbish_is_left(tmp_path: Path) -> None:
    async with EmbeddedRegistry(FilesystemStorage(tmp_path)) as registry, connect(registry) as api:
        for body in (b"", b"content"):
            await api.put_blob("team/app", body)
        wrong = await api.start_upload("team/app")
        await api("PUT", f"{wrong}?digest={digest_of(b'other')}", b"content")
        await api("POST", f"/v2/team/app/blobs/uploads/?digest={digest_of(b'other')}", b"content")
        cancelled = await api.start_upload("team/app")
        await api("PATCH", cancelled, b"content")
        await api("DELETE", cancelled)
        kept = files(tmp_path)
        assert len(kept) == 4
        assert not any("_uploads" in name or name.startswith("tmp") for name in kept)
        for body in (b"", b"content"):
            await api("DELETE", f"/v2/team/app/blobs/{digest_of(body)}")
    assert files(tmp_path) == set()


def test_what_a_killed_process_was_writing_is_swept_away(tmp_path: Path) -> None:
    FilesystemStorage(tmp_path)
    (tmp_path / "tmp" / "7").write_text("half a blob")
    FilesystemStorage(tmp_path)
    assert files(tmp_path) == set()


def test_a_tag_of_a_lost_manifest_is_forgotten(tmp_path: Path) -> None:
    storage = FilesystemStorage(tmp_path)
    digest = storage.put_manifest("team/app", b"{}", IMAGE, tags=["v1"])
    (tmp_path / "repositories/team/app/_manifests" / digest.replace(":", "/")).unlink()
    assert FilesystemStorage(tmp_path).tags("team/app") == []


def test_a_chunk_that_does_not_fit_is_not_half_there(tmp_path: Path) -> None:
    """What was written before the disk was full must agree with the size and the hash, or nothing can go on."""
    storage = FilesystemStorage(tmp_path)
    upload = storage.start_upload("team/app")
    upload.write(b"x" * 800)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            upload.write(b"y" * 800)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    upload.write(b"z" * 800)
    body = b"x" * 800 + b"z" * 800
    assert upload.size == 1600
    assert upload.digest_so_far("sha256") == upload.digest_again("sha256") == digest_of(body)
    storage.take_upload(upload)
    storage.finish_upload(upload, digest_of(body))
    assert storage.read(digest_of(body)) == body


def test_content_lives_as_long_as_anyone_links_it(storage: Storage) -> None:
    sample = index([image([layer("a", 10)])])
    for repository in ("one", "two"):
        sample.put(storage, repository, "v1")
    blob = sample.children[0].blobs[0].digest
    storage.delete_blob("one", blob)
    assert not storage.has_blob("one", blob)
    assert storage.read(blob) == sample.children[0].blobs[0].body
    assert storage.delete_blob("two", blob)
    assert not storage.delete_blob("two", blob)
    with pytest.raises((KeyError, FileNotFoundError)):
        storage.size(blob)


def test_what_is_not_there_is_nothing(storage: Storage) -> None:
    assert storage.tags("no/such") == []
    assert storage.manifest("no/such", "v1") is None
    assert storage.referrers("no/such", digest_of(b"")) == []
    assert not storage.has_repository("no/such")
    assert not storage.untag("no/such", "v1")
    assert not storage.delete_manifest("no/such", digest_of(b""))
    assert storage.find_upload("no/such", "../../etc/passwd") is None


def test_a_referrer_is_listed_and_leaves_the_list(storage: Storage) -> None:
    subject = image([layer("a", 10)])
    about = artifact(content(EMPTY, b"{}"), [], artifact_type="application/spdx+json", subject=subject.manifest)
    about.put(storage, "team/app")
    assert [entry["digest"] for entry in storage.referrers("team/app", subject.digest)] == [about.digest]
    storage.delete_manifest("team/app", about.digest)
    assert storage.referrers("team/app", subject.digest) == []
