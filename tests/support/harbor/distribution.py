"""The stand-in's registry API: Harbor's token service and rules before a real docker-registry."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from aiohttp import ClientTimeout, web

from tests.support.harbor.answers import Refused, reply
from tests.support.harbor.state import HarborAccount, now

if TYPE_CHECKING:
    from tests.support.harbor.server import StandInHarbor

SERVICE = "harbor-registry"
_PATH = re.compile(r"/v2/(?P<repository>[a-z0-9][a-z0-9._/-]*?)/(?P<kind>manifests|blobs|tags)/(?P<rest>.*)")
_SCOPE = re.compile(r"repository:(?P<name>[^:]+):(?P<actions>[a-z,*]+)")
_HOP = frozenset({"transfer-encoding", "connection", "keep-alive"})


class Distribution:
    """Answers below `/v2/` and at `/service/token`."""

    def __init__(self, harbor: StandInHarbor) -> None:
        self._harbor = harbor
        self._tokens: dict[str, HarborAccount | None] = {}

    async def token(self, request: web.BaseRequest) -> web.StreamResponse:
        """A token for whoever may come in; what it may do is looked up when it is used."""
        if request.query.get("service") != SERVICE:
            self._harbor.complaints.append(f"a token for the service {request.query.get('service')!r}")
        account = self._harbor.account_of(request)
        if account is None and "Authorization" in request.headers:
            raise Refused(401, "unauthorized")
        token = secrets.token_urlsafe(24)
        self._tokens[token] = account
        # Both names, one of them empty.
        return reply({"token": token, "access_token": "", "expires_in": 1800, "issued_at": now()})

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Pass a request on to the registry behind, once Harbor's rules let it through."""
        known, account = self._who(request)
        if request.path == "/v2/":
            return reply({}) if known else self._challenge(request, "")
        if request.path == "/v2/_catalog":
            if account is None or not account.admin:
                return self._challenge(request, "registry:catalog:*")
            return await self._pass_on(request)
        match = _PATH.fullmatch(request.path)
        if match is None:
            raise Refused(404, "page not found")
        repository, project_name = match["repository"], match["repository"].partition("/")[0]
        writes = request.method in ("POST", "PUT", "PATCH", "DELETE")
        project = self._harbor.projects.get(project_name)
        if not known:
            return self._challenge(request, f"repository:{repository}:{'pull,push' if writes else 'pull'}")
        if project is None:
            raise Refused(401, f"project {project_name} not found")
        permission = "repository:push" if writes else "repository:pull"
        if not self._harbor.rest.may(account, project, permission):
            return self._challenge(request, f"repository:{repository}:{'pull,push' if writes else 'pull'}")
        if writes and self._harbor.read_only:
            raise Refused(403, "The system is in read only mode. Any modification is prohibited.", "DENIED")
        if writes and project.registry_id:
            raise Refused(405, "can not push artifact to a proxy project", "METHOD_NOT_ALLOWED")
        if request.method == "DELETE" and match["kind"] == "manifests" and not match["rest"].startswith("sha256:"):
            raise Refused(400, "the operation is unsupported", "UNSUPPORTED")
        if request.method == "PUT":
            await self._check_quota(request, project_name)
        if request.method == "PUT" and match["kind"] == "manifests" and not match["rest"].startswith("sha256:"):
            there = match["rest"] in await self._harbor.backing.tags(repository)
            if there and self._harbor.is_immutable(repository, match["rest"]):
                said = f"Failed to process request due to '{repository.partition('/')[2]}:{match['rest']}' configured"
                raise Refused(412, f"{said} as immutable.")
        answer = await self._pass_on(request)
        if request.method == "PUT" and match["kind"] == "manifests" and answer.status == 201:
            self._harbor.backing.pushed[repository, match["rest"]] = now()
        return answer

    def _who(self, request: web.BaseRequest) -> tuple[bool, HarborAccount | None]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            return value in self._tokens, self._tokens.get(value)
        account = self._harbor.account_of(request)
        return account is not None, account

    def _challenge(self, request: web.BaseRequest, scope: str) -> web.Response:
        said = reply({"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized to access repository"}]}, 401)
        if "Authorization" in request.headers:
            said.headers["WWW-Authenticate"] = 'Basic realm="harbor"'
            return said
        realm = f"http://{self._harbor.address}/service/token"
        scoped = f',scope="{scope}"' if scope else ""
        said.headers["WWW-Authenticate"] = f'Bearer realm="{realm}",service="{SERVICE}"{scoped}'
        return said

    async def _check_quota(self, request: web.BaseRequest, project: str) -> None:
        limit = self._harbor.projects[project].storage_limit
        if limit < 0:
            return
        used, _ = await self._harbor.backing.used(project)
        added = int(request.headers.get("Content-Length", "0"))
        if used + added > limit:
            said = f"adding {added} B of storage resource, which when updated to current usage of {used} B"
            raise Refused(403, f"{said} will exceed the configured upper limit of {limit} B.", "DENIED")

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        backing = self._harbor.backing
        headers = {name: value for name, value in request.headers.items() if name.lower() not in ("authorization",)}
        async with backing.session.request(
            request.method,
            f"{backing.url}{request.rel_url.raw_path_qs}",
            headers=headers,
            data=await request.read() or None,
            allow_redirects=False,
            timeout=ClientTimeout(total=60),
        ) as response:
            body = await response.read()
            kept = {name: value for name, value in response.headers.items() if name.lower() not in _HOP}
            if request.method == "HEAD":
                return web.Response(status=response.status, headers=kept)
            kept.pop("Content-Length", None)
            return web.Response(status=response.status, headers=kept, body=body)
