"""A folder as an endpoint: added with its path, copied to, looked into, and copied from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.app.screens.browsing import Opened, opened
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.planning.head import room_text
from tui.engine.room import Room
from tui.engine.runs import list_runs


async def add(app: Opened, address: str) -> None:
    """Open the form and type an address."""
    await app.press("2")
    await app.until(lambda: type(app.screen).__name__ == "Endpoints")
    await app.press("n")
    await app.until(lambda: isinstance(app.screen, EndpointForm))
    app.screen.query_one("#field-address").focus()
    await app.pilot.pause()
    await app.type(address)


async def saved(app: Opened, name: str) -> None:
    """Save and wait for the test that follows."""
    await app.press("enter")
    await app.until(lambda: any(each.name == name and each.last_test for each in app.app.session.endpoints()))


async def test_an_export_to_a_folder_and_a_look_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    async with opened(size=(140, 40), in_file=True) as app:
        await add(app, str(folder))
        await app.sees("OCI layout on disk")
        assert "Log in with" not in app.text
        assert "Encryption" not in app.text
        await saved(app, "export")
        endpoint = next(each for each in app.app.session.endpoints() if each.name == "export")
        assert (endpoint.address, endpoint.kind, endpoint.store) == (f"oci:{folder}/", "layout", "none")
        assert endpoint.last_test is not None
        assert endpoint.last_test.ok

        await app.select_all()
        app.draft.target = endpoint
        await app.press("4")
        await app.sees("Preview, not checked yet (30)", f"oci:{folder}")
        await app.press("c")
        await app.until(lambda: app.screen.forecast is not None and not app.screen.checking)
        await app.sees("30 new", " free")
        assert not folder.exists()
        await app.press("r")
        await app.until(lambda: list_runs(app.app.session.state)[0].working() is None and folder.exists())
        await app.until(lambda: (folder / "inventory.json").exists())
        assert len(json.loads((folder / "index.json").read_text())["manifests"]) >= 30

        await app.press("3")
        await app.until(lambda: type(app.screen).__name__ == "Browse")
        app.screen.open_source(endpoint)
        await app.until(lambda: app.screen.shelf is not None and app.screen.shelf.complete)
        await app.open_repository("library/nginx")
        await app.sees("1.25.3-amd64")


async def test_what_is_no_place_is_said_where_it_is_typed(tmp_path: Path) -> None:
    async with opened(in_file=True) as app:
        (tmp_path / "folder.tar").mkdir()
        await add(app, f"{tmp_path}/folder.tar")
        await app.sees("this is no file")
        app.screen.query_one("#field-address").value = "oci:export"
        await app.sees("a path that begins with /")


async def test_a_tar_that_is_no_layout_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "export.tar").write_bytes(b"")
    async with opened(in_file=True) as app:
        await add(app, str(tmp_path / "export.tar"))
        await app.sees("OCI layout on disk")
        await app.press("enter")
        await app.until(lambda: app.app.session.endpoints()[-1].last_test)
        test = app.app.session.endpoints()[-1].last_test
        assert test is not None
        assert not test.ok
        assert os.fspath(tmp_path) in test.message or "index.json" in test.message


def test_the_room_on_a_disk_is_said_in_words() -> None:
    assert room_text(Room("oci:/x", 3_000_000, 5_000_000_000)) == "5.00 GB free"
    assert room_text(Room("oci:/x", 3_000_000, 1_000_000)) == "only 1.00 MB free"
    assert room_text(Room("oci:/x", 3_000_000, None)) == "free space not known"
