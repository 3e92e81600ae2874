"""What is at a target repository before we copy anything there."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.client import ManifestHead
from tui.oci.errors import Denied, NotFound, RegistryError, Throttled, Unauthenticated
from tui.oci.reference import Repository, is_digest
from tui.oci.registry import Registry


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target repository as seen when planning.

    `exists` is False only when the registry said so; `tags` is None when it would not list them, and then every
    reference is looked at by itself.
    """

    client: Registry
    repository: Repository
    exists: bool = True
    tags: frozenset[str] | None = None

    async def head(self, reference: str) -> ManifestHead | None:
        """Return what is under a tag or digest; no request when the list already says that nothing is."""
        if not self.exists:
            return None
        if self.tags is not None and not is_digest(reference) and reference not in self.tags:
            return None
        return await self.client.head_manifest(self.repository, reference)


async def view_target(client: Registry, repository: Repository, references: int) -> TargetView:
    """Look at a target repository for `references` tags; for one or two a list would cost more than it saves."""
    if references <= 2:
        return TargetView(client, repository)
    try:
        tags = frozenset([tag async for page in client.tags(repository) for tag in page])
    except NotFound:
        return TargetView(client, repository, exists=False, tags=frozenset())
    except (Denied, Unauthenticated):
        # An account may push and still not list; the push itself will say whether it may not push either.
        return TargetView(client, repository)
    except Throttled:
        raise
    except RegistryError as error:
        if error.retryable:
            raise
        return TargetView(client, repository)
    return TargetView(client, repository, tags=tags)
