"""Lists in pages: `Link` in every form, registries that page without saying so, and lists that never end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.oci.scripted import USER, Asked, Scripted, client, refused, reply, repository
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.errors import NotFound, PolicyRefused, RegistryError, ServerError, UnsupportedContent, UntrustedAnswer
from tui.oci.paging import next_page

BASE = "https://r.io/v2/a/tags/list?n=2"

LINKS = [
    ('</v2/a/tags/list?n=2&last=b>; rel="next"', "https://r.io/v2/a/tags/list?n=2&last=b"),
    ("</v2/a/tags/list?last=b>; rel=next", "https://r.io/v2/a/tags/list?last=b"),
    ("<?last=b>;rel=next", "https://r.io/v2/a/tags/list?last=b"),
    ('<list?last=b> ; REL="NEXT"', "https://r.io/v2/a/tags/list?last=b"),
    ('<https://r.io/v2/x?opaque=%2F+=>; rel="next"', "https://r.io/v2/x?opaque=%2F+="),
    ('<https://r.io:443/v2/x>; rel="next"', "https://r.io:443/v2/x"),
    ('</p>; rel="prev", </n>; rel="next"', "https://r.io/n"),
    ('</n>; rel="next", </p>; rel="prev"', "https://r.io/n"),
    ('</n>; title="a, b; rel=x"; rel="next"', "https://r.io/n"),
    ('</n>; rel="first next"', "https://r.io/n"),
    ('</a,b;c>; rel="next"', "https://r.io/a,b;c"),
    ('</n>; foo; rel="next"', "https://r.io/n"),
    ('</n>; rel="next"; rel="prev"', "https://r.io/n"),
    ("", None),
    ("</n>", None),
    ('</n>; rel="nextish"', None),
    ('</n>; title="next"', None),
    ("</n>; rel=prev", None),
    ('</n>; rel="prev"; rel="next"', None),
    ("rel=next", None),
    ('</n; rel="next"', None),
    (">; rel=next <", None),
]


@pytest.mark.parametrize(("link", "expected"), LINKS)
def test_next_page(link: str, expected: str | None) -> None:
    assert next_page(link, BASE) == expected


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.io/v2/a/tags/list",
        "//evil.io/",
        "http://r.io/v2/a/tags/list",
        "https://r.io:8443/",
        "https://r.io@evil.io/",
        "https://me:pw@r.io/",
        "ftp://r.io/",
        "javascript:x",
        "http://[",
    ],
)
def test_a_page_elsewhere_is_refused(target: str) -> None:
    with pytest.raises(UntrustedAnswer):
        next_page(f'<{target}>; rel="next"', BASE)


@given(st.text(max_size=120))
def test_no_link_breaks_it(link: str) -> None:
    try:
        following = next_page(link, BASE)
    except UntrustedAnswer:
        return
    assert following is None or following.startswith("https://r.io")


@pytest.mark.parametrize("piece", ["<a>;", "<a>; rel=", ";rel", "<", '<a>; x="', "<a>; a=b; ", " "])
def test_hostile_links_end(piece: str) -> None:
    assert next_page(piece * 2_000, BASE) is None


# With servers


async def _tags(registry: Scripted, path: str = "team/app") -> list[list[str]]:
    async with client(registry.address, USER) as connected:
        return [page async for page in connected.tags(repository(registry.address, path))]


def _list(names: Any, **headers: Any) -> web.Response:
    return reply(200, {"name": "team/app", "tags": names}, **headers)


def _served(answering: Callable[[dict[str, list[str]]], web.Response]) -> Scripted:
    return Scripted(
        lambda asked: reply() if asked.path == "/v2/" else answering(parse_qs(urlsplit(asked.path).query))
    )  # fmt: skip


async def test_follows_links_to_the_end() -> None:
    pages = {"": ("a b", "b"), "b": ("c d", "d"), "d": ("e", "")}

    def answering(query: dict[str, list[str]]) -> web.Response:
        names, last = pages[query.get("last", [""])[0]]
        headers: dict[str, Any] = (
            {"Link": f'</v2/team/app/tags/list?last={last}&opaque=%2F>; rel="next"'} if last else {}
        )
        return _list(names.split(), **headers)

    async with _served(answering) as registry:
        assert await _tags(registry) == [["a", "b"], ["c", "d"], ["e"]]
        assert registry.asked[-1].path == "/v2/team/app/tags/list?last=d&opaque=%2F"


async def test_a_short_page_with_a_link_is_not_the_end() -> None:
    def answering(query: dict[str, list[str]]) -> web.Response:
        if "last" in query:
            return _list(["z"])
        return _list([], Link='<?last=x>; rel="next"')

    async with _served(answering) as registry:
        assert await _tags(registry) == [["z"]]


async def test_a_full_page_without_a_link_is_asked_after() -> None:
    names = [f"t{n:04}" for n in range(2500)]

    def answering(query: dict[str, list[str]]) -> web.Response:
        start = names.index(query["last"][0]) + 1 if "last" in query else 0
        return _list(names[start : start + int(query["n"][0])])

    async with _served(answering) as registry:
        assert list(itertools.chain(*await _tags(registry))) == names
        assert len(registry.requests(part="/tags/")) == 3


async def test_a_registry_that_knows_no_pages_gives_each_tag_once() -> None:
    names = [f"t{n:04}" for n in range(1000)]
    async with _served(lambda _: _list(names)) as registry:
        assert await _tags(registry) == [names]
        assert len(registry.requests(part="/tags/")) == 2


async def test_more_tags_than_one_page_may_hold_elsewhere() -> None:
    names = [f"{n:06}-{'x' * 80}" for n in range(100_000)]
    async with _served(lambda _: _list(names)) as registry:
        [page] = await _tags(registry)
        assert len(page) == 100_000


@pytest.mark.parametrize("accepted", [100, 0])
async def test_the_page_size_falls_until_it_is_taken(accepted: int) -> None:
    def answering(query: dict[str, list[str]]) -> web.Response:
        asked_for = int(query.get("n", ["0"])[0])
        return _list(["a"]) if asked_for == accepted else refused(400, "PAGINATION_NUMBER_INVALID")

    async with _served(answering) as registry:
        assert await _tags(registry) == [["a"]]


async def test_a_registry_that_refuses_every_size_is_an_error() -> None:
    async with _served(lambda _: refused(400, "PAGINATION_NUMBER_INVALID", "no pages here")) as registry:
        with pytest.raises(PolicyRefused, match="no pages here"):
            await _tags(registry)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["a", "b"], [["a", "b"]]),
        (["a", None, 5, ["b"], "b"], [["a", "b"]]),
        (["a", "a", "b", "a"], [["a", "b"]]),
        (["ok", "not ok", "sha256:" + "0" * 64, "../up", "x" * 129, "\x1b[2J", ""], [["ok"]]),
        ([], []),
        (None, []),
    ],
)
async def test_what_a_list_may_hold(tags: Any, expected: list[list[str]]) -> None:
    async with _served(lambda _: _list(tags)) as registry:
        assert await _tags(registry) == expected


async def test_an_empty_repository_may_say_nothing_of_tags() -> None:
    async with _served(lambda _: reply(200, {"name": "team/app"})) as registry:
        assert await _tags(registry) == []


@pytest.mark.parametrize(
    "document", [[], "tags", 5, None, {}, {"tags": 5}, {"tags": "abc"}, {"tags": {"a": 1}}, {"ok": 1}]
)
async def test_what_is_no_list_does_not_pass_for_an_empty_one(document: Any) -> None:
    body = reply(200, document).body if document is not None else b"null"
    async with _served(lambda _: web.Response(body=body)) as registry:
        with pytest.raises(ServerError, match="unexpected content"):
            await _tags(registry)


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"\xff\xfe", b'{"tags":['])
async def test_a_portal_in_place_of_a_list(body: bytes) -> None:
    async with _served(lambda _: reply(body=body)) as registry:
        with pytest.raises(ServerError, match="unexpected content"):
            await _tags(registry)


async def test_a_page_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.oci.lists.MAX_PAGE", 1000)
    async with _served(lambda _: _list(["x" * 100] * 20)) as registry:
        with pytest.raises(UnsupportedContent, match="longer than the 1000 bytes"):
            await _tags(registry)
        assert len(registry.requests(part="/tags/")) == 1


async def test_a_circle_of_pages_ends() -> None:
    def answering(query: dict[str, list[str]]) -> web.Response:
        other = "b" if query.get("last") == ["a"] else "a"
        return _list([other], Link=f'<?last={other}>; rel="next"')

    async with _served(answering) as registry:
        with pytest.raises(ServerError, match="goes round"):
            await _tags(registry)
        assert len(registry.requests(part="/tags/")) <= 12


async def test_a_list_that_brings_nothing_new_ends() -> None:
    count = itertools.count()
    async with _served(lambda _: _list(["same"], Link=f'<?last={next(count)}>; rel="next"')) as registry:
        with pytest.raises(ServerError, match="does not end"):
            await _tags(registry)
        assert len(registry.requests(part="/tags/")) < 400


async def test_a_list_that_goes_on_for_ever_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.oci.paging._MAX_PAGES", 50)
    count = itertools.count()

    def answering(_: dict[str, list[str]]) -> web.Response:
        number = next(count)
        return _list([f"t{number}"], Link=f'<?last={number}>; rel="next"')

    async with _served(answering) as registry:
        with pytest.raises(ServerError, match="does not end"):
            await _tags(registry)


async def test_a_page_on_another_host_gets_no_request_and_no_login() -> None:
    async with Scripted(lambda asked: _list(["stolen"])) as evil:

        def answering(asked: Asked) -> web.StreamResponse:
            if not asked.authorization:
                return refused(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"')
            return _list(["a"], Link=f'<{evil.url}/v2/team/app/tags/list>; rel="next"')

        async with Scripted(answering) as registry:
            with pytest.raises(UntrustedAnswer):
                await _tags(registry)
    assert evil.asked == []


async def test_the_catalog_leaves_out_what_is_no_repository() -> None:
    names = ["a/b", "../etc", "UPPER", "ok", "a//b", None, "\x1b[2J"]
    served = Scripted(lambda asked: reply(200, {"repositories": names} if "_catalog" in asked.path else {}))
    async with served as registry, client(registry.address) as connected:
        assert [page async for page in connected.catalog()] == [["a/b", "ok"]]


@pytest.mark.parametrize("status", [401, 403, 404, 405])
async def test_a_catalog_that_is_refused(status: int) -> None:
    served = Scripted(lambda asked: reply(status if "_catalog" in asked.path else 200))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError):
            [page async for page in connected.catalog()]


@pytest.mark.parametrize("limit", [1, 3, 7, 1000])
async def test_the_embedded_registry_pages(limit: int) -> None:
    storage = MemoryStorage()
    names = sorted(f"v{n}" for n in range(20))
    body = b'{"schemaVersion":2,"manifests":[]}'
    storage.put_manifest("team/app", body, "application/vnd.oci.image.index.v1+json", tags=names)
    async with EmbeddedRegistry(storage, page_limit=limit) as registry, client(registry.address) as connected:
        listed = [page async for page in connected.tags(repository(registry.address))]
        assert list(itertools.chain(*listed)) == names
        assert max(len(page) for page in listed) <= limit
        with pytest.raises(NotFound):
            [page async for page in connected.tags(repository(registry.address, "team/none"))]
