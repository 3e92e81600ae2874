"""The lists: tags (end-8) and the catalog, page by page (distribution-spec v1.1.1, "Listing Tags")."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import web

from tui.demo.index import Storage
from tui.demo.refusal import Refusal

_NUMBER = re.compile(r"[0-9]{1,18}")

PAGE_LIMIT = 1000
"""Entries of one page at most, as in distribution 3.1."""


class Lists:
    """Answers for lists, in byte order. `limit` caps a page, whatever `n` asks for."""

    def __init__(self, storage: Storage, limit: int = PAGE_LIMIT) -> None:
        self._storage = storage
        self._limit = limit

    async def tags(self, request: web.BaseRequest, repository: str, _: str) -> web.StreamResponse:
        """List the tags of a repository."""
        if not self._storage.has_repository(repository):
            raise Refusal(404, "NAME_UNKNOWN", "repository name not known to registry", {"name": repository})
        page, headers = self._page(request, self._storage.tags(repository))
        return web.Response(body=json.dumps({"name": repository, "tags": page}).encode(), headers=headers)

    async def catalog(self, request: web.BaseRequest, _repository: str, _: str) -> web.StreamResponse:
        """List the repositories that hold a manifest (not in the OCI specification, known to every client)."""
        page, headers = self._page(request, self._storage.repositories())
        return web.Response(body=json.dumps({"repositories": page}).encode(), headers=headers)

    def _page(self, request: web.BaseRequest, names: Sequence[str]) -> tuple[Sequence[str], dict[str, str]]:
        query = request.query
        asked = query.get("n")
        if asked is not None and _NUMBER.fullmatch(asked) is None:
            raise Refusal(400, "PAGINATION_NUMBER_INVALID", "n is not a number of entries", asked)
        count = self._limit if asked is None else min(int(asked), self._limit)
        start = bisect_right(names, query["last"]) if "last" in query else 0
        page = names[start : start + count]
        headers = {"Content-Type": "application/json"}
        if page and start + count < len(names):
            following = urlencode({"n": count, "last": page[-1]})
            headers["Link"] = f'<{request.path}?{following}>; rel="next"'
        return page, headers
