"""What the repositories of a plan hold right now: their tags, and the digests behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from tui.engine.catalogs import names_for
from tui.engine.control import Gate
from tui.engine.registries import Registries, Resolver
from tui.engine.work import for_each
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.retry import RetryPolicy
from tui.plan.expand import chosen_repositories, matching_repositories
from tui.plan.model import Plan, Rule

AT_ONCE = 16
"""Requests at a time; these are short."""
PATIENCE = 60.0
"""Seconds a registry may be out of reach; nobody waits for a list as one does for a copy."""

OpenOn = Callable[[Repository], Awaitable[Registry]]


@asynccontextmanager
async def opened_registries(
    source: Resolver, target: Resolver, plan: Plan, retry: RetryPolicy | None = None
) -> AsyncIterator[Registries]:
    """Give the registries of a plan for a look at them, within the plan's limit of requests."""
    made = Registries(source, target, requests_at_once=AT_ONCE, retry=retry or RetryPolicy(), max_outage=PATIENCE)
    async with made as registries:
        registries.limit(bytes_per_second=0, requests_per_second=plan.options.limit_requests)
        yield registries


async def repositories_of(rules: Iterable[Rule], registries: Registries) -> list[Repository]:
    """Return the source repositories the rules name, each once. Raises RegistryError."""
    found: dict[Repository, None] = {}
    for rule in rules:
        if not rule.is_pattern:
            found[rule.source] = None
            continue
        catalog = await names_for(rule, registries)
        chosen = chosen_repositories(rule, matching_repositories(rule, catalog))
        found |= dict.fromkeys(Repository(rule.source_registry, path) for path in chosen)
    return list(found)


async def tags_of(repositories: Iterable[Repository], client_of: OpenOn) -> dict[Repository, list[str]]:
    """Return the tags of repositories. Raises RegistryError: NotFound for one that is not there."""
    found: dict[Repository, list[str]] = {}

    async def one(repository: Repository) -> None:
        client = await client_of(repository)
        found[repository] = [tag async for page in client.tags(repository) for tag in page]

    await for_each(repositories, Gate(AT_ONCE), one)
    return found


async def digests_of(
    tags: Mapping[Repository, Sequence[str]], client_of: OpenOn
) -> dict[Repository, dict[str, tuple[str, str]]]:
    """Return digest and media type behind every tag that is there, by repository and tag. Raises RegistryError."""
    found: dict[Repository, dict[str, tuple[str, str]]] = {repository: {} for repository in tags}

    async def one(item: tuple[Repository, str]) -> None:
        repository, tag = item
        client = await client_of(repository)
        if head := await client.head_manifest(repository, tag):
            found[repository][tag] = (head.digest, head.media_type)

    await for_each([(repository, tag) for repository, its in tags.items() for tag in its], Gate(AT_ONCE), one)
    return found
