"""Reading a layout: its index as it is now, manifests, what refers to them. Waits for the disk; used in threads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from tui.oci.descriptor import Descriptor
from tui.oci.errors import IntegrityError, NotFound, RegistryError, UnsupportedContent
from tui.oci.layout.archive import ArchiveStore
from tui.oci.layout.disk import telling, told
from tui.oci.layout.earlier import Earlier, written
from tui.oci.layout.index import LayoutIndex, read_index
from tui.oci.layout.inventory import Inventory
from tui.oci.layout.names import Name, own_repository
from tui.oci.layout.store import INDEX, NAMES, FolderStore, Reading, Store, blob_name, read_small
from tui.oci.layout.working import folder_of
from tui.oci.lists import fallback_tag
from tui.oci.manifest import MAX_MANIFEST, Manifest, parse_manifest, unique
from tui.oci.place import is_archive, name_of, path_of
from tui.oci.saying import N_, phrase

Stamp = tuple[int, int, int]
_NOT_THERE = N_("check the path, and that the disk is mounted; a repository inside is written after two slashes")
_AS_DOCKER_SAVES = N_(
    "this is what 'docker save' wrote before version 25: save it with a newer one, or convert it: "
    "skopeo copy docker-archive:FILE oci:FOLDER:NAME:TAG"
)


class LayoutReader:
    """The content of the place `registry`; what an earlier export has may stand in for what this one left out.

    `index` set by who writes the layout goes before the one on the disk. Methods raise RegistryError.
    """

    def __init__(self, registry: str, earlier: Earlier) -> None:
        self.registry = registry
        self.path = path_of(registry)
        self.earlier = earlier
        self.store: Store
        self.lies_in(folder_of(registry))
        self.index: LayoutIndex | None = None
        self._read: LayoutIndex | None = None
        self._stamp: Stamp | None = None
        self._lock = Lock()
        self._inventory: Inventory | None = None
        self._subjects: dict[str, tuple[str, Descriptor] | None] = {}
        self._attached: tuple[LayoutIndex, int, dict[tuple[str, str], list[Descriptor]]] | None = None

    def lies_in(self, folder: Path | None) -> None:
        """Read the layout in a folder from now on, None for that in the tar."""
        self.folder = folder
        self.store = FolderStore(folder) if folder is not None else ArchiveStore(self.path)

    def there(self) -> LayoutIndex | None:
        """Return the index, None when there is no layout."""
        if self.index is not None:
            return self.index
        with self._lock, telling(N_("read"), self.path):
            try:
                stamp = self._stamped()
                if self._read is None or stamp != self._stamp:
                    self._read, self._stamp = read_index(self.store, own_repository(self.path)), stamp
            except FileNotFoundError:
                self._read = None
            return self._read

    def expected(self) -> LayoutIndex:
        """Return the index. Raises NotFound when there is no layout."""
        index = self.there()
        if index is None:
            what = N_("file") if is_archive(self.registry) else N_("folder")
            raise NotFound(
                phrase("there is no OCI image layout: {index} is not in this {what}", index=INDEX, what=what),
                endpoint=name_of(self.registry),
                hint=_AS_DOCKER_SAVES if self._is_of_docker() else _NOT_THERE,
            )
        return index

    def manifest(self, path: str, target: str) -> Manifest:
        """Return the manifest under a tag or digest."""
        index = self.expected()
        entry = index.named.get(Name(path, target))
        if entry is None and ":" not in target:
            raise self._not_found(path, target, N_("the tag is not in this layout"))
        digest = entry.descriptor.digest if entry else target
        media_type = entry.descriptor.media_type if entry else ""
        try:
            return parse_manifest(self._body(digest), media_type, digest)
        except FileNotFoundError as error:
            raise self._not_found(
                path, target, phrase("the manifest {digest} is not in this layout", digest=digest)
            ) from error
        except (IntegrityError, UnsupportedContent) as error:
            raise type(error)(
                error.message,
                endpoint=name_of(self.registry),
                reference=f"{self.registry}/{Name(path, target)}",
                hint=error.hint,
            ) from error

    def size(self, digest: str) -> int | None:
        """Return the bytes of a blob or manifest in the layout itself, None when it is not there."""
        with telling(N_("look into"), self.path):
            try:
                return self.store.size(blob_name(digest))
            except FileNotFoundError:  # the tar
                return None

    def left_out(self, digest: str) -> frozenset[str] | None:
        """Return None for a blob that is here or in an earlier export that was named, else who was known to use it."""
        if self.size(digest) is not None or self.earlier.store_with(digest) is not None:
            return None
        with self._lock, telling(N_("read"), self.path):
            if self._inventory is None:
                self._inventory = next(written(self.store), Inventory())
        known = (self._inventory.elsewhere.get(digest), self.earlier.known(digest))
        return frozenset(path for content in known if content for path in content.repositories)

    def open(self, digest: str, offset: int, size: int | None) -> Reading:
        """Open a blob, of an earlier export where this one left it out."""
        name = blob_name(digest)
        with telling(N_("read"), self.path):
            store: Store | None = self.store
            found = self.store.size(name)
            if found is None:
                store = self.earlier.store_with(digest)
                found = store.size(name) if store else None
            if store is None or found is None:
                raise self._not_found("", digest, phrase("the blob {digest} is not in this layout", digest=digest))
            if size is not None and found != size:
                raise IntegrityError(
                    phrase(
                        "the blob has {found} bytes in the layout, its descriptor says {size}", found=found, size=size
                    ),
                    endpoint=name_of(self.registry),
                    reference=digest,
                )
            return store.open(name, offset)

    def read_piece(self, reading: Reading, most: int) -> bytes:
        """Return the next bytes of an open blob."""
        with telling(N_("read"), self.path):
            return reading.read(most)

    def referrers(self, path: str, digest: str) -> list[Descriptor]:
        """Return what refers to a manifest: what is in the index, and what the tag for them lists."""
        index = self.expected()
        with self._lock, telling(N_("read"), self.path):
            found = list(self._attached_in(index).get((path, digest), ()))
        if Name(path, fallback_tag(digest)) in index.named:
            listed = self.manifest(path, fallback_tag(digest))
            found += listed.manifests if listed.is_index else ()
        return unique(found)

    def _is_of_docker(self) -> bool:
        """Return whether an image is there in docker's older form."""
        with telling(N_("read"), self.path):
            try:
                return self.store.size("manifest.json") is not None
            except FileNotFoundError:
                return False

    def close(self) -> None:
        """Close every file."""
        self.store.close()
        self.earlier.close()

    def _attached_in(self, index: LayoutIndex) -> dict[tuple[str, str], list[Descriptor]]:
        """Return what refers to each manifest, by path and digest; what has no name belongs to every repository."""
        count = len(index.named) + len(index.nameless)
        if self._attached is None or self._attached[0] is not index or self._attached[1] != count:
            attached: dict[tuple[str, str], list[Descriptor]] = defaultdict(list)
            paths: Sequence[str] = sorted({name.path for name in index.named})
            for entry in list(index.entries()):
                if (subject := self._subject(entry.descriptor)) is not None:
                    for path in (entry.name.path,) if entry.name else paths:
                        attached[path, subject[0]].append(subject[1])
            self._attached = (index, count, attached)
        return self._attached[2]

    def _subject(self, entry: Descriptor) -> tuple[str, Descriptor] | None:
        """Return what a manifest refers to and how a list of referrers shows it, None when it refers to nothing."""
        if entry.digest not in self._subjects:
            self._subjects[entry.digest] = None
            try:
                manifest = parse_manifest(self._body(entry.digest), entry.media_type, entry.digest)
            except (FileNotFoundError, RegistryError):
                return None  # whoever copies it is told why
            if manifest.subject is not None:
                self._subjects[entry.digest] = (manifest.subject.digest, referrer_of(manifest))
        return self._subjects[entry.digest]

    def _body(self, digest: str) -> bytes:
        """Return the bytes of a manifest. Raises FileNotFoundError, RegistryError."""
        try:
            return read_small(self.store, blob_name(digest), 2 * MAX_MANIFEST)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise told(error, N_("read"), self.path) from error

    def _stamped(self) -> Stamp | None:
        if self.folder is None:
            return None
        status = (self.folder / INDEX).stat()
        return status.st_mtime_ns, status.st_size, FolderStore(self.folder).size(NAMES) or 0

    def _not_found(self, path: str, target: str, message: str) -> NotFound:
        reference = f"{self.registry}/{Name(path, target)}" if path else ""
        return NotFound(message, endpoint=name_of(self.registry), reference=reference)


def referrer_of(manifest: Manifest) -> Descriptor:
    """Return a manifest as a list of referrers has it (distribution spec, "Listing Referrers")."""
    annotations = json.loads(manifest.body).get("annotations")
    document = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": manifest.size}
    document |= {"artifactType": manifest.artifact_type or manifest.config_type, "annotations": annotations}
    return Descriptor.from_json(document, "referrer")
