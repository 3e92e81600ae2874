"""Writing a layout: one writer at a time, blobs whole or not at all, `index.json` replaced in one step.

Blobs grow in `.regferry/uploads` and are moved to their names when they are complete, checked and on the disk. The
index, or until it is written the line for a name (`tui.oci.layout.index`), comes after what it names. A reader at any
moment, also after a crash, finds a layout without holes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import secrets
import time
from collections import deque
from pathlib import Path
from threading import Lock

from tui.oci.errors import LocalError, UnsupportedContent, UploadSessionLost
from tui.oci.layout.disk import UNFINISHED, replace_file, sync_folder, telling, write_all
from tui.oci.layout.index import LAYOUT_FILE, LayoutIndex, read_index
from tui.oci.layout.inventory import Inventory, parse_inventory, take_inventory
from tui.oci.layout.names import own_repository
from tui.oci.layout.store import BLOBS, INDEX, INVENTORY, LAYOUT, NAMES, OWN, FolderStore, blob_name
from tui.oci.saying import N_, phrase

_UPLOADS = "uploads"
_SESSION = re.compile(r"[0-9a-f]{32}")
_FEW_NAMES, _SHARE = 64, 4
"""So many names, or a part of all there are as large, are written one by one before the index is written as a whole."""
_FORGOTTEN_AFTER = 7 * 24 * 3600.0
"""Seconds after which half a blob that nobody went on with is removed."""


class LayoutWriter:
    """The one writer of the layout in `path`, which is made when it is not there.

    Raises LocalError when it cannot be written, another process writes it, or there is something else in the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock_file = -1
        with telling(N_("write to"), path):
            self._prepare()
        try:
            with telling(N_("write to"), path):
                self.index = self._read_or_begin()
                self._remove_forgotten()
        except BaseException:
            self._unlock()
            raise
        self._changes = 0
        self._written = 0
        self._lines: deque[tuple[int, str]] = deque()
        self._named = FolderStore(path).size(NAMES) or 0
        self._whole = self._named > 0  # its last line may be half of one
        self._turn = asyncio.Lock()
        self._writing = Lock()
        self._folders: set[Path] = set()

    def _prepare(self) -> None:
        if self.path.is_dir() and not (self.path / INDEX).exists() and not (self.path / LAYOUT).exists():
            strange = sorted(each.name for each in self.path.iterdir() if each.name != OWN)
            if strange:
                raise LocalError(
                    phrase(
                        "{path} is no OCI image layout, and {strange!r} is in it", path=self.path, strange=strange[0]
                    ),
                    hint=N_("name a new folder"),
                )
        (self.path / OWN / _UPLOADS).mkdir(parents=True, exist_ok=True)
        lock = self.path / OWN / "lock"
        self._lock_file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.read(self._lock_file, 20).decode("ascii", "replace")
            self._unlock()
            raise LocalError(
                phrase("process {who} is writing to {path}", who=who, path=self.path),
                hint=N_("wait for its end, or export to another folder"),
            ) from error
        os.ftruncate(self._lock_file, 0)
        os.pwrite(self._lock_file, str(os.getpid()).encode(), 0)

    def _read_or_begin(self) -> LayoutIndex:
        (self.path / BLOBS / "sha256").mkdir(parents=True, exist_ok=True)
        try:
            return read_index(FolderStore(self.path), own_repository(self.path))
        except FileNotFoundError:
            index = LayoutIndex()
            replace_file(self.path / LAYOUT, LAYOUT_FILE)
            replace_file(self.path / INDEX, index.body())
            return index

    def _remove_forgotten(self) -> None:
        for path in (self.path / OWN / _UPLOADS).iterdir():
            if time.time() - path.stat().st_mtime > _FORGOTTEN_AFTER:
                path.unlink(missing_ok=True)
        # Nobody else writes: what was not renamed any more is of a process that was killed.
        for folder in (self.path, *(each for each in (self.path / BLOBS).iterdir() if each.is_dir())):
            for path in folder.glob("*.tmp"):
                if UNFINISHED.search(path.name):
                    path.unlink(missing_ok=True)

    def new_session(self) -> tuple[str, int]:
        """Return name and file descriptor of a blob that begins. Raises LocalError."""
        name = secrets.token_hex(16)
        with telling(N_("write to"), self.path):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return name, os.open(self.session_path(name), flags, 0o644)

    def old_session(self, name: str) -> int:
        """Return the file descriptor of a blob begun earlier. Raises UploadSessionLost."""
        if _SESSION.fullmatch(name) is None:
            raise UploadSessionLost(phrase("{name!r} is no blob begun here", name=name))
        try:
            return os.open(self.session_path(name), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise UploadSessionLost(
                phrase("what was begun of the blob is gone: {strerror}", strerror=error.strerror)
            ) from error

    def session_path(self, name: str) -> Path:
        """Return where a blob grows."""
        return self.path / OWN / _UPLOADS / name

    def keep(self, name: str, digest: str) -> None:
        """Give a blob that is complete and on the disk its name. Raises OSError."""
        final = self.path / blob_name(digest)
        final.parent.mkdir(exist_ok=True)
        self.session_path(name).rename(final)
        self._folders.add(final.parent)

    def add_small(self, digest: str, body: bytes) -> None:
        """Store a manifest. Raises LocalError."""
        final = self.path / blob_name(digest)
        with telling(N_("write to"), self.path):
            if FolderStore(self.path).size(blob_name(digest)) != len(body):
                final.parent.mkdir(exist_ok=True)
                replace_file(final, body, sync_name=False)
                self._folders.add(final.parent)

    def changed(self, line: str = "") -> None:
        """Note that the index was changed by what `line` says, or by more; the next `commit`, or closing, writes it."""
        self._changes += 1
        if line:
            self._lines.append((self._changes, line))
        else:
            self._whole = True

    async def commit(self) -> None:
        """Return when the disk has all changes up to now; who comes together is written together.

        Raises LocalError.
        """
        wanted = self._changes
        async with self._turn:
            if self._written >= wanted:
                return
            entries = len(self.index.named)
            if self._whole or self._named + len(self._lines) > max(_FEW_NAMES, entries // _SHARE):
                await asyncio.to_thread(self._write, self._changes, self.index.body())
            else:
                await asyncio.to_thread(self._write_names)

    def _write_names(self) -> None:
        with self._writing, telling(N_("write to"), self.path):
            if not self._lines:
                return  # a commit that was cancelled went on in its thread
            lines: list[str] = []
            self._sync_blobs()
            while self._lines:
                number, line = self._lines.popleft()
                lines.append(line)
            try:
                descriptor = os.open(self.path / NAMES, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
                try:
                    body = "".join(lines).encode()
                    write_all(descriptor, body, os.fstat(descriptor).st_size)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                if not self._named:
                    sync_folder(self.path / OWN)
            except BaseException:
                self._whole = True  # half a line may be there: from now on only the index tells all
                raise
            self._named += len(lines)
            self._written = number

    def _write(self, changes: int, body: bytes) -> None:
        # A commit that was cancelled goes on in its thread; an older index must never replace a newer one.
        with self._writing, telling(N_("write to"), self.path):
            if self._written < changes or (self._written == changes and self._named):
                self._sync_blobs()
                replace_file(self.path / INDEX, body)
                (self.path / NAMES).unlink(missing_ok=True)
                while self._lines and self._lines[0][0] <= changes:
                    self._lines.popleft()
                self._written, self._named, self._whole = changes, 0, False

    def _sync_blobs(self) -> None:
        # All that were ever written to: one could be added while those of this commit are picked.
        for folder in list(self._folders):
            sync_folder(folder)

    def commit_now(self) -> None:
        """Write the index. Raises LocalError."""
        self._write(self._changes, self.index.body())

    def close(self, earlier: Inventory) -> None:
        """Write what is not written yet, and the inventory, which knows of `earlier` exports too. Raises LocalError."""
        try:
            self.commit_now()
            with telling(N_("write to"), self.path):
                inventory = take_inventory(FolderStore(self.path), self.index)
                inventory.add_earlier(earlier)
                # One that says the same stays, with its time: a tar that is half packed has it in it.
                if self._inventory() != inventory:
                    replace_file(self.path / INVENTORY, inventory.body())
        finally:
            self._unlock()

    def _inventory(self) -> Inventory | None:
        try:
            return parse_inventory((self.path / INVENTORY).read_bytes(), self.path / INVENTORY)
        except (FileNotFoundError, UnsupportedContent):
            return None

    def abandon(self) -> None:
        """Let go of the layout and leave the index as it is."""
        self._unlock()

    def _unlock(self) -> None:
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1
