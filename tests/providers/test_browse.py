"""Browsing real registries and the embedded one: what is shown, how much is asked, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from tests.providers.conftest import access_of
from tests.real.conftest import LOGIN, MODES, StartRegistry
from tests.support import corpus, images
from tests.support.pusher import push
from tests.support.token_server import Account, TokenServer
from tui.demo.images import CREATED
from tui.demo.samples import load_many, load_samples
from tui.oci.access import Access, Connection, Credential
from tui.oci.errors import NotFound, RegistryError, Unauthenticated
from tui.oci.reference import InvalidReference
from tui.providers.browse import CatalogUnavailable, RegistryBrowser, project_of
from tui.providers.catalog import provider_for
from tui.providers.kinds import KINDS


async def _names(pages: Any) -> list[str]:
    return [name async for page in pages for name in page]


@pytest.mark.parametrize("mode", MODES)
async def test_every_shape_in_every_mode(start_registry: StartRegistry, mode: str) -> None:
    registry = start_registry(mode)
    entries = corpus.push_all(registry, corpus.every_shape())
    async with RegistryBrowser(access_of(registry)) as browser:
        assert sorted(await _names(browser.repositories())) == sorted(corpus.repositories(entries))
        for entry in entries:
            assert set(entry.tags) <= set(await _names(browser.tags(entry.repository)))
            info = await browser.describe(entry.repository, entry.tags[0])
            blobs = sum(blob.size for blob in entry.manifest.all_blobs().values())
            assert (info.digest, info.problem) == (entry.manifest.digest, "")
            assert info.size == blobs + sum(_manifest_sizes(entry.manifest).values())
            node = await browser.tree(entry.repository, entry.tags[0])
            assert (node.raw, node.first_problem()) == (entry.manifest.body, "")


def _manifest_sizes(manifest: images.Manifest) -> dict[str, int]:
    sizes = {manifest.digest: len(manifest.body)}
    for child in manifest.children:
        sizes |= _manifest_sizes(child)
    return sizes


@pytest.mark.parametrize(
    ("repository", "tag", "kind", "platforms"),
    [
        ("library/app", "v1", "image", ("linux/amd64",)),
        ("library/docker", "v1", "image", ("linux/amd64",)),
        ("library/multi", "v1", "index", corpus.PLATFORMS),
        ("library/docker-multi", "v1", "index", corpus.PLATFORMS),
        ("library/nested", "v1", "index", (*corpus.PLATFORMS, "linux/riscv64")),
        ("library/empty", "v1", "image", ("linux/amd64",)),
        ("charts/web", "1.0.0", "chart", ()),
        ("artifacts/sbom", "v1", "sbom", ()),
    ],
)
async def test_what_a_tag_is(
    start_registry: StartRegistry, repository: str, tag: str, kind: str, platforms: tuple[str, ...]
) -> None:
    registry = start_registry()
    corpus.push_all(registry, (entry for entry in corpus.every_shape() if entry.repository == repository))
    async with RegistryBrowser(access_of(registry)) as browser:
        info = await browser.describe(repository, tag)
    assert (info.kind, info.platforms) == (kind, platforms)
    assert info.signed is (repository == "library/app")


async def test_signatures_of_cosign_are_seen_with_and_without_a_list(start_registry: StartRegistry) -> None:
    registry = start_registry()
    corpus.push_all(registry, corpus.every_shape()[:3])
    async with RegistryBrowser(access_of(registry)) as browser:
        assert (await browser.describe("library/app", "v1")).signed is True
        assert (await browser.describe("library/app", "v2")).signed is False
        signature = next(tag for tag in await _names(browser.tags("library/app")) if tag.endswith(".sig"))
        assert (await browser.describe("library/app", signature)).kind == "signature"
        assert (await browser.describe("library/app", "v1")).signed is True
        digest = (await browser.describe("library/app", "v1")).digest
        (attached,) = await browser.referrers("library/app", digest)
    assert (attached.kind, attached.tag) == ("signature", signature)


async def test_the_sample_images(play: Any) -> None:
    played = await play()
    await load_samples(played.registry, scale=0.01)
    async with RegistryBrowser(played.access) as browser:
        nginx = await browser.describe("library/nginx", "latest")
        assert (nginx.kind, nginx.platforms) == ("index", ("linux/amd64", "linux/arm64/v8"))
        assert nginx.created == datetime.fromisoformat(CREATED)
        app = await browser.describe("team/app", "latest")
        assert (app.signed, (await browser.describe("team/app", "1.3.0")).signed) == (True, False)
        kinds = {referrer.kind for referrer in await browser.referrers("team/app", app.digest)}
        assert kinds == {"signature", "sbom"}
        tree = await browser.tree("library/nginx", "latest")
        first = tree.images()[0]
        assert first.config is not None
        assert first.config.labels == {"maintainer": "demo"}
        assert (first.platform, len(tree.children), len(first.layers)) == ("linux/amd64", 2, 3)
        assert json.loads(tree.raw)["manifests"]


async def test_what_is_known_by_digest_is_not_read_again(play: Any) -> None:
    played = await play()
    await load_samples(played.registry, scale=0.01)
    async with RegistryBrowser(played.access) as browser:
        await browser.describe("library/nginx", "latest")
        before = len(played.requests)
        again = await browser.describe("library/nginx", "latest")
        assert played.requests[before:] == ["HEAD /v2/library/nginx/manifests/latest"]
        await browser.tree("library/nginx", again.digest)
        configs = played.requests[before + 1 :]
    assert len(configs) == 1
    assert "/blobs/" in configs[0]


async def test_a_tag_that_moves_is_seen(start_registry: StartRegistry) -> None:
    registry = start_registry()
    one, two = (images.image([images.layer(name)], label=name) for name in ("one", "two"))
    push(registry, "team/app", one, "latest")
    async with RegistryBrowser(access_of(registry)) as browser:
        assert (await browser.describe("team/app", "latest")).digest == one.digest
        push(registry, "team/app", two, "latest")
        assert (await browser.describe("team/app", "latest")).digest == two.digest


async def test_equal_questions_at_the_same_time_are_asked_once_and_few_at_a_time(play: Any) -> None:
    played = await play()
    await load_samples(played.registry, scale=0.01)
    running = most = 0

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        played.requests.append(f"{request.method} {request.path_qs}")
        return await played.registry.answer(request)

    played.registry.intercept = slow
    async with RegistryBrowser(played.access) as browser:
        tags = await _names(browser.tags("library/nginx"))
        tags = [tag for tag in tags if not tag.endswith(".sig")]
        await asyncio.gather(*(browser.describe("library/nginx", tag) for tag in tags * 3))
    blobs = [request for request in played.requests if "/blobs/" in request]
    by_digest = [request for request in played.requests if "/manifests/sha256:" in request and "GET" in request]
    assert len(blobs) == len(set(blobs))
    assert len(by_digest) == len(set(by_digest))
    assert 1 < most <= 16  # 8 requests of the API and 8 blobs


async def test_many_tags_and_repositories_come_in_pages(play: Any) -> None:
    played = await play()
    await load_many(played.registry, tags=2500, repositories=1)
    async with RegistryBrowser(played.access) as browser:
        pages = [page async for page in browser.tags("bench/repo-0000")]
    assert [len(page) for page in pages] == [1000, 1000, 500]


async def test_who_moves_on_stops_the_pages(play: Any) -> None:
    played = await play()
    await load_many(played.registry, tags=2500, repositories=1)
    async with RegistryBrowser(played.access) as browser:
        pages = browser.tags("bench/repo-0000")
        await anext(pages)
        await pages.aclose()
    assert played.count("GET /v2/bench/repo-0000/tags/list") == 1


async def test_a_cancelled_reader_leaves_the_work_to_the_next(play: Any) -> None:
    played = await play()
    await load_samples(played.registry, scale=0.01)
    held = asyncio.Event()
    first = asyncio.Event()

    async def hold(request: web.BaseRequest) -> None:
        if "/manifests/sha256:" in request.path and not first.is_set():
            first.set()
            await held.wait()

    played.registry.intercept = hold
    async with RegistryBrowser(played.access) as browser:
        left = asyncio.create_task(browser.describe("library/nginx", "latest"))
        stays = asyncio.create_task(browser.describe("library/nginx", "1.25"))
        await first.wait()
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        held.set()
        assert (await stays).problem == ""


async def test_a_child_that_is_not_there_is_said_and_the_rest_is_shown(play: Any) -> None:
    played = await play()
    await load_samples(played.registry, scale=0.01)
    async with RegistryBrowser(played.access) as browser:
        missing = (await browser.tree("library/nginx", "latest")).children[1].digest

    def without(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=404) if request.path.endswith(missing) else None

    played = await play(without)
    await load_samples(played.registry, scale=0.01)
    async with RegistryBrowser(played.access) as browser:
        info = await browser.describe("library/nginx", "latest")
        tree = await browser.tree("library/nginx", "latest")
    assert info.problem
    assert info.created is not None
    assert tree.children[1].problem == info.problem
    assert tree.children[0].config is not None


async def test_a_config_with_other_bytes_is_not_believed(start_registry: StartRegistry) -> None:
    registry = start_registry()
    image = images.image([images.layer("x")])
    push(registry, "team/app", image, "v1")
    registry.corrupt(image.blobs[0].digest)
    async with RegistryBrowser(access_of(registry)) as browser:
        info = await browser.describe("team/app", "v1")
        node = await browser.tree("team/app", "v1")
    assert "config" in info.problem
    assert (info.created, info.platforms) == (None, ())
    assert node.config is None
    assert node.problem == info.problem


async def test_an_unsure_signature_hides_nothing_else(play: Any) -> None:
    def failing(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=403) if "/referrers/" in request.path or "sha256-" in request.path else None

    played = await play(failing)
    await load_samples(played.registry, scale=0.01)
    async with RegistryBrowser(played.access) as browser:
        info = await browser.describe("library/redis", "7.0.15")
    assert (info.signed, info.problem, info.kind) == (None, "", "image")


async def test_what_is_not_there() -> None:
    with pytest.raises(InvalidReference):
        async with RegistryBrowser(Access(Connection("registry.invalid"))) as browser:
            await browser.describe("No/Good", "v1")


async def test_a_missing_repository_and_a_missing_tag(start_registry: StartRegistry) -> None:
    registry = start_registry()
    corpus.push_all(registry, corpus.every_shape()[:1])
    async with RegistryBrowser(access_of(registry)) as browser:
        with pytest.raises(NotFound):
            await _names(browser.tags("no/where"))
        with pytest.raises(NotFound):
            await browser.describe("library/app", "nothing")
        with pytest.raises(InvalidReference):
            await browser.referrers("library/app", "latest")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
async def test_a_registry_without_a_catalog_asks_for_names(play: Any, status: int) -> None:
    played = await play(lambda request: web.Response(status=status) if request.path == "/v2/_catalog" else None)
    async with RegistryBrowser(played.access) as browser:
        with pytest.raises(CatalogUnavailable) as caught:
            await _names(browser.repositories())
    assert "type the names" in caught.value.hint


@pytest.mark.parametrize("kind", ["dockerhub", "ghcr", "acr"])
async def test_those_that_never_have_one_are_not_asked(play: Any, kind: str) -> None:
    played = await play()
    async with RegistryBrowser(played.access, kind) as browser:
        with pytest.raises(CatalogUnavailable):
            await _names(browser.repositories())
    assert played.requests == []


async def test_a_wrong_password_is_not_taken_for_a_missing_catalog(start_registry: StartRegistry) -> None:
    for mode in ("htpasswd", "token"):
        async with RegistryBrowser(access_of(start_registry(mode), password="wrong")) as browser:
            with pytest.raises(Unauthenticated):
                await _names(browser.repositories())


async def test_an_account_that_may_not_list(start_registry: StartRegistry) -> None:
    server = TokenServer({LOGIN.username: Account(LOGIN.password, {"library/.*": frozenset({"pull"})})})
    try:
        async with RegistryBrowser(access_of(start_registry("token", token_server=server))) as browser:
            with pytest.raises(CatalogUnavailable) as caught:
                await _names(browser.repositories())
    finally:
        server.close()
    assert "this account" in caught.value.message


async def test_a_basic_registry_that_refuses_the_list_to_a_good_login(play: Any) -> None:
    """Harbor answers 401 to an account that may not list everything."""

    def harbor(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.path != "/v2/_catalog":
            return None
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="harbor"'})

    played = await play(harbor, username="ferry", password="right")
    access = replace(played.access, credential=Credential("ferry", "right"))
    async with RegistryBrowser(access) as browser:
        with pytest.raises(CatalogUnavailable):
            await _names(browser.repositories())


async def test_a_broken_list_is_an_error(play: Any) -> None:
    played = await play(lambda request: web.Response(text="<html>") if request.path == "/v2/_catalog" else None)
    async with RegistryBrowser(played.access) as browser:
        with pytest.raises(RegistryError) as caught:
            await _names(browser.repositories())
    assert not isinstance(caught.value, CatalogUnavailable)


def test_projects() -> None:
    assert [project_of(name) for name in ("library/nginx", "a/b/c", "alone")] == ["library", "a", ""]


def test_every_kind_has_a_provider_and_strangers_get_the_generic_one() -> None:
    assert [provider_for(kind).kind for kind in KINDS] == list(KINDS)
    assert provider_for("somebody's").kind == "generic"


def test_times_of_zero_are_no_times() -> None:
    from tui.providers.content import parse_time

    assert parse_time("2024-03-01T09:00:00.123456789Z") == datetime(2024, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    for nothing in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon", "", None, 5, []):
        assert parse_time(nothing) is None
