"""Adding endpoints: against a registry that wants a login, with every way to keep or find the password."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.screens.opened import PASSPHRASE, Opened, embedded, know, opened
from tests.support.loop_lag import LoopLag
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.lines import ChoiceLine
from tui.app.screens.endpoints.store_dialog import StoreDialog
from tui.app.screens.passphrase_dialog import PassphraseDialog
from tui.demo.registry import EmbeddedRegistry
from tui.endpoints.model import Endpoint
from tui.oci.access import Credential

LONGEST_BLOCK = 0.2


@pytest.fixture
async def registry() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded(username="bob", password="pa:ss wörd") as started:
        yield started


async def begin(app: Opened, address: str) -> None:
    """Open the form and type an address."""
    await app.press("2")
    await app.until(lambda: type(app.app.screen).__name__ == "Endpoints")
    await app.press("n")
    await app.until(lambda: isinstance(app.app.screen, EndpointForm))
    await app.focus("#field-address")
    await app.type(address)


async def choose(app: Opened, line: str, value: str) -> None:
    """Turn a choice until it is at a value."""
    await app.focus(f"#field-{line}")
    choice = app.app.screen.query_one(f"#field-{line}", ChoiceLine)
    while choice.value != value:
        await app.press("right")


async def keep_in(app: Opened, store: str) -> None:
    """Choose a store from the list."""
    await app.focus("#field-store")
    await app.press("space")
    await app.until(lambda: isinstance(app.app.screen, StoreDialog))
    await app.sees("ready")
    table = app.app.screen.query_one("#stores")
    table.go_to(store)  # type: ignore[attr-defined]
    await app.press("enter")


async def log_in(app: Opened, username: str, password: str) -> None:
    await app.focus("#field-username")
    await app.type(username)
    await app.focus("#field-password")
    await app.type(password)


async def saved(app: Opened) -> Endpoint:
    """Save, wait for the test that follows, and return what was saved."""
    await app.press("enter")
    await app.until(lambda: app.known() and app.known()[-1].last_test)
    return app.known()[-1]


async def test_an_address_is_looked_at_while_the_rest_is_typed_and_the_endpoint_works(
    registry: EmbeddedRegistry,
) -> None:
    async with opened() as app, LoopLag() as lag:
        await begin(app, registry.address)
        await app.sees("OCI registry · http · no encryption · user name and password")
        assert app.app.screen.query_one("#field-name").value == registry.address.replace(":", "-")  # type: ignore[attr-defined]
        await log_in(app, "bob", "pa:ss wörd")
        await keep_in(app, "session")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        endpoint = await saved(app)
        await app.sees("✓ works", "this session only")
        assert (endpoint.scheme, endpoint.username, endpoint.store) == ("http", "bob", "session")
        assert endpoint.last_test is not None
        assert endpoint.last_test.ok
        await app.sees("✓ login", "as bob")
    assert lag.longest_seconds < LONGEST_BLOCK, lag.culprit


async def test_the_first_password_makes_a_vault_and_the_next_opening_asks_for_its_passphrase(
    registry: EmbeddedRegistry,
) -> None:
    async with opened() as app:
        await begin(app, registry.address)
        await app.sees("OCI registry", "no D-Bus session", "a passphrase is chosen when saved")
        await log_in(app, "bob", "pa:ss wörd")
        await app.press("enter")
        await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
        await app.type("short")
        await app.press("enter")
        await app.sees("at least 8 characters")
        await app.type(PASSPHRASE)
        await app.press("enter")
        await app.sees("Type it once more")
        await app.type("another passphrase")
        await app.press("enter")
        await app.sees("The two differ")
        app.app.focused.value = "short" + PASSPHRASE  # type: ignore[union-attr]
        await app.press("enter")
        await app.sees("✓ works", "encrypted vault")
        assert app.known()[0].store == "vault"
    async with opened() as app:
        await app.press("2", "t")
        await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
        await app.type("not this one")
        await app.press("enter")
        await app.sees("does not open the vault")
        await app.type("short" + PASSPHRASE)
        await app.press("enter")
        await app.sees("✓ works")


async def test_without_a_passphrase_nothing_is_saved(registry: EmbeddedRegistry) -> None:
    async with opened() as app:
        await begin(app, registry.address)
        await app.sees("a passphrase is chosen when saved")
        await log_in(app, "bob", "pa:ss wörd")
        await app.press("enter")
        await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
        await app.press("escape")
        await app.sees("Not saved")
        assert app.known() == ()
        await app.press("escape")
        await app.sees("Leave without saving?")
        await app.press("n")
        assert isinstance(app.app.screen, EndpointForm)
        await app.press("escape", "y")
        await app.sees("No endpoints yet")


async def test_a_login_docker_has_is_found_and_used(registry: EmbeddedRegistry) -> None:
    auth = base64.b64encode("bob:pa:ss wörd".encode()).decode()
    config = {"auths": {registry.address: {"auth": auth}}}
    (Path(os.environ["DOCKER_CONFIG"]) / "config.json").write_text(json.dumps(config))
    async with opened() as app:
        await begin(app, "")
        await app.until(lambda: app.app.screen._logins.rows)  # type: ignore[attr-defined]
        await app.press("ctrl+l")
        await app.sees("Logins found here", registry.address, "bob")
        await app.press("enter")
        await app.sees("[docker login]", "bob (")
        await app.sees("OCI registry")
        endpoint = await saved(app)
        assert (endpoint.store, endpoint.username) == ("docker", "bob")
        await app.sees("✓ works", "as bob")


async def test_a_password_in_a_variable_is_used_and_never_written(
    registry: EmbeddedRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBOR_PASSWORD", "pa:ss wörd")
    async with opened() as app:
        await begin(app, registry.address)
        await choose(app, "login", "variable")
        await app.press("enter")
        await app.sees("Give the name of the variable")
        await app.focus("#field-username")
        await app.type("bob")
        await app.focus("#field-variable")
        await app.type("HARBOR_PASSWORD")
        await app.sees("OCI registry")
        endpoint = await saved(app)
        assert (endpoint.store, endpoint.password_env) == ("env", "HARBOR_PASSWORD")
        await app.sees("✓ works")


@pytest.mark.parametrize(
    ("trust", "warning", "scheme", "verify"),
    [
        ("http", "can be read and changed on the way", "http", True),
        ("skip", "anybody on the way may pose as this registry", "https", False),
    ],
)
async def test_what_is_not_safe_is_chosen_outright_and_warned_of(
    trust: str, warning: str, scheme: str, verify: bool
) -> None:
    async with opened() as app:
        await begin(app, "registry.invalid")
        await choose(app, "login", "anonymous")
        await choose(app, "trust", trust)
        await app.until(lambda: warning in " ".join(app.text.replace("│", " ").split()))
        endpoint = await saved(app)
        assert (endpoint.scheme, endpoint.verify) == (scheme, verify)
        assert endpoint.last_test is not None
        assert not endpoint.last_test.ok
        await app.sees("✗ does not work")


async def test_a_registry_elsewhere_is_never_plain_http_by_itself() -> None:
    async with opened() as app:
        await begin(app, "registry.invalid")
        await choose(app, "login", "anonymous")
        assert (await saved(app)).scheme == "https"


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://harbor.example.com/library/nginx", "has a path"),
        ("bob:secret@harbor.example.com", "may not carry a user name"),
        ("not an address", "is not a registry address"),
        ("", "is not a registry address"),
    ],
)
async def test_an_address_that_cannot_be_is_told_and_not_saved(address: str, problem: str) -> None:
    async with opened() as app:
        await begin(app, address)
        await app.press("enter")
        await app.sees(problem)
        assert app.known() == ()
        assert app.app.focused is app.app.screen.query_one("#field-address")


async def test_several_accounts_at_one_registry(registry: EmbeddedRegistry) -> None:
    know(Endpoint("first", registry.address, scheme="http", username="bob", store="session"))
    async with opened() as app:
        await app.press("2")
        await app.sees("first")
        await app.press("c")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        await log_in(app, "bob", "pa:ss wörd")
        await keep_in(app, "session")
        await app.sees("OCI registry")
        second = await saved(app)
        first = app.known()[0]
        assert (second.address, second.name != first.name, second.id != first.id) == (first.address, True, True)
        assert await app.session.stores.get(first) is None
        assert await app.session.stores.get(second) == Credential("bob", "pa:ss wörd")


async def test_a_name_that_is_taken_is_told(registry: EmbeddedRegistry) -> None:
    know(Endpoint("taken", registry.address, scheme="http", store="none"))
    async with opened() as app:
        await begin(app, registry.address)
        await choose(app, "login", "anonymous")
        app.app.screen.query_one("#field-name").value = "taken"  # type: ignore[attr-defined]
        await app.press("enter")
        await app.sees("there is an endpoint called taken already")
        assert len(app.known()) == 1


async def test_a_host_that_never_answers_does_not_hold_up_the_form() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with opened() as app, LoopLag() as lag:
            await begin(app, f"127.0.0.1:{silent.getsockname()[1]}")
            await app.sees("looking what is there")
            await choose(app, "login", "anonymous")
            await app.press("enter")
            await app.until(lambda: len(app.known()) == 1)
            await app.sees("testing")
            await app.press("1", "2")
            await app.sees("testing")
        assert lag.longest_seconds < LONGEST_BLOCK, lag.culprit


async def test_the_kind_and_the_seldom_needed_lines(registry: EmbeddedRegistry) -> None:
    async with opened() as app:
        await begin(app, registry.address)
        await choose(app, "login", "anonymous")
        await app.press("ctrl+o")
        await app.sees("Client cert", "Proxy", "Note", "as found")
        await app.press("space")
        await app.sees("Kind of registry", "Harbor")
        app.app.screen.query_one("#pick").go_to("harbor")  # type: ignore[attr-defined]
        await app.press("enter")
        await app.focus("#field-note")
        await app.type("the old one")
        await app.focus("#field-client_cert")
        await app.type("/nowhere/client.pem")
        await app.press("enter")
        await app.sees("There is no file /nowhere/client.pem")
        app.app.screen.query_one("#field-client_cert").value = ""  # type: ignore[attr-defined]
        endpoint = await saved(app)
        assert (endpoint.kind, endpoint.note) == ("harbor", "the old one")


async def test_a_user_without_a_password_is_told_and_not_saved(registry: EmbeddedRegistry) -> None:
    async with opened() as app:
        await begin(app, registry.address)
        await app.sees("user name and password")
        await app.focus("#field-username")
        await app.type("bob")
        await app.press("enter")
        await app.sees("Give the password, or choose another way to log in")
        assert app.app.focused is app.app.screen.query_one("#field-password")
        assert app.known() == ()
