"""Looking around in a registry: repositories, tags, what is behind a tag, and what is attached to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tui.oci.access import Access
from tui.oci.errors import RegistryError
from tui.oci.reference import InvalidReference, Repository, is_digest, is_repository
from tui.oci.retry import RetryPolicy
from tui.oci.saying import phrase
from tui.providers.catalog import CatalogUnavailable, Describing, Session, provider_for
from tui.providers.content import ManifestNode, Referrer, TagInfo, parse_time
from tui.providers.content_kinds import ContentKind, kind_of_type
from tui.providers.tree import TreeReader

if TYPE_CHECKING:
    from tui.oci.exchange import Traffic
    from tui.oci.registry import Registry

__all__ = ["CatalogUnavailable", "RegistryBrowser", "project_of"]

REQUESTS_AT_ONCE = 8
_RETRY = RetryPolicy(tries=3, base=0.3, cap=3.0, throttled_total=60.0)
"""Somebody is waiting before a screen: rather say soon what is wrong."""

_COSIGN: dict[str, ContentKind] = {".sig": "signature", ".att": "attestation", ".sbom": "sbom"}
_NO_PLATFORM = ("", "any", "unknown/unknown")
_CREATED = "org.opencontainers.image.created"
_MOST_REMEMBERED = 20_000


def project_of(repository: str) -> str:
    """Return the first part of a repository path (project, namespace, organisation), '' when it has one part only."""
    return repository.partition("/")[0] if "/" in repository else ""


class RegistryBrowser:
    """Reads one registry with one login, at most `requests_at_once` requests at a time, and changes nothing.

    What is addressed by digest is kept in memory, some 32 MiB of it. Every method may be cancelled at any time and
    raises RegistryError. Repository arguments are paths without the registry; InvalidReference for impossible ones.
    Use as an async context manager.
    """

    def __init__(self, access: Access, kind: str = "generic", *, requests_at_once: int = REQUESTS_AT_ONCE) -> None:
        from tui.oci.opening import open_registry

        self._client: Registry = open_registry(access, requests_at_once=requests_at_once, retry=_RETRY)
        self._session = Session(access, self._client)
        self._provider = provider_for(kind)
        self._reader = TreeReader(self._client, requests_at_once)
        self._signed: dict[tuple[Repository, str], bool] = {}
        self._listed: dict[Repository, frozenset[str]] = {}
        self._told_of: dict[Repository, dict[str, TagInfo]] = {}
        self._telling = asyncio.Lock()
        self.registry = access.connection.registry

    async def __aenter__(self) -> RegistryBrowser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        return self._client.traffic

    async def repositories(self) -> AsyncGenerator[list[str], None]:
        """Yield the repositories' paths page by page.

        Raises CatalogUnavailable, with a hint, when the registry has no list for us: names must come from a person.
        """
        async with aclosing(self._provider.repositories(self._session)) as pages:
            async for page in pages:
                yield page

    async def tags(self, repository: str) -> AsyncGenerator[list[str], None]:
        """Yield the tags of a repository page by page. Raises NotFound when it is not there."""
        target = self._repository(repository)
        cosign: set[str] = set()
        async with aclosing(self._provider.tags(self._session, target)) as pages:
            async for page in pages:
                cosign.update(tag for tag in page if tag.endswith(tuple(_COSIGN)))
                yield page
        self._listed[target] = frozenset(cosign)
        self._told_of.pop(target, None)
        self._signed = {key: signed for key, signed in self._signed.items() if key[0] != target}

    async def describe(self, repository: str, tag: str) -> TagInfo:
        """Return what is behind a tag.

        Where the vendor's API tells it, one request for many tags; else three to five requests for an image, one more
        for each platform of an index, and what was read before by digest is not read again. Raises NotFound when the
        tag is gone, UnsupportedContent for schema 1.
        """
        target = self._repository(repository)
        if told := (await self._told(target)).get(tag):
            return told
        manifest = await self._reader.manifest(target, tag)
        node, signed = await asyncio.gather(
            self._reader.tree(target, manifest, configs=False), self._is_signed(target, manifest.digest)
        )
        images = node.images()
        config, problem = None, node.first_problem()
        if images:
            try:
                config = await self._reader.config(target, images[0])
            except RegistryError as error:
                problem = problem or error.message
        platforms = [image.platform or (config.platform if config and image is images[0] else "") for image in images]
        return TagInfo(
            tag=tag,
            digest=node.digest,
            media_type=node.media_type,
            kind=node.kind,
            size=sum(node.contents().values()),
            platforms=tuple(dict.fromkeys(each for each in platforms if each not in _NO_PLATFORM)),
            created=(config.created if config else None) or parse_time(node.annotations.get(_CREATED)),
            signed=signed,
            problem=problem,
        )

    async def tree(self, repository: str, reference: str) -> ManifestNode:
        """Return the manifest under a tag or digest with everything below it (4 deep and 200 manifests at most)."""
        target = self._repository(repository)
        manifest = await self._reader.manifest(target, reference)
        return await self._reader.tree(target, manifest, configs=True)

    async def referrers(self, repository: str, digest: str) -> list[Referrer]:
        """Return what is attached to a manifest: by the referrers API or its tag, and under cosign's tags."""
        target = self._repository(repository)
        if not is_digest(digest):
            raise InvalidReference(phrase("{digest!r} is not a digest", digest=digest))
        attached, tagged = await asyncio.gather(
            self._client.referrers(target, digest),
            asyncio.gather(*(self._cosign(target, digest, suffix) for suffix in _COSIGN)),
        )
        found = [
            Referrer(
                each.digest,
                each.media_type,
                kind_of_type(each.artifact_type),
                each.size,
                each.artifact_type,
                each.annotations,
            )
            for each in attached
        ]
        return [*found, *(each for each in tagged if each is not None)]

    async def _told(self, repository: Repository) -> dict[str, TagInfo]:
        """Return what the vendor's API says of the tags of a repository; asked once for each list of them."""
        if not isinstance(self._provider, Describing):
            return {}
        async with self._telling:
            if repository not in self._told_of:
                self._told_of[repository] = await self._provider.described(self._session, repository.path)
            return self._told_of[repository]

    def _repository(self, path: str) -> Repository:
        if not is_repository(path):
            raise InvalidReference(phrase("{path!r} is not a repository path", path=path))
        return Repository(self.registry, path)

    async def _is_signed(self, repository: Repository, digest: str) -> bool | None:
        key = (repository, digest)
        if key not in self._signed:
            try:
                signed = await self._cosign(repository, digest, ".sig") is not None
                if not signed:
                    attached = await self._client.referrers(repository, digest)
                    signed = any(kind_of_type(each.artifact_type) == "signature" for each in attached)
            except RegistryError:
                # Not knowing this is no reason to show nothing of the tag.
                return None
            if len(self._signed) >= _MOST_REMEMBERED:
                self._signed.clear()
            self._signed[key] = signed
        return self._signed[key]

    async def _cosign(self, repository: Repository, digest: str, suffix: str) -> Referrer | None:
        """Look for the tag cosign gives to what it attaches (`sha256-<hex>.sig`)."""
        tag = digest.replace(":", "-") + suffix
        listed = self._listed.get(repository)
        if listed is not None and tag not in listed:
            return None
        head = await self._client.head_manifest(repository, tag)
        if head is None:
            return None
        return Referrer(head.digest, head.media_type, _COSIGN[suffix], head.size, tag=tag)
