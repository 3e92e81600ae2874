"""Earlier exports: what need not be exported again, and where an import finds what this one left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from tui.oci.errors import LocalError
from tui.oci.layout.archive import ArchiveStore
from tui.oci.layout.disk import telling
from tui.oci.layout.index import read_index
from tui.oci.layout.inventory import MAX_INVENTORY, Content, Inventory, parse_inventory, take_inventory
from tui.oci.layout.names import own_repository
from tui.oci.layout.parts import SUFFIX
from tui.oci.layout.store import INVENTORY, FolderStore, Store, blob_name, read_small
from tui.oci.saying import N_, phrase


class Earlier:
    """Earlier exports by their paths: folders, tars (also in parts), or inventories alone. Opened when first needed.

    Methods wait for the disk and may be called by several threads. They raise LocalError and UnsupportedContent.
    """

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self._paths = tuple(paths)
        self._stores: list[Store] = []
        self._inventory: Inventory | None = None
        self._lock = Lock()

    @property
    def inventory(self) -> Inventory:
        """Everything they have or know of."""
        with self._lock:
            if self._inventory is None:
                self._inventory = self._opened()
            return self._inventory

    def known(self, digest: str) -> Content | None:
        """Return a blob one of them had."""
        if not self._paths:
            return None
        return self.inventory.known(digest)

    def store_with(self, digest: str) -> Store | None:
        """Return where the bytes of a blob are, None when none of them is here with it."""
        if not self._paths or self.inventory is None:
            return None
        with telling(N_("look into"), self._paths[0]):
            return next((store for store in self._stores if store.size(blob_name(digest)) is not None), None)

    def close(self) -> None:
        """Close their files."""
        for store in self._stores:
            store.close()
        self._stores.clear()
        self._inventory = None

    def _opened(self) -> Inventory:
        everything = Inventory()
        for inventory in self._inventories():
            everything.add_earlier(inventory)
        return everything

    def _inventories(self) -> Iterator[Inventory]:
        for path in self._paths:
            with telling(N_("read the earlier export"), path):
                if path.suffix == ".json" and not path.name.endswith(SUFFIX):
                    store: Store = FolderStore(path.parent)
                    yield parse_inventory(read_small(store, path.name, MAX_INVENTORY), path)
                    continue
                store = open_store(path)
                self._stores.append(store)
                try:
                    yield take_inventory(store, read_index(store, own_repository(path)))
                except FileNotFoundError as error:
                    raise LocalError(
                        phrase("{path} is no earlier export: there is no index.json in it", path=path),
                        hint=phrase("name its folder, its tar, or the {inventory} that was in it", inventory=INVENTORY),
                    ) from error
                yield from written(store)


def written(store: Store) -> Iterator[Inventory]:
    """Yield the inventory that was written into an export, if one was: it knows of exports before it."""
    if store.size(INVENTORY) is not None:
        yield parse_inventory(read_small(store, INVENTORY, MAX_INVENTORY), store.path / INVENTORY)


def open_store(path: Path) -> Store:
    """Return the files of an export: of a folder, of a tar, or of the tar whose list of parts is named."""
    if path.is_dir():
        return FolderStore(path)
    return ArchiveStore(path.with_name(path.name.removesuffix(SUFFIX)))
