"""Names of a layout that is being written: each is safe at once, and thousands of them cost no more for each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.oci.layout.written import image, place, put
from tui.oci.layout import writer as writing
from tui.oci.layout.client import LayoutClient
from tui.oci.layout.pack import pack
from tui.oci.layout.store import INDEX, NAMES
from tui.oci.layout.writer import LayoutWriter
from tui.oci.reference import Repository

APP = "library/app"


async def tags(folder: str) -> list[str]:
    async with LayoutClient(folder) as client:
        return [tag async for page in client.tags(Repository(folder, APP)) for tag in page]


def in_index(folder: Path) -> int:
    return len(json.loads((folder / INDEX).read_text())["manifests"])


async def killed(folder: Path, count: int, first: int = 0) -> None:
    """Write so many tags and let go without the last step, as a killed process does."""
    client = LayoutClient(place(folder))
    one = image("one")
    for number in range(first, first + count):
        await put(client, APP, f"v{number}", one)
    assert client._writer is not None
    client._writer.abandon()


async def test_what_is_written_in_all_grows_with_the_names_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    replaced = writing.replace_file

    def counted(path: Path, content: bytes, **more: bool) -> None:
        if path.name == INDEX:
            sizes.append(len(content))
        replaced(path, content, **more)

    monkeypatch.setattr(writing, "replace_file", counted)
    await killed(tmp_path, 400)
    assert await tags(place(tmp_path)) == sorted(f"v{number}" for number in range(400))
    assert len(sizes) < 20
    assert sum(sizes) < 8 * sizes[-1]


async def test_names_outlive_a_kill(tmp_path: Path) -> None:
    await killed(tmp_path, 10)
    assert in_index(tmp_path) == 0
    with (tmp_path / NAMES).open("ab") as names:
        names.write(b'{"entry": {"mediaTy')
    assert len(await tags(place(tmp_path))) == 10
    await killed(tmp_path, 5, first=8)
    assert len(await tags(place(tmp_path))) == 13
    async with LayoutClient(place(tmp_path)) as client:
        await put(client, APP, "last", image("last"))
    assert in_index(tmp_path) == 14
    assert not (tmp_path / NAMES).exists()


async def test_what_a_killed_export_named_is_packed(tmp_path: Path) -> None:
    await killed(tmp_path / "export", 3)
    pack(tmp_path / "export", tmp_path / "out.tar")
    assert await tags(f"oci-archive:{tmp_path}/out.tar/") == ["v0", "v1", "v2"]


async def test_a_moved_tag_is_what_it_was_last(tmp_path: Path) -> None:
    client = LayoutClient(place(tmp_path))
    for name in ("before", "after"):
        await put(client, APP, "v1", image(name))
    assert client._writer is not None
    client._writer.abandon()
    async with LayoutClient(place(tmp_path)) as client:
        head = await client.head_manifest(Repository(place(tmp_path), APP), "v1")
    assert head is not None
    assert head.digest == image("after").digest


def test_a_writer_that_changes_nothing_leaves_a_whole_index(tmp_path: Path) -> None:
    writer = LayoutWriter(tmp_path)
    writer.commit_now()
    writer.abandon()
    assert in_index(tmp_path) == 0
