"""Layouts for the tests of this folder, written by the client under test from images made here."""

from __future__ import annotations

from pathlib import Path

from tests.support import images
from tui.oci.layout.client import LayoutClient
from tui.oci.manifest import parse_manifest
from tui.oci.reference import Repository

BASE = images.layer("base", 40_000)


def place(folder: Path) -> str:
    return f"oci:{folder}/"


def image(name: str, size: int = 30_000) -> images.Manifest:
    return images.image([BASE, images.layer(name, size)], label=name)


async def put(client: LayoutClient, path: str, target: str, manifest: images.Manifest) -> None:
    """Store an image with its blobs under a tag or digest."""
    repository = Repository(client.registry, path)
    for digest, blob in manifest.all_blobs().items():
        if not await client.has_blob(repository, digest):
            upload = await client.start_upload(repository)
            await upload.finish(digest, b"".join(blob.chunks()))
    await client.put_manifest(repository, target, parse_manifest(manifest.body, manifest.media_type))


async def written(folder: Path, **tagged: images.Manifest) -> Path:
    """Write `library/app` with these tags and return the folder."""
    async with LayoutClient(place(folder)) as client:
        for tag, manifest in tagged.items():
            await put(client, "library/app", tag, manifest)
    return folder
