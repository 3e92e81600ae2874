"""Our own client and the embedded registry understand each other, from listing to the last referrer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.demo.test_storage import everything
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_many, load_samples
from tui.demo.storage import MemoryStorage
from tui.oci.access import Access, Connection, Credential
from tui.oci.client import RegistryClient
from tui.oci.errors import NotFound, Unauthenticated
from tui.oci.reference import Repository


def client_of(registry: EmbeddedRegistry, password: str = "") -> RegistryClient:
    credential = Credential("ann", password) if password else None
    return RegistryClient(Access(Connection(registry.address, scheme="http"), credential))


@pytest.fixture
async def source() -> AsyncIterator[EmbeddedRegistry]:
    """A registry with the samples; small pages, so that every list is followed."""
    async with EmbeddedRegistry(MemoryStorage(), page_limit=3) as registry:
        await load_samples(registry, 0.05)
        yield registry


async def copy_manifest(source: RegistryClient, target: RegistryClient, name: str, reference: str, tag: str) -> None:
    """Copy what is under `reference`, children and referrers included, in chunks of 20,000 bytes."""
    here, there = Repository(source.registry, name), Repository(target.registry, name)
    manifest = await source.get_manifest(here, reference)
    for child in manifest.manifests:
        await copy_manifest(source, target, name, child.digest, child.digest)
    for blob in manifest.blobs:
        if await target.has_blob(there, blob.digest):
            continue
        upload = await target.start_upload(there)
        async with source.read_blob(here, blob.digest) as pieces:
            body = b"".join([piece async for piece in pieces])
        for start in range(0, len(body), 20_000):
            await upload.patch(body[start : start + 20_000])
            assert await upload.status() == min(len(body), start + 20_000)
        await upload.finish(blob.digest)
    await target.put_manifest(there, tag, manifest)
    for referrer in await source.referrers(here, manifest.digest):
        await copy_manifest(source, target, name, referrer.digest, referrer.digest)


async def test_everything_travels(source: EmbeddedRegistry) -> None:
    target = EmbeddedRegistry(MemoryStorage(), username="ann", password="secret")
    async with target, client_of(source) as reader, client_of(target, "secret") as writer:
        names = [name async for page in reader.catalog() for name in page]
        assert names == source.storage.repositories()
        for name in names:
            here = Repository(reader.registry, name)
            tags = [tag async for page in reader.tags(here) for tag in page]
            assert tags == source.storage.tags(name)
            for tag in tags:
                await copy_manifest(reader, writer, name, tag, tag)
                head = await writer.head_manifest(Repository(writer.registry, name), tag)
                assert head == await reader.head_manifest(here, tag)
    assert everything(target.storage) == everything(source.storage)
    assert target.storage.uploads() == 0


async def test_blobs_are_read_from_an_offset_mounted_and_given_up(source: EmbeddedRegistry) -> None:
    async with client_of(source) as client:
        nginx, other = (Repository(client.registry, name) for name in ("library/nginx", "new/nginx"))
        manifest = await client.get_manifest(nginx, "1.24.0")
        digest = manifest.blobs[-1].digest
        async with client.read_blob(nginx, digest, 1000) as pieces:
            assert b"".join([piece async for piece in pieces]) == source.storage.read(digest)[1000:]
        assert await client.mount(other, digest, nginx) is None
        assert await client.has_blob(other, digest)
        refused = await client.mount(other, manifest.blobs[0].digest, Repository(client.registry, "library/redis"))
        assert refused is not None
        await refused.cancel()
        with pytest.raises(NotFound):
            await client.get_manifest(other, "1.24.0")
    assert source.storage.uploads() == 0


async def test_thousands_of_tags_are_listed() -> None:
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(EmbeddedRegistry(MemoryStorage()))
        many = await load_many(registry, 5500, 2)
        client = await stack.enter_async_context(client_of(registry))
        repository = Repository(client.registry, "bench/repo-0000")
        pages = [page async for page in client.tags(repository)]
        assert [len(page) for page in pages] == [1000, 1000, 750]
        assert {tag for page in pages for tag in page} == {
            sample.tag for sample in many.tags if sample.repository == repository.path
        }


async def test_a_wrong_password_is_refused() -> None:
    async with (
        EmbeddedRegistry(MemoryStorage(), username="ann", password="secret") as registry,
        client_of(registry, "wrong") as client,
    ):
        with pytest.raises(Unauthenticated):
            await client.head_manifest(Repository(client.registry, "library/nginx"), "latest")
