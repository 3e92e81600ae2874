"""Which blobs an export has: `inventory.json` in its folder, all that the next one needs to know of it.

A differential export leaves out what an earlier one had, and says here what that is and which repositories used it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.oci.errors import RegistryError, UnsupportedContent
from tui.oci.layout.index import LayoutIndex
from tui.oci.layout.store import Store, blob_name, read_small
from tui.oci.manifest import MAX_MANIFEST, Manifest, parse_manifest
from tui.oci.reference import is_digest, is_repository
from tui.oci.saying import phrase

VERSION = 1
MAX_INVENTORY = 256 * 1024 * 1024
_MAX_MANIFESTS = 1_000_000


@dataclass(slots=True)
class Content:
    """A blob: its bytes, and the repositories that use it."""

    size: int
    repositories: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Inventory:
    """Blobs by digest: those that are in the export, and those it needs that are `elsewhere`, in earlier ones."""

    held: dict[str, Content] = field(default_factory=dict)
    elsewhere: dict[str, Content] = field(default_factory=dict)

    def known(self, digest: str) -> Content | None:
        """Return a blob that is here or in an earlier export."""
        return self.held.get(digest) or self.elsewhere.get(digest)

    def add_earlier(self, other: Inventory) -> None:
        """Know of everything an earlier export has or knows of, so that the next one need only be told of this one."""
        for found in (other.held, other.elsewhere):
            for digest, content in found.items():
                if digest not in self.held:
                    known = self.elsewhere.setdefault(digest, Content(content.size))
                    known.repositories |= content.repositories

    def body(self) -> bytes:
        """Return the file."""
        document = {
            "version": VERSION,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "held": _document(self.held),
            "elsewhere": _document(self.elsewhere),
        }
        return json.dumps(document, indent=1).encode() + b"\n"


def parse_inventory(body: bytes, path: Path) -> Inventory:
    """Return what an inventory says. Raises UnsupportedContent for what is none."""
    try:
        document = json.loads(body)
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise ValueError(f"version {VERSION} of an inventory is expected")
        return Inventory(_contents(document["held"]), _contents(document["elsewhere"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnsupportedContent(
            phrase("{path} is no inventory of an export: {error}", path=path, error=error)
        ) from error


def take_inventory(store: Store, index: LayoutIndex) -> Inventory:
    """Return what the images of a layout need, and whether it is there. Raises OSError, RegistryError."""
    inventory = Inventory()
    for path, manifest in _manifests(store, index):
        for blob in manifest.blobs:
            known = inventory.known(blob.digest)
            if known is None:
                there = store.size(blob_name(blob.digest)) == blob.size
                place = inventory.held if there else inventory.elsewhere
                known = place.setdefault(blob.digest, Content(blob.size))
            if path:
                known.repositories.add(path)
    return inventory


def _manifests(store: Store, index: LayoutIndex) -> Iterator[tuple[str, Manifest]]:
    """Yield every manifest that can be read with the path of its repository ('' for what has no name)."""
    waiting = [
        (entry.name.path if entry.name else "", entry.descriptor.digest, entry.descriptor.media_type)
        for entry in index.entries()
    ]
    seen: set[tuple[str, str]] = set()
    while waiting and len(seen) < _MAX_MANIFESTS:
        path, digest, media_type = waiting.pop()
        if (path, digest) in seen:
            continue
        seen.add((path, digest))
        try:
            manifest = parse_manifest(read_small(store, blob_name(digest), 2 * MAX_MANIFEST), media_type, digest)
        except (FileNotFoundError, RegistryError):
            # What cannot be read is found where it is needed; here it only has nothing to tell.
            continue
        yield path, manifest
        waiting += [(path, child.digest, child.media_type) for child in manifest.manifests]


def _document(contents: dict[str, Content]) -> dict[str, Any]:
    return {
        digest: {"size": contents[digest].size, "repositories": sorted(contents[digest].repositories)}
        for digest in sorted(contents)
    }


def _contents(document: dict[str, Any]) -> dict[str, Content]:
    found = {}
    for digest, value in document.items():
        size, repositories = value["size"], value["repositories"]
        if not is_digest(digest) or not isinstance(size, int) or size < 0:
            raise ValueError(f"{digest!r} is no blob with a size")
        found[digest] = Content(size, set(_paths(repositories)))
    return found


def _paths(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and is_repository(value))
