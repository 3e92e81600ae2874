"""Looking at the namespaces of an endpoint and preparing them, through the vendor's API."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from tui.cli.foreground import warn
from tui.endpoints.file import EndpointFile, find
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.passphrase import passphrase_source
from tui.endpoints.secrets.stores import SecretStores
from tui.oci.access import Access
from tui.oci.errors import PolicyRefused
from tui.oci.reference import InvalidReference, Repository, is_repository
from tui.providers.findings import Finding
from tui.providers.kinds import TITLES
from tui.providers.lender import lender
from tui.providers.preparing import Namespace, Policy, Preparer, preparer_for

ANY_NAME = "regferry"
"""Stands for a repository where only a namespace was named."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An endpoint, the way in, and who prepares it."""

    endpoint: Endpoint
    access: Access
    preparer: Preparer


@asynccontextmanager
async def reached(name: str) -> AsyncIterator[Reached]:
    """Give the endpoint called `name`. Raises EndpointsError, Unauthenticated, PolicyRefused where nobody prepares."""
    known = EndpointFile(endpoints_path()).load()
    endpoint = find(known, name)
    preparer = preparer_for(endpoint.kind)
    if preparer is None:
        title = {str(kind): title for kind, title in TITLES.items()}.get(endpoint.kind, endpoint.kind)
        raise PolicyRefused(
            f"nothing can be prepared at the endpoint {name!r}: {title} has no API for it that regferry knows",
            endpoint=endpoint.address,
            hint="Harbor, Alibaba Cloud ACR and Tencent Cloud TCR have one; --kind of 'endpoint add' says what it is",
        )
    async with SecretStores(environ=os.environ, ask=passphrase_source(), endpoints=known) as stores:
        access = await AccessResolver(known, stores, warn=warn, lender=lender).access_of(endpoint)
        yield Reached(endpoint, access, preparer)


async def namespaces(name: str) -> list[Namespace]:
    """Return the namespaces. Raises as `reached`, and RegistryError as the API says."""
    async with reached(name) as here, aclosing(here.preparer.namespaces(here.access)) as pages:
        return [each async for page in pages for each in page]


async def repositories(name: str, namespace: str) -> list[str]:
    """Return the paths of the repositories of a namespace. Raises like `namespaces`."""
    async with reached(name) as here, aclosing(here.preparer.repositories(here.access, namespace)) as pages:
        return [each async for page in pages for each in page]


async def prepare(
    name: str, targets: Sequence[str], *, create: bool, one_by_one: bool
) -> tuple[list[Finding], list[str]]:
    """Return what is in the way of pushing to `targets`, after doing what can be done when `create`; and what was done.

    Auto-create is switched on, or with `one_by_one` the missing repositories are created. Raises as `reached`, and
    RegistryError when something cannot be created.
    """
    async with reached(name) as here:
        wanted = [Repository(here.endpoint.address, _path(target)) for target in targets]
        findings = await here.preparer.inspect(here.access, wanted)
        done: list[str] = []
        offered = [finding.action for finding in findings if finding.action]
        both = {action.deed for action in offered}
        for action in offered if create else ():
            ways = ("switch-on-auto-create", "create-repositories")
            if action.deed in ways and both.issuperset(ways) and action.deed != ways[one_by_one]:
                continue
            await here.preparer.perform(here.access, action)
            done.append(action.words)
        if done:
            findings = await here.preparer.inspect(here.access, wanted)
    return findings, done


async def policy(name: str, spaces: Sequence[str]) -> Policy | None:
    """Return the policy for `spaces`, None where the vendor has none. Raises as `reached`, RegistryError."""
    async with reached(name) as here:
        return await here.preparer.policy(here.access, spaces, instance=here.endpoint.instance)


def _path(target: str) -> str:
    path = target.strip("/")
    path = path if "/" in path else f"{path}/{ANY_NAME}"
    if not is_repository(path):
        raise InvalidReference(f"{target!r} is neither a namespace nor a repository: team, or team/app, was expected")
    return path
