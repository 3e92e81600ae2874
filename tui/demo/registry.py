"""The demo registry: an OCI distribution server for this machine alone, on a loopback port.

It answers the whole API of distribution-spec v1.1.1 (and the catalog, upload cancel and tag parameters that other
registries have), stores what is pushed byte for byte, and checks every digest. It is made for demonstrations, tests
and benchmarks: one process, one user, no TLS, no garbage collection.
"""

from __future__ import annotations

import base64
import hmac
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tui.demo.blobs import Blobs
from tui.demo.body import awaits_go_ahead
from tui.demo.index import Storage
from tui.demo.manifests import MANIFEST_LIMIT, Manifests
from tui.demo.paging import PAGE_LIMIT, Lists
from tui.demo.refusal import Refusal
from tui.demo.throttle import CHUNK, Throttle
from tui.demo.uploads import Uploads
from tui.oci.reference import is_repository

Endpoint = Callable[[web.BaseRequest, str, str], Awaitable[web.StreamResponse]]
"""Takes the request, the repository and the last part of the path (reference, digest or upload session)."""

Intercept = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Sees a request first; what it returns is sent, None lets the registry answer."""

_STOP_SECONDS = 0.2

_log = logging.getLogger(__name__)


class EmbeddedRegistry:
    """An OCI registry on 127.0.0.1 with the content of `storage`.

    With a `username` every request needs Basic credentials. `bytes_per_second` slows blob bodies down, up and down
    together, as one link would (0 is no limit). `page_limit` is the longest page of a list, `manifest_limit` the
    largest manifest in bytes. `intercept` is the place to script faults: it may answer instead of the registry, call
    `answer` and change or drop the outcome, or raise ConnectionError to hang up.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        username: str = "",
        password: str = "",
        bytes_per_second: float = 0,
        page_limit: int = PAGE_LIMIT,
        manifest_limit: int = MANIFEST_LIMIT,
        intercept: Intercept | None = None,
    ) -> None:
        self.storage = storage
        self.throttle = Throttle(bytes_per_second)
        self.intercept = intercept
        self._credentials = base64.b64encode(f"{username}:{password}".encode()) if username else b""
        self._runner: web.ServerRunner | None = None
        self._address = ""
        manifests = Manifests(storage, manifest_limit)
        blobs = Blobs(storage, self.throttle)
        uploads = Uploads(storage, self.throttle)
        lists = Lists(storage, page_limit)
        self._endpoints: dict[str, dict[str, Endpoint]] = {
            "": {"GET": _version, "HEAD": _version},
            "_catalog": {"GET": lists.catalog},
            "tags": {"GET": lists.tags},
            "manifests": {
                "GET": manifests.get,
                "HEAD": manifests.head,
                "PUT": manifests.put,
                "DELETE": manifests.delete,
            },
            "referrers": {"GET": manifests.referrers},
            "blobs": {"GET": blobs.get, "HEAD": blobs.head, "DELETE": blobs.delete},
            "uploads": {
                "POST": uploads.post,
                "PATCH": uploads.patch,
                "PUT": uploads.put,
                "GET": uploads.get,
                "HEAD": uploads.get,
                "DELETE": uploads.delete,
            },
        }

    @property
    def address(self) -> str:
        """Where it listens, `127.0.0.1:PORT`; kept after `stop`. Raises RuntimeError before the first `start`."""
        if not self._address:
            raise RuntimeError("the registry was not started")
        return self._address

    async def start(self, port: int = 0) -> None:
        """Listen on `port` of 127.0.0.1, any free one for 0. Raises OSError when it is taken."""
        if self._runner is not None:
            raise RuntimeError("the registry is already running")
        # The low-level server: no router, no middlewares, no access log, which is a third of a small request.
        # Bodies are kept as sent (auto_decompress off): a blob's digest is over what was on the wire.
        server = web.Server(self._serve, access_log=None, auto_decompress=False, read_bufsize=CHUNK)
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._address = f"127.0.0.1:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection, also those in the middle of a transfer; `start` may follow."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            response = await self.intercept(request) if self.intercept is not None else None
            return response if response is not None else await self.answer(request)
        except ConnectionError:
            # The client went away in the middle of a body, which is no error of ours to log, or `intercept` plays
            # a broken connection. Nothing of this response gets through a transport that is closing.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as the registry does, without `intercept`.

        Raises ConnectionError when the client went away, or when a body that is half sent cannot be finished.
        """
        try:
            self._authorize(request)
            kind, repository, last = split_path(request.path)
            endpoint = self._endpoints[kind].get(request.method)
            if endpoint is None:
                allowed = {"Allow": ", ".join(self._endpoints[kind])}
                raise Refusal(405, "UNSUPPORTED", "the operation is unsupported", headers=allowed)
            return await endpoint(request, repository, last)
        except Refusal as refusal:
            response = refusal.response()
            if awaits_go_ahead(request):
                response.force_close()  # the body may come or not: what follows on this connection is anyone's guess
            return response
        except ConnectionError:
            raise
        except OSError as error:  # the folder is full or gone, which is an answer and not the end of the program
            _log.error("%s %s: %s", request.method, request.path, error)
            return Refusal(500, "UNKNOWN", "the registry cannot reach its storage", error.strerror).response()

    def _authorize(self, request: web.BaseRequest) -> None:
        if not self._credentials:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._credentials)
        if scheme.lower() != "basic" or not known:
            challenge = {"WWW-Authenticate": 'Basic realm="regferry demo"'}
            raise Refusal(401, "UNAUTHORIZED", "authentication required", headers=challenge)


def split_path(path: str) -> tuple[str, str, str]:
    """Return endpoint, repository and last part of a request path.

    Repository names have slashes and may hold every word of the API, so the path is read from the right:
    `/v2/<repository>/<endpoint>/<last>`. Raises Refusal 404 for other paths, 400 for an impossible repository.
    """
    if path in ("/v2/", "/v2/_catalog"):
        return path[4:], "", ""
    head, _, last = path.rpartition("/")
    head, _, kind = head.rpartition("/")
    if kind == "uploads":
        head, _, blobs = head.rpartition("/")
        known = blobs == "blobs"
    elif kind == "tags":
        known = last == "list"
    else:
        known = kind in ("manifests", "blobs", "referrers") and last != ""
    if not known or not head.startswith("/v2/"):
        raise Refusal(404, "UNSUPPORTED", "no such endpoint", path)
    repository = head[4:]
    if not is_repository(repository):
        raise Refusal(400, "NAME_INVALID", "invalid repository name", {"name": repository})
    return kind, repository, last


async def _version(_request: web.BaseRequest, _repository: str, _last: str) -> web.StreamResponse:
    headers = {"Content-Type": "application/json", "Docker-Distribution-Api-Version": "registry/2.0"}
    return web.Response(body=b"{}", headers=headers)
