"""Browsing a Harbor through its provider: the REST API where it lists, the registry API where it does not."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.engine.harness import QUICK
from tests.providers.harbor.conftest import ADMIN, GUEST, PULLER, ROBOT, Fleet, access_to
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import HarborAccount
from tui.engine.catalogs import names_at
from tui.engine.registries import Registries
from tui.oci.access import Access
from tui.oci.errors import NotFound, Unauthenticated
from tui.oci.reference import Repository
from tui.providers.browse import CatalogUnavailable, RegistryBrowser
from tui.providers.catalog import provider_for
from tui.providers.check import check
from tui.providers.detect import detect


def _stocked(fleet: Fleet, *accounts: HarborAccount, api: str = "2.0") -> StandInHarbor:
    harbor = fleet.start(*(accounts or (ADMIN, ROBOT, GUEST, PULLER)), api=api)
    harbor.add_project("library", public=True)
    harbor.add_project("shop")
    fleet.fill(harbor, "library/nginx", "1.27", "latest")
    fleet.fill(harbor, "shop/web/front", "v1")
    return harbor


async def _repositories(harbor: StandInHarbor, account: HarborAccount | None, **options: str) -> list[str]:
    async with RegistryBrowser(access_to(harbor, account, **options), "harbor") as browser:
        return [name async for page in browser.repositories() for name in page]


def test_it_is_the_provider_of_its_kind() -> None:
    assert provider_for("harbor").kind == "harbor"


@pytest.mark.parametrize("api", ["2.0", "1"])
@pytest.mark.parametrize("account", [ADMIN, GUEST, ROBOT], ids=lambda account: account.name)
async def test_everybody_who_may_list_lists(fleet: Fleet, api: str, account: HarborAccount) -> None:
    harbor = _stocked(fleet, api=api)
    expected = ["shop/web/front"] if account is ROBOT else ["library/nginx", "shop/web/front"]
    assert sorted(await _repositories(harbor, account)) == expected
    assert harbor.count("GET /v2/_catalog") == 0


class AsTheRobot:
    """Every repository is reached as a robot that may list its project and not the catalog."""

    def __init__(self, harbor: StandInHarbor) -> None:
        self._access = access_to(harbor, ROBOT)

    async def access(self, repository: Repository) -> Access:
        return self._access


async def test_a_run_knows_a_harbor_that_is_out_of_order_when_it_is_met(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    harbor, broken = _stocked(fleet), [502, 503]
    answer = harbor._dispatched

    async def stumbling(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v2/" and broken:
            return web.Response(status=broken.pop())
        return await answer(request)

    monkeypatch.setattr(harbor, "_dispatched", stumbling)
    way = AsTheRobot(harbor)
    async with Registries(way, way, requests_at_once=4, retry=QUICK) as registries:
        for _ in range(2):
            assert await names_at(registries, "source", Repository(harbor.address, "*")) == ["shop/web/front"]
    assert not broken
    assert harbor.count("GET /v2/_catalog") == 0
    # Met once, over the gates of the run, and never beside them.
    assert harbor.count("GET /v2/") == 1 + 2


async def test_tags_and_what_is_behind_them(fleet: Fleet) -> None:
    harbor = _stocked(fleet)
    async with RegistryBrowser(access_to(harbor, ROBOT), "harbor") as browser:
        assert [tag async for page in browser.tags("shop/web/front") for tag in page] == ["v1"]
        info = await browser.describe("shop/web/front", "v1")
        assert (info.kind, info.platforms, info.signed) == ("image", ("linux/amd64",), False)
        assert info.pushed is not None
        assert info.size > 2_000
        # One request told it all, and not a manifest was read.
        assert harbor.count("GET /v2/shop/web/front/manifests") == 0
        assert (await browser.describe("shop/web/front", "v1")) == info
        assert harbor.count("GET /api/v2.0/projects/shop/repositories/web%252Ffront/artifacts") == 1
        with pytest.raises(NotFound):
            await browser.describe("shop/web/front", "v9")


async def test_a_robot_that_may_only_pull_is_told_what_it_lacks(fleet: Fleet) -> None:
    harbor = _stocked(fleet)
    with pytest.raises(CatalogUnavailable) as caught:
        await _repositories(harbor, PULLER)
    assert "permission to list repositories" in caught.value.hint
    assert "type the names" in caught.value.hint


async def test_a_wrong_password_does_not_pass_for_a_stranger(fleet: Fleet) -> None:
    harbor = _stocked(fleet)
    with pytest.raises(Unauthenticated):
        await _repositories(harbor, ADMIN, password="wrong")
    assert harbor.refused_logins == ["admin"]


async def test_without_the_rest_api_the_catalog_is_asked(fleet: Fleet) -> None:
    harbor = _stocked(fleet)

    def no_api(request: web.BaseRequest) -> web.Response | None:
        return web.Response(status=404) if request.path.startswith("/api/") else None

    harbor.interrupt = no_api
    assert await _repositories(harbor, ADMIN) == ["library/nginx", "shop/web/front"]
    assert harbor.count("GET /v2/_catalog") == 1


async def test_no_password_goes_where_the_api_points(fleet: Fleet) -> None:
    harbor = _stocked(fleet)
    other = _stocked(fleet)

    def away(request: web.BaseRequest) -> web.Response | None:
        if not request.path.startswith("/api/"):
            return None
        return web.Response(status=307, headers={"Location": f"http://{other.address}{request.path_qs}"})

    harbor.interrupt = away
    with pytest.raises(Exception, match="sends us away"):
        await _repositories(harbor, ADMIN)
    assert other.requests == []


async def test_the_connection_test_lists_through_the_rest_api(fleet: Fleet) -> None:
    harbor = _stocked(fleet)
    steps = {step.name: step async for step in check(access_to(harbor, ROBOT), "shop/web/front")}
    assert {name: step.state for name, step in steps.items()}["list"] == "ok", steps["list"]
    assert steps["pull"].state == "ok"
    assert "Harbor" in steps["api"].detail


@pytest.mark.parametrize(("api", "version"), [("2.0", "2.0"), ("1", "1.10.19-8d8a8b0f")])
async def test_detection_tells_the_version(fleet: Fleet, api: str, version: str) -> None:
    harbor = _stocked(fleet, api=api)
    found = await detect(access_to(harbor, None).connection)
    assert (found.vendor.kind, found.vendor.version) == ("harbor", version)
