"""The plan looks at its target through the vendor's API, and creates there what is missing once it was asked."""

from __future__ import annotations

from tests.app.screens.browsing import opened
from tests.app.screens.test_plan import plan
from tests.providers.harbor.conftest import ADMIN, Fleet, access_to, fleet
from tests.real.conftest import authority, start_registry, token_server
from tests.support.harbor.state import immutable_rule
from tui.app.screens.planning.lacking import lines, of_sources
from tui.endpoints.model import Endpoint
from tui.oci.access import Access, Credential
from tui.oci.reference import Repository
from tui.plan.model import Rule

__all__ = ["authority", "fleet", "start_registry", "token_server"]


async def test_a_missing_project_is_created_once_somebody_said_yes(fleet: Fleet) -> None:
    harbor = fleet.start()
    harbor.add_project("kept", storage_limit=1_000, immutable=[immutable_rule("v*")])
    endpoint = Endpoint("harbor", harbor.address, kind="harbor", scheme="http", username=ADMIN.name, store="session")
    async with opened() as app:
        await plan(app, "fresh/{name}")
        session = app.screen.session
        session.file.add(endpoint)
        session.stores.give(endpoint, Credential(ADMIN.name, ADMIN.password))
        app.draft.target = endpoint
        app.screen.show_draft()
        await app.press("p")
        await app.sees("The target lacks something", "create fresh, for members only")
        assert "fresh" not in harbor.projects
        await app.press("y")
        await app.until(lambda: "fresh" in harbor.projects)
        await app.sees("c checks the plan again")
        await app.press("p")
        await app.sees("The target, step by step", "has no storage limit", "push allowed to fresh")
        await app.press("escape")
        app.draft.names = "kept/{name}"
        app.screen.show_draft()
        await app.press("p")
        await app.sees("keeps tags as they are", "of 1000 B left")


async def test_charts_that_are_left_behind_are_told(fleet: Fleet) -> None:
    harbor = fleet.start(api="1")
    harbor.add_project("old", charts=3)
    rule = Rule(harbor.address, "old/*", "registry.example.com/{path}")

    async def access(repository: Repository) -> Access:
        return access_to(harbor)

    found = await of_sources([rule], access, lambda repository: "harbor")
    assert [lines(each)[1].partition(":")[0] for each in found] == [
        "3 Helm charts of project old are in ChartMuseum, not in the registry"
    ]
