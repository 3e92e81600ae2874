"""Lists page by page: tags (end-8) and the catalog."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.demo.conftest import Api, connect
from tui.demo.images import IMAGE
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage

LINK = re.compile(r'<(/v2/[^>]+)>; rel="next"')
TAGS = ["1.0", "1.1", "1.10", "1.2", "Latest", "_x", "a" * 128, "latest", "v-1_2"]


@pytest.fixture
async def registry() -> AsyncIterator[EmbeddedRegistry]:
    """A registry with the longest page at 5."""
    async with EmbeddedRegistry(MemoryStorage(), page_limit=5) as registry:
        yield registry


@pytest.fixture
async def api(registry: EmbeddedRegistry) -> AsyncIterator[Api]:
    async with connect(registry) as api:
        yield api


def fill(registry: EmbeddedRegistry, repository: str, tags: list[str]) -> None:
    registry.storage.put_manifest(repository, b"{}", IMAGE, tags=tags)


async def follow(api: Api, path: str, key: str) -> list[list[str]]:
    """Return all pages, going from Link to Link."""
    pages = []
    while path:
        reply = await api("GET", path)
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "application/json"
        pages.append(reply.json()[key])
        link = reply.headers.get("Link")
        match = LINK.fullmatch(link) if link is not None else None
        assert (match is None) == (link is None)
        path = match[1] if match else ""
    return pages


async def test_tags_in_byte_order(registry: EmbeddedRegistry, api: Api) -> None:
    fill(registry, "team/app", TAGS[::-1])
    reply = await api("GET", "/v2/team/app/tags/list?n=3")
    assert reply.json() == {"name": "team/app", "tags": ["1.0", "1.1", "1.10"]}
    assert await follow(api, "/v2/team/app/tags/list", "tags") == [TAGS[:5], TAGS[5:]]


async def test_an_unknown_repository_has_no_list(api: Api) -> None:
    reply = await api("GET", "/v2/no/such/tags/list")
    assert (reply.status, reply.code) == (404, "NAME_UNKNOWN")


async def test_a_repository_without_tags_has_an_empty_one(registry: EmbeddedRegistry, api: Api) -> None:
    fill(registry, "team/app", [])
    reply = await api("GET", "/v2/team/app/tags/list")
    assert reply.json() == {"name": "team/app", "tags": []}
    assert "Link" not in reply.headers


async def test_the_catalog(registry: EmbeddedRegistry, api: Api) -> None:
    assert (await api("GET", "/v2/_catalog")).json() == {"repositories": []}
    names = [f"project-{number}/app" for number in range(7)]
    for name in names:
        fill(registry, name, [])
    registry.storage.put_blob("only/a-blob", b"x")
    assert await follow(api, "/v2/_catalog?n=3", "repositories") == [names[:3], names[3:6], names[6:]]
    registry.storage.delete_manifest(names[6], registry.storage.put_manifest(names[6], b"{}", IMAGE))
    assert (await api("GET", f"/v2/_catalog?last={quote(names[4], safe='')}")).json()["repositories"] == [names[5]]


@pytest.mark.parametrize("n", ["-1", "x", "", "1.5", "٣", pytest.param("9" * 5000, id="huge")])
async def test_n_is_a_number(registry: EmbeddedRegistry, api: Api, n: str) -> None:
    fill(registry, "team/app", TAGS)
    for path in ("/v2/team/app/tags/list", "/v2/_catalog"):
        reply = await api("GET", f"{path}?n={quote(n)}")
        assert (reply.status, reply.code) == (400, "PAGINATION_NUMBER_INVALID")


async def test_n_of_zero_is_an_empty_page_without_a_next(registry: EmbeddedRegistry, api: Api) -> None:
    fill(registry, "team/app", TAGS)
    reply = await api("GET", "/v2/team/app/tags/list?n=0")
    assert (reply.json()["tags"], "Link" in reply.headers) == ([], False)


async def test_an_n_above_the_limit_is_cut_to_it(registry: EmbeddedRegistry, api: Api) -> None:
    fill(registry, "team/app", TAGS)
    reply = await api("GET", "/v2/team/app/tags/list?n=1000")
    assert reply.json()["tags"] == TAGS[:5]
    assert reply.headers["Link"] == '</v2/team/app/tags/list?n=5&last=Latest>; rel="next"'


tags = st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True), unique=True, max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(names=tags, n=st.none() | st.integers(1, 8), last=st.none() | st.text("abcAZ09._-", max_size=3))
async def test_pages_make_up_the_list(
    registry: EmbeddedRegistry, api: Api, names: list[str], n: int | None, last: str | None
) -> None:
    """No name is lost, doubled or out of order, whatever the page size and wherever it starts, present or not."""
    storage = registry.storage
    for old in list(storage.tags("team/app")):
        storage.untag("team/app", old)
    fill(registry, "team/app", names)
    query = [f"n={n}"] * (n is not None) + [f"last={last}"] * (last is not None)
    pages = await follow(api, f"/v2/team/app/tags/list?{'&'.join(query)}", "tags")
    expected = sorted(name for name in names if last is None or name > last)
    assert [name for page in pages for name in page] == expected
    size = min(5, n or 5)
    assert all(len(page) == size for page in pages[:-1])
    assert len(pages) == max(1, -(-len(expected) // size))


async def test_a_list_that_changes_between_pages_goes_on_by_name(registry: EmbeddedRegistry, api: Api) -> None:
    fill(registry, "team/app", TAGS)
    first = await api("GET", "/v2/team/app/tags/list?n=3")
    registry.storage.untag("team/app", "1.10")
    registry.storage.untag("team/app", "1.0")
    match = LINK.fullmatch(first.headers["Link"])
    assert match
    assert (await api("GET", match[1])).json()["tags"] == TAGS[3:6]
