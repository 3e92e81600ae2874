"""The client for vendors' APIs: one host, one login, retries, lists in pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer
from tui.oci.errors import (
    LocalError,
    NetworkError,
    PolicyRefused,
    RegistryError,
    ServerError,
    Unauthenticated,
    UnsupportedContent,
    UntrustedAnswer,
)
from tui.oci.retry import RetryPolicy
from tui.providers.api.call import ApiCall, Outgoing
from tui.providers.api.client import ApiClient, own_host
from tui.providers.api.pages import Page, linked_pages, numbered_pages

QUICK = RetryPolicy(tries=3, base=0.001, cap=0.002)
LOGIN = Credential("robot$a+b", "pa ss:wörd")


class Api:
    """A server that answers as a list of functions says, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Callable[[web.BaseRequest], web.Response]] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.address = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.method, request.rel_url.raw_path_qs, headers, await request.read()))
        chosen = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return chosen(request)

    def says(self, *answers: web.Response | Callable[[web.BaseRequest], web.Response]) -> None:
        self.answers = [each if callable(each) else _fixed(each) for each in answers]


def _fixed(response: web.Response) -> Callable[[web.BaseRequest], web.Response]:
    body, status, headers = response.body, response.status, dict(response.headers)
    return lambda _: web.Response(body=body, status=status, headers=headers)


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(document, status=status, headers=headers)


Start = Callable[[], Awaitable[Api]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def started() -> Api:
            api = Api()
            runner = web.ServerRunner(web.Server(api.answer))
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0]
            api.address = f"{host}:{port}"
            return api

        yield started


def _client(api: Api, **options: Any) -> ApiClient:
    options.setdefault("retry", QUICK)
    return ApiClient(Connection(api.address, scheme="http"), **options)


async def test_a_request_as_it_goes_out(start: Start) -> None:
    api = await start()
    api.says(_json({"ok": True}))
    async with _client(api, base="/api/v9", credential=LOGIN) as client:
        call = ApiCall("POST", "/a%252Fb", "do it", query=[("q", "a b+c"), ("q", "&")], payload={"ö": 1})
        assert await client.json(call) == {"ok": True}
    method, path, headers, body = api.requests[0]
    assert (method, path) == ("POST", "/api/v9/a%252Fb?q=a%20b%2Bc&q=%26")
    assert headers["authorization"] == "Basic cm9ib3QkYStiOnBhIHNzOnfDtnJk"
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "application/json"
    assert "cookie" not in headers
    assert json.loads(body) == {"ö": 1}


async def test_cookies_are_not_kept(start: Start) -> None:
    api = await start()
    api.says(_json({}, headers={"Set-Cookie": "sid=1"}))
    async with _client(api) as client:
        for _ in range(2):
            await client.send(ApiCall("GET", "/", "look"))
    assert all("cookie" not in headers for _, _, headers, _ in api.requests)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(start: Start, status: int) -> None:
    api, other = await start(), await start()
    other.says(_json({}))
    api.says(web.Response(status=status, headers={"Location": f"http://{other.address}/"}))
    async with _client(api, credential=LOGIN) as client:
        with pytest.raises(UntrustedAnswer, match="sends us away"):
            await client.send(ApiCall("GET", "/x", "look"))
    assert other.requests == []


async def test_a_signature_cannot_move_a_request_elsewhere(start: Start) -> None:
    api, other = await start(), await start()
    other.says(_json({}))

    def away(outgoing: Outgoing) -> Outgoing:
        return replace(outgoing, url=outgoing.url.replace(api.address, other.address))

    async with _client(api, sign=away) as client:
        with pytest.raises(UntrustedAnswer, match="another host"):
            await client.send(ApiCall("GET", "/x", "look"))
    assert api.requests == other.requests == []


async def test_the_path_cannot_become_another_host(start: Start) -> None:
    api = await start()
    async with _client(api) as client:
        with pytest.raises(ValueError, match="slash"):
            await client.send(ApiCall("GET", "@other.example/", "look"))
    assert api.requests == []


async def test_every_attempt_is_signed_anew(start: Start) -> None:
    api = await start()
    api.says(web.Response(status=503), _json({}))
    count = iter(range(9))

    def sign(outgoing: Outgoing) -> Outgoing:
        return replace(outgoing, headers={**outgoing.headers, "X-Nonce": str(next(count))}, body=b"signed")

    async with _client(api, sign=sign) as client:
        await client.send(ApiCall("GET", "/x", "look"))
        await client.send(ApiCall("GET", "/y", "look", anonymous=True))
    assert [headers.get("x-nonce") for _, _, headers, _ in api.requests] == ["0", "1", None]
    assert api.requests[0][3] == b"signed"


async def test_what_may_be_repeated_is(start: Start) -> None:
    api = await start()
    api.says(web.Response(status=500))
    async with _client(api) as client:
        for method, tries in (("GET", 3), ("PUT", 3), ("POST", 1)):
            api.requests.clear()
            with pytest.raises(ServerError):
                await client.send(ApiCall(method, "/x", "do it"))
            assert len(api.requests) == tries
        api.requests.clear()
        with pytest.raises(ServerError):
            await client.send(ApiCall("POST", "/x", "do it", repeatable=True))
        assert len(api.requests) == 3
        api.says(web.Response(status=429), _json({}))
        await client.send(ApiCall("POST", "/x", "do it"))
        assert client.traffic.retried > 0


async def test_a_refused_login_is_sent_once(start: Start) -> None:
    api = await start()
    api.says(_json({"errors": [{"code": "UNAUTHORIZED", "message": "no"}]}, 401))
    async with _client(api, credential=LOGIN) as client:
        results = await asyncio.gather(
            *(client.send(ApiCall("GET", "/x", "look")) for _ in range(5)), return_exceptions=True
        )
    assert all(isinstance(each, Unauthenticated) for each in results)
    assert len(api.requests) == 1
    assert "pa ss" not in str(results)


async def test_an_answer_to_a_stranger_is_told_from_one_to_the_user(start: Start) -> None:
    api = await start()
    api.says(_json({"known": False}))
    call = ApiCall("GET", "/info", "log in", shows_login=lambda answer: answer.json("it")["known"])
    async with _client(api, credential=LOGIN) as client:
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await client.send(call)
        assert len(api.requests) == 1
        assert (await client.send(replace(call, anonymous=True))).status == 200
    assert "authorization" not in api.requests[1][2]
    async with _client(api, credential=LOGIN) as client:
        api.says(web.Response(status=503), _json({"known": True}), _json({}, 401))
        assert (await client.send(call)).status == 200
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await client.send(ApiCall("GET", "/x", "look"))
        for _ in range(4):
            assert (await client.send(replace(call, accept=frozenset({401}), shows_login=lambda _: True))).status == 401


async def test_errors_as_the_vendor_says_them(start: Start) -> None:
    api = await start()
    api.says(_json({"Response": {"Error": {"Code": "AuthFailure", "Message": "no \x1b[31mkey"}}}))

    def judge(answer: Answer, call: ApiCall) -> RegistryError | None:
        error = answer.json("it")["Response"].get("Error")
        return PolicyRefused(error["Message"], code=error["Code"]) if error else None

    async with _client(api, judge=judge) as client:
        with pytest.raises(PolicyRefused) as caught:
            await client.send(ApiCall("POST", "/", "call"))
    assert caught.value.code == "AuthFailure"
    assert "\x1b" not in str(caught.value)


async def test_what_is_no_answer(start: Start) -> None:
    api = await start()
    async with _client(api) as client:
        api.says(web.Response(body=b"<html>portal</html>"))
        with pytest.raises(ServerError, match="cannot look"):
            await client.json(ApiCall("GET", "/x", "look"))
        api.says(web.Response(body=b""))
        assert await client.json(ApiCall("GET", "/x", "look")) is None
        api.says(web.Response(body=b"[" + b"1," * 1000))
        with pytest.raises(UnsupportedContent):
            await client.send(ApiCall("GET", "/x", "look", limit=100))
    async with ApiClient(Connection("127.0.0.1:1", scheme="http"), retry=QUICK) as nobody:
        with pytest.raises(NetworkError):
            await nobody.send(ApiCall("GET", "/x", "look"))
    bad = ApiClient(Connection("host", scheme="https"), retry=QUICK)
    with pytest.raises((LocalError, UntrustedAnswer)):
        await bad.send(ApiCall("GET", "/x", "look", headers={"X": "ü\n☃"}))
    await bad.close()


async def test_the_scheme_is_found_out(start: Start) -> None:
    api = await start()
    api.says(_json({}))
    async with ApiClient(Connection(api.address, scheme="auto"), retry=QUICK) as client:
        assert await client.origin() == f"http://{api.address}"


def test_another_host_of_the_vendor_gets_no_client_certificate(tmp_path: Any) -> None:
    registry = Connection("r:5000", "http", verify=False, ca_files=(tmp_path,), client_cert=tmp_path, proxy="http://p")
    other = own_host(registry, "api.example.com")
    assert other == Connection("api.example.com", "https", ca_files=(tmp_path,), proxy="http://p")


async def _numbered(*pages: Page[int]) -> list[Page[int]]:
    asked: list[int] = []

    async def fetch(number: int) -> Page[int]:
        asked.append(number)
        return pages[number - 1] if number <= len(pages) else Page(())

    found = [page async for page in numbered_pages(fetch, lambda item: item)]
    assert asked == list(range(1, len(asked) + 1))
    return found


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([Page((1, 2), 3), Page((3,), 3)], [[1, 2], [3]]),
        ([Page((1, 2)), Page((3,))], [[1, 2], [3]]),
        ([Page((), 0)], [[]]),
        ([Page((1, 2), 9), Page((1, 2), 9)], [[1, 2]]),
        ([Page((1, 2), 4), Page((2, 3), 4)], [[1, 2], [3]]),
    ],
)
async def test_lists_by_number(pages: list[Page[int]], expected: list[Sequence[int]]) -> None:
    assert [list(page.items) for page in await _numbered(*pages)] == expected


async def test_a_list_without_end() -> None:
    async def fetch(number: int) -> Page[int]:
        return Page((number,))

    with pytest.raises(ServerError, match="does not end"):
        async for _ in numbered_pages(fetch, lambda item: item):
            pass


async def test_lists_by_link(start: Start) -> None:
    api = await start()
    async with _client(api, base="/api") as client:
        call = ApiCall("GET", "/list", "list", query=[("n", "1")])
        api.says(_json([1], headers={"Link": '</api/list?page=2>; rel="next"'}), _json([2]))
        assert [answer.json("it") async for answer in linked_pages(client, call)] == [[1], [2]]
        api.says(_json([1], headers={"Link": '</api/list?n=1>; rel="next"'}))
        with pytest.raises(ServerError, match="round"):
            assert [answer async for answer in linked_pages(client, call)] == []
        for link in ("http://other.example/list", "/elsewhere"):
            api.says(_json([1], headers={"Link": f'<{link}>; rel="next"'}))
            with pytest.raises(UntrustedAnswer):
                assert [answer async for answer in linked_pages(client, call)] == []
