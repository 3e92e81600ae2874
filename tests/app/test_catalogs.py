"""The catalogs are complete, in step with the source, and compiled."""

from __future__ import annotations

import ast
import gettext
import re

import pytest
from babel.messages.catalog import Catalog
from textual.app import App
from textual.binding import Binding
from textual.containers import ScrollableContainer
from textual.screen import Screen
from textual.widgets import Button, Checkbox, Input, OptionList, RadioSet, Select, SelectionList, Switch

from tui.app import i18n
from tui.app.locale import catalogs
from tui.app.widgets.textual_words import WORDS

FIELD = re.compile(r"(\w+)(![rs])?(:[.,\w]+)?")
"""A placeholder of a message that is filled; others are what their message is about, such as `{username: ...}`."""


def ids(catalog: Catalog) -> set[object]:
    return {(message.context, message.id) for message in catalogs.messages(catalog)}


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_message_of_the_source_is_translated(language: str) -> None:
    catalog = catalogs.read(language)
    hint = "run `python -m tui.app.locale`, translate, run it again"
    assert ids(catalogs.extracted()) - ids(catalog) == set(), hint
    assert ids(catalog) - ids(catalogs.extracted()) == set(), f"no longer in the source; {hint}"
    assert catalogs.untranslated(catalog) == []


def test_no_message_stands_where_it_is_not_found() -> None:
    """Babel does not look into f-strings (before Python 3.12), nor into the arguments of another message."""
    known = {message for _context, message in ids(catalogs.extracted())}
    overlooked = []
    for path in catalogs.SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="_" | "N_" | "phrase"), args=[ast.Constant(value=str(message))]) if (
                    message
                ):
                    overlooked += [] if message in known else [f"{path.name}:{node.lineno}: {message}"]
    assert overlooked == []


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_placeholders_are_the_same(language: str) -> None:
    assert catalogs.misplaced(catalogs.read(language)) == []


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_compiled_catalog_is_the_catalog(language: str) -> None:
    with catalogs.mo_path(language).open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalogs.messages(catalogs.read(language)):
        if isinstance(message.id, str) and not message.context:
            assert compiled.gettext(message.id) == message.string


def test_the_words_of_the_widgets_we_use_are_known() -> None:
    used = (
        App,
        Screen,
        ScrollableContainer,
        Input,
        Button,
        Select,
        OptionList,
        Switch,
        Checkbox,
        RadioSet,
        SelectionList,
    )
    bindings = [binding for widget in used for base in widget.__mro__ for binding in vars(base).get("BINDINGS", ())]
    descriptions = {binding.description for binding in bindings if isinstance(binding, Binding)}
    assert descriptions - {""} <= set(WORDS)


def test_a_missing_translation_and_another_placeholder_are_found() -> None:
    catalog = Catalog(locale="zh_CN")
    catalog.add("{count} failed", "失败 {number}")
    catalog.add("{time:02d} left", "剩余 {time}")
    catalog.add("Open")
    catalog.add("{{literal}} {count}", "{count} {{literal}}")
    assert catalogs.misplaced(catalog) == ["{count} failed", "{time:02d} left"]
    assert catalogs.untranslated(catalog) == ["Open"]


def test_the_language_can_change_while_running() -> None:
    i18n.install("zh_CN")
    assert i18n._("failed") == "失败"
    i18n.install("en")
    assert i18n._("failed") == "failed"
    i18n.install("tlh")
    assert i18n.language() == "en"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_template_can_be_filled(language: str) -> None:
    for message in catalogs.messages(catalogs.read(language)):
        for text in (message.string,) if isinstance(message.string, str) else message.string:
            fields = [FIELD.fullmatch(field) for field in catalogs.fields(text)]
            values = {field[1]: 7 if field[3] else "x" for field in fields if field}
            if values and all(fields):
                assert isinstance(text.format_map(values), str)
