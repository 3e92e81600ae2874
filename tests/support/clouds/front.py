"""A cloud's registry: a real docker-registry behind a front that logs in and grants as the cloud does."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from tests.support.clouds.state import Cloud
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer

_NOT_FORWARDED = frozenset({"transfer-encoding", "connection", "keep-alive", "date", "server"})
_READER = Login("reader", "of the tests")
_REFUSAL = json.dumps(
    {
        "errors": [
            {"code": "DENIED", "message": "requested access to the resource is denied"},
            {"code": "UNAUTHORIZED", "message": "authentication required"},
        ]
    }
).encode()


class RegistryFront:
    """Serves the registry of `cloud` at `address`; its Bearer challenge names `service`.

    Every request to the registry takes `delay` seconds longer. `token_path` is where the token server is. `catalog`
    says whether there is a list of repositories. Use as an async context manager.
    """

    def __init__(
        self,
        cloud: Cloud,
        service: str,
        *,
        token_path: str = "/auth",
        catalog: bool = False,
    ) -> None:
        self.cloud = cloud
        self.service = service
        self.delay = 0.0
        self.address = ""
        self.tokens: list[tuple[str, int]] = []
        self.no_tag_lists = False
        self._token_path = token_path
        self._catalog = catalog
        # The reader of tests goes to the registry itself.
        self._minter = TokenServer({_READER.username: Account(_READER.password)}, lifetime=300.0)
        self._real = RealRegistry(token_server=self._minter, login=_READER)
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)
        self._session: aiohttp.ClientSession | None = None

    def tokens_last(self, seconds: float) -> None:
        """Let tokens last so long from now on."""
        self._minter.lifetime, self._minter.announced = seconds, int(seconds)

    @property
    def real(self) -> RealRegistry:
        """The docker-registry behind it."""
        return self._real

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._real.start)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
        self._minter.close()
        await asyncio.to_thread(self._real.close)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        self.cloud.note(request.method, request.raw_path, request.headers, body if len(body) < 4096 else b"")
        if self.cloud.closed:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=499)
        if request.path == self._token_path:
            return self._token(request)
        await asyncio.sleep(self.delay)
        if request.path == "/v2/_catalog" and not self._catalog:
            return web.json_response({"errors": [{"code": "UNSUPPORTED", "message": "not supported"}]}, status=404)
        if request.path.endswith("/tags/list") and self.no_tag_lists:
            return web.Response(status=403, body=_REFUSAL, content_type="application/json")
        return await self._forward(request, body)

    def _token(self, request: web.BaseRequest) -> web.Response:
        login = _basic(request.headers)
        if request.query.get("service") != self.service:
            self.cloud.complain(f"asked for a token for {request.query.get('service')}, and this is {self.service}")
        if login is not None and not self.cloud.knows(*login):
            self.tokens.append((login[0], 401))
            refusal = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
            return web.json_response(refusal, status=401)
        self.tokens.append((login[0] if login else "", 200))
        access = []
        for scope in request.query.getall("scope", []):
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            access.append((kind, name, [each for each in actions.split(",") if self._grants(login, name, each)]))
        token = self._minter.mint(access)
        return web.json_response({"token": token, "access_token": token, "expires_in": self._minter.announced})

    def _grants(self, login: tuple[str, str] | None, name: str, action: str) -> bool:
        space = self.cloud.spaces.get(name.partition("/")[0])
        if name == "catalog":
            return self._catalog and login is not None
        if login is None:
            return action == "pull" and space is not None and space.public
        if action == "push":
            return self.cloud.may_push(name)
        return space is not None

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_FORWARDED}
        async with self._session.request(
            request.method,
            f"http://{self._real.address}{request.raw_path}",
            headers=headers,
            data=body or None,
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as answer:
            content = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_FORWARDED}
            status = answer.status
        if status == 401:
            scope = _parameter(kept.get("Www-Authenticate", ""), "scope")
            asked = f',scope="{scope}"' if scope else ""
            # With a token that is not enough, the cloud says no as well as who are you.
            content = _REFUSAL if "Authorization" in request.headers else content
            kept = {
                "Www-Authenticate": f'Bearer realm="http://{request.host}{self._token_path}",service="{self.service}"'
                + asked,
                "Content-Type": "application/json",
                "Docker-Distribution-Api-Version": "registry/2.0",
            }
        if status == 201 and "/manifests/" in request.path:
            self.cloud.repositories.add(request.path.removeprefix("/v2/").partition("/manifests/")[0])
        response = web.StreamResponse(status=status, headers=kept)
        await response.prepare(request)
        if request.method != "HEAD" and content:
            await response.write(content)
        await response.write_eof()
        return response


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return None
    username, _, password = base64.b64decode(value).decode().partition(":")
    return username, password


def _parameter(challenge: str, name: str) -> str:
    _, found, rest = challenge.partition(f'{name}="')
    return rest.partition('"')[0] if found else ""
