"""The repositories at a registry, by its vendor's own API where there is one, else by the catalog of the registry API.

A Harbor shows its catalog to administrators only, and its REST API to everybody who may see a project; the clouds have
no catalog at all. Which vendor it is says the registry's own first answer, or its name.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from tui.engine.registries import Registries, Side
from tui.oci.client import RegistryClient
from tui.oci.reference import Repository
from tui.plan.model import Rule
from tui.providers.api.pages import Page
from tui.providers.catalog import Session, pages_at

_ITS_OWN_WAY = ("harbor", "acr", "tcr")

Told = Callable[[int, int | None], None]
"""Is told after every page how many names there are so far, and how many in all where the API says."""


async def names_for(rule: Rule, registries: Registries, told: Told = lambda so_far, total: None) -> list[str]:
    """Return the repositories a rule with a pattern has to choose from. Raises RegistryError."""
    path = rule.source_path.removesuffix("*").strip("/")
    return await names_at(registries, "source", Repository(rule.source_registry, path or "*"), told)


async def names_at(
    registries: Registries, side: Side, where: Repository, told: Told = lambda so_far, total: None
) -> list[str]:
    """Return the repositories of a registry, or of a project that is named by `where`. Raises RegistryError."""
    names: list[str] = []
    async with aclosing(_pages(registries, side, where)) as pages:
        async for page in pages:
            names += page.items
            told(len(names), page.total)
    return names


async def _pages(registries: Registries, side: Side, where: Repository) -> AsyncGenerator[Page[str], None]:
    client = await (registries.source(where) if side == "source" else registries.target(where))
    if isinstance(client, RegistryClient):
        kind, access = await registries.met(side, where)
        if kind in _ITS_OWN_WAY:
            project = where.path.partition("/")[0]
            async for page in pages_at(kind, Session(access, client), "" if set(project) & set("*?[{") else project):
                yield page
            return
    async for names in client.catalog():
        yield Page(names, None)
