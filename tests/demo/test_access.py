"""Everything before an endpoint answers: paths, methods, credentials, the fault hook, the throttle."""

from __future__ import annotations

import asyncio
import base64
import os

import aiohttp
import pytest
from aiohttp import web

from tests.demo.conftest import Api, connect, raw_connection
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.reference import digest_of

DIGEST = digest_of(b"x")


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_version_check(api: Api, method: str) -> None:
    reply = await api(method, "/v2/")
    assert (reply.status, reply.body) == (200, b"{}" if method == "GET" else b"")
    assert reply.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/", 404, "UNSUPPORTED"),
        ("/v1/", 404, "UNSUPPORTED"),
        ("/v2/team/app", 404, "UNSUPPORTED"),
        ("/v2/team/app/manifests/", 404, "UNSUPPORTED"),
        ("/v2/team/app/tags/other", 404, "UNSUPPORTED"),
        ("/v3/team/app/manifests/latest", 404, "UNSUPPORTED"),
        ("/v2/manifests/latest", 404, "UNSUPPORTED"),
        ("/v2/Team/app/manifests/latest", 400, "NAME_INVALID"),
        ("/v2/team//app/manifests/latest", 400, "NAME_INVALID"),
        ("/v2/../../etc/manifests/latest", 400, "NAME_INVALID"),
        ("/v2/team/_uploads/manifests/latest", 400, "NAME_INVALID"),
        ("/v2/team%ff/tags/list", 400, "NAME_INVALID"),
        (f"/v2/{'a' * 256}/tags/list", 400, "NAME_INVALID"),
    ],
)
async def test_other_paths_are_refused(api: Api, path: str, status: int, code: str) -> None:
    reply = await api("GET", path)
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize(
    "repository", ["manifests", "blobs/uploads", "a/blobs/b", "tags/list", "v2/v2", "a/manifests/latest", "uploads"]
)
async def test_a_repository_may_have_the_words_of_the_api(api: Api, repository: str) -> None:
    digest = await api.put_blob(repository, b"content")
    fields = {"schemaVersion": 2, "mediaType": "a/b", "layers": [{"digest": digest}]}
    assert (await api.put_manifest(repository, "list", fields)).status == 201
    assert (await api("GET", f"/v2/{repository}/tags/list")).json() == {"name": repository, "tags": ["list"]}
    assert (await api("GET", f"/v2/{repository}/blobs/{digest}")).body == b"content"
    assert (await api("GET", "/v2/_catalog")).json() == {"repositories": [repository]}


async def test_slashes_of_a_repository_may_be_encoded(api: Api) -> None:
    digest = await api.put_blob("team/app", b"content")
    assert (await api("HEAD", f"/v2/team%2Fapp/blobs/{digest.replace(':', '%3A')}")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v2/", "GET, HEAD"),
        ("PUT", "/v2/_catalog", "GET"),
        ("DELETE", "/v2/team/app/tags/list", "GET"),
        ("POST", "/v2/team/app/manifests/latest", "GET, HEAD, PUT, DELETE"),
        ("PUT", f"/v2/team/app/blobs/{DIGEST}", "GET, HEAD, DELETE"),
        ("PUT", f"/v2/team/app/referrers/{DIGEST}", "GET"),
    ],
)
async def test_other_methods_are_refused(api: Api, method: str, path: str, allowed: str) -> None:
    reply = await api(method, path)
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "UNSUPPORTED", allowed)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Basic"}, 401),
        ({"Authorization": "Bearer " + basic("robot$ci:pä ss:wörd")[6:]}, 401),
        ({"Authorization": basic("robot$ci:wrong")}, 401),
        ({"Authorization": basic("other:pä ss:wörd")}, 401),
        ({"Authorization": basic("robot$ci:pä ss:wörd")}, 200),
        ({"Authorization": basic("robot$ci:pä ss:wörd").replace("Basic", "basic")}, 200),
    ],
)
async def test_a_registry_with_a_login(header: dict[str, str], status: int) -> None:
    storage = MemoryStorage()
    storage.put_blob("team/app", b"x")
    registry = EmbeddedRegistry(storage, username="robot$ci", password="pä ss:wörd")
    async with registry, connect(registry) as api:
        for path in ("/v2/", "/v2/_catalog", f"/v2/team/app/blobs/{DIGEST}"):
            reply = await api("GET", path, **header)
            assert reply.status == status
            if status == 401:
                assert reply.code == "UNAUTHORIZED"
                assert reply.headers["WWW-Authenticate"] == 'Basic realm="regferry demo"'
        put = await api("PUT", "/v2/team/app/manifests/v1", b'{"mediaType":"a/b"}', **header)
        assert put.status == (201 if status == 200 else status)


async def test_a_client_may_wait_for_the_go_ahead(registry: EmbeddedRegistry, api: Api) -> None:
    """RFC 9110 (10.1.1): go ahead when the body is wanted, the final answer at once when not."""
    location = await api.start_upload("team/app")
    ask = "PATCH {} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    async with raw_connection(registry) as (reader, writer):
        writer.write(ask.format(location).encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"01234")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
    async with raw_connection(registry) as (reader, writer):
        writer.write(ask.format(location + "0").encode())
        refused = await reader.readuntil(b"\r\n\r\n")
        assert refused.startswith(b"HTTP/1.1 404 ")
        assert b"Connection: close" in refused


async def test_the_hook_sees_every_request_and_may_answer(registry: EmbeddedRegistry, api: Api) -> None:
    seen = []

    async def intercept(request: web.BaseRequest) -> web.StreamResponse | None:
        seen.append((request.method, request.path))
        if request.method == "HEAD":
            return web.Response(status=429, headers={"Retry-After": "7"})
        return None

    registry.intercept = intercept
    digest = await api.put_blob("team/app", b"content")
    reply = await api("HEAD", f"/v2/team/app/blobs/{digest}")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert [method for method, _ in seen] == ["POST", "PUT", "HEAD"]
    registry.intercept = None
    assert (await api("HEAD", f"/v2/team/app/blobs/{digest}")).status == 200


async def test_the_hook_may_change_an_answer(registry: EmbeddedRegistry, api: Api) -> None:
    async def without_digest(request: web.BaseRequest) -> web.StreamResponse | None:
        response = await registry.answer(request)
        response.headers.popall("Docker-Content-Digest", None)
        return response

    digest = await api.put_blob("team/app", b"content")
    registry.intercept = without_digest
    reply = await api("GET", f"/v2/team/app/blobs/{digest}")
    assert (reply.status, reply.body, "Docker-Content-Digest" in reply.headers) == (200, b"content", False)
    assert (await api("GET", "/v2/no/such/tags/list")).code == "NAME_UNKNOWN"


@pytest.mark.parametrize("after", [False, True], ids=["before-the-work", "after-the-work"])
async def test_the_hook_may_hang_up(registry: EmbeddedRegistry, api: Api, after: bool) -> None:
    async def hang_up(request: web.BaseRequest) -> web.StreamResponse | None:
        if after:
            await registry.answer(request)
        raise ConnectionResetError("the cable was pulled")

    registry.intercept = hang_up
    with pytest.raises(aiohttp.ClientConnectionError):
        await api("PUT", "/v2/team/app/manifests/v1", b'{"mediaType":"a/b"}')
    registry.intercept = None
    assert (await api("HEAD", "/v2/team/app/manifests/v1")).status == (200 if after else 404)


async def test_a_throttled_link_is_shared_by_both_directions() -> None:
    """It cannot be faster than its rate; how much slower it is, is the machine's affair."""
    body = os.urandom(20_000)
    registry = EmbeddedRegistry(MemoryStorage(), bytes_per_second=200_000)
    async with registry, connect(registry) as api:
        clock = asyncio.get_running_loop().time
        registry.storage.put_blob("team/app", body)
        path = f"/v2/team/app/blobs/{digest_of(body)}"
        began = clock()
        down, again, _ = await asyncio.gather(api("GET", path), api("GET", path), api.put_blob("team/other", body))
        assert clock() - began >= 0.29
        assert down.body == again.body == body
        part = await api("GET", path, Range="bytes=19000-")
        assert (part.status, part.body) == (206, body[19_000:])
