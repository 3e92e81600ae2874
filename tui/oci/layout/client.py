"""A layout as the engine sees a registry (`tui.oci.registry.Registry`): the same names, pieces and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self, TypeVar

from tui.oci.blobs import BlobHead
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import IntegrityError, UnsupportedContent
from tui.oci.exchange import Traffic
from tui.oci.host import Host
from tui.oci.layout.earlier import Earlier
from tui.oci.layout.names import Name
from tui.oci.layout.reader import LayoutReader, referrer_of
from tui.oci.layout.upload import LayoutUpload
from tui.oci.layout.working import begin
from tui.oci.layout.writer import LayoutWriter
from tui.oci.manifest import Manifest
from tui.oci.manifests import ManifestHead
from tui.oci.place import name_of
from tui.oci.reference import Repository, digest_of
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.saying import N_, phrase

PIECE = 1 << 20
"""Bytes read at once."""
_PAGE = 1000
Result = TypeVar("Result")


class LayoutClient:
    """The layout at the place `registry`, which is made with the first thing that is written to it.

    `earlier` are paths of earlier exports: a blob that one of them has counts as there, and is read from it. All
    methods raise RegistryError, LocalError for what the disk refuses.
    """

    def __init__(
        self,
        registry: str,
        *,
        retry: RetryPolicy | None = None,
        host: Host | None = None,
        earlier: Sequence[Path] = (),
    ) -> None:
        self.registry = registry
        self._host = host or Host(registry, 32)
        self._retry = retry or RetryPolicy()
        self._traffic = Traffic()
        self._reader = LayoutReader(registry, Earlier(earlier))
        self._writer: LayoutWriter | None = None
        self._opening = asyncio.Lock()
        self._uploads: list[LayoutUpload] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what is left to write, and let go of every file. Raises LocalError."""
        for upload in self._uploads:
            upload.close()
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                await asyncio.to_thread(lambda: writer.close(self._reader.earlier.inventory))
        finally:
            self._reader.close()

    async def reach(self) -> str:
        """Return the place: a disk has nothing to be asked."""
        return self.registry

    def attempts(self) -> Attempts:
        """Return a count of attempts at one thing; what a disk refuses is not tried again."""
        return Attempts(self._retry, self._host)

    @property
    def host(self) -> Host:
        """What holds for the whole place: it is always in reach, and keeps to the limits of the run."""
        return self._host

    @property
    def traffic(self) -> Traffic:
        """Questions and bytes so far."""
        return self._traffic

    async def tags(self, repository: Repository) -> AsyncIterator[list[str]]:
        """Yield the tags of a repository. Raises NotFound when there is no layout."""
        index = await self._asked(self._reader.expected)
        names = index.tags(repository.path)
        for start in range(0, len(names), _PAGE):
            yield names[start : start + _PAGE]

    async def catalog(self) -> AsyncIterator[list[str]]:
        """Yield the repositories that have tags. Raises NotFound when there is no layout."""
        index = await self._asked(self._reader.expected)
        names = index.repositories()
        for start in range(0, len(names), _PAGE):
            yield names[start : start + _PAGE]

    async def referrers(
        self, repository: Repository, digest: str, tags: Collection[str] | None = None
    ) -> list[Descriptor]:
        """Return what refers to a manifest."""
        return await self._asked(lambda: self._reader.referrers(repository.path, digest))

    async def head_manifest(self, repository: Repository, target: str) -> ManifestHead | None:
        """Return what is under a tag or digest; None also when the index names a manifest that is not there."""
        return await self._asked(lambda: self._head(repository, target))

    def _head(self, repository: Repository, target: str) -> ManifestHead | None:
        index = self._reader.there()
        if index is None:
            return None
        entry = index.named.get(Name(repository.path, target))
        if entry is not None:
            found = entry.descriptor
            there = self._reader.size(found.digest) is not None
            return ManifestHead(found.digest, found.media_type, found.size) if there else None
        if ":" not in target or self._reader.size(target) is None:
            return None
        manifest = self._reader.manifest(repository.path, target)
        return ManifestHead(manifest.digest, manifest.media_type, manifest.size)

    async def get_manifest(self, repository: Repository, target: str) -> Manifest:
        """Return the manifest under a tag or digest, its bytes checked. Raises NotFound, IntegrityError."""
        return await self._asked(lambda: self._reader.manifest(repository.path, target))

    async def put_manifest(self, repository: Repository, target: str, manifest: Manifest) -> bool:
        """Store a manifest, and when this returns have it under its tag on the disk; the layout lists referrers."""
        writer = await self._writing()
        await self._asked(lambda: writer.add_small(manifest.digest, manifest.body))
        referrer = None if manifest.subject is None else referrer_of(manifest).as_referrer()
        writer.changed(writer.index.put(Name(repository.path, target), manifest, referrer))
        if referrer is not None or ":" not in target:
            await writer.commit()
        return True

    async def has_blob(self, repository: Repository, digest: str) -> bool:
        """Return whether the layout has the blob, for any repository, or an earlier export that was named."""
        return await self._asked(lambda: self._head_blob(digest) is not None)

    async def head_blob(self, repository: Repository, digest: str) -> BlobHead | None:
        """Return the size of a blob in the layout, or in an earlier export that was named; None when it is in none."""
        return await self._asked(lambda: self._head_blob(digest))

    def _head_blob(self, digest: str) -> BlobHead | None:
        size = self._reader.size(digest)
        if size is None and (known := self._reader.earlier.known(digest)) is not None:
            size = known.size
        return None if size is None else BlobHead(size)

    async def left_out(self, digest: str) -> frozenset[str] | None:
        """Return None for a blob that can be read, else the repositories that were known to use it."""
        return await self._asked(lambda: self._reader.left_out(digest))

    @asynccontextmanager
    async def read_blob(
        self, repository: Repository, digest: str, offset: int = 0, size: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a blob for reading from `offset` (bytes); yields its pieces, unchecked."""
        reading = await self._asked(lambda: self._reader.open(digest, offset, size))

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(self._reader.read_piece, reading, PIECE):
                self._traffic.bytes_in += len(piece)
                await self._host.reads.take(len(piece))
                yield piece

        try:
            yield pieces()
        finally:
            reading.close()

    async def get_image_config(self, repository: Repository, config: Descriptor, limit: int) -> ImagePlatform:
        """Return the platform an image's config blob states, reading at most `limit` bytes."""
        if config.size > limit:
            raise UnsupportedContent(
                phrase("the image config has more than {limit} bytes", limit=limit), endpoint=self.registry
            )
        async with self.read_blob(repository, config.digest, 0, config.size) as pieces:
            body = b"".join([piece async for piece in pieces])
        if digest_of(body, config.digest.partition(":")[0]) != config.digest:
            raise IntegrityError(
                N_("the image config has another digest than the manifest says"),
                endpoint=name_of(self.registry),
                reference=f"{repository}@{config.digest}",
            )
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UnsupportedContent(
                phrase("the image config is not valid JSON: {error}", error=error), endpoint=self.registry
            ) from error
        return ImagePlatform.from_json(document) if isinstance(document, dict) else ImagePlatform()

    async def start_upload(self, repository: Repository) -> LayoutUpload:
        """Begin to write a blob."""
        writer = await self._writing()
        name, descriptor = await self._asked(writer.new_session)
        return self._kept(LayoutUpload(writer, name, descriptor, self._wrote))

    async def resume_upload(self, repository: Repository, location: str, offset: int = 0) -> LayoutUpload:
        """Go on with a blob begun earlier; what was written after `offset` is written again.

        Raises UploadSessionLost when it is not there any more.
        """
        writer = await self._writing()
        descriptor = await self._asked(lambda: writer.old_session(location))
        upload = self._kept(LayoutUpload(writer, location, descriptor, self._wrote, taken_up=True))
        upload.offset = min(await upload.status(), offset)
        return upload

    async def mount(self, repository: Repository, digest: str, source: Repository) -> LayoutUpload | None:
        """Return None: every blob is there for every repository. A session to write it when it is not there."""
        return None if await self.has_blob(repository, digest) else await self.start_upload(repository)

    def _kept(self, upload: LayoutUpload) -> LayoutUpload:
        self._uploads = [each for each in self._uploads if each.is_open]
        self._uploads.append(upload)
        return upload

    async def _wrote(self, count: int) -> None:
        self._traffic.bytes_out += count
        await self._host.writes.take(count)

    async def _asked(self, work: Callable[[], Result]) -> Result:
        """Return what `work` finds out in a thread; it may wait for the disk."""
        self._traffic.requests += 1
        return await asyncio.to_thread(work)

    async def _writing(self) -> LayoutWriter:
        async with self._opening:
            if self._writer is None:
                self._writer = await asyncio.to_thread(self._begin)
                self._reader.index = self._writer.index
        return self._writer

    def _begin(self) -> LayoutWriter:
        folder = self._reader.folder or begin(self._reader.path)
        writer = LayoutWriter(folder)
        self._reader.lies_in(folder)
        return writer
