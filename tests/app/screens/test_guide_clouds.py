"""The guided migration where a vendor's API can help, and the choice of the engine in the plan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.app.screens.opened import Opened, embedded, know, opened, save_policy
from tests.real.conftest import StartRegistry, authority, start_registry, token_server
from tests.support.clouds.background import ACR_KEY, KEY_SECRET, BackgroundCloud
from tests.support.harbor.server import StandInHarbor
from tests.support.harbor.state import HarborAccount
from tests.support.images import image, layer
from tests.support.pusher import push
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.form_dialog import Choice, FormDialog
from tui.app.screens.guide.prepare_step import PrepareStep
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.app.widgets.line_table import LineTable
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.endpoints.model import Endpoint
from tui.oci.access import Credential
from tui.plan.replication import Replication

__all__ = ["authority", "start_registry", "token_server"]

pytestmark = pytest.mark.real

ADMIN = HarborAccount("admin", "Harbor12345", admin=True)


@pytest.fixture
async def source() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded() as started:
        await load_samples(started, 0.01)
        yield started


@pytest.fixture
def cloud() -> Iterator[BackgroundCloud]:
    with BackgroundCloud("acr") as started:
        yield started
    assert started.cloud.complaints == []


async def test_a_namespace_that_is_missing_is_created_after_asking(
    source: EmbeddedRegistry, cloud: BackgroundCloud, tmp_path: Path
) -> None:
    old = Endpoint("old", source.address, scheme="http", store="none")
    acr = Endpoint(
        "acr", cloud.front.address, kind="acr", scheme="http", username=ACR_KEY, store="session", api=cloud.api.url
    )
    know(old, acr)
    async with opened() as app:
        await app.session.stores.put(acr, Credential(ACR_KEY, KEY_SECRET))
        await app.press("n")
        await app.sees("Step 1 of", "Any registry to any registry")
        app.app.screen.query_one(LineTable).go_to("any")
        await app.press("enter")
        await app.sees("Step 2 of 8")
        await app.press("enter")
        await app.sees("Step 3 of 8", "team/worker")
        app.app.screen.query_one(LineTable).set_marks(["team/app"])
        await app.press("enter")
        await app.sees("Step 4 of 8", "Access Credential")
        await app.press("enter")
        await app.sees("Step 5 of 8", "names")
        app.app.screen.query_one(ChoiceLine).choose("flat")
        await app.focus("#template")
        await app.type("fresh")
        await app.sees("fresh/app:1.4.2")
        await app.press("enter")
        await app.sees("the namespace fresh does not exist", "1 in the way", "d does it")
        await app.press("enter")
        assert isinstance(app.app.screen.query_one(PrepareStep), PrepareStep)
        await app.press("d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog))
        await app.sees("Do this at acr?", "create the namespace fresh, private")
        assert "fresh" not in cloud.cloud.spaces
        await app.press("y")
        await app.sees("a push to fresh is taken", "everything is ready")
        assert cloud.cloud.spaces["fresh"].creates
        await app.press("p")
        await app.sees("The least a RAM user needs for fresh", "cr:GetAuthorizationToken", "Save to a file")
        assert "/fresh/*" in await save_policy(app, tmp_path / "policy.json")


@dataclass
class Sides:
    harbor: Endpoint
    target: Endpoint


@pytest.fixture
def sides(start_registry: StartRegistry, source: EmbeddedRegistry) -> Iterator[Sides]:
    registry = start_registry()
    push(registry, "shop/api", image([layer("api")]), "v1")
    with StandInHarbor(registry, [ADMIN]) as harbor:
        harbor.add_project("shop")
        yield Sides(
            Endpoint("dc", harbor.address, kind="harbor", scheme="http", username="admin", store="session"),
            Endpoint("new", source.address, scheme="http", store="none"),
        )


async def _with_a_plan(app: Opened, sides: Sides) -> None:
    await app.session.stores.put(sides.harbor, Credential(ADMIN.name, ADMIN.password))
    app.session.basket.clear(sides.harbor)
    app.session.basket.take_tags("shop/api", ["v1"])
    app.session.draft.target = sides.target
    await app.press("4")
    await app.sees("shop/api:v1")


async def test_the_engine_of_a_plan_is_chosen_and_kept_with_it(sides: Sides) -> None:
    know(sides.harbor, sides.target)
    async with opened() as app:
        await _with_a_plan(app, sides)
        await app.press("E")
        await app.sees("Who moves the bytes?", "[this machine]", "source → this machine → target")
        app.app.screen.query_one(ChoiceLine).choose(sides.harbor.address)
        await app.sees("this account may replicate", "It can express all of this plan")
        await app.press("s")
        await app.until(lambda: isinstance(app.app.screen, FormDialog))
        app.app.screen.query_one("#field-trigger", Choice).value = "scheduled"
        app.app.screen.query_one("#field-cron").value = "* 3"  # type: ignore[attr-defined]
        await app.sees("Schedule: six fields")
        app.app.screen.query_one("#field-cron").value = "0 30 3 * * *"  # type: ignore[attr-defined]
        app.app.screen.query_one("#field-labels").value = "stable"  # type: ignore[attr-defined]
        await app.sees("Harbor goes on with it by itself")
        await app.press("enter")
        await app.sees("on a schedule (0 30 3 * * *), labels stable")
        await app.press("enter")
        await app.sees("Give Harbor dc the login of new?")
        await app.press("n")
        await app.sees("Who moves the bytes?")
        assert app.session.draft.replication is None
        await app.press("enter")
        await app.sees("Give Harbor dc the login of new?")
        await app.press("y")
        await app.sees("moved by the Harbor")
        plan = app.session.draft.plan(app.session.basket)
        assert plan.replication == Replication(
            sides.harbor.address, trigger="scheduled", cron="0 30 3 * * *", labels=("stable",)
        )


async def test_an_account_that_may_not_replicate_is_told(sides: Sides) -> None:
    know(sides.harbor, sides.target)
    async with opened() as app:
        await _with_a_plan(app, sides)
        await app.session.stores.put(sides.harbor, Credential(ADMIN.name, "wrong"))
        app.session.resolver.forget()
        await app.press("E")
        await app.sees("Who moves the bytes?")
        app.app.screen.query_one(ChoiceLine).choose(sides.harbor.address)
        await app.sees("This Harbor cannot do it now")
        await app.press("enter")
        await app.until(lambda: str(app.app.screen.query_one("#said").render()))  # type: ignore[attr-defined]
        assert app.session.draft.replication is None
