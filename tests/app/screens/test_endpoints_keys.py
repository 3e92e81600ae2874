"""Access keys of clouds in the app: offered where the registry takes them, tried, and what is refused said plainly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.screens.opened import embedded, know, opened, save_policy
from tests.app.screens.test_endpoints_add import begin, choose, keep_in, saved
from tests.providers.acr.conftest import KEY_ID, SECRET, Acr, enterprise
from tests.support.clouds.acr_enterprise import REGION
from tui.app import i18n
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.oci.access import Credential

__all__ = ["enterprise"]


@pytest.mark.real
async def test_a_key_is_offered_by_what_was_found_and_lends_logins(enterprise: Acr) -> None:
    async with opened() as app:
        await begin(app, enterprise.front.address)
        await app.sees("Alibaba Cloud ACR Enterprise", "access key")
        await choose(app, "login", "key")
        await app.sees("AccessKey ID", "STS token", "An AccessKey of a RAM user")
        for field, text in (("username", KEY_ID), ("password", "planted-another"), ("api", enterprise.api.url)):
            await app.focus(f"#field-{field}")
            await app.type(text)
        await keep_in(app, "session")
        assert "planted" not in app.text
        endpoint = await saved(app)
        assert (endpoint.login, endpoint.edition, endpoint.region) == ("key", "enterprise", REGION)
        assert endpoint.last_test
        assert not endpoint.last_test.ok
        await app.sees("the secret of the AccessKey is wrong", "store the AccessKey again")
        await app.press("l")
        await app.sees("Log in to", "STS token")
        await app.type("planted-nothing")
        await app.press("enter")
        await app.sees("wrong. Store the AccessKey again")
        await app.focus("#password")
        await app.press("ctrl+u")
        await app.type(SECRET)
        await app.press("enter")
        await app.until(lambda: (test := app.known()[0].last_test) and test.ok)


@pytest.mark.real
async def test_what_is_wrong_is_said_in_chinese(enterprise: Acr) -> None:
    enterprise.cloud.skew = 3600.0
    before = i18n.language()
    try:
        async with opened(language="zh_CN") as app:
            await begin(app, enterprise.front.address)
            await app.sees("Alibaba Cloud ACR Enterprise")
            await choose(app, "login", "key")
            for field, text in (("username", KEY_ID), ("password", SECRET), ("api", enterprise.api.url)):
                await app.focus(f"#field-{field}")
                await app.type(text)
            app.app.screen._store = "session"  # type: ignore[attr-defined]
            await saved(app)
            await app.sees("本机时钟不准：慢 60 分钟", "校准本机时钟")
    finally:
        i18n.install(before)


async def test_the_choices_follow_what_was_found_and_stay_where_somebody_chose() -> None:
    async with embedded() as registry, opened() as app:
        await begin(app, registry.address)
        await app.sees("[plain http]", "[nothing]")
        await choose(app, "login", "docker")
        await app.focus("#field-address")
        await app.type("9")
        await app.sees("is not a registry address")
        await app.press("backspace")
        await app.sees("no login asked for")
        assert app.app.screen.query_one("#field-login", ChoiceLine).value == "docker"
        await choose(app, "login", "anonymous")
        endpoint = await saved(app)
        assert (endpoint.scheme, endpoint.store) == ("http", "none")


@pytest.mark.real
async def test_namespaces_are_shown_created_and_their_policy_saved(enterprise: Acr, tmp_path: Path) -> None:
    know(enterprise.endpoint())
    async with opened() as app:
        app.session.stores.give(app.known()[0], Credential(KEY_ID, SECRET))
        await app.press("2")
        await app.until(lambda: type(app.app.screen).__name__ == "Endpoints")
        await app.press("N")
        await app.sees("Namespaces of acr", "strict", "needs the repository", "creates repositories")
        table = app.app.screen.query_one("#namespaces")
        table.go_to("strict")  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("strict/there")
        await app.press("escape", "a")
        await app.sees("Let pushes create repositories in strict?")
        await app.press("y")
        await app.until(lambda: enterprise.cloud.spaces["strict"].creates)
        await app.sees("a push creates repositories in strict now")
        await app.press("n")
        await app.sees("Create a namespace or project")
        await app.type("fresh")
        await app.press("enter")
        await app.until(lambda: "fresh" in enterprise.cloud.spaces)
        await app.sees("fresh is there")
        assert not enterprise.cloud.spaces["fresh"].public
        await app.press("p")
        await app.sees("The least a RAM user needs for fresh", "cr:GetAuthorizationToken", "Save to a file")
        assert "/fresh/*" in await save_policy(app, tmp_path / "policy.json")


@pytest.mark.real
async def test_a_key_that_may_not_list_says_what_to_grant(enterprise: Acr) -> None:
    enterprise.cloud.keys[KEY_ID].allowed = frozenset({"GetAuthorizationToken"})
    know(enterprise.endpoint())
    async with opened() as app:
        app.session.stores.give(app.known()[0], Credential(KEY_ID, SECRET))
        await app.press("2")
        await app.until(lambda: type(app.app.screen).__name__ == "Endpoints")
        await app.press("N")
        await app.sees("the RAM user lacks a permission", "Give the RAM user the policy")
