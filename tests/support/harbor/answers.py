"""Answers in Harbor's shapes: errors, lists in pages, things that were created."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from aiohttp import web

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    412: "PRECONDITION",
    422: "UNPROCESSABLE_ENTITY",
    500: "UNKNOWN",
}


class Refused(Exception):
    """Ends a request with an error of Harbor's."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        self.status = status
        self.message = message
        self.code = code or CODES[status]
        super().__init__(message)

    def answer(self) -> web.Response:
        """Return the answer."""
        said = "internal server error" if self.status >= 500 else self.message
        return reply({"errors": [{"code": self.code, "message": said}]}, self.status)


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return JSON."""
    body = json.dumps(document).encode()
    made = {"X-Request-Id": "6f7f9a5a", **(headers or {})}
    return web.Response(body=body, status=status, content_type="application/json", headers=made)


def created(path: str, number: int) -> web.Response:
    """Return a 201 with the location of what was made."""
    return web.Response(status=201, headers={"Location": f"{path.rstrip('/')}/{number}", "X-Request-Id": "6f7f9a5a"})


def empty(status: int = 200) -> web.Response:
    """Return no body."""
    return web.Response(status=status, headers={"X-Request-Id": "6f7f9a5a"})


def listed(request: web.BaseRequest, items: Sequence[Any], *, most: int = 100) -> web.Response:
    """Return the page that was asked for, with `X-Total-Count` and the unescaped `Link` of the real one."""
    query = dict(parse_qsl(request.query_string, keep_blank_values=True))
    page, size = _number(query, "page", 1), _number(query, "page_size", 10)
    if page < 1 or not 0 < size <= most:
        raise Refused(422, f"page_size in query should be less than or equal to {most}")
    start = (page - 1) * size
    links = []
    if start + size < len(items):
        links.append(_link(request, query, page + 1, size, "next"))
    if page > 1:
        links.append(_link(request, query, page - 1, size, "prev"))
    headers = {"X-Total-Count": str(len(items))}
    if links:
        headers["Link"] = " , ".join(links)
    return reply(items[start : start + size] or None if start else items[:size], 200, headers)


def _link(request: web.BaseRequest, query: dict[str, str], page: int, size: int, relation: str) -> str:
    following = urlencode({**query, "page": str(page), "page_size": str(size)})
    return f'<{request.rel_url.raw_path}?{unquote_plus(following)}>; rel="{relation}"'


def _number(query: dict[str, str], name: str, otherwise: int) -> int:
    try:
        return int(query.get(name, otherwise))
    except ValueError:
        raise Refused(422, f"{name} in query must be of type integer: {query[name]!r}") from None
