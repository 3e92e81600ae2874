"""A tar that is written: its layout grows in a folder beside it, and is packed when all of it is there.

`export.tar` has its working folder in `export.tar.export`. As soon as the tar, or every part of it, is complete and on
the disk it is the export, and the folder is removed; before that the folder is. So there is one truth at any moment,
also after a kill.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tui.oci.errors import LocalError, RegistryError
from tui.oci.layout.disk import sync_folder, telling
from tui.oci.layout.pack import pack
from tui.oci.layout.parts import PartList, find_parts, list_path, read_list
from tui.oci.layout.store import INDEX
from tui.oci.place import is_archive, path_of
from tui.oci.saying import N_, phrase

_SUFFIX = ".export"


def working_folder(tar: Path) -> Path:
    """Return where the layout of a tar grows."""
    return tar.with_name(tar.name + _SUFFIX)


def is_packed(tar: Path) -> bool:
    """Return whether a tar, or each of its parts, is there."""
    try:
        return bool(find_parts(tar))
    except (OSError, RegistryError):
        return False


def folder_of(registry: str) -> Path | None:
    """Return the folder in which the layout of a place lies, None when it lies in a tar."""
    path = path_of(registry)
    if not is_archive(registry):
        return path
    folder = working_folder(path)
    return folder if (folder / INDEX).exists() and not is_packed(path) else None


def begin(tar: Path) -> Path:
    """Return the folder for the layout of a tar that is to be written. Raises LocalError when there is one already."""
    if is_packed(tar):
        raise LocalError(
            phrase("{tar} is complete, and is only read", tar=tar),
            hint=phrase("name another tar; with '--since {tar}' it gets only what this one has not", tar=tar),
        )
    return working_folder(tar)


def finish(tar: Path, split: int, watch: Callable[[int, int], None]) -> PartList | None:
    """Pack what was written for a tar, and remove the folder; None when that was done before.

    An interrupted one goes on, and one that was only not cleared away is known again (`tui.oci.layout.pack`). Raises
    LocalError, IntegrityError.
    """
    folder = working_folder(tar)
    packed: PartList | None = None
    if (folder / INDEX).exists():
        packed = pack(folder, tar, split, watch)
    if folder.exists():
        with telling(N_("remove"), folder):
            if packed is None and list_path(tar).exists():
                packed = read_list(list_path(tar))
            # The index first: what is left of the folder by a kill is no layout any more.
            (folder / INDEX).unlink(missing_ok=True)
            sync_folder(folder)
            shutil.rmtree(folder)
            sync_folder(tar.parent)
    return packed
