"""Blobs of a registry and uploads to it (distribution spec, "Pulling blobs" and "Pushing Blobs")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui.oci.answers import Answer
from tui.oci.auth import repository_scope
from tui.oci.call import Call
from tui.oci.connected import Connected, pull, push, reference_of
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import (
    IntegrityError,
    NotFound,
    RangeNotAccepted,
    ServerError,
)
from tui.oci.reference import Repository, contradicts, digest_of
from tui.oci.saying import N_, phrase
from tui.oci.upload import Upload

if TYPE_CHECKING:
    import httpx

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class BlobHead:
    """What a HEAD says about a blob; `size` in bytes, None when the registry did not say."""

    size: int | None


class Blobs(Connected):
    """Looks for, reads, uploads and mounts blobs. All methods raise RegistryError."""

    async def has_blob(self, repository: Repository, digest: str) -> bool:
        """Return whether the repository has the blob."""
        call = Call(
            "HEAD",
            f"{repository.path}/blobs/{digest}",
            push(repository),
            N_("look for the blob"),
            reference_of(repository, digest),
        )
        try:
            await self._channel.send(call)
        except NotFound:
            return False
        return True

    async def head_blob(self, repository: Repository, digest: str) -> BlobHead | None:
        """Return what the repository says about a blob, None when it has none; a login that may only read is enough."""
        call = Call(
            "HEAD",
            f"{repository.path}/blobs/{digest}",
            pull(repository),
            N_("look for the blob"),
            reference_of(repository, digest),
        )
        try:
            answer = await self._channel.send(call)
        except NotFound:
            return None
        return BlobHead(_count(answer.headers.get("content-length", "")))

    async def left_out(self, digest: str) -> None:
        """Return None: a registry leaves nothing out."""

    @asynccontextmanager
    async def read_blob(
        self, repository: Repository, digest: str, offset: int = 0, size: int | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a blob for reading from `offset` (bytes); yields its pieces as they arrive, unchecked.

        `size` is what its descriptor says; a registry that announces another one raises IntegrityError at once.

        A registry that knows no ranges sends everything, and what comes before `offset` is dropped here. Raises
        ServerError when the registry does not start where it was asked to, and IntegrityError when the blob has no
        such offset.
        """
        call = Call(
            "GET",
            f"{repository.path}/blobs/{digest}",
            pull(repository),
            N_("read the blob"),
            reference_of(repository, digest),
            headers={"Range": f"bytes={offset}-"} if offset else {},
            accept=frozenset({200, 206} if offset else {200}),
        )
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._channel.stream(call))
            except RangeNotAccepted as error:
                raise IntegrityError(
                    phrase(
                        "the blob ends at or before byte {offset}, short of the size its descriptor says", offset=offset
                    ),
                    endpoint=self.registry,
                    reference=reference_of(repository, digest),
                ) from error
            if response.status_code == 206:
                match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
                if match is None or int(match.group(1)) != offset:
                    raise ServerError(
                        phrase("asked to go on at byte {offset}, the registry starts elsewhere", offset=offset),
                        endpoint=self.registry,
                        reference=reference_of(repository, digest),
                    )
            announced = _whole_size(response)
            if size is not None and announced not in (None, size):
                raise IntegrityError(
                    phrase(
                        "the blob has {announced} bytes at the source, its descriptor says {size}",
                        announced=announced,
                        size=size,
                    ),
                    endpoint=self.registry,
                    reference=reference_of(repository, digest),
                )
            yield self._counted(response.aiter_raw(), offset if response.status_code == 200 else 0)

    async def _counted(self, pieces: AsyncIterator[bytes], unwanted: int) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self._channel.traffic.bytes_in += len(piece)
            await self._channel.host.reads.take(len(piece))
            wanted = piece[unwanted:] if unwanted else piece
            unwanted = max(0, unwanted - len(piece))
            if wanted:
                yield wanted

    async def get_image_config(self, repository: Repository, config: Descriptor, limit: int) -> ImagePlatform:
        """Return the platform an image's config blob states (image-spec, "Image Configuration").

        At most `limit` bytes are read. Raises IntegrityError when the bytes are not what the descriptor promises.
        """
        call = Call(
            "GET",
            f"{repository.path}/blobs/{config.digest}",
            pull(repository),
            N_("read the image config"),
            reference_of(repository, config.digest),
            limit=limit,
        )
        answer = await self._channel.send(call)
        if digest_of(answer.body, config.digest.partition(":")[0]) != config.digest:
            raise IntegrityError(
                N_("the image config has another digest than the manifest says"),
                endpoint=self.registry,
                reference=reference_of(repository, config.digest),
            )
        document = answer.json(N_("an image config"))
        return ImagePlatform.from_json(document) if isinstance(document, dict) else ImagePlatform()

    async def start_upload(self, repository: Repository) -> Upload:
        """Open an upload session ("POST then PUT", "Pushing a blob in chunks")."""
        call = Call(
            "POST",
            f"{repository.path}/blobs/uploads/",
            push(repository),
            N_("start an upload"),
            str(repository),
            accept=frozenset({202}),
        )
        answer = await self._channel.send(call)
        return Upload(self._channel, push(repository), str(repository), answer)

    async def resume_upload(self, repository: Repository, location: str, offset: int = 0) -> Upload:
        """Return a session opened earlier, at the offset where the registry stands now, whatever we know of it.

        `location` is trusted as little as one the registry gives. Raises UploadSessionLost when it knows it no more.
        """
        opened = Answer(202, {"location": location}, b"", f"{await self.reach()}/v2/")
        upload = Upload(self._channel, push(repository), str(repository), opened)
        await upload.status()
        return upload

    async def mount(self, repository: Repository, digest: str, source: Repository) -> Upload | None:
        """Mount a blob from another repository of this registry ("Mounting a blob from another repository").

        Returns None when it is mounted, and the upload session that the registry opened instead when it is not.
        Raises IntegrityError when it says it mounted something else, and RegistryError when it refuses even that; the
        caller then uploads as if it had not asked.
        """
        scopes = (*push(repository), repository_scope(source.path, "pull"))
        call = Call(
            "POST",
            f"{repository.path}/blobs/uploads/?mount={digest}&from={quote(source.path, safe='')}",
            scopes,
            N_("mount the blob"),
            reference_of(repository, digest),
            accept=frozenset({201, 202}),
        )
        answer = await self._channel.send(call)
        if answer.status == 201:
            mounted = answer.headers.get("docker-content-digest", "")
            if contradicts(mounted, digest):
                raise IntegrityError(
                    phrase("the registry mounted {mounted}, asked for was {digest}", mounted=mounted, digest=digest),
                    endpoint=self.registry,
                    reference=reference_of(repository, digest),
                )
            return None
        return Upload(self._channel, push(repository), str(repository), answer)


def _whole_size(response: httpx.Response) -> int | None:
    """Return the size of the whole blob that an answer announces, None when it does not say (RFC 9110, 14.4)."""
    if response.status_code == 206:
        said = response.headers.get("content-range", "").rpartition("/")[2]
    else:
        said = response.headers.get("content-length", "")
    return _count(said)


def _count(said: str) -> int | None:
    """Return the number of bytes a header says, None when it says none."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None
