"""Imports go one way, as the package's own documentation says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui

HOUSE = Path(tui.__file__).parent
BELOW = {
    "cli": {"app", "demo", "repeat", "engine", "providers", "plan", "endpoints", "oci"},
    "app": {"repeat", "engine", "providers", "plan", "endpoints", "oci"},
    "repeat": {"engine", "plan", "endpoints", "oci"},
    "engine": {"providers", "plan", "endpoints", "oci"},
    "providers": {"plan", "endpoints", "oci"},
    "plan": {"oci"},
    "endpoints": {"oci"},
    "oci": set(),
    "demo": {"oci"},
}
FOREIGN = {
    "textual": {"app"},
    "httpx": {"oci", "providers", "engine"},
    "aiohttp": {"oci", "demo"},
    "click": {"cli"},
    "keyring": {"endpoints"},
    "sqlite3": {"engine"},
}
"""Libraries that belong to some rooms only."""


def imports(room: str) -> Iterator[tuple[str, str]]:
    """Yield file and full name of whatever the files of a room import, also inside of functions."""
    for path in sorted((HOUSE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((str(path), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [alias.name for alias in node.names] if node.module == "tui" else [""]
                yield from ((str(path), f"{node.module}.{name}".rstrip(".")) for name in names)


def test_every_room_is_on_the_map() -> None:
    assert {path.parent.name for path in HOUSE.glob("*/__init__.py")} == set(BELOW)
    assert all(f"`{room}`" in (tui.__doc__ or "") for room in BELOW)


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_only_from_those_below_it(room: str) -> None:
    found = [(path, name) for path, name in imports(room) if name.startswith("tui.")]
    allowed = BELOW[room] | {room, "__version__"}
    assert [(path, name) for path, name in found if name.split(".")[1] not in allowed] == []


@pytest.mark.parametrize("library", FOREIGN)
def test_a_library_stays_in_its_rooms(library: str) -> None:
    users = {room for room in BELOW for _, name in imports(room) if name.split(".")[0] == library}
    assert users
    assert users <= FOREIGN[library]
