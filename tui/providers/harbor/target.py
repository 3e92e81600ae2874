"""A Harbor to copy to: missing projects and making them, what is left of a quota, which tags stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from tui.oci.errors import Conflict, Denied, NotFound, PolicyRefused
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.providers.harbor.client import Harbor, objects
from tui.providers.harbor.content import Project
from tui.providers.harbor.fields import inner, inners, number, text
from tui.providers.harbor.globs import matches
from tui.providers.harbor.names import is_project_name
from tui.providers.harbor.source import HarborSource

UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Quota:
    """What a project may hold and holds, in bytes and (Harbor 1.9 and 1.10) artifacts; `UNLIMITED` is -1."""

    storage_limit: int = UNLIMITED
    storage_used: int = 0
    count_limit: int = UNLIMITED
    count_used: int = 0

    @property
    def storage_left(self) -> int | None:
        """Bytes that still fit, None without a limit."""
        return None if self.storage_limit < 0 else max(0, self.storage_limit - self.storage_used)

    @property
    def count_left(self) -> int | None:
        """Artifacts that still fit, None without a limit."""
        return None if self.count_limit < 0 else max(0, self.count_limit - self.count_used)


@dataclass(frozen=True, slots=True)
class Selector:
    """A glob on names of repositories or tags; `excludes` turns it round."""

    pattern: str
    excludes: bool = False

    def takes(self, name: str) -> bool:
        """Return whether the name is meant."""
        return matches(self.pattern, name) != self.excludes

    def __str__(self) -> str:
        return phrase("all but {pattern}", pattern=self.pattern) if self.excludes else self.pattern


@dataclass(frozen=True, slots=True)
class ImmutableRule:
    """Tags of a project that can neither be moved nor removed: those that all of `tags` and `repositories` mean."""

    repositories: tuple[Selector, ...]
    tags: tuple[Selector, ...]
    enabled: bool = True

    def keeps(self, repository: str, tag: str) -> bool:
        """Return whether the tag of a repository (its name without the project) is kept as it is."""
        return (
            self.enabled
            and all(selector.takes(repository) for selector in self.repositories)
            and all(selector.takes(tag) for selector in self.tags)
        )


async def missing_projects(harbor: Harbor, targets: Iterable[Repository]) -> list[str]:
    """Return the projects that pushing to `targets` needs and that are not there, each once, in order.

    A project that is there and not for this account to see is not missing. Raises RegistryError.
    """
    names = dict.fromkeys(target.path.partition("/")[0] for target in targets)
    return [name for name in names if not await project_exists(harbor, name)]


async def project_exists(harbor: Harbor, name: str) -> bool:
    """Return whether a project is there. Raises RegistryError."""
    try:
        await harbor.send(
            "HEAD", "/projects", N_("look for the project"), reference=name, query=[("project_name", name)]
        )
    except NotFound:
        return False
    except Denied:
        # A CLI secret may list projects, and nothing else about them.
        try:
            await HarborSource(harbor).project(name)
        except NotFound:
            return False
    return True


async def create_project(
    harbor: Harbor, name: str, *, public: bool = False, storage_limit: int | None = None
) -> None:  # fmt: skip
    """Create a project, with a limit in bytes if given (only administrators may). One that is there already is well.

    Raises Denied when the account may not, PolicyRefused for a name Harbor does not take, RegistryError.
    """
    if not is_project_name(name):
        raise PolicyRefused(
            phrase("{name!r} can be no project of a Harbor", name=name),
            endpoint=harbor.registry,
            reference=name,
            hint=N_("small letters and digits, with one '.', '_' or '-' between them"),
        )
    body: dict[str, Any] = {"project_name": name, "metadata": {"public": "true" if public else "false"}}
    if storage_limit is not None:
        body["storage_limit"] = storage_limit
    needs = N_(
        "the right to create projects: an administrator, a robot account of the whole system, or anybody with it"
    )
    try:
        await harbor.send("POST", "/projects", N_("create the project"), reference=name, payload=body, needs=needs)
    except Conflict:
        return
    except PolicyRefused as error:
        if error.status != 409:
            raise


async def quota_of(harbor: Harbor, project: Project) -> Quota | None:
    """Return the quota of a project, None when this account may not see it or there is none (Harbor 1.8)."""
    path = f"/projects/{project.id}/summary"
    try:
        summary = await harbor.get(path, N_("read the quota"), reference=project.name)
    except (Denied, NotFound):
        return await _quota_by_list(harbor, project)
    found = summary.get("quota") if isinstance(summary, dict) else None
    return _quota(found) if isinstance(found, dict) else None


async def _quota_by_list(harbor: Harbor, project: Project) -> Quota | None:
    asked = [("reference", "project"), ("reference_id", str(project.id))]
    try:
        listed = await harbor.get("/quotas", N_("read the quota"), reference=project.name, query=asked)
    except (Denied, NotFound):
        return None
    found = objects(listed, N_("read the quota"), harbor.registry)
    return _quota(found[0]) if found else None


async def immutable_rules(harbor: Harbor, project: Project) -> list[ImmutableRule] | None:
    """Return the rules for immutable tags of a project, None when this account may not see them (or Harbor < 1.10)."""
    path = f"/projects/{project.id}/immutabletagrules"
    pages = harbor.pages(path, N_("read the immutable tags"), _rule, lambda rule: rule, reference=project.name)
    rules: list[ImmutableRule] = []
    try:
        async with aclosing(pages):
            async for page in pages:
                rules += page.items
    except (Denied, NotFound):
        return None
    return rules


def _quota(document: dict[str, Any]) -> Quota:
    hard, used = inner(document, "hard"), inner(document, "used")
    return Quota(
        storage_limit=number(hard, "storage", UNLIMITED),
        storage_used=number(used, "storage"),
        count_limit=number(hard, "count", UNLIMITED),
        count_used=number(used, "count"),
    )


def _rule(document: dict[str, Any]) -> ImmutableRule:
    return ImmutableRule(
        repositories=_selectors(inners(inner(document, "scope_selectors"), "repository")),
        tags=_selectors(inners(document, "tag_selectors")),
        enabled=document.get("disabled") is not True,
    )


def _selectors(listed: list[dict[str, Any]]) -> tuple[Selector, ...]:
    return tuple(Selector(text(each, "pattern"), "exclude" in text(each, "decoration").lower()) for each in listed)
