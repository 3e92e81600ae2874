"""How registries differ from the specification and from each other: the base of all, which does nothing special."""

from __future__ import annotations

from aiohttp import web
from yarl import URL

from tui.demo.refusal import Refusal
from tui.demo.registry import EmbeddedRegistry, split_path
from tui.demo.session import Upload

TOKEN_PATH = "/token"
"""Where a registry that issues its own tokens does so; the one path that is not of the distribution API."""


class Personality:
    """An embedded registry as it is; subclasses change what they must and leave the rest to `registry.answer`."""

    async def answer(self, registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            kind, repository, last = split_path(request.path)
        except Refusal:
            return await registry.answer(request)
        try:
            return await self.respond(registry, request, kind, repository, last)
        except Refusal as refusal:
            async for _ in request.content.iter_any():
                pass
            return refusal.response()

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        """Answer a request for an endpoint that exists; raises Refusal to answer with an error."""
        return await registry.answer(request)


def changed(request: web.BaseRequest, *, without: str = "", query_without: tuple[str, ...] = ()) -> web.BaseRequest:
    """Return the request without a header, and without fields of its query."""
    headers = request.headers.copy()
    headers.popall(without, None) if without else None
    url = URL(request.raw_path, encoded=True)
    for name in query_without:
        url = url.without_query_params(name)
    return request.clone(rel_url=url, headers=headers)


def open_upload(registry: EmbeddedRegistry, repository: str, session: str) -> Upload:
    """Return an open upload. Raises Refusal 404 as distribution does."""
    upload = registry.storage.find_upload(repository, session)
    if upload is None:
        raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", session)
    return upload
