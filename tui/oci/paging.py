"""Lists in pages: tags and the catalog (distribution spec, "Content Discovery")."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tui.oci.answers import Answer
from tui.oci.call import Call
from tui.oci.channel import Channel
from tui.oci.errors import PolicyRefused, ServerError, UntrustedAnswer
from tui.oci.saying import N_, phrase
from tui.oci.trust import resolve, same_origin

_PARAMETER = r';\s*([!#$&+\-.^_`|~0-9A-Za-z]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?\s*'
_LINK = re.compile(rf"<([^>]*)>\s*((?:{_PARAMETER})*)")
_LINK_PARAMETER = re.compile(_PARAMETER)
_PAGE_SIZES = (1000, 100, 0)
_MAX_PAGES = 100_000
_MAX_PAGES_WITHOUT_NEWS = 100


def next_page(link: str, url: str) -> str | None:
    """Return the URL of the next page out of a `Link` header (RFC 8288), None when there is none.

    Raises UntrustedAnswer when it leads to another host.
    """
    for match in _LINK.finditer(link):
        if "next" in _relations(match.group(2)):
            following = resolve(url, match.group(1))
            if not same_origin(following, url):
                raise UntrustedAnswer(N_("the next page of a list is on another host"))
            return following
    return None


def _relations(parameters: str) -> list[str]:
    for name, quoted, bare in _LINK_PARAMETER.findall(parameters):
        if name.lower() == "rel":
            return str(quoted or bare).lower().split()
    return []


async def linked(channel: Channel, call: Call, answer: Answer) -> AsyncIterator[Answer]:
    """Yield `answer` and the pages its `Link` headers lead to, never the same one twice.

    Raises ServerError when the list goes round.
    """
    seen = {answer.url}
    while True:
        yield answer
        url = next_page(answer.headers.get("link", ""), answer.url)
        if url is None:
            return
        answer = await _another(channel, call, url, seen)


async def pages(channel: Channel, call: Call, key: str) -> AsyncIterator[list[str]]:
    """Yield the names under `key`, page after page, each name once; a page that brings nothing new is left out.

    The page size falls from 1000 to none for registries that refuse it. Raises ServerError when the answer is no
    list, and when the list goes round or does not end.
    """
    answer, size = await _first(channel, call)
    seen = {answer.url}
    known: set[str] = set()
    last = ""
    without_news = 0
    while without_news < _MAX_PAGES_WITHOUT_NEWS:
        listed = _names(answer.json(N_("a list")), key, call)
        names = [name for name in dict.fromkeys(listed) if name not in known]
        known.update(names)
        without_news = 0 if names else without_news + 1
        if names:
            yield names
        url = next_page(answer.headers.get("link", ""), answer.url)
        if url is None and size and len(listed) == size and names and listed[-1] != last:
            # No link after exactly a full page: some registries page without saying so.
            last = listed[-1]
            url = resolve(answer.url, f"?n={size}&last={quote(last, safe='')}")
        if url is None:
            return
        answer = await _another(channel, call, url, seen)
    raise _endless(channel, call)


async def _first(channel: Channel, call: Call) -> tuple[Answer, int]:
    """Return the first page and the size that was asked for, 0 for none."""
    for size in _PAGE_SIZES[:-1]:
        try:
            return await channel.send(replace(call, path=f"{call.path}?n={size}")), size
        except PolicyRefused as error:
            if error.status != 400:
                raise
    return await channel.send(call), 0


async def _another(channel: Channel, call: Call, url: str, seen: set[str]) -> Answer:
    if url in seen:
        raise ServerError(N_("the registry's list goes round"), endpoint=channel.registry, reference=call.reference)
    if len(seen) >= _MAX_PAGES:
        raise _endless(channel, call)
    seen.add(url)
    return await channel.send(replace(call, path=url))


def _endless(channel: Channel, call: Call) -> ServerError:
    return ServerError(N_("the registry's list does not end"), endpoint=channel.registry, reference=call.reference)


def _names(document: Any, key: str, call: Call) -> list[str]:
    # An empty list is `null` with some registries; anything else is no list, and must not pass for an empty one.
    known = isinstance(document, dict) and (key in document or "name" in document)
    listed = (document.get(key) or []) if known else None
    if not isinstance(listed, list):
        raise ServerError(
            phrase(
                "unexpected content instead of a list of {key}: a proxy or portal may answer in place of the registry",
                key=key,
            ),
            reference=call.reference,
        )
    return [name for name in listed if isinstance(name, str)]
