"""A Harbor as source: what it lists, to whom, in how many requests, in both versions of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers.harbor.conftest import (
    ADMIN,
    GUEST,
    ONCE,
    PULLER,
    ROBOT,
    SINGLE_SIGN_ON,
    Fleet,
    Open,
    access_to,
)
from tests.real.conftest import StartRegistry
from tests.support import images
from tests.support.harbor.server import StandInHarbor
from tui.oci.access import Access, Connection
from tui.oci.client import RegistryClient
from tui.oci.errors import Denied, NotFound, Unauthenticated
from tui.oci.reference import InvalidReference
from tui.providers.api.pages import Page
from tui.providers.harbor import query
from tui.providers.harbor.client import Harbor
from tui.providers.harbor.content import Artifact
from tui.providers.harbor.names import Version
from tui.providers.harbor.source import HarborSource

APIS = ("2.0", "1")


async def _all(pages: AsyncIterator[Page[Any]]) -> list[Any]:
    return [item async for page in pages for item in page.items]


def _stocked(fleet: Fleet, *accounts: Any, **options: Any) -> StandInHarbor:
    harbor = fleet.start(*(accounts or (ADMIN, ROBOT, GUEST, PULLER, SINGLE_SIGN_ON)), **options)
    harbor.add_project("library", public=True)
    harbor.add_project("shop")
    fleet.fill(harbor, "library/nginx", "1.27", "latest")
    fleet.fill(harbor, "shop/web/front", "v1")
    fleet.fill(harbor, "shop/api", "v1")
    return harbor


@pytest.mark.parametrize("api", APIS)
async def test_projects_and_repositories_with_their_totals(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = _stocked(fleet, api=api)
    source = HarborSource(opened(harbor))
    projects = await _all(source.projects())
    assert [(each.name, each.public) for each in projects] == [("library", True), ("shop", False)]
    paths = [each.path for each in await _all(source.repositories())]
    assert sorted(paths) == ["library/nginx", "shop/api", "shop/web/front"]
    pages = [page async for page in source.repositories("shop")]
    assert [page.total for page in pages] == [2]
    assert {each.path: each.artifacts for each in pages[0].items} == {"shop/api": 1, "shop/web/front": 1}
    assert (await source.project("shop")).id == 2
    with pytest.raises(NotFound):
        await source.project("sho")


@pytest.mark.parametrize("api", APIS)
async def test_lists_longer_than_a_page(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = fleet.start(api=api)
    for number in range(230):
        harbor.add_project(f"p{number:03}")
    pages = [page async for page in HarborSource(opened(harbor)).projects()]
    assert [len(page.items) for page in pages] == [100, 100, 30]
    assert {page.total for page in pages} == {230}
    assert harbor.count("GET /api/v2.0/projects" if api == "2.0" else "GET /api/projects") == 3


async def test_artifacts_with_all_that_harbor_knows(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    single = fleet.fill(harbor, "shop/web/front", "v2", "stable", content="two")
    both = images.index(
        [
            (platform, images.image([images.layer(platform)], platform=platform))
            for platform in ("linux/amd64", "linux/arm64/v8")
        ]
    )
    fleet.fill(harbor, "shop/web/front", "multi", made=both)
    fleet.fill(harbor, "shop/web/front", "chart", made=images.chart("web"))
    tag, signed = images.signature(single)
    fleet.fill(harbor, "shop/web/front", tag, made=signed)
    harbor.labels["shop/web/front", single.digest] = ["production", "checked"]
    source = HarborSource(opened(harbor))
    found: dict[str, Artifact] = {
        each.digest: each for each in await _all(source.artifacts("shop/web/front", immutable=True))
    }
    assert len(found) == 4
    image = found[single.digest]
    assert (image.kind, image.signed, image.platforms) == ("image", True, ("linux/amd64",))
    assert sorted(each.name for each in image.tags) == ["stable", "v2"]
    assert [each.name for each in image.labels] == ["production", "checked"]
    assert [each.type for each in image.accessories] == ["signature.cosign"]
    assert image.size == len(single.body) + sum(blob.size for blob in single.blobs)
    assert image.tags[0].immutable is False
    assert image.pushed is not None
    assert image.pulled is None
    assert found[both.digest].kind == "index"
    assert found[both.digest].platforms == ("linux/amd64", "linux/arm64/v8")
    assert found[both.digest].signed is False
    assert len(found[both.digest].children) == 2
    assert {each.kind for each in found.values()} == {"image", "index", "chart"}


async def test_artifacts_of_one_repository_by_terms(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    for number in range(3):
        fleet.fill(harbor, "shop/api", f"2.{number}-rc", content=str(number))
    source = HarborSource(opened(harbor))
    release = await _all(source.artifacts("shop/api", query.containing("tags", "rc")))
    assert sorted(each.tags[0].name for each in release) == ["2.0-rc", "2.1-rc", "2.2-rc"]
    assert await _all(source.artifacts("shop/api", query.UNTAGGED)) == []
    assert len(await _all(source.artifacts("shop/api", query.TAGGED))) == 4


async def test_tags_of_1_10_are_put_together_by_digest(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet, api="1")
    made = fleet.fill(harbor, "shop/web/front", "v2", "stable", content="two")
    harbor.labels["shop/web/front", made.digest] = ["production"]
    harbor.notary |= {"v2", "stable"}
    found = {
        each.digest: each
        for each in await _all(HarborSource(opened(harbor)).artifacts("shop/web/front"))
    }  # fmt: skip
    assert len(found) == 2
    artifact = found[made.digest]
    assert sorted(tag.name for tag in artifact.tags) == ["stable", "v2"]
    assert artifact.signed is True
    assert artifact.labels[0].name == "production"
    assert artifact.platforms == ("linux/amd64",)
    assert harbor.count("GET /api/repositories/shop/web/front/tags") == 1
    assert not any(each.signed for digest, each in found.items() if digest != made.digest)


async def test_a_name_with_slashes_is_encoded_twice(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    await _all(HarborSource(opened(harbor)).artifacts("shop/web/front"))
    assert harbor.count("GET /api/v2.0/projects/shop/repositories/web%252Ffront/artifacts") == 1


async def test_a_robot_with_a_dollar_sees_its_project(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    client = opened(harbor, ROBOT)
    info = await client.info()
    assert (info.known, info.version, info.api, info.auth_mode) == (True, Version(2, 13), "2.0", "db_auth")
    source = HarborSource(client)
    assert source.own_project == "shop"
    assert [each.path for each in await _all(source.repositories("shop"))] == ["shop/api", "shop/web/front"]


@pytest.mark.parametrize("api", APIS)
async def test_a_wrong_password_is_said_and_sent_once(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = _stocked(fleet, api=api)
    client = opened(harbor, password="wrong")
    source = HarborSource(client)
    for _ in range(3):
        with pytest.raises(Unauthenticated) as caught:
            await _all(source.projects())
        assert "admin" in caught.value.message or caught.value.status == 401
    assert harbor.refused_logins == ["admin"]


@pytest.mark.parametrize("api", APIS)
async def test_a_stranger_sees_what_is_public(fleet: Fleet, opened: Open, api: str) -> None:
    harbor = _stocked(fleet, api=api)
    source = HarborSource(opened(harbor, None))
    assert [each.name for each in await _all(source.projects())] == ["library"]
    assert [each.path for each in await _all(source.repositories())] == ["library/nginx"]
    if api == "2.0":
        with pytest.raises(Unauthenticated) as caught:
            await _all(source.repositories("shop"))
        assert "login" in caught.value.hint


async def test_who_may_pull_and_not_list_gets_tags_from_the_registry(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    with pytest.raises(Denied) as caught:
        await _all(HarborSource(opened(harbor, PULLER)).artifacts("shop/api"))
    assert "permissions to list artifacts" in caught.value.hint
    async with RegistryClient(access_to(harbor, PULLER), retry=ONCE) as registry:
        source = HarborSource(opened(harbor, PULLER), registry)
        found = [each async for page in source.tags("shop/api") for each in page]
    assert [(tag.name, artifact) for tag, artifact in found] == [("v1", None)]


async def test_tags_come_with_what_is_behind_them(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    found = [each async for page in HarborSource(opened(harbor)).tags("library/nginx") for each in page]
    assert sorted(tag.name for tag, _ in found) == ["1.27", "latest"]
    assert len({artifact.digest for _, artifact in found if artifact}) == 1


async def test_a_cli_secret_lists_and_a_401_does_not_cost_it_the_login(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet, auth_mode="oidc_auth")
    client = opened(harbor, SINGLE_SIGN_ON)
    source = HarborSource(client)
    assert [each.name for each in await _all(source.projects())] == ["library", "shop"]
    for _ in range(5):
        with pytest.raises(Denied) as caught:
            await client.get("/quotas", "read the quotas")
        assert "CLI secret" in caught.value.hint
    assert len(await _all(source.artifacts("shop/api"))) == 1


async def test_something_else_than_harbor(start_registry: StartRegistry) -> None:
    registry = start_registry()
    async with Harbor(Access(Connection(registry.address, scheme="http")), retry=ONCE) as client:
        with pytest.raises(NotFound):
            await client.info()


async def test_names_that_are_none_are_left_out(fleet: Fleet, opened: Open) -> None:
    harbor = _stocked(fleet)
    with pytest.raises(InvalidReference):
        await _all(HarborSource(opened(harbor)).artifacts("nginx"))
