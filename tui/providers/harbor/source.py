"""A Harbor to copy from: its projects, repositories and artifacts, page by page, with how many there are in all."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from tui.oci.errors import Denied, NotFound
from tui.oci.reference import Repository, is_repository
from tui.oci.saying import N_, phrase
from tui.providers.api.pages import Page
from tui.providers.harbor import query
from tui.providers.harbor.client import Harbor, objects
from tui.providers.harbor.content import (
    Artifact,
    HarborRepository,
    Project,
    Tag,
    artifact_of,
    artifacts_of_tags,
    project_of,
    repository_of,
)
from tui.providers.harbor.names import project_of_robot, repository_segment, segment, split_path

if TYPE_CHECKING:
    from tui.oci.registry import Registry

LIST_REPOSITORIES = N_("the permission to list repositories (a guest of the project has it)")
LIST_ARTIFACTS = N_("the permissions to list artifacts and tags (a guest of the project has them)")


class HarborSource:
    """Reads what a Harbor holds. Every method raises RegistryError, and Denied says which permission is missing.

    `registry` is a client of the registry API: where the account may pull but not list, tags come from there.
    """

    def __init__(self, harbor: Harbor, registry: Registry | None = None) -> None:
        self._harbor = harbor
        self._registry = registry

    async def projects(self, name: str = "") -> AsyncGenerator[Page[Project], None]:
        """Yield the projects this account sees, those whose name contains `name`."""
        asked = [("name", name)] if name else []
        pages = self._harbor.pages(
            "/projects",
            N_("list the projects"),
            project_of,
            lambda project: project.id,
            query=asked,
            needs=N_("a login"),
        )
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def project(self, name: str) -> Project:
        """Return one project. Raises NotFound when there is none of this name that the account sees."""
        async with aclosing(self.projects(name)) as pages:
            async for page in pages:
                for project in page.items:
                    if project.name == name:
                        return project
        raise NotFound(
            phrase("project {name} is not there, or not for this account to see", name=name),
            endpoint=self._harbor.registry,
            reference=name,
            status=404,
        )

    async def repositories(self, project: str = "") -> AsyncGenerator[Page[HarborRepository], None]:
        """Yield the repositories of a project, or of all projects the account sees.

        The total is that of the project, with API 1 and no project given that of the one under way.
        """
        info = await self._harbor.info()
        if info.api == "2.0":
            path = f"/projects/{segment(project)}/repositories" if project else "/repositories"
            async for page in self._repositories(path, project, []):
                yield page
            return
        if project:
            number = (await self.project(project)).id
            async for page in self._repositories("/repositories", project, [("project_id", str(number))]):
                yield page
            return
        async with aclosing(self.projects()) as listed:
            async for several in listed:
                for each in several.items:
                    async for page in self._repositories("/repositories", each.name, [("project_id", str(each.id))]):
                        yield page

    async def artifacts(
        self, path: str, terms: str = "", *, immutable: bool = False
    ) -> AsyncGenerator[Page[Artifact], None]:
        """Yield the artifacts of the repository `project/name` with tags, labels and attached signatures.

        `terms` are those of `query` (API 2.0 only, ignored by 1.x); `immutable` asks for each tag whether it is.
        """
        project, repository = split_path(path)
        info = await self._harbor.info()
        if info.api == "1":
            # One list without pages, and the slashes of the name as they are.
            document = await self._harbor.get(
                f"/repositories/{project}/{repository}/tags", N_("list the tags"), reference=path, needs=LIST_ARTIFACTS
            )
            found = artifacts_of_tags(objects(document, N_("list the tags"), self._harbor.registry))
            yield Page(found, len(found))
            return
        asked = [
            ("with_tag", "true"),
            ("with_label", "true"),
            ("with_accessory", "true"),
            ("with_immutable_status", "true" if immutable else "false"),
        ]
        pages = self._harbor.pages(
            f"/projects/{segment(project)}/repositories/{repository_segment(repository)}/artifacts",
            N_("list the artifacts"),
            lambda document: artifact_of(document, with_accessories=True),
            lambda artifact: artifact.digest,
            reference=path,
            query=[*asked, *([("q", terms)] if terms else [])],
            needs=LIST_ARTIFACTS,
        )
        async with aclosing(pages):
            async for page in pages:
                yield page

    async def tags(self, path: str) -> AsyncGenerator[list[tuple[Tag, Artifact | None]], None]:
        """Yield the tags of a repository page by page, each with what is behind it.

        That is None where the account may pull and not list, so that the names come from the registry API.
        """
        try:
            async with aclosing(self.artifacts(path, query.TAGGED)) as pages:
                async for page in pages:
                    found = [(tag, artifact) for artifact in page.items for tag in artifact.tags]
                    if found:
                        yield list(found)
            return
        except Denied:
            if self._registry is None:
                raise
        async for names in self._registry.tags(Repository(self._harbor.registry, path)):
            yield [(Tag(name), None) for name in names]

    @property
    def own_project(self) -> str:
        """The project of the robot account that asks, '' for any other account."""
        return project_of_robot(self._harbor.username)

    async def _repositories(
        self, path: str, project: str, asked: list[tuple[str, str]]
    ) -> AsyncGenerator[Page[HarborRepository], None]:
        pages = self._harbor.pages(
            path,
            N_("list the repositories"),
            repository_of,
            lambda repository: repository.path,
            reference=project,
            query=asked,
            needs=LIST_REPOSITORIES,
        )
        async with aclosing(pages):
            async for page in pages:
                # They become parts of request paths, and come from a registry.
                yield Page([each for each in page.items if is_repository(each.path)], page.total)
