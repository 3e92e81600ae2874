"""Browsing a Harbor: repositories from its REST API, which lists them for everybody who may see them.

The registry's own catalog is for administrators only at a Harbor. Tags come from the registry API all the same: it
takes the permission to pull and nothing more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError, Unauthenticated
from tui.oci.reference import Repository
from tui.oci.saying import phrase
from tui.providers.api.pages import Page
from tui.providers.catalog import CatalogUnavailable, RegistryApiProvider, Session
from tui.providers.content import TagInfo
from tui.providers.harbor.content import Artifact, Tag
from tui.providers.kinds import Kind

_FALLBACK = RegistryApiProvider("harbor")


def _info(tag: Tag, artifact: Artifact) -> TagInfo:
    return TagInfo(
        tag=tag.name,
        digest=artifact.digest,
        media_type=artifact.media_type,
        kind=artifact.kind,
        size=artifact.size,
        platforms=artifact.platforms,
        created=artifact.created,
        signed=artifact.signed,
        pushed=tag.pushed or artifact.pushed,
        labels=tuple(label.name for label in artifact.labels),
    )


@dataclass(frozen=True, slots=True)
class HarborProvider:
    """The provider for endpoints of the kind `harbor`."""

    kind: Kind = "harbor"

    async def repositories(self, session: Session) -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories page by page.

        A robot account of a project sees that one. Where the REST API is not there or not for this account, the
        catalog is asked. Raises Unauthenticated for a login that is refused, CatalogUnavailable when nothing lists.
        """
        async with aclosing(self.pages(session)) as pages:
            async for page in pages:
                if page.items:
                    yield list(page.items)

    async def pages(self, session: Session, project: str = "") -> AsyncGenerator[Page[str], None]:
        """Yield the paths of the repositories of a project, or of all, with how many Harbor says there are."""
        from tui.providers.harbor.client import Harbor
        from tui.providers.harbor.source import HarborSource

        any_seen = False
        refusal: RegistryError | None = None
        async with Harbor(session.access, host=session.client.host) as harbor:
            # A wrong password ends here, before a list for strangers passes for that of the account.
            try:
                await harbor.info()
                source = HarborSource(harbor)
                pages = source.repositories(project or source.own_project)
                async with aclosing(pages):
                    async for page in pages:
                        names = [repository.path for repository in page.items]
                        any_seen = any_seen or bool(names)
                        yield Page(names, page.total)
            except (Denied, NotFound, PolicyRefused) as error:
                refusal = error
            except Unauthenticated as error:
                if session.access.credential is not None:
                    raise
                refusal = error
        if any_seen and refusal is not None:
            raise refusal
        if refusal is None:
            return
        async for found in self._from_catalog(session, refusal):
            yield Page(found, None)

    async def tags(self, session: Session, repository: Repository) -> AsyncGenerator[list[str], None]:
        """Yield the pages of the tag list."""
        async for page in _FALLBACK.tags(session, repository):
            yield page

    async def described(self, session: Session, path: str) -> dict[str, TagInfo]:
        """Return what Harbor knows of the tags of a repository: one request for a hundred artifacts.

        Empty where the REST API does not say it to this account, or is the older one, which knows less.
        """
        from tui.providers.harbor.client import Harbor
        from tui.providers.harbor.source import HarborSource

        found: dict[str, TagInfo] = {}
        try:
            async with (
                Harbor(session.access, host=session.client.host) as harbor,
                aclosing(HarborSource(harbor).tags(path)) as pages,
            ):
                async for page in pages:
                    found |= {tag.name: _info(tag, artifact) for tag, artifact in page if artifact is not None}
        except (Denied, NotFound, PolicyRefused, Unauthenticated):
            return {}
        return {name: info for name, info in found.items() if info.media_type}

    async def _from_catalog(self, session: Session, refusal: RegistryError) -> AsyncGenerator[list[str], None]:
        try:
            async for names in _FALLBACK.repositories(session):
                yield names
        except CatalogUnavailable as error:
            # The REST API said more about what is missing than the catalog does.
            raise CatalogUnavailable(
                refusal.message,
                endpoint=error.endpoint,
                status=refusal.status,
                code=refusal.code,
                hint=phrase("{hint}; or {hint2}", hint=refusal.hint, hint2=error.hint) if refusal.hint else error.hint,
            ) from refusal
