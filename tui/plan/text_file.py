"""Reading and writing plan files as text: UTF-8, whole files, replaced in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError

_BOM = b"\xef\xbb\xbf"


def read_text(path: Path, *, bom: bool = False) -> str:
    """Return the text of a UTF-8 file; a byte order mark is dropped when `bom` allows one.

    Raises PlanFileError when the file cannot be read, is not UTF-8, or starts with a mark that is not
    allowed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        found = phrase("no readable file ({strerror})", strerror=error.strerror or error)
        raise PlanFileError(path, 0, 0, found, N_("a file"), N_("check the path and its permissions")) from error
    if data.startswith(_BOM):
        if not bom:
            raise PlanFileError(
                path,
                1,
                1,
                N_("a byte order mark"),
                N_("UTF-8 text without one"),
                N_("save the file as 'UTF-8' without BOM"),
            )
        data = data[len(_BOM) :]
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        found = phrase("the byte 0x{data:02x}, which is not UTF-8", data=data[error.start])
        raise PlanFileError(path, line, column, found, N_("UTF-8 text"), N_("convert the file to UTF-8")) from None


def write_text(path: Path, text: str) -> None:
    """Replace the file by `text` in one step, so that a reader or a crash never sees half of it. Raises
    OSError.

    A symbolic link keeps pointing to the file, and the file keeps its permissions.
    """
    path = path.resolve()
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _umask() -> int:
    """Return the process's umask; there is no way to read it without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
