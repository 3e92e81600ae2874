"""Unpacking a tar, or its parts, into a layout; every blob and every part is checked on the way."""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from tui.oci.errors import IntegrityError, LocalError, UnsupportedContent
from tui.oci.layout.archive import ArchiveStore
from tui.oci.layout.disk import open_plain, telling, write_all
from tui.oci.layout.earlier import written
from tui.oci.layout.index import read_index
from tui.oci.layout.inventory import Inventory
from tui.oci.layout.names import own_repository
from tui.oci.layout.pack import Watch
from tui.oci.layout.parts import SUFFIX, Part, PartList, list_path, read_list
from tui.oci.layout.store import BLOBS, FolderStore, blob_name
from tui.oci.layout.writer import LayoutWriter
from tui.oci.reference import is_digest, new_hash
from tui.oci.saying import N_, phrase

_PIECE = 1 << 20
_NUMBERED = re.compile(r"(?P<tar>.+)\.\d{3,}")
_MEMBER = re.compile(rf"(?:\./)?{BLOBS}/(?P<algorithm>\w+)/(?P<encoded>[0-9a-f]+)")


class Parcel:
    """A tar as it was brought: whole or in parts, which may lie in several folders.

    `paths` name the tar, its parts, or their list. Raises LocalError that names every part which is missing or has
    not the size it should have, UnsupportedContent for what is no list.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        with telling(N_("look for the parts of"), paths[0]):
            self.tar, listed = _list_for(paths)
            self.listed = listed
            self.files = [self.tar] if listed is None else _located(listed, paths)
            self.size = sum(path.stat().st_size for path in self.files)

    def damaged(self, watch: Watch = lambda done, size: None) -> list[str]:
        """Return the names of parts that have other content than their list says. Raises LocalError."""
        wrong, done = [], 0
        for part, path in zip(self.listed.parts if self.listed else (), self.files, strict=False):
            hashed = hashlib.sha256()
            with telling(N_("read"), path), path.open("rb") as file:
                while piece := file.read(_PIECE):
                    hashed.update(piece)
                    done += len(piece)
                    watch(done, self.size)
            if hashed.hexdigest() != part.sha256:
                wrong.append(part.name)
        return wrong


def unpack(parcel: Parcel, folder: Path, watch: Watch = lambda done, size: None) -> int:
    """Put what is in a tar into the layout in `folder`, which may have other images already; return the blobs added.

    Blobs that are there are not written again, so an interrupted unpack goes on. The index comes last, after every
    part was read and has its checksum. Raises IntegrityError that names a damaged part, LocalError.
    """
    writer = LayoutWriter(folder)
    try:
        reading = _Sequential(parcel, watch)
        try:
            added = _blobs(reading, writer)
        except (tarfile.TarError, IntegrityError) as error:
            reading.close()
            raise _blamed(parcel, str(error)) from error
        if reading.wrong:
            raise _blamed(parcel, "")
        inventory = _index(parcel, writer)
    except BaseException:
        writer.abandon()
        raise
    writer.close(inventory)
    return added


def _blobs(reading: _Sequential, writer: LayoutWriter) -> int:
    added = 0
    there = FolderStore(writer.path)
    with telling(N_("unpack to"), writer.path), tarfile.open(fileobj=_as_file(reading), mode="r|") as tar:
        for member in tar:
            digest = _digest_of(member)
            if digest and there.size(blob_name(digest)) != member.size:
                content = tar.extractfile(member)
                assert content is not None
                _blob(writer, digest, content)
                added += 1
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep every one
    reading.drain()
    return added


def _blob(writer: LayoutWriter, digest: str, content: IO[bytes]) -> None:
    name, descriptor = writer.new_session()
    try:
        hashed, offset = new_hash(digest), 0
        while piece := content.read(_PIECE):
            hashed.update(piece)
            write_all(descriptor, piece, offset)
            offset += len(piece)
        if f"{digest.partition(':')[0]}:{hashed.hexdigest()}" != digest:
            raise IntegrityError(phrase("the blob {digest} has other content than its name says", digest=digest))
        os.fsync(descriptor)
        writer.keep(name, digest)
    except BaseException:
        writer.session_path(name).unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _index(parcel: Parcel, writer: LayoutWriter) -> Inventory:
    """Take over what the images in the tar are called; return what its export knew of earlier ones."""
    store = ArchiveStore(parcel.tar, parcel.files)
    try:
        with telling(N_("read"), parcel.tar):
            index = read_index(store, own_repository(parcel.tar))
            inventory = next(written(store), Inventory())
    except FileNotFoundError as error:
        raise UnsupportedContent(
            phrase("{tar} has no index.json: it is no OCI image layout", tar=parcel.tar)
        ) from error
    finally:
        store.close()
    writer.index.named |= index.named
    writer.index.nameless |= index.nameless
    writer.changed()
    return inventory


def _digest_of(member: tarfile.TarInfo) -> str:
    """Return the digest of a member that is a blob, '' for any other."""
    match = _MEMBER.fullmatch(member.name)
    digest = f"{match['algorithm']}:{match['encoded']}" if match and member.isreg() else ""
    return digest if is_digest(digest) else ""


class _Sequential:
    """The parts read one behind the other, each hashed; `wrong` are those that are not what their list says."""

    def __init__(self, parcel: Parcel, watch: Watch) -> None:
        self._parts = parcel.listed.parts if parcel.listed else ()
        self._files = parcel.files
        self._watch = watch
        self._size = parcel.size
        self._number, self._descriptor, self._hash = 0, -1, hashlib.sha256()
        self._done = 0
        self.wrong: list[str] = []

    def read(self, most: int = -1) -> bytes:
        """Return the next bytes, so many unless the tar ends before. Raises OSError."""
        found: list[bytes] = []
        while most and self._number < len(self._files):
            if self._descriptor < 0:
                self._descriptor = open_plain(self._files[self._number])
            piece = os.read(self._descriptor, min(_PIECE, most))
            if not piece:
                self._ended()
                continue
            self._hash.update(piece)
            self._done += len(piece)
            self._watch(self._done, self._size)
            found.append(piece)
            most -= len(piece)
        return b"".join(found)

    def drain(self) -> None:
        """Read what is left: the checksum of the last part is over all of it."""
        while self.read(_PIECE):
            pass

    def close(self) -> None:
        """Close the part that is open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _ended(self) -> None:
        self.close()
        part: Part | None = self._parts[self._number] if self._parts else None
        if part is not None and self._hash.hexdigest() != part.sha256:
            self.wrong.append(part.name)
        self._number, self._hash = self._number + 1, hashlib.sha256()


def _as_file(reading: _Sequential) -> Any:
    """Return it as the file object tarfile asks for; of a stream it only reads."""
    return reading


def _blamed(parcel: Parcel, message: str) -> IntegrityError:
    """Return the error that says which part is to be copied again."""
    wrong = parcel.damaged()
    if wrong:
        message = phrase("damaged: {wrong}", wrong=", ".join(wrong))
        return IntegrityError(message, endpoint=str(parcel.tar), hint=N_("copy this part again, then unpack once more"))
    return IntegrityError(
        phrase("the tar is damaged: {message}", message=message),
        endpoint=str(parcel.tar),
        hint=N_("copy the tar again"),
    )


def _list_for(paths: Sequence[Path]) -> tuple[Path, PartList | None]:
    """Return the tar that is meant, and the list of its parts, None for a tar without one."""
    for path in paths:
        if path.name.endswith(SUFFIX):
            tar = path.with_name(path.name.removesuffix(SUFFIX))
            return tar, _complete(read_list(path), path)
    for path in paths:
        match = _NUMBERED.fullmatch(path.name)
        for tar in (path, path.with_name(match["tar"])) if match else (path,):
            for folder in dict.fromkeys(each.parent for each in paths):
                listed = list_path(folder / tar.name)
                if listed.is_file():
                    return tar, _complete(read_list(listed), listed)
    if len(paths) > 1 or not paths[0].is_file():
        raise LocalError(
            phrase(
                "there is no list of parts ({name}{suffix} or so) beside {paths}",
                name=paths[0].name,
                suffix=SUFFIX,
                paths=paths[0],
            ),
            hint=N_("bring the list too; it was written beside the parts"),
        )
    return paths[0], None


def _complete(listed: PartList, path: Path) -> PartList:
    if not listed.complete:
        raise LocalError(
            phrase("{path} is of a tar that was not packed to its end", path=path), hint=N_("run 'regferry pack' again")
        )
    return listed


def _located(listed: PartList, paths: Sequence[Path]) -> list[Path]:
    folders = list(dict.fromkeys(path.parent for path in paths))
    found, wrong = [], []
    for part in listed.parts:
        candidates = [folder / part.name for folder in folders if (folder / part.name).is_file()]
        right = [path for path in candidates if path.stat().st_size == part.size]
        if right:
            found.append(right[0])
        elif candidates:
            wrong.append(
                phrase(
                    "{name} has {st_size} bytes instead of {size}",
                    name=part.name,
                    st_size=candidates[0].stat().st_size,
                    size=part.size,
                )
            )
        else:
            wrong.append(phrase("{name} is missing", name=part.name))
    if wrong:
        where = ", ".join(str(folder) for folder in folders)
        raise LocalError(
            phrase("{wrong} (in {where})", wrong="; ".join(wrong), where=where),
            hint=N_("bring these parts, or copy them again"),
        )
    return found
