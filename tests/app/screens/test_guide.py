"""The guided migration, from an empty list of endpoints to a run that is done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.app.screens.opened import Opened, embedded, know, opened
from tests.real.conftest import LOGIN, StartRegistry, authority, start_registry, token_server
from tests.support.images import image, layer
from tests.support.loop_lag import LoopLag
from tests.support.pusher import push
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.form_dialog import FormDialog
from tui.app.screens.guide import Guide
from tui.app.screens.guide.naming_step import NamingStep
from tui.app.screens.guide.what_step import WhatStep
from tui.app.widgets.line_table import LineTable
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.endpoints.locations import state_dir
from tui.endpoints.model import Endpoint
from tui.engine.runs import list_runs
from tui.oci.access import Credential

__all__ = ["authority", "start_registry", "token_server"]

LONGEST_BLOCK = 0.2


@pytest.fixture
async def source() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded() as started:
        await load_samples(started, 0.01)
        yield started


@pytest.fixture
async def target() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded() as started:
        yield started


def both(source: EmbeddedRegistry, target: EmbeddedRegistry) -> None:
    know(
        Endpoint("old", source.address, scheme="http", store="none"),
        Endpoint("new", target.address, scheme="http", store="none"),
    )


async def begin(app: Opened) -> None:
    await app.until(lambda: app.app.screen.is_mounted)
    await app.press("n")
    await app.sees("Step 1 of", "Any registry to any registry")
    table(app).go_to("any")
    await app.press("enter")
    await app.sees("Step 2 of 8")


def table(app: Opened) -> LineTable:
    return app.app.screen.query_one(LineTable)


async def to_naming(app: Opened, *marks: str) -> None:
    """Go on to the names with these repositories, all of them when none is named."""
    await begin(app)
    await app.press("enter")
    await app.sees("Step 3 of 8", "team/worker")
    if marks:
        table(app).set_marks(marks)
    else:
        await app.press("a")
    await app.press("enter")
    await app.sees("Step 4 of 8", "new")
    await app.press("enter")
    await app.sees("Step 5 of 8", "names")


async def test_from_source_to_run(source: EmbeddedRegistry, target: EmbeddedRegistry) -> None:
    both(source, target)
    async with opened() as app:
        async with LoopLag() as painting:
            await app.press("2", "3", "4", "5", "1")
        async with LoopLag() as lag:
            await to_naming(app)
            app.app.screen.query_one(ChoiceLine).choose("below")
            await app.focus("#template")
            await app.type("mirror")
            await app.sees("mirror/charts/web:1.2.0", "30 names")
            await app.press("enter")
            await app.sees("Step 6 of 8", "new: a push to mirror is taken", "everything is ready")
            await app.press("enter")
            await app.sees("Step 7 of 8", "30 new", "enter goes on")
            await app.press("enter")
            await app.sees("Step 8 of 8", "Ready to run", "30 new", "mirror/{path}")
            await app.press("enter")
            await app.until(lambda: app.app.current_mode == "runs")
            await app.sees("done 30")
            assert len(list_runs(state_dir())) == 1
            assert target.storage.tags("mirror/team/app") == source.storage.tags("team/app")
            assert app.session.basket.empty
            await app.press("1")
            assert not isinstance(app.app.screen, Guide)
    # What it takes to paint a screen is no block; on a slow machine it is much.
    assert lag.longest_seconds < LONGEST_BLOCK + painting.longest_seconds, lag.culprit


async def test_going_back_keeps_what_was_chosen_and_leaves_no_check(
    source: EmbeddedRegistry, target: EmbeddedRegistry
) -> None:
    both(source, target)
    async with opened() as app:
        await to_naming(app, "team/app", "library/nginx")
        await app.press("enter")
        await app.sees("everything is ready")
        await app.press("enter")
        await app.sees("Step 7 of 8", "enter goes on")
        assert len(list_runs(state_dir())) == 1
        await app.press("escape")
        await app.sees("Step 6 of 8")
        await app.press("escape")
        await app.sees("Step 5 of 8")
        await app.until(lambda: not list_runs(state_dir()))
        await app.press("escape", "escape")
        await app.sees("Step 3 of 8", "2 marked")
        assert table(app).marked_keys == {"team/app", "library/nginx"}
        await app.press("escape", "escape", "escape")
        assert not isinstance(app.app.screen, Guide)


async def test_tags_and_repositories_by_pattern(source: EmbeddedRegistry, target: EmbeddedRegistry) -> None:
    both(source, target)
    async with opened() as app:
        await begin(app)
        await app.press("enter")
        await app.sees("Step 3 of 8", "team/worker")
        await app.press("enter")
        await app.sees("Mark something first")
        await app.press("plus")
        await app.until(lambda: isinstance(app.app.screen, FormDialog))
        await app.type("nothing/*")
        await app.sees("matches nothing that is listed")
        app.app.focused.value = "library/* Team"  # type: ignore[union-attr]
        await app.sees("Team is not a repository path")
        app.app.focused.value = "library/* team/app"  # type: ignore[union-attr]
        await app.sees("4 repositories")
        await app.press("enter")
        await app.sees("Selected: 4 repositories, all tags")
        await app.press("p")
        await app.until(lambda: isinstance(app.app.screen, FormDialog))
        app.app.screen.query_one("#field-newest").value = "1"  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("tags: the newest 1")
        await app.press("enter")
        await app.sees("Step 4 of 8")
        await app.press("enter")
        await app.sees("4 names")
        assert {rule.tags.newest for rule in app.session.basket.rules("x.example.com/{path}")} == {1}


async def test_enter_belongs_to_the_filter_while_it_is_typed(
    source: EmbeddedRegistry, target: EmbeddedRegistry
) -> None:
    both(source, target)
    async with opened() as app:
        await begin(app)
        await app.press("enter")
        await app.sees("team/worker")
        await app.press("slash", *"library")
        await app.press("enter")
        await app.sees("Repositories (3 of 8)")
        await app.press("a")
        await app.sees("Selected: 3 repositories")
        assert isinstance(app.app.screen.query_one(WhatStep), WhatStep)


async def test_names_that_cannot_be_or_collide_hold_one_up(source: EmbeddedRegistry, target: EmbeddedRegistry) -> None:
    both(source, target)
    async with opened() as app:
        await to_naming(app, "team/app", "library/nginx")
        ways = app.app.screen.query_one(ChoiceLine)
        ways.choose("own")
        await app.focus("#template")
        for template, problem in {
            "{nam}": "did you mean {name}",
            "all/{tag": "brace",
            "all/images:latest": "would be written twice",
        }.items():
            app.app.screen.query_one("#template").value = template  # type: ignore[attr-defined]
            await app.sees(problem)
            await app.press("enter")
            assert isinstance(app.app.screen.query_one(NamingStep), NamingStep)
        app.app.screen.query_one("#template").value = "all/{project}-{name}"  # type: ignore[attr-defined]
        await app.sees("all/team-app:")
        await app.press("enter")
        await app.sees("Step 6 of 8")


async def test_endpoints_are_added_on_the_way(source: EmbeddedRegistry, target: EmbeddedRegistry) -> None:
    async with opened() as app:
        await app.sees("guided migration: from source")
        await begin(app)
        await app.sees("No endpoints yet: n adds one")
        await app.press("enter")
        await app.sees("Add an endpoint first")
        for registry, number in ((source, 2), (target, 4)):
            await app.press("n")
            await app.until(lambda: isinstance(app.app.screen, EndpointForm))
            await app.focus("#field-address")
            await app.type(registry.address)
            app.app.screen.query_one("#field-login", ChoiceLine).choose("anonymous")
            await app.sees("OCI registry")
            await app.press("enter")
            await app.sees(f"Step {number} of 8", registry.address)
            await app.press("enter")
            if number == 2:
                await app.sees("Step 3 of 8", "team/worker")
                await app.press("a", "enter")
                await app.sees("No endpoints yet: n adds one")
        await app.sees("Step 5 of 8", "30 names")


async def test_a_registry_without_a_list_asks_for_names(target: EmbeddedRegistry) -> None:
    async def no_catalog(request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(status=404) if request.path == "/v2/_catalog" else None

    async with embedded(intercept=no_catalog) as source:
        await load_samples(source, 0.01)
        both(source, target)
        async with opened() as app:
            await begin(app)
            await app.press("enter")
            await app.until(lambda: isinstance(app.app.screen, FormDialog))
            await app.type("team/app")
            await app.press("enter")
            await app.sees("Selected: 1 repository", "team/app")
            await app.press("enter")
            await app.sees("Step 4 of 8")
            await app.press("enter")
            await app.sees("team/app:1.4.2")


async def test_a_source_that_is_gone_is_told_and_can_be_tried_again(
    source: EmbeddedRegistry, target: EmbeddedRegistry
) -> None:
    both(source, target)
    port = int(source.address.partition(":")[2])
    await source.stop()
    async with opened() as app:
        await begin(app)
        await app.press("enter")
        await app.sees("nothing listens there", "enter tries again")
        await source.start(port)
        await app.press("enter")
        await app.sees("Step 3 of 8", "team/worker")
        await source.stop()
        await app.press("ctrl+r")
        await app.sees("ctrl+r tries again")
        await source.start(port)
        await app.press("ctrl+r")
        await app.sees("team/worker")


async def test_a_target_that_takes_nothing_is_told_before_the_run(source: EmbeddedRegistry) -> None:
    async def read_only(request: web.BaseRequest) -> web.StreamResponse | None:
        body = {"errors": [{"code": "DENIED", "message": "read only"}]}
        return None if request.method in ("GET", "HEAD") else web.json_response(body, status=403)

    async with embedded(intercept=read_only) as target:
        both(source, target)
        async with opened() as app:
            await to_naming(app, "team/app")
            await app.press("enter")
            await app.sees("permission to push (team)", "read only", "1 in the way")
            await app.press("enter")
            await app.sees("Step 6 of 8", "ctrl+g goes on all the same")
            await app.press("ctrl+g")
            await app.sees("Step 7 of 8")


@pytest.mark.real
async def test_between_two_real_registries(start_registry: StartRegistry) -> None:
    old, new = start_registry("tls", htpasswd=LOGIN), start_registry("htpasswd")
    made = image([layer("app")])
    push(old, "team/app", made, "1.0")
    know(
        Endpoint("old", old.address, ca_file=old.ca_file, username=LOGIN.username, store="session"),
        Endpoint("new", new.address, scheme="http", username=LOGIN.username, store="session"),
    )
    async with opened() as app:
        for endpoint in app.known():
            await app.session.stores.put(endpoint, Credential(LOGIN.username, LOGIN.password))
        await begin(app)
        await app.press("enter")
        await app.sees("Step 3 of 8", "team/app")
        await app.press("a", "enter")
        await app.sees("Step 4 of 8")
        await app.press("enter")
        await app.sees("team/app:1.0")
        await app.press("enter")
        await app.sees("new: a push to team is taken")
        await app.press("enter")
        await app.sees("1 new", "enter goes on")
        await app.press("enter")
        await app.sees("Ready to run")
        await app.press("enter")
        await app.until(lambda: app.app.current_mode == "runs")
        await app.sees("done 1")
    assert new.blob_path(made.digest).exists()
