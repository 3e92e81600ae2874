"""A registry in the words of the distribution specification: manifests, blobs, uploads, tags, referrers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tui.oci.access import Access
from tui.oci.auth import CATALOG_SCOPE, Scopes, repository_scope
from tui.oci.channel import MAX_PAGE, Call, Channel, Traffic
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import (
    Denied,
    IntegrityError,
    NotFound,
    PolicyRefused,
    RangeNotAccepted,
    RegistryError,
    ServerError,
    Unauthenticated,
    UnsupportedContent,
)
from tui.oci.host import Host
from tui.oci.manifest import ACCEPT, MAX_MANIFEST, Manifest, parse_manifest, unique
from tui.oci.paging import linked, pages
from tui.oci.reference import Repository, contradicts, digest_of, is_digest, is_repository, is_tag
from tui.oci.retry import Attempts, RetryPolicy
from tui.oci.upload import Upload

if TYPE_CHECKING:
    import httpx

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_NOT_FOR_TAGS = re.compile(r"[^A-Za-z0-9_.-]")
_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class ManifestHead:
    """What a HEAD says about a manifest; `size` in bytes, 0 when the registry did not say."""

    digest: str
    media_type: str
    size: int


class RegistryClient:
    """One registry with one credential. All methods raise RegistryError; use as an async context manager."""

    def __init__(
        self,
        access: Access,
        *,
        requests_at_once: int = 32,
        retry: RetryPolicy | None = None,
        host: Host | None = None,
    ) -> None:
        self.registry = access.connection.registry
        self._channel = Channel(access, requests_at_once=requests_at_once, retry=retry, host=host)
        self._lists_referrers = True

    async def __aenter__(self) -> RegistryClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._channel.close()

    def attempts(self) -> Attempts:
        """Return a count of attempts at one thing at this registry, for what is not repeated here."""
        return self._channel.attempts()

    @property
    def host(self) -> Host:
        """What holds for the whole registry."""
        return self._channel.host

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        return self._channel.traffic

    async def reach(self) -> str:
        """Make sure a registry answers and return its base URL (scheme and host)."""
        return await self._channel.reach()

    # Manifests

    async def head_manifest(self, repository: Repository, target: str) -> ManifestHead | None:
        """Return what the registry has under a tag or digest, None when it has nothing there."""
        call = self._manifest_call("HEAD", repository, target, "look at the manifest")
        try:
            answer = await self._channel.send(call)
        except NotFound:
            return None
        except Denied:
            # A HEAD has no body; the same GET says why.
            await self._channel.send(self._manifest_call("GET", repository, target, "look at the manifest"))
            raise
        except PolicyRefused as error:
            if error.status != 405:
                raise
            return await self._head_by_get(repository, target)
        digest = answer.headers.get("docker-content-digest", "")
        if not is_digest(digest) or (is_digest(target) and digest != target):
            # The bytes decide when the header is missing, or is not about what was asked for.
            return await self._head_by_get(repository, target)
        length = answer.headers.get("content-length", "")
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        return ManifestHead(digest, media_type, int(length) if _LENGTH.fullmatch(length) else 0)

    async def _head_by_get(self, repository: Repository, target: str) -> ManifestHead | None:
        try:
            manifest = await self.get_manifest(repository, target)
        except NotFound:
            return None
        return ManifestHead(manifest.digest, manifest.media_type, manifest.size)

    async def get_manifest(self, repository: Repository, target: str) -> Manifest:
        """Return the manifest under a tag or digest, its bytes checked against the digest.

        For a tag that is the digest the registry states, if it states one. Raises IntegrityError when they differ,
        UnsupportedContent for what is not copied, ServerError for a web page in its place.
        """
        answer = await self._channel.send(self._manifest_call("GET", repository, target, "read the manifest"))
        if answer.body.lstrip()[:1] == b"<":
            answer.json("a manifest")
        expected = target if is_digest(target) else ""
        try:
            manifest = parse_manifest(answer.body, answer.headers.get("content-type", ""), expected)
            stated = answer.headers.get("docker-content-digest", "")
            if contradicts(stated, manifest.digest):
                raise IntegrityError(f"the manifest has digest {manifest.digest}, the registry states {stated}")
            return manifest
        except (IntegrityError, UnsupportedContent) as error:
            raise type(error)(
                error.message,
                endpoint=self.registry,
                reference=_reference(repository, target),
                hint=error.hint,
            ) from error

    async def put_manifest(self, repository: Repository, target: str, manifest: Manifest) -> bool:
        """Push a manifest under a tag or digest; returns whether the registry indexed its subject (`OCI-Subject`)."""
        call = Call(
            "PUT",
            f"{repository.path}/manifests/{target}",
            _push(repository),
            "push the manifest",
            _reference(repository, target),
            headers={"Content-Type": manifest.media_type},
            body=manifest.body,
            accept=frozenset({200, 201, 202}),
        )
        answer = await self._channel.send(call)
        stored = answer.headers.get("docker-content-digest", "")
        if contradicts(stored, manifest.digest):
            raise IntegrityError(
                f"the registry stored the manifest as {stored}, pushed was {manifest.digest}",
                endpoint=self.registry,
                reference=_reference(repository, target),
            )
        return "oci-subject" in answer.headers

    # Blobs

    async def has_blob(self, repository: Repository, digest: str) -> bool:
        """Return whether the repository has the blob."""
        call = Call(
            "HEAD",
            f"{repository.path}/blobs/{digest}",
            _push(repository),
            "look for the blob",
            _reference(repository, digest),
        )
        try:
            await self._channel.send(call)
        except NotFound:
            return False
        return True

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
            _pull(repository),
            "read the blob",
            _reference(repository, digest),
            headers={"Range": f"bytes={offset}-"} if offset else {},
            accept=frozenset({200, 206} if offset else {200}),
        )
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._channel.stream(call))
            except RangeNotAccepted as error:
                raise IntegrityError(
                    f"the blob ends at or before byte {offset}, short of the size its descriptor says",
                    endpoint=self.registry,
                    reference=_reference(repository, digest),
                ) from error
            if response.status_code == 206:
                match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
                if match is None or int(match.group(1)) != offset:
                    raise ServerError(
                        f"asked to go on at byte {offset}, the registry starts elsewhere",
                        endpoint=self.registry,
                        reference=_reference(repository, digest),
                    )
            announced = _whole_size(response)
            if size is not None and announced not in (None, size):
                raise IntegrityError(
                    f"the blob has {announced} bytes at the source, its descriptor says {size}",
                    endpoint=self.registry,
                    reference=_reference(repository, digest),
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
            _pull(repository),
            "read the image config",
            _reference(repository, config.digest),
            limit=limit,
        )
        answer = await self._channel.send(call)
        if digest_of(answer.body, config.digest.partition(":")[0]) != config.digest:
            raise IntegrityError(
                "the image config has another digest than the manifest says",
                endpoint=self.registry,
                reference=_reference(repository, config.digest),
            )
        document = answer.json("an image config")
        return ImagePlatform.from_json(document) if isinstance(document, dict) else ImagePlatform()

    async def start_upload(self, repository: Repository) -> Upload:
        """Open an upload session ("POST then PUT", "Pushing a blob in chunks")."""
        call = Call(
            "POST",
            f"{repository.path}/blobs/uploads/",
            _push(repository),
            "start an upload",
            str(repository),
            accept=frozenset({202}),
        )
        answer = await self._channel.send(call)
        return Upload(self._channel, _push(repository), str(repository), answer)

    async def mount(self, repository: Repository, digest: str, source: Repository) -> Upload | None:
        """Mount a blob from another repository of this registry ("Mounting a blob from another repository").

        Returns None when it is mounted, and the upload session that the registry opened instead when it is not.
        Raises IntegrityError when it says it mounted something else, and RegistryError when it refuses even that; the
        caller then uploads as if it had not asked.
        """
        scopes = (*_push(repository), repository_scope(source.path, "pull"))
        call = Call(
            "POST",
            f"{repository.path}/blobs/uploads/?mount={digest}&from={quote(source.path, safe='')}",
            scopes,
            "mount the blob",
            _reference(repository, digest),
            accept=frozenset({201, 202}),
        )
        answer = await self._channel.send(call)
        if answer.status == 201:
            mounted = answer.headers.get("docker-content-digest", "")
            if contradicts(mounted, digest):
                raise IntegrityError(
                    f"the registry mounted {mounted}, asked for was {digest}",
                    endpoint=self.registry,
                    reference=_reference(repository, digest),
                )
            return None
        return Upload(self._channel, _push(repository), str(repository), answer)

    # Lists

    async def tags(self, repository: Repository) -> AsyncIterator[list[str]]:
        """Yield the tags of a repository page by page; what is no tag by the grammar is left out.

        Raises NotFound when the repository is not there.
        """
        call = Call(
            "GET",
            f"{repository.path}/tags/list",
            _pull(repository),
            "list the tags",
            str(repository),
            limit=MAX_PAGE,
        )
        async for names in pages(self._channel, call, "tags"):
            yield [name for name in names if is_tag(name)]

    async def catalog(self) -> AsyncIterator[list[str]]:
        """Yield the repositories of the registry page by page (Docker registry API, not in the OCI specification)."""
        call = Call("GET", "_catalog", (CATALOG_SCOPE,), "list the repositories", self.registry, limit=MAX_PAGE)
        async for names in pages(self._channel, call, "repositories"):
            yield [name for name in names if is_repository(name)]

    async def referrers(
        self, repository: Repository, digest: str, tags: Collection[str] | None = None
    ) -> list[Descriptor]:
        """Return what refers to a manifest: the referrers API, or the fallback tag where the registry has none.

        Each is named once, in the registry's order ("Listing Referrers"). Where `tags`, all tags of the repository,
        are known and the fallback tag is not among them, it is not asked for.
        """
        if not self._lists_referrers:
            return await self._fallback_referrers(repository, digest, tags)
        call = Call(
            "GET",
            f"{repository.path}/referrers/{digest}",
            _pull(repository),
            "list the referrers",
            _reference(repository, digest),
            limit=2 * MAX_MANIFEST,
        )
        found: list[Descriptor] = []
        try:
            answer = await self._channel.send(call)
            if not parse_manifest(answer.body, answer.headers.get("content-type", "")).is_index:
                raise UnsupportedContent("the list of referrers is no index")
        except (NotFound, PolicyRefused, UnsupportedContent, Unauthenticated, Denied) as error:
            # Who does not know the API may say so in many ways; a login that fails here fails at the tag as well.
            # Who knows it never answers 404, so the next question is spared.
            self._lists_referrers = not isinstance(error, NotFound) or error.code == "NAME_UNKNOWN"
            return await self._fallback_referrers(repository, digest, tags)
        async for page in linked(self._channel, call, answer):
            found += parse_manifest(page.body, page.headers.get("content-type", "")).manifests
        return unique(found)

    async def _fallback_referrers(
        self, repository: Repository, digest: str, tags: Collection[str] | None
    ) -> list[Descriptor]:
        if tags is not None and fallback_tag(digest) not in tags:
            return []
        try:
            index = await self.get_manifest(repository, fallback_tag(digest))
        except (NotFound, UnsupportedContent):
            return []
        return unique(index.manifests) if index.is_index else []

    def _manifest_call(self, method: str, repository: Repository, target: str, action: str) -> Call:
        return Call(
            method,
            f"{repository.path}/manifests/{target}",
            _pull(repository),
            action,
            _reference(repository, target),
            headers={"Accept": ACCEPT},
            limit=2 * MAX_MANIFEST,
        )


def fallback_tag(digest: str) -> str:
    """Return the tag that lists the referrers of `digest` where there is no API ("Referrers Tag Schema")."""
    algorithm, _, encoded = digest.partition(":")
    return _NOT_FOR_TAGS.sub("-", f"{algorithm[:32]}-{encoded[:64]}")


def _whole_size(response: httpx.Response) -> int | None:
    """Return the size of the whole blob that an answer announces, None when it does not say (RFC 9110, 14.4)."""
    if response.status_code == 206:
        said = response.headers.get("content-range", "").rpartition("/")[2]
    else:
        said = response.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else None


def _reference(repository: Repository, target: str) -> str:
    return f"{repository}{'@' if ':' in target else ':'}{target}"


def _pull(repository: Repository) -> Scopes:
    return (repository_scope(repository.path, "pull"),)


def _push(repository: Repository) -> Scopes:
    return (repository_scope(repository.path, "pull", "push"),)


__all__ = ["ManifestHead", "RegistryClient", "RegistryError", "fallback_tag"]
