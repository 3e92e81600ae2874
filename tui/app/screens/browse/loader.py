"""Reading a registry for the screen, off its back: every method is the body of a worker and may be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.app.i18n import said, whole
from tui.app.screens.browse.shelf import Shelf
from tui.app.session import Session
from tui.endpoints.errors import EndpointsError
from tui.oci.errors import RegistryError
from tui.oci.reference import InvalidReference

if TYPE_CHECKING:
    from tui.providers.browse import RegistryBrowser
    from tui.providers.content import ManifestNode, Referrer

Trouble = (RegistryError, EndpointsError, InvalidReference)
"""What reading a registry raises."""
AT_ONCE = 8
MOST_FOR_ORDER = 2000
"""Tags that are read in full to order them by what is behind them."""


class Loader:
    """Fills a shelf from its registry."""

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session = session
        self.shelf = shelf

    async def browser(self) -> RegistryBrowser:
        """Return the open registry. Raises RegistryError, EndpointsError."""
        return await self._session.browser(self.shelf.endpoint)

    async def repositories(self, found: Callable[[list[str]], None]) -> None:
        """Read the list of repositories; `found` is told the new ones of every page.

        Raises CatalogUnavailable when there is no such list; those remembered with the endpoint are found all the same.
        """
        found(self.shelf.add(self.shelf.endpoint.repositories))
        browser = await self.browser()
        async for page in browser.repositories():
            found(self.shelf.add(page))
        self.shelf.complete = True

    async def tags(self, path: str, found: Callable[[list[str]], None]) -> None:
        """Read the tags of a repository; `found` is told every page."""
        listed: list[str] = []
        browser = await self.browser()
        async for page in browser.tags(path):
            listed += page
            found(page)
        self.shelf.listed[path] = tuple(dict.fromkeys(listed))

    async def listing(self, paths: Sequence[str], found: Callable[[str], None]) -> None:
        """Read the tags of repositories nobody is looking at; one that fails is left out."""
        queue = iter([path for path in paths if path not in self.shelf.listed])

        async def some() -> None:
            for path in queue:
                try:
                    await self.tags(path, lambda page: None)
                except Trouble:
                    continue
                found(path)

        await asyncio.gather(*(some() for _number in range(AT_ONCE)))

    async def describe(self, path: str, tags: Sequence[str], found: Callable[[str], None]) -> None:
        """Read what is behind tags, in this order; `found` is told each."""
        shelf = self.shelf
        queue = iter([tag for tag in tags if (path, tag) not in shelf.infos])
        browser = await self.browser()

        async def some() -> None:
            for tag in queue:
                try:
                    shelf.infos[path, tag] = await browser.describe(path, tag)
                    shelf.failures.pop((path, tag), None)
                except Trouble as error:
                    shelf.failures[path, tag] = _short(error)
                found(tag)

        await asyncio.gather(*(some() for _number in range(AT_ONCE)))

    async def tree(self, path: str, tag: str, found: Callable[[ManifestNode, list[Referrer] | None], None]) -> None:
        """Read a tag in full; `found` is told twice: without what is attached, and with it."""
        browser = await self.browser()
        node = await browser.tree(path, tag)
        found(node, None)
        found(node, await browser.referrers(path, node.digest))


def plain(error: Exception) -> str:
    """Return an error with what to do about it, as one line."""
    return whole(error)


def _short(error: Exception) -> str:
    """Return an error without the reference it is about, which stands beside it."""
    message, hint = said(getattr(error, "message", str(error))), said(getattr(error, "hint", ""))
    return f"{message}; {hint}" if hint else message
