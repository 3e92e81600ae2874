"""Where the demo registry keeps its bytes: in memory, or in a folder that survives a restart."""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
from pathlib import Path
from typing import BinaryIO

from tui.demo.index import Storage, StoredManifest
from tui.demo.session import Upload

__all__ = ["FilesystemStorage", "MemoryStorage", "Storage"]

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")


class _MemoryUpload(Upload):
    def __init__(self, upload_id: str, repository: str, algorithm: str) -> None:
        super().__init__(upload_id, repository, algorithm=algorithm)
        self.chunks: list[bytes] = []

    def _append(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def open(self) -> BinaryIO:
        return io.BytesIO(b"".join(self.chunks))


class MemoryStorage(Storage):
    """Everything in this process's memory, gone with it."""

    def __init__(self) -> None:
        super().__init__()
        self._content: dict[str, bytes] = {}

    def open(self, digest: str) -> BinaryIO:
        """Return a reader that shares the bytes kept."""
        return io.BytesIO(self._content[digest])

    def read(self, digest: str) -> bytes:
        """Return the bytes kept."""
        return self._content[digest]

    def size(self, digest: str) -> int:
        """Return the number of bytes kept."""
        return len(self._content[digest])

    def discard_upload(self, upload: Upload) -> None:
        """Let go of the chunks."""
        assert isinstance(upload, _MemoryUpload)
        upload.chunks.clear()

    def _new_upload(self, upload_id: str, repository: str, algorithm: str) -> Upload:
        return _MemoryUpload(upload_id, repository, algorithm)

    def _keep_upload(self, upload: Upload, digest: str) -> None:
        assert isinstance(upload, _MemoryUpload)
        self._keep_content(digest, b"".join(upload.chunks))
        upload.chunks.clear()

    def _keep_content(self, digest: str, body: bytes) -> None:
        self._content.setdefault(digest, body)

    def _drop_content(self, digest: str) -> None:
        self._content.pop(digest, None)

    def _keep_link(self, repository: str, kind: str, name: str, value: str) -> None:
        """The index is all there is."""

    def _drop_link(self, repository: str, kind: str, name: str) -> None:
        """The index is all there is."""


class _SpooledUpload(Upload):
    """An upload in a file of its own; a broken one is found again by its path after a restart."""

    def __init__(self, upload_id: str, repository: str, path: Path, size: int = 0, algorithm: str = "sha256") -> None:
        super().__init__(upload_id, repository, size, algorithm)
        self.path = path
        self._file: BinaryIO | None = None

    def _append(self, chunk: bytes) -> None:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self.size)  # a part of the chunk may be there, and nobody will be told of it
            raise

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    def pause(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class FilesystemStorage(Storage):
    """A folder, content addressed; the index is read when it is opened.

    ::

        blobs/<algorithm>/<2 hex>/<hex>                           content, of blobs and manifests alike
        repositories/<name>/_blobs/<algorithm>/<hex>              a link, empty
        repositories/<name>/_manifests/<algorithm>/<hex>          a link, holds the media type
        repositories/<name>/_tags/<tag>                           holds the digest
        repositories/<name>/_uploads/<id>                         what has arrived of an upload

    Files appear whole, by rename from `tmp`; nothing is fsynced, so this survives the process and not the power.
    A folder belongs to one storage at a time. Tags that differ only in case need a file system that tells them apart.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._blobs = path / "blobs"
        self._links = path / "repositories"
        self._tmp = path / "tmp"
        self._numbers = itertools.count()
        shutil.rmtree(self._tmp, ignore_errors=True)  # what a killed process was writing
        for folder in (self._blobs, self._links, self._tmp):
            folder.mkdir(parents=True, exist_ok=True)
        self._load()

    def _load(self) -> None:
        tags: list[tuple[str, str, str]] = []
        for folder, _, files in os.walk(self._links):
            parts = Path(folder).relative_to(self._links).parts
            kind_at = next((at for at, part in enumerate(parts) if part.startswith("_")), None)
            if kind_at is None:  # names in a repository path never start with '_'
                continue
            repository, kind, rest = "/".join(parts[:kind_at]), parts[kind_at], parts[kind_at + 1 :]
            for name in files:
                digest = f"{rest[0]}:{name}" if rest else ""
                if kind == "_blobs":
                    super().link_blob(repository, digest)
                elif kind == "_manifests":
                    body = self.read(digest)
                    media_type = Path(folder, name).read_text()
                    self._index_manifest(repository, StoredManifest(digest, media_type, len(body)), body)
                elif kind == "_tags":
                    tags.append((repository, name, Path(folder, name).read_text()))
        for repository, tag, digest in tags:
            if self.manifest(repository, digest) is not None:
                self._repositories[repository].tags[tag] = digest

    def open(self, digest: str) -> BinaryIO:
        """Open the content's file."""
        return self._content_path(digest).open("rb")

    def read(self, digest: str) -> bytes:
        """Read the content's file."""
        return self._content_path(digest).read_bytes()

    def size(self, digest: str) -> int:
        """Return the size of the content's file."""
        return self._content_path(digest).stat().st_size

    def find_upload(self, repository: str, upload_id: str) -> Upload | None:
        """Return the open session, also one that a former process left behind."""
        upload = super().find_upload(repository, upload_id)
        if upload is None and upload_id not in self._uploads and _UPLOAD_ID.fullmatch(upload_id):
            path = self._upload_path(repository, upload_id)
            if path.exists():
                upload = _SpooledUpload(upload_id, repository, path, path.stat().st_size)
                self._uploads[upload_id] = upload
        return upload

    def take_upload(self, upload: Upload) -> None:
        """Close the session, and move the file to where `find_upload` does not look."""
        assert isinstance(upload, _SpooledUpload)
        if upload.id in self._uploads:
            upload.path = upload.path.replace(self._tmp / upload.id)
        super().take_upload(upload)

    def discard_upload(self, upload: Upload) -> None:
        """Remove the upload's file."""
        assert isinstance(upload, _SpooledUpload)
        upload.path.unlink(missing_ok=True)

    def _new_upload(self, upload_id: str, repository: str, algorithm: str) -> Upload:
        path = self._upload_path(repository, upload_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return _SpooledUpload(upload_id, repository, path, algorithm=algorithm)

    def _keep_upload(self, upload: Upload, digest: str) -> None:
        assert isinstance(upload, _SpooledUpload)
        path = self._content_path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        upload.path.replace(path)

    def _keep_content(self, digest: str, body: bytes) -> None:
        path = self._content_path(digest)
        if not path.exists():
            self._write(path, body)

    def _drop_content(self, digest: str) -> None:
        self._content_path(digest).unlink(missing_ok=True)

    def _keep_link(self, repository: str, kind: str, name: str, value: str) -> None:
        self._write(self._link_path(repository, kind, name), value.encode())

    def _drop_link(self, repository: str, kind: str, name: str) -> None:
        self._link_path(repository, kind, name).unlink(missing_ok=True)

    def _content_path(self, digest: str) -> Path:
        algorithm, _, encoded = digest.partition(":")
        return self._blobs / algorithm / encoded[:2] / encoded

    def _link_path(self, repository: str, kind: str, name: str) -> Path:
        return self._links / repository / f"_{kind}" / name.replace(":", "/")

    def _upload_path(self, repository: str, upload_id: str) -> Path:
        return self._links / repository / "_uploads" / upload_id

    def _write(self, path: Path, body: bytes) -> None:
        temporary = self._tmp / str(next(self._numbers))
        try:
            temporary.write_bytes(body)
            try:
                temporary.replace(path)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
