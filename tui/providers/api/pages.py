"""Lists of a vendor's API that come in pages: numbered, or linked like a registry's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from tui.oci.answers import Answer
from tui.oci.errors import ServerError, UntrustedAnswer
from tui.oci.paging import next_page
from tui.oci.saying import N_
from tui.oci.trust import resolve
from tui.providers.api.call import ApiCall
from tui.providers.api.client import ApiClient

Item = TypeVar("Item")

MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a list, and how many items the whole list has (None when the API does not say)."""

    items: Sequence[Item]
    total: int | None = None


async def numbered_pages(
    fetch: Callable[[int], Awaitable[Page[Item]]], identity: Callable[[Item], Hashable], *, first: int = 1
) -> AsyncGenerator[Page[Item], None]:
    """Yield the pages `fetch` returns for the numbers from `first` on, each item once (told apart by `identity`).

    Ends with an empty page, a page that brings nothing new (an API that ignores the number), or when as many items
    came as there are. Raises ServerError when the list does not end.
    """
    seen: set[Hashable] = set()
    received = 0
    for number in range(first, first + MOST_PAGES):
        page = await fetch(number)
        received += len(page.items)
        fresh: list[Item] = []
        for item in page.items:
            if (name := identity(item)) not in seen:
                seen.add(name)
                fresh.append(item)
        if not fresh:
            # The total is worth telling even when there is nothing to list.
            if number == first:
                yield Page((), page.total)
            return
        yield Page(fresh, page.total)
        if page.total is not None and received >= page.total:
            return
    raise ServerError(N_("the list does not end"))


async def linked_pages(client: ApiClient, call: ApiCall) -> AsyncGenerator[Answer, None]:
    """Yield the answer to `call` and those its `Link` headers lead to, at the same host and never one twice.

    Raises UntrustedAnswer for a link to another host, ServerError when the list goes round.
    """
    seen: set[str] = set()
    prefix = await client.origin() + client.base
    while True:
        answer = await client.send(call)
        seen.add(answer.url)
        yield answer
        url = next_page(answer.headers.get("link", ""), answer.url)
        if url is None:
            return
        url = resolve(answer.url, url)
        if url in seen or len(seen) >= MOST_PAGES:
            raise ServerError(N_("the list goes round"), endpoint=client.registry, reference=call.reference)
        if not url.startswith(prefix + "/"):
            raise UntrustedAnswer(N_("the next page of a list is outside the API"), endpoint=client.registry)
        call = replace(call, path=url.removeprefix(prefix), query=())
