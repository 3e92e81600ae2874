"""Lists in pages: tags and the catalog (distribution spec, "Content Discovery")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote, urljoin

from tui.oci.channel import Call, Channel
from tui.oci.errors import PolicyRefused, ServerError, UntrustedAnswer
from tui.oci.trust import same_origin

_LINK = re.compile(r'<([^>]*)>\s*;[^,]*?\brel="?next"?', re.IGNORECASE)
_PAGE_SIZES = (1000, 100, 0)
_MAX_PAGES = 100_000


def next_page(link: str, url: str) -> str | None:
    """Return the URL of the next page out of a `Link` header (RFC 8288), None when there is none.

    Raises UntrustedAnswer when it leads to another host.
    """
    match = _LINK.search(link)
    if match is None:
        return None
    following: str = urljoin(url, str(match.group(1)))
    if not same_origin(following, url):
        raise UntrustedAnswer("the next page of a list is on another host")
    return following


async def pages(channel: Channel, call: Call, key: str) -> AsyncIterator[list[str]]:
    """Yield the names under `key`, page after page, following `Link` and never the same page twice.

    The page size falls from 1000 to none for registries that refuse it. Raises ServerError when the list goes round.
    """
    answer = None
    for size in _PAGE_SIZES:
        try:
            answer = await channel.send(replace(call, path=call.path + (f"?n={size}" if size else "")))
        except PolicyRefused as error:
            if error.status != 400 or not size:
                raise
            continue
        break
    assert answer is not None
    seen: set[str] = set()
    last = ""
    for _ in range(_MAX_PAGES):
        document = answer.json("a list")
        listed = document.get(key) if isinstance(document, dict) else None
        names = [name for name in listed or [] if isinstance(name, str)]
        yield names
        url = next_page(answer.headers.get("link", ""), answer.url)
        if url is None and size and len(names) == size and names[-1] != last:
            # No link after exactly a full page: some registries page without saying so.
            last = names[-1]
            url = urljoin(answer.url, f"?n={size}&last={quote(last, safe='')}")
        if url is None:
            return
        if url in seen:
            raise ServerError(f"the registry's list goes round in a circle: {call.reference}")
        seen.add(url)
        answer = await channel.send(replace(call, path=url))
    raise ServerError(f"the registry's list does not end: {call.reference}")
