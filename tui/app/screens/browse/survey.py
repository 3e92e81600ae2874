"""Finding out how much is selected, in the background: the tags of whole repositories, and what is behind each tag."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tui.app.basket import Basket
from tui.app.i18n import said
from tui.oci.errors import RegistryError
from tui.oci.reference import InvalidReference

if TYPE_CHECKING:
    from tui.providers.browse import RegistryBrowser

AT_ONCE = 3
"""Requests beside those for what is on screen."""
MOST_MEASURED = 2000
"""Tags whose size is found out before a run; generate finds out about all of them."""


async def survey(
    basket: Basket, browser: RegistryBrowser, changed: Callable[[], None], failed: Callable[[str], None]
) -> None:
    """List and measure what is selected until nothing is left, also what is selected meanwhile.

    `changed` is called after every step, `failed` with a sentence for a repository whose tags cannot be listed. May be
    cancelled at any time.
    """
    refused: set[object] = set()
    while True:
        paths = [path for path in basket.unlisted() if path not in refused][:AT_ONCE]
        if paths:
            await asyncio.gather(*(_list(basket, browser, path, refused, failed) for path in paths))
            changed()
            continue
        left = MOST_MEASURED - len(basket.contents)
        tags = [each for each in basket.unmeasured() if each not in refused][: min(left, 30 * AT_ONCE)]
        if left <= 0 or not tags:
            return
        queue = iter(tags)
        await asyncio.gather(*(_measure_all(basket, browser, queue, refused, changed) for _ in range(AT_ONCE)))


async def _list(
    basket: Basket, browser: RegistryBrowser, path: str, refused: set[object], failed: Callable[[str], None]
) -> None:
    try:
        basket.listed[path] = tuple(dict.fromkeys([tag async for page in browser.tags(path) for tag in page]))
    except (RegistryError, InvalidReference) as error:
        refused.add(path)
        failed(said(str(error)))


async def _measure_all(
    basket: Basket,
    browser: RegistryBrowser,
    queue: Iterator[tuple[str, str]],
    refused: set[object],
    changed: Callable[[], None],
) -> None:
    for path, tag in queue:
        try:
            node = await browser.tree(path, tag)
        except (RegistryError, InvalidReference):
            # The sum says that it is not all of it; the list of tags says why.
            refused.add((path, tag))
        else:
            basket.measured(path, tag, node.contents())
            changed()
