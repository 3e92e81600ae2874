"""What is at a target repository before we copy anything there."""

from __future__ import annotations

import asyncio

from tui.oci.client import ManifestHead
from tui.oci.errors import Denied, NotFound, RegistryError, Throttled, Unauthenticated
from tui.oci.reference import Repository, is_digest
from tui.oci.registry import Registry

_FEW = 2
"""References for which a list would cost more than it saves."""


class TargetView:
    """A target repository as seen when planning for `references` tags or digests.

    As long as it has what it is asked for, that takes one HEAD each and nothing else. The first that is not there makes
    it list its tags, which says the same of all others at once. `exists` is False only when the registry said so.
    """

    def __init__(self, client: Registry, repository: Repository, references: int, *, exists: bool = True) -> None:
        self.client = client
        self.repository = repository
        self.exists = exists
        self._tags: frozenset[str] | None = None
        self._may_list = references > _FEW
        self._asked = not self._may_list
        self._asking = asyncio.Lock()

    async def head(self, reference: str) -> ManifestHead | None:
        """Return what is under a tag or digest; no request when it is known already that nothing is."""
        if not self._asked:
            async with self._asking:  # what the first one finds may spare the others their question
                if not self._asked:
                    try:
                        return await self._ask(reference)
                    finally:
                        self._asked = True  # also when it failed: the others must not wait for one another then
        return await self._ask(reference)

    async def listed(self) -> frozenset[str] | None:
        """Return the tags, None where they are not to be had or too few are asked for to list them."""
        if self._may_list:
            await self._list()
        return self._tags

    async def _ask(self, reference: str) -> ManifestHead | None:
        if not self.exists:
            return None
        if self._tags is not None and not is_digest(reference) and reference not in self._tags:
            return None
        found = await self.client.head_manifest(self.repository, reference)
        if found is None and self._may_list:
            await self._list()
        return found

    async def _list(self) -> None:
        self._may_list = False
        try:
            self._tags = frozenset([tag async for page in self.client.tags(self.repository) for tag in page])
        except NotFound:
            self.exists = False
        except (Denied, Unauthenticated):
            return  # an account may push and still not list; the push itself will say whether it may not push either
        except RegistryError as error:
            if error.retryable or isinstance(error, Throttled):
                self._may_list = True
                raise
