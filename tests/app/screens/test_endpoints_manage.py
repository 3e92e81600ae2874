"""Endpoints there are: testing, logging in, moving their passwords, changing and removing them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from tests.app.screens.opened import PASSPHRASE, Opened, embedded, know, opened
from tests.endpoints.secret_service import SecretService
from tests.real.conftest import LOGIN, StartRegistry, authority, start_registry, token_server
from tests.support.loop_lag import LoopLag
from tests.support.programs import require
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.endpoints.store_dialog import StoreDialog
from tui.app.screens.passphrase_dialog import PassphraseDialog
from tui.app.widgets.confirm_dialog import ConfirmDialog
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import load_samples
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint
from tui.oci.access import Credential

__all__ = ["authority", "start_registry", "token_server"]

LONGEST_BLOCK = 0.2


@pytest.fixture
async def registry() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded(username="bob", password="s3cret") as started:
        await load_samples(started, 0.01)
        yield started


def bob(address: str, **fields: object) -> Endpoint:
    return Endpoint("bobs", address, **{"scheme": "http", "username": "bob", "store": "session", **fields})  # type: ignore[arg-type]


async def at_endpoints(app: Opened) -> None:
    await app.press("2")
    await app.sees("bobs")


async def give_up_the_login(app: Opened) -> None:
    await at_endpoints(app)
    await app.press("enter")
    await app.until(lambda: isinstance(app.app.screen, EndpointForm))
    app.app.screen.query_one("#field-login", ChoiceLine).choose("anonymous")
    await app.press("enter")
    await app.sees("bobs is saved")
    assert app.known()[0].store == "none"


async def give_passphrase(app: Opened, passphrase: str = PASSPHRASE, *, twice: bool = False) -> None:
    await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
    await app.type(passphrase)
    if twice:
        await app.focus("#again")
        await app.type(passphrase)
    await app.press("enter")


async def test_a_refused_login_says_so_and_a_right_one_is_kept(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address))
    async with opened() as app:
        await at_endpoints(app)
        await app.press("t")
        await app.sees("✗ does not work", "no password is known for bob")
        await app.press("l")
        await app.until(lambda: isinstance(app.app.screen, LoginDialog))
        await app.press("enter")
        await app.sees("Give user name and password")
        await app.type("wrong")
        await app.press("enter")
        await app.until(lambda: "Asking" not in app.text)
        assert isinstance(app.app.screen, LoginDialog)
        app.app.screen.query_one("#password").value = "s3cret"  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("✓ works", "✓ login", "as bob")
        assert await app.session.stores.get(app.known()[0]) == Credential("bob", "s3cret")


async def test_a_password_moves_to_another_store_and_leaves_the_old_one(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address))
    async with opened() as app:
        stores = app.session.stores
        await stores.put(app.known()[0], Credential("bob", "s3cret"))
        await at_endpoints(app)
        await app.press("w")
        await app.until(lambda: isinstance(app.app.screen, StoreDialog))
        await app.sees("to be set up")
        app.app.screen.query_one("#stores").go_to("vault")  # type: ignore[attr-defined]
        await app.press("enter")
        await give_passphrase(app, twice=True)
        await app.sees("is kept in: encrypted vault")
        endpoint = app.known()[0]
        assert endpoint.store == "vault"
        assert stores.given(endpoint) is None
        assert await stores.get(endpoint) == Credential("bob", "s3cret", origin="vault of regferry")


async def test_changing_the_name_keeps_the_password_and_asks_for_nothing(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address, store="vault"))
    async with opened() as app:
        await app.session.stores.unlock("vault", PASSPHRASE, create=True)
        await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
        app.session.stores.vault.lock()
        await at_endpoints(app)
        await app.press("e")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        app.app.screen.query_one("#field-name").value = "renamed"  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("renamed is saved")
        await app.press("t")
        await give_passphrase(app)
        await app.sees("✓ works")


async def test_changing_to_anonymous_removes_the_password(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address))
    async with opened() as app:
        await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
        await give_up_the_login(app)
        assert app.session.stores.given(app.known()[0]) is None


async def test_a_login_that_cannot_be_read_can_be_given_up(registry: EmbeddedRegistry) -> None:
    know(replace(bob(registry.address), store="env", password_env="NOWHERE"))
    async with opened() as app:
        await give_up_the_login(app)


async def test_removing_asks_and_takes_the_password_along(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address))
    async with opened() as app:
        endpoint = app.known()[0]
        await app.session.stores.put(endpoint, Credential("bob", "s3cret"))
        await at_endpoints(app)
        await app.press("d")
        await app.sees("Remove bobs?", "Its password is removed from: this session only")
        await app.press("n")
        assert app.known() == (endpoint,)
        await app.press("d", "y")
        await app.sees("No endpoints yet", "removed bobs and its password")
        assert app.known() == ()
        assert app.session.stores.given(endpoint) is None


async def test_a_password_that_cannot_be_removed_is_a_question_of_its_own(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address, store="vault"))
    async with opened() as app:
        await app.session.stores.unlock("vault", PASSPHRASE, create=True)
        await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
        app.session.stores.vault.lock()
        await at_endpoints(app)
        await app.press("d", "y")
        await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
        await app.press("escape")
        await app.sees("Its password cannot be removed")
        assert isinstance(app.app.screen, ConfirmDialog)
        await app.press("y")
        await app.sees("No endpoints yet")


async def test_the_permission_to_push_is_tried_in_a_repository(registry: EmbeddedRegistry) -> None:
    know(bob(registry.address))
    async with opened(size=(140, 40)) as app:
        await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
        await at_endpoints(app)
        await app.press("p")
        await app.sees("given up at once")
        await app.press("enter")
        await app.sees("Name a repository")
        await app.type("team/app")
        await app.press("enter")
        await app.sees("an upload to team/app was begun and cancelled")


async def test_from_an_endpoint_to_what_is_there(registry: EmbeddedRegistry) -> None:
    know(Endpoint("other", "127.0.0.1:9", scheme="http", store="none"), bob(registry.address))
    async with opened() as app:
        await app.session.stores.put(app.known()[1], Credential("bob", "s3cret"))
        await at_endpoints(app)
        await app.press("j", "b")
        await app.until(lambda: app.app.current_mode == "browse")
        await app.sees("library", "team")


async def test_hostile_answers_stay_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async def intercept(request: web.BaseRequest) -> web.StreamResponse:
        body = '{"errors":[{"code":"DENIED","message":"\x1b[31m[bold red]go\u202eaway[/] \x07仓库"}]}'
        return web.Response(status=401, text=body, headers={"WWW-Authenticate": 'Basic realm="[red]x[/]"'})

    registry = embedded(intercept=intercept)
    async with registry:
        know(bob(registry.address))
        async with opened() as app:
            await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
            await at_endpoints(app)
            await app.press("t")
            await app.sees("✗ does not work")
            shown = app.text + app.app.export_screenshot()
            assert not {"\x1b", "\x07", "\u202e"} & set(shown)


async def test_a_broken_list_is_told_with_its_line(registry: EmbeddedRegistry) -> None:
    endpoints_path().write_text("version = 1\n[[endpoint]]\nname = 3\n")
    async with opened() as app:
        await app.press("2")
        await app.sees("The list of endpoints cannot be used", "endpoints.toml")
        endpoints_path().unlink()
        await app.press("ctrl+r")
        await app.sees("No endpoints yet")


async def test_the_demos_endpoints_can_be_tested_and_not_changed(registry: EmbeddedRegistry) -> None:
    demo = Endpoint("bobs", registry.address, scheme="http", store="none")
    async with opened(demo=(demo,)) as app:
        await at_endpoints(app)
        await app.press("d")
        await app.sees("belongs to the demo")
        await app.press("t")
        await app.sees("✗ does not work")
        assert not endpoints_path().exists()


@pytest.mark.real
async def test_a_locked_keyring_is_unlocked_on_the_screen(registry: EmbeddedRegistry) -> None:
    require("dbus-daemon", "gnome-keyring-daemon")
    service = SecretService()
    try:
        service.start_bus()
        service.start_keyring("login password")
        service.lock()
        environ = {**os.environ, **{key: value for key, value in service.environ.items() if key != "HOME"}}
        know(bob(registry.address))
        async with opened(environ=environ) as app, LoopLag() as lag:
            await app.session.stores.put(app.known()[0], Credential("bob", "s3cret"))
            await at_endpoints(app)
            await app.press("w")
            await app.sees("locked: unlock it")
            app.app.screen.query_one("#stores").go_to("keyring")  # type: ignore[attr-defined]
            await app.sees("it opens with its passphrase")
            await app.press("enter")
            await give_passphrase(app, "not the login password")
            await app.sees("does not open the OS keyring")
            await give_passphrase(app, "login password")
            await app.sees("is kept in: OS keyring")
            assert app.known()[0].store == "keyring"
            await app.press("t")
            await app.sees("✓ works")
            service.freeze()
            app.session.resolver.forget()
            await app.press("t")
            await app.sees("✗ does not work", "The OS keyring does not answer")
            service.thaw()
        assert lag.longest_seconds < LONGEST_BLOCK, lag.culprit
    finally:
        service.close()


@pytest.mark.real
@pytest.mark.parametrize("trust", ["ca", "skip"])
async def test_a_real_registry_with_a_private_ca_and_a_login(start_registry: StartRegistry, trust: str) -> None:
    real = start_registry("tls", htpasswd=LOGIN)
    async with opened() as app:
        await app.press("2", "n")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        await app.focus("#field-address")
        await app.type(real.address)
        await app.sees("certificate not trusted")
        app.app.screen.query_one("#field-trust", ChoiceLine).choose(trust)
        await app.pilot.pause()
        if trust == "ca":
            await app.focus("#field-ca_file")
            await app.type(str(real.ca_file))
            await app.sees("certificate trusted", "user name and password")
        await app.focus("#field-username")
        await app.type(LOGIN.username)
        await app.focus("#field-password")
        await app.type(LOGIN.password)
        app.app.screen._store_picked("session")  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("✓ works", "✓ TLS", "✓ login")
        endpoint = app.known()[0]
        assert (endpoint.scheme, endpoint.verify, endpoint.ca_file) == (
            "https",
            trust == "ca",
            real.ca_file if trust == "ca" else None,
        )
