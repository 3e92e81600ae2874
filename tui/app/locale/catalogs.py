"""Reads messages out of the source, and catalogs from and to their files. For development and tests; needs Babel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tui.app.i18n import DIRECTORY, DOMAIN, SOURCE_LANGUAGE

SOURCE = DIRECTORY.parents[1]
KEYWORDS = {"_": None, "N_": None, "phrase": (1,), "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
Text = str | list[str] | tuple[str, ...] | None
"""A message as Babel has it: a string, its plural forms, or nothing."""


def po_path(language: str) -> Path:
    """Return where the catalog of a language is kept: the source of truth."""
    return DIRECTORY / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def mo_path(language: str) -> Path:
    """Return where the compiled catalog is, which the program reads."""
    return po_path(language).with_suffix(".mo")


def extracted() -> Catalog:
    """Return the messages in the source of the package, in the order of files and lines."""
    catalog = Catalog(project="regferry", charset="utf-8")
    found = extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True)
    for file, line, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        catalog.add(message, locations=[(f"{SOURCE.name}/{file}", line)], auto_comments=comments, context=context)
    return catalog


def read(language: str) -> Catalog:
    """Return the catalog of a language as kept, an empty one when there is none."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def update(language: str) -> Catalog:
    """Bring the catalog of a language up to date, write it and its compiled form; English is its own translation."""
    catalog = read(language)
    catalog.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    _set_header(catalog)
    catalog.obsolete.clear()
    for message in messages(catalog):
        if language == SOURCE_LANGUAGE:
            message.string = message.id
    po_path(language).parent.mkdir(parents=True, exist_ok=True)
    with po_path(language).open("wb") as file:
        write_po(file, catalog, width=110, omit_header=False, include_lineno=False, sort_by_file=False)
    with mo_path(language).open("wb") as file:
        write_mo(file, catalog)
    return catalog


def _set_header(catalog: Catalog) -> None:
    """Give the header what is known, and no date of its own: the same messages make the same file."""
    catalog.header_comment = f"# {catalog.locale_identifier} messages of regferry."
    catalog.project, catalog.version = "regferry", "0"
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.fuzzy = False


def messages(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages of a catalog without its header."""
    return (message for message in catalog if message.id)


def untranslated(catalog: Catalog) -> list[str]:
    """Return the messages that have no translation, or a doubtful one."""
    return [_first(message.id) for message in messages(catalog) if message.fuzzy or not _translated(message)]


def misplaced(catalog: Catalog) -> list[str]:
    """Return the messages whose translation has other `{placeholders}` than they have."""
    wrong = []
    for message in messages(catalog):
        wanted = set().union(*(fields(text) for text in _all(message.id)))
        if any(text and fields(text) != wanted for text in _all(message.string)):
            wrong.append(_first(message.id))
    return wrong


def fields(text: str) -> set[str]:
    """Return the placeholders of a format string with their format: `{minutes:02d}` is `minutes:02d`."""
    try:
        found = [each for each in Formatter().parse(text) if each[1] is not None]
    except ValueError:
        return set()  # no format string: it has a brace of its own
    return {f"{name}{f'!{how}' if how else ''}{f':{form}' if form else ''}" for _text, name, form, how in found}


def _all(text: Text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def _first(text: Text) -> str:
    return _all(text)[0]


def _translated(message: Message) -> bool:
    return bool(message.string) and all(_all(message.string))
