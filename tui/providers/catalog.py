"""How repositories and tags are listed at each kind of registry; what a vendor does better replaces the generic way."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tui.oci.access import Access
from tui.oci.errors import Denied, NotFound, PolicyRefused, RegistryError, Unauthenticated
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.providers.api.pages import Page
from tui.providers.content import TagInfo
from tui.providers.kinds import KINDS, TITLES, Kind
from tui.providers.login import refused_login

if TYPE_CHECKING:
    from tui.oci.registry import Registry

NAME_THEM = N_("type the names of the repositories; they are remembered with the endpoint")


class CatalogUnavailable(RegistryError):
    """The registry has no list of repositories, or none for this account: names have to come from a person."""

    kind = "UNSUPPORTED"
    default_hint = NAME_THEM


@dataclass(frozen=True, slots=True)
class Session:
    """What a provider works with: the way in, for an API of the vendor's, and an open client of the registry API."""

    access: Access
    client: Registry


class Provider(Protocol):
    """What differs per vendor when browsing. Pages are lists of names, in the registry's order."""

    @property
    def kind(self) -> Kind:
        """The kind this is for."""

    def repositories(self, session: Session) -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories page by page. Raises CatalogUnavailable, RegistryError."""

    def tags(self, session: Session, repository: Repository) -> AsyncGenerator[list[str], None]:
        """Yield the tags of a repository page by page. Raises NotFound, RegistryError."""


@runtime_checkable
class Narrowing(Protocol):
    """A provider whose API lists one project by itself."""

    def pages(self, session: Session, project: str) -> AsyncGenerator[Page[str], None]:
        """Yield the paths of its repositories, of all with ''."""


@runtime_checkable
class Describing(Protocol):
    """A provider whose API tells of many tags at once what is behind them."""

    async def described(self, session: Session, path: str) -> dict[str, TagInfo]:
        """Return what is behind the tags of a repository, by their names; empty where this account is not told."""


@dataclass(frozen=True, slots=True)
class RegistryApiProvider:
    """The way of the registry API alone: `/v2/_catalog` and `/v2/<name>/tags/list`.

    `no_catalog` says why a registry that is known to have no catalog is not asked for it.
    """

    kind: Kind = "generic"
    no_catalog: str = ""

    async def repositories(self, session: Session) -> AsyncGenerator[list[str], None]:
        """Yield the catalog's pages. Raises CatalogUnavailable where there is none for this account."""
        registry = session.access.connection.registry
        if self.no_catalog:
            raise CatalogUnavailable(self.no_catalog, endpoint=registry)
        try:
            async for page in session.client.catalog():
                yield page
        except (NotFound, PolicyRefused) as error:
            message = phrase(
                "{vendor} at {registry} has no list of repositories", vendor=TITLES[self.kind], registry=registry
            )
            raise CatalogUnavailable(message, endpoint=registry, status=error.status, code=error.code) from error
        except (Unauthenticated, Denied) as error:
            # A 401 is also what registries say to an account that may not list: only a login test tells them apart.
            refusal = await refused_login(session.access)
            if refusal is not None:
                raise refusal from error
            who = N_("this account") if session.access.credential else N_("anybody without a login")
            message = phrase("the registry does not list its repositories for {who}", who=who)
            raise CatalogUnavailable(message, endpoint=registry, status=error.status, code=error.code) from error

    async def tags(self, session: Session, repository: Repository) -> AsyncGenerator[list[str], None]:
        """Yield the pages of the tag list."""
        async for page in session.client.tags(repository):
            yield page


@dataclass(frozen=True, slots=True)
class LayoutProvider:
    """The repositories and tags of a layout on a disk. Raises NotFound where there is none yet."""

    kind: Kind = "layout"

    async def repositories(self, session: Session) -> AsyncGenerator[list[str], None]:
        """Yield the repositories."""
        async for page in session.client.catalog():
            yield page

    async def tags(self, session: Session, repository: Repository) -> AsyncGenerator[list[str], None]:
        """Yield the tags of a repository."""
        async for page in session.client.tags(repository):
            yield page


_WITHOUT_CATALOG: dict[str, str] = {
    "dockerhub": N_("Docker Hub has no list of repositories over the registry API"),
    "ghcr": N_("the GitHub Container Registry has no list of repositories"),
    "acr": N_("Alibaba Cloud ACR has no list of repositories over the registry API"),
}
_PROVIDERS: dict[str, Provider] = {kind: RegistryApiProvider(kind, _WITHOUT_CATALOG.get(kind, "")) for kind in KINDS}


async def pages_at(kind: str, session: Session, project: str = "") -> AsyncGenerator[Page[str], None]:
    """Yield the paths of the repositories page by page, of one project or namespace or of all, with how many there are.

    That number is None where the API does not tell it. Raises as `Provider.repositories`, and NotFound for a project
    that is not there.
    """
    provider = provider_for(kind)
    if isinstance(provider, Narrowing):
        pages = provider.pages(session, project)
        async with aclosing(pages):
            async for page in pages:
                yield page
        return
    async for names in provider.repositories(session):
        yield Page(names, None)


def provider_for(kind: str) -> Provider:
    """Return the provider for an endpoint's kind; the generic one for a kind nobody knows."""
    if kind == "layout":
        return LayoutProvider()
    if kind == "harbor":
        from tui.providers.harbor.provider import HarborProvider

        return HarborProvider()
    if kind in ("acr", "tcr"):
        from tui.providers.cloud import CloudProvider

        return CloudProvider("acr" if kind == "acr" else "tcr", _WITHOUT_CATALOG.get(kind, ""))
    return _PROVIDERS.get(kind, _PROVIDERS["generic"])
