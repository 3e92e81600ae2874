"""Preparing a Harbor: its projects, what stands in the way of a push to them, and creating those that are missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from tui.oci.access import Access
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository
from tui.oci.saying import N_
from tui.providers.findings import UNKNOWN, Action, Coming, Finding
from tui.providers.harbor.client import Harbor
from tui.providers.harbor.preflight import inspect_target, refused
from tui.providers.harbor.source import HarborSource
from tui.providers.harbor.target import create_project
from tui.providers.preparing import Namespace, Policy, Powers

NO_LOGIN = N_("without a login only what is public can be seen, and nothing can be created")
NO_LOGIN_HINT = N_("log in to the endpoint with a user, or a robot account of the whole system")


class HarborPreparer:
    """A `Preparer` for Harbor, where namespaces are projects and a push creates every repository."""

    def __init__(self, *, public: bool = False) -> None:
        """`public` says whether projects that a finding offers to create may be read by everybody."""
        self._public = public

    def powers(self, access: Access) -> Powers:
        """Return what can be done with this login."""
        named = access.credential is not None
        return Powers(
            word="project",
            create=named,
            repositories=False,
            why_not="" if named else NO_LOGIN,
            hint="" if named else NO_LOGIN_HINT,
        )

    async def inspect(self, access: Access, targets: Sequence[Repository], coming: Coming = UNKNOWN) -> list[Finding]:
        """Return what is in the way of pushing to `targets`, the worst first. Nothing is changed, nothing raised."""
        try:
            async with Harbor(access) as harbor:
                return await inspect_target(harbor, targets, sizes=coming.sizes, tags=coming.references)
        except RegistryError as error:
            return [refused(error)]

    async def perform(self, access: Access, action: Action) -> None:
        """Create the projects that a finding offered to create. Raises RegistryError."""
        if action.deed != "create-namespace":
            raise ValueError(f"nothing here can {action.deed}")
        async with Harbor(access) as harbor:
            for name in action.subjects:
                await create_project(harbor, name, public=self._public)

    async def namespaces(self, access: Access) -> AsyncGenerator[list[Namespace], None]:
        """Yield the projects that take pushes page by page."""
        async with Harbor(access) as harbor, aclosing(HarborSource(harbor).projects()) as pages:
            async for page in pages:
                yield [
                    Namespace(each.name, each.public, True, each.repositories)
                    for each in page.items
                    if not each.proxy_cache
                ]

    async def repositories(self, access: Access, namespace: str) -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories of a project page by page."""
        async with Harbor(access) as harbor, aclosing(HarborSource(harbor).repositories(namespace)) as pages:
            async for page in pages:
                yield [each.path for each in page.items]

    async def create_namespace(self, access: Access, name: str, *, public: bool = False) -> None:
        """Create a project."""
        async with Harbor(access) as harbor:
            await create_project(harbor, name, public=public)

    async def switch_on_auto_create(self, access: Access, name: str) -> None:
        """Do nothing: a push always creates what is missing here."""

    async def create_repository(self, access: Access, path: str) -> None:
        """Do nothing: a push always creates what is missing here."""

    async def policy(self, access: Access, namespaces: Sequence[str], *, instance: str = "") -> Policy | None:
        """Return nothing: a Harbor has roles in projects instead."""
        return None
