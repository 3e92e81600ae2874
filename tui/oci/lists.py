"""What a registry lists: repositories, tags, and what refers to a manifest (distribution spec, "Content Discovery")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection

from tui.oci.auth import CATALOG_SCOPE
from tui.oci.call import Call
from tui.oci.connected import pull, reference_of
from tui.oci.descriptor import Descriptor
from tui.oci.errors import (
    Denied,
    NotFound,
    PolicyRefused,
    Unauthenticated,
    UnsupportedContent,
)
from tui.oci.manifest import MAX_MANIFEST, parse_manifest, unique
from tui.oci.manifests import Manifests
from tui.oci.paging import linked, pages
from tui.oci.reference import Repository, is_repository, is_tag
from tui.oci.saying import N_

MAX_PAGE = 32 * 1024 * 1024
"""Bytes read of one page of tags or repositories; distribution 2 gives all tags in one, however many there are."""
_NOT_FOR_TAGS = re.compile(r"[^A-Za-z0-9_.-]")


class Lists(Manifests):
    """Lists repositories, tags and referrers. All methods raise RegistryError."""

    _lists_referrers = True
    """Whether the registry has the referrers API, as far as is known."""

    async def tags(self, repository: Repository) -> AsyncIterator[list[str]]:
        """Yield the tags of a repository page by page; what is no tag by the grammar is left out.

        Raises NotFound when the repository is not there.
        """
        call = Call(
            "GET",
            f"{repository.path}/tags/list",
            pull(repository),
            N_("list the tags"),
            str(repository),
            limit=MAX_PAGE,
        )
        async for names in pages(self._channel, call, "tags"):
            yield [name for name in names if is_tag(name)]

    async def catalog(self) -> AsyncIterator[list[str]]:
        """Yield the repositories of the registry page by page (Docker registry API, not in the OCI specification)."""
        call = Call("GET", "_catalog", (CATALOG_SCOPE,), N_("list the repositories"), self.registry, limit=MAX_PAGE)
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
            pull(repository),
            N_("list the referrers"),
            reference_of(repository, digest),
            limit=2 * MAX_MANIFEST,
        )
        found: list[Descriptor] = []
        try:
            answer = await self._channel.send(call)
            if not parse_manifest(answer.body, answer.headers.get("content-type", "")).is_index:
                raise UnsupportedContent(N_("the list of referrers is no index"))
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


def fallback_tag(digest: str) -> str:
    """Return the tag that lists the referrers of `digest` where there is no API ("Referrers Tag Schema")."""
    algorithm, _, encoded = digest.partition(":")
    return _NOT_FOR_TAGS.sub("-", f"{algorithm[:32]}-{encoded[:64]}")
