"""Packing a layout into a tar, or into parts of it, with a list of the parts and their checksums beside them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tui.oci.errors import LocalError
from tui.oci.layout.disk import replace_file, sync_folder, telling, write_all
from tui.oci.layout.parts import Part, PartList, list_path, part_name, read_list
from tui.oci.layout.store import INDEX, NAMES, OWN
from tui.oci.layout.stream import LayoutTar
from tui.oci.layout.writer import LayoutWriter
from tui.oci.saying import N_, phrase

LARGEST_ON_FAT = 4 * 1024**3 - 1
_ALIGNED = 512

Watch = Callable[[int, int], None]
"""Is told how many bytes are done, and how many there are."""


def pack(folder: Path, out: Path, split: int = 0, watch: Watch = lambda done, size: None) -> PartList:
    """Pack the layout in `folder` into the tar `out`, in parts of at most `split` bytes (0: one file); return the list.

    Each part is complete and on the disk before its name is there. An interrupted pack of the same content goes on:
    what is there of a part is compared, and written on. Raises LocalError, IntegrityError for a damaged blob.
    """
    if not (folder / INDEX).is_file():
        raise LocalError(
            phrase("there is no OCI image layout in {folder}", folder=folder),
            hint=phrase("name the folder that has an {index}", index=INDEX),
        )
    if split == LARGEST_ON_FAT + 1:
        split = LARGEST_ON_FAT // _ALIGNED * _ALIGNED  # who says 4G means what fits on FAT
    if (folder / NAMES).exists():
        writer = LayoutWriter(folder)
        try:
            writer.commit_now()
        finally:
            writer.abandon()
    with telling(N_("pack"), folder), _undisturbed(folder):
        tar = LayoutTar(folder)
        wanted = PartList(out.name, tar.size, split, tar.content)
        there = _begun(out, wanted)
        _check_space(out, tar.size - sum(part.size for part in there.parts))
        for number, start in enumerate(range(0, tar.size, split or tar.size), 1):
            length = min(split or tar.size, tar.size - start)
            if number > len(there.parts):
                name = part_name(out.name, number) if split else out.name
                path = out.parent / name
                part = _write_part(tar, path, start, length, watch)
                there = replace(there, parts=(*there.parts, part))
                # Before the name: a tar that is there is in the list, whenever the process ends.
                replace_file(list_path(out), there.body())
                _partial(path).replace(path)
                sync_folder(path.parent)
            watch(start + length, tar.size)
    return there


def _begun(out: Path, wanted: PartList) -> PartList:
    """Return what an earlier pack of the same content finished. Raises LocalError when something else is there."""
    path = list_path(out)
    if not path.exists():
        if out.exists():
            raise LocalError(
                phrase("there is a file {out} already", out=out), hint=N_("choose another name, or remove it")
            )
        return wanted
    there = read_list(path)
    if replace(there, parts=()) != wanted:
        raise LocalError(
            phrase("{path} is of another export, or of other parts", path=path),
            hint=N_("choose another name, or remove what is there"),
        )
    kept = []
    for part in there.parts:
        file = out.parent / part.name
        if not file.is_file() or file.stat().st_size != part.size:
            break
        kept.append(part)
    return replace(there, parts=tuple(kept))


def _write_part(tar: LayoutTar, path: Path, start: int, length: int, watch: Watch) -> Part:
    """Write bytes of the tar into the file that becomes `path`, going on with what is there of it already."""
    descriptor = os.open(_partial(path), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        hashed = hashlib.sha256()
        done, good = 0, os.fstat(descriptor).st_size
        for piece in _within(tar.pieces(start), length):
            hashed.update(piece)
            if done < good and os.pread(descriptor, len(piece), done) != piece:
                good = done  # from here on it is no use
            if done >= good:
                write_all(descriptor, piece, done)
            done += len(piece)
            watch(start + done, tar.size)
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return Part(path.name, length, hashed.hexdigest())


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _within(pieces: Iterator[bytes], length: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:length]
        length -= len(piece)
        if length <= 0:
            return


@contextmanager
def _undisturbed(folder: Path) -> Iterator[None]:
    """Keep writers away meanwhile. Raises LocalError when one is at work."""
    lock = folder / OWN / "lock"
    if not lock.exists():
        yield
        return
    descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        who = os.pread(descriptor, 20, 0).decode("ascii", "replace")
        raise LocalError(
            phrase("process {who} is writing to {folder}", who=who, folder=folder), hint=N_("pack it when it has ended")
        ) from error
    finally:
        os.close(descriptor)


def _check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out.parent).free
    begun = sum(path.stat().st_size for path in out.parent.glob(f"{out.name}*.partial"))
    if needed > free + begun:
        raise LocalError(
            phrase(
                "{needed} bytes are needed in {parent}, {free} are free", needed=needed, parent=out.parent, free=free
            ),
            hint=N_("free space, or name another folder"),
        )
