"""Registries with their habits, as far as a client notices them.

Sources: distribution 2.8.2 and 3.1 (observed and their source), OCI distribution specification, vendors'
documentation, and what clients reported; sizes are scaled down so that small blobs are large ones.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping

from aiohttp import web

from tests.support.faults.personality import TOKEN_PATH, Personality, changed, open_upload
from tui.demo.refusal import Refusal
from tui.demo.registry import EmbeddedRegistry
from tui.oci.reference import digest_of


class Distribution2(Personality):
    """distribution 2.8, and Harbor which is built on it.

    The offset is signed into the Location: whoever comes with an old one, also after a chunk that broke half-way, is
    told 404 BLOB_UPLOAD_INVALID. `Content-Range` is not looked at, so a chunk sent twice is there twice. POST does not
    take a body, a mount needs `from`, lists of tags have no pages and those of repositories 1000 entries at most.
    """

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        if kind == "uploads":
            return await self._upload(registry, request, repository, last)
        if kind == "tags":
            request = changed(request, query_without=("n", "last"))
        if kind == "_catalog" and int(request.query.get("n", "0")) > 1000:
            raise Refusal(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        response = await registry.answer(request)
        if kind == "blobs" and response.status == 416:
            # It announces the whole size and sends less: never ask at the end.
            response.headers["Content-Length"] = str(registry.storage.size(last))
        return response

    async def _upload(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, repository: str, session: str
    ) -> web.StreamResponse:
        if session:
            upload = open_upload(registry, repository, session)
            if f"_state={self._sign(session, upload.size)}" not in request.rel_url.raw_query_string.split("&"):
                raise Refusal(404, "BLOB_UPLOAD_INVALID", "blob upload invalid")
            request = changed(request, without="Content-Range")
        elif "digest" in request.query or not request.query.get("from"):
            request = changed(request, query_without=("digest", "mount", "from"))
        response = await registry.answer(request)
        return self._signed(registry, repository, response)

    def _signed(self, registry: EmbeddedRegistry, repository: str, response: web.StreamResponse) -> web.StreamResponse:
        location = response.headers.get("Location", "")
        if "/uploads/" in location:
            session = location.rpartition("/")[2].partition("?")[0]
            size = open_upload(registry, repository, session).size
            response.headers["Location"] = f"{location}?_state={self._sign(session, size)}"
        return response

    def _sign(self, session: str, offset: int) -> str:
        # Signed and base64 there; what matters is that it must come back as it is, with `%3D` and `+`.
        return f"{session[:8]}%2B{offset}%3D%3D" if not offset % 2 else f"{session[:8]}-{offset}%3D"


class Distribution3(Personality):
    """distribution 3: a broken chunk keeps its bytes, the status tells how many, a wrong start is 416."""

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        response = await registry.answer(request)
        location = response.headers.get("Location", "")
        if "/uploads/" in location:
            response.headers["Location"] = f"{location}?_state=fresh{response.headers.get('Range', '')}"
        return response


class DockerHub(Personality):
    """Docker Hub as a source: manifests are counted, HEAD is free, and the answer to too many is a bare 429."""

    def __init__(self, budget: int, window: int = 21600) -> None:
        self.left = budget
        self._budget = budget
        self._window = window

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        if kind != "manifests":
            return await registry.answer(request)
        counts = request.method == "GET"
        headers = {
            "ratelimit-limit": f"{self._budget};w={self._window}",
            "ratelimit-remaining": f"{max(0, self.left - counts)};w={self._window}",
            "docker-ratelimit-source": "127.0.0.1",
        }
        if counts and self.left <= 0:
            raise Refusal(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", headers=headers)
        self.left -= counts
        response = await registry.answer(request)
        response.headers.update(headers)
        return response

    def refill(self) -> None:
        """Begin a new window."""
        self.left = self._budget


class _OwnSessions(Personality):
    """Registries whose uploads do not work like ours: `_parts` are the bytes of each session."""

    def __init__(self) -> None:
        self._parts: dict[str, list[bytes]] = {}

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        if kind == "uploads" and last and request.method in ("PATCH", "PUT", "GET"):
            open_upload(registry, repository, last)
            body = await request.read() if request.method != "GET" else b""
            parts = self._parts.setdefault(last, [])
            if request.method == "PUT":
                return self._close(registry, repository, last, [*parts, *([body] if body else [])], request)
            return self._chunk(repository, last, parts, body, request)
        return await registry.answer(request)

    def _chunk(
        self, repository: str, session: str, parts: list[bytes], body: bytes, request: web.BaseRequest
    ) -> web.StreamResponse:
        raise NotImplementedError

    def _close(
        self, registry: EmbeddedRegistry, repository: str, session: str, parts: list[bytes], request: web.BaseRequest
    ) -> web.StreamResponse:
        upload = open_upload(registry, repository, session)
        registry.storage.take_upload(upload)
        registry.storage.discard_upload(upload)
        whole, digest = b"".join(parts), request.query.get("digest", "")
        if digest_of(whole, digest.partition(":")[0] or "sha256") != digest:
            raise Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        registry.storage.put_blob(repository, whole, digest)
        headers = {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": digest}
        return web.Response(status=201, headers=headers)

    def _state(self, repository: str, session: str, end: int) -> dict[str, str]:
        return {
            "Location": f"/v2/{repository}/blobs/uploads/{session}",
            "Range": f"0-{max(0, end - 1)}",
            "Docker-Upload-UUID": session,
        }


class Ghcr(_OwnSessions):
    """GitHub's registry: of several chunks only the last is kept, and that is how long it says the upload is.

    With `honest` False it claims all of them, and only the digest at the end tells.
    """

    def __init__(self, *, honest: bool = True) -> None:
        super().__init__()
        self._honest = honest
        self._claimed: dict[str, int] = {}

    def _chunk(
        self, repository: str, session: str, parts: list[bytes], body: bytes, request: web.BaseRequest
    ) -> web.StreamResponse:
        if request.method == "PATCH":
            parts[:] = [body]
            self._claimed[session] = self._claimed.get(session, 0) + len(body)
        end = sum(map(len, parts)) if self._honest else self._claimed.get(session, 0)
        status = 202 if request.method == "PATCH" else 204
        return web.Response(status=status, headers=self._state(repository, session, end))


class ArtifactRegistry(_OwnSessions):
    """Google Artifact Registry, which documents that chunks are not supported: a PATCH is refused."""

    def _chunk(
        self, repository: str, session: str, parts: list[bytes], body: bytes, request: web.BaseRequest
    ) -> web.StreamResponse:
        if request.method == "PATCH":
            raise Refusal(405, "UNSUPPORTED", "chunked uploads are not supported")
        return web.Response(status=204, headers=self._state(repository, session, 0))


class Ecr(_OwnSessions):
    """Amazon ECR.

    A chunk is answered 201; every part but the last must have `minimum` bytes; the Range is that of the first chunk
    for ever when `stuck` (aws/containers-roadmap#2831), although all is stored. Repositories must exist, and a mount
    opens a session unless the account allows mounts.
    """

    def __init__(
        self, repositories: Collection[str], *, minimum: int = 0, mounts: bool = False, stuck: bool = False
    ) -> None:
        super().__init__()
        self._repositories = set(repositories)
        self._minimum = minimum
        self._mounts = mounts
        self._stuck = stuck

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        if repository and repository not in self._repositories:
            said = f"The repository with name '{repository}' does not exist in the registry with id '123456789012'"
            raise Refusal(404, "NAME_UNKNOWN", said)
        if kind == "uploads" and not last and not self._mounts:
            request = changed(request, query_without=("mount", "from"))
        response = await super().respond(registry, request, kind, repository, last)
        if kind == "uploads" and self._minimum and response.status == 202:
            response.headers["OCI-Chunk-Min-Length"] = str(self._minimum)
        return response

    def _chunk(
        self, repository: str, session: str, parts: list[bytes], body: bytes, request: web.BaseRequest
    ) -> web.StreamResponse:
        if request.method == "PATCH":
            if parts and len(parts[-1]) < self._minimum:
                raise Refusal(400, "BLOB_UPLOAD_INVALID", f"a part is smaller than {self._minimum} bytes")
            parts.append(body)
        end = len(parts[0]) if self._stuck and parts else sum(map(len, parts))
        return web.Response(
            status=201 if request.method == "PATCH" else 204, headers=self._state(repository, session, end)
        )


class Harbor(Distribution2):
    """Harbor: projects must exist, tags can be immutable (412), projects have quotas (403)."""

    def __init__(
        self, projects: Collection[str], *, immutable: str = "", quotas: Mapping[str, int] | None = None
    ) -> None:
        self.projects = set(projects)
        self.quotas = dict(quotas or {})
        self._immutable = re.compile(immutable) if immutable else None
        self._used: dict[str, int] = {}

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        project = repository.partition("/")[0]
        if repository and project not in self.projects:
            raise Refusal(404, "NOT_FOUND", f"project {project} not found")
        if kind == "manifests" and request.method == "PUT" and self._immutable is not None:
            stored = registry.storage.manifest(repository, last)
            if stored is not None and self._immutable.search(f"{repository}:{last}"):
                said = f"Failed to process request due to '{repository}:{last}' configured as immutable."
                raise Refusal(412, "PRECONDITION", said)
        if kind == "uploads" and last and request.method in ("PATCH", "PUT"):
            self._charge(project, request.content_length or 0)
        return await super().respond(registry, request, kind, repository, last)

    def _charge(self, project: str, count: int) -> None:
        quota, used = self.quotas.get(project), self._used.get(project, 0)
        if quota is not None and used + count > quota:
            said = (
                f"adding {count} B of storage resource, which when updated to current usage of {used} B "
                f"will exceed the configured upper limit of {quota} B."
            )
            raise Refusal(403, "DENIED", said)
        self._used[project] = used + count


class Quay(Personality):
    """Quay: manifests are accepted with 202, a mount opens a session, and there is no referrers API."""

    async def respond(
        self, registry: EmbeddedRegistry, request: web.BaseRequest, kind: str, repository: str, last: str
    ) -> web.StreamResponse:
        if kind == "referrers":
            raise Refusal(404, "NOT_FOUND", "no such endpoint")
        if kind == "uploads" and not last:
            request = changed(request, query_without=("mount", "from"))
        response = await registry.answer(request)
        if kind == "manifests" and request.method == "PUT" and response.status == 201:
            response.set_status(202)
        return response


class Tokens(Personality):
    """Any registry behind Bearer tokens that live `life` seconds, issued by itself to everybody.

    `issued` counts tokens, `refused` requests with one that is too old or revoked. Tokens begin with `name`.
    """

    def __init__(self, inner: Personality | None = None, *, life: float = 300.0, name: str = "token") -> None:
        self._inner = inner or Personality()
        self._name = name
        self._life = life
        self._valid: dict[str, tuple[float, str]] = {}
        self.issued: list[str] = []
        self.refused = 0

    def revoke(self) -> None:
        """Let every token that was issued be too old."""
        self._valid.clear()

    async def answer(self, registry: EmbeddedRegistry, request: web.BaseRequest) -> web.StreamResponse:
        now = time.monotonic()
        if request.path == TOKEN_PATH:
            return self._issue(request, now)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        until, scope = self._valid.get(token, (0.0, ""))
        needed = _scope(request)
        if now < until and needed in ("", *scope.split(" ")):
            return await self._inner.answer(registry, request)
        self.refused += bool(token)
        async for _ in request.content.iter_any():
            pass
        error = ',error="invalid_token"' if token else ""
        asked = f',scope="{needed}"' if needed else ""
        challenge = f'Bearer realm="http://{registry.address}{TOKEN_PATH}",service="tests"{asked}{error}'
        refusal = Refusal(401, "UNAUTHORIZED", "authentication required", headers={"WWW-Authenticate": challenge})
        return refusal.response()

    def _issue(self, request: web.BaseRequest, now: float) -> web.Response:
        scopes = " ".join(sorted(request.query.getall("scope", [])))
        token = f"{self._name}-{len(self.issued)}"
        self.issued.append(scopes)
        granted = " ".join(f"{name}:{part}" for scope in scopes.split() for name, part in _grants(scope))
        self._valid[token] = (now + self._life, granted)
        body = {"token": token, "expires_in": max(1, int(self._life))}
        return web.Response(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


def _scope(request: web.BaseRequest) -> str:
    match = re.match(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/", request.path)
    if match is None:
        return ""
    return f"repository:{match[1]}:{'pull' if request.method in ('GET', 'HEAD') else 'push'}"


def _grants(scope: str) -> list[tuple[str, str]]:
    name, _, actions = scope.rpartition(":")
    return [(name, action) for action in actions.split(",")]
