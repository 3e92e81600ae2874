"""What works on every screen: the messages, the palette with places, looks and languages, and the settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.widgets import OptionList

from tests.app.screens.opened import know, opened
from tui.app import themes
from tui.app.commands import Palette, choose_language, choose_theme, commands
from tui.app.screens.message_log import MessageLog
from tui.app.settings import Settings, load, save, settings_path
from tui.app.widgets.help_screen import HelpScreen
from tui.endpoints.model import Endpoint


async def test_everything_that_was_said_can_be_read_again_and_copied() -> None:
    async with opened() as app:
        app.app.say("the first thing", "success")
        app.app.say("it went wrong: " + "because of many words " * 12 + "and so on", "error")
        await app.press("m")
        assert isinstance(app.app.screen, MessageLog)
        await app.sees("Messages (2)", "the first thing", "✗ error", "✓ done", "and so on")
        await app.press("j", "y")
        assert app.app.clipboard == "the first thing"
        await app.press("Y")
        assert app.app.clipboard.count("\n") == 1
        await app.press("escape")
        assert not isinstance(app.app.screen, MessageLog)


async def test_nothing_said_is_no_message() -> None:
    async with opened() as app:
        app.app.say("")
        await app.press("m")
        await app.sees("Nothing has been said yet")


async def test_the_palette_lists_what_can_be_done_here_and_the_places() -> None:
    know(Endpoint("old", "old.example.com"))
    async with opened() as app:
        await app.press("2")
        await app.sees("old.example.com")
        names = {command.title for command in commands(app.app, app.app.screen)}
        assert {"Add", "Test", "Edit", "Where the password is kept", "Go to Browse", "Look: Light", "Messages"} <= names
        assert not {"Up", "Page down"} & names
        await app.press("tab")
        names = {command.title for command in commands(app.app, app.app.screen)}
        assert "Add" in names
        assert not {name for name in names if name.startswith("Page ")}, "moves in the details are no commands either"
        await app.press("ctrl+p")
        assert isinstance(app.app.screen, Palette)
        await app.type("Where the pass")
        await app.until(lambda: app.app.screen.query_one(OptionList).option_count == 1)
        await app.press("enter")
        await app.sees("Where the password is kept", "encrypted vault")


@pytest.mark.parametrize("theme", themes.THEMES)
async def test_a_look_is_taken_at_once_and_kept(theme: str) -> None:
    async with opened() as app:
        choose_theme(app.app, theme)
        assert app.app.theme == theme
        await app.until(lambda: load() == Settings(theme=theme))
    async with opened(settings=load()) as app:
        assert app.app.theme == theme


async def test_a_language_is_kept_for_the_next_start() -> None:
    async with opened() as app:
        choose_language(app.app, "zh_CN")
        await app.sees("下次启动后生效")
        assert load().language == "zh_CN"


def test_settings_that_cannot_be_read_are_as_if_not_set() -> None:
    assert load() == Settings()
    for content in (b"theme = [", b"\xff\xfe", b"theme = 3\nlanguage = 'en'\nnew = 1\n"):
        settings_path().write_bytes(content)
        assert load() == Settings(language="en" if b"new" in content else "")


def test_settings_are_written_for_their_owner_alone() -> None:
    save(Settings("regferry-light", "zh_CN"))
    assert settings_path().stat().st_mode & 0o777 == 0o600
    assert load() == Settings("regferry-light", "zh_CN")


async def test_settings_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    async with opened(environ={**os.environ, "REGFERRY_CONFIG_DIR": str(in_the_way / "config")}) as app:
        choose_theme(app.app, "regferry-light")
        await app.sees("cannot write")
        assert app.app.theme == "regferry-light"


async def test_the_palette_begins_with_what_can_be_done_here() -> None:
    async with opened() as app:
        await app.press("2", "ctrl+p")
        listed = app.app.screen.query_one(OptionList)
        await app.until(lambda: listed.option_count > 10)
        first = "\n".join(str(listed.get_option_at_index(at).prompt) for at in range(3))
        assert "Add" in first
        assert "Language" not in first


async def test_f1_shows_the_keys_while_text_is_typed_and_in_dialogs() -> None:
    async with opened() as app:
        await app.press("o")
        await app.sees("Open a file", "f1 Keys")
        await app.press("question_mark")
        assert not isinstance(app.app.screen, HelpScreen)
        await app.press("f1")
        await app.until(lambda: isinstance(app.app.screen, HelpScreen))
        await app.press("f1")
        await app.sees("Open a file")
