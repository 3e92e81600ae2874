"""A planted password and passphrase are nowhere: screen, screenshot, files, messages, log, errors."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.app.screens.opened import Opened, embedded, opened
from tui.app.commands import choose_theme
from tui.app.screens.endpoints import EndpointForm
from tui.app.screens.endpoints.login_dialog import LoginDialog
from tui.app.screens.passphrase_dialog import PassphraseDialog
from tui.app.settings import settings_path
from tui.demo.registry import EmbeddedRegistry

PLANTED = "pl4nted-secret"
PASSPHRASE = "pl4nted-passphrase"
FORMS = (PLANTED, PASSPHRASE, base64.b64encode(f"bob:{PLANTED}".encode()).decode())


@pytest.fixture
async def registry() -> AsyncIterator[EmbeddedRegistry]:
    async with embedded(username="bob", password=PLANTED) as started:
        yield started


def _shown(app: Opened) -> list[str]:
    return [app.text, app.app.export_screenshot(), repr(app.app.screen), str(app.app.messages)]


def _written() -> list[str]:
    folders = [Path(os.environ[name]) for name in ("REGFERRY_CONFIG_DIR", "REGFERRY_STATE_DIR", "HOME")]
    return [path.read_text(errors="replace") for each in folders for path in each.rglob("*") if path.is_file()]


async def test_a_planted_secret_is_found_nowhere(registry: EmbeddedRegistry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    async with opened(size=(140, 40)) as app:
        await app.press("2", "n")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        await app.focus("#field-address")
        await app.type(registry.address)
        await app.sees("OCI registry")
        await app.focus("#field-username")
        await app.type("bob")
        await app.focus("#field-password")
        await app.type(PLANTED)
        seen += _shown(app)
        password = app.app.screen.query_one("#field-password", Input)
        await app.press("ctrl+a", "ctrl+c", "ctrl+x")
        assert (app.app.clipboard, password.value) == ("", PLANTED)
        await app.press("ctrl+r")
        await app.sees(PLANTED)
        await app.press("ctrl+r")
        await app.press("enter")
        await app.until(lambda: isinstance(app.app.screen, PassphraseDialog))
        await app.type(PASSPHRASE)
        await app.focus("#again")
        await app.type(PASSPHRASE)
        seen += _shown(app)
        await app.press("enter")
        await app.sees("✓ works", "✓ login")
        seen += _shown(app)
        await app.press("l")
        await app.until(lambda: isinstance(app.app.screen, LoginDialog))
        await app.type(f"{PLANTED} wrong")
        await app.press("enter")
        await app.until(lambda: "Asking" not in app.text)
        seen += _shown(app)
        await app.press("escape", "m")
        seen += _shown(app)
        await app.press("escape")
        choose_theme(app.app, "regferry-light")
        await app.until(settings_path().exists)
        seen += _shown(app)
    seen += [*_written(), caplog.text]
    assert len(_written()) >= 3
    assert [text for text in seen if any(form in text for form in FORMS)] == []


async def test_what_is_revealed_hides_again_when_one_goes_on() -> None:
    async with opened() as app:
        await app.press("2", "n")
        await app.until(lambda: isinstance(app.app.screen, EndpointForm))
        await app.focus("#field-password")
        await app.type(PLANTED)
        await app.press("ctrl+r")
        await app.sees(PLANTED)
        await app.press("tab")
        assert PLANTED not in app.text


async def test_an_error_nobody_expected_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        password = PLANTED
        raise RuntimeError("broken" if password else "")

    async def meet() -> None:
        async with opened() as app:
            app.app.call_later(broken)
            await app.pilot.pause(0.1)

    with pytest.raises(RuntimeError, match="broken"):
        await meet()
    printed = "".join(capfd.readouterr())
    assert "RuntimeError: broken" in printed
    # Lines of the source are shown, which name the constant, and not what is in it.
    assert PLANTED not in printed
