"""Sentences for people that whoever shows them can say in another language.

What is below the app speaks English: `N_()` marks a sentence as it stands, `phrase()` makes one with values in it. Both
are texts like any other, for logs, journals, JSON and comparisons; `translated` turns them into another language with
a function that knows the catalog. `python -m tui.app.locale` finds both. Where a sentence is stored as a text, `packed`
is stored beside it and `unpacked` makes the sentence of both again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tui.oci.text import printable


class Said(str):
    """An English sentence that remembers its `template` and the `values` in it; those may be such sentences again."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, values: Mapping[str, object]) -> Said:
        plain = {name: _plain(value) for name, value in values.items()}
        said = super().__new__(cls, template.format_map(plain) if plain else template)
        said.template, said.values = template, MappingProxyType(plain)
        return said

    def __str__(self) -> str:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.template, dict(self.values))


def N_(sentence: str) -> str:  # noqa: N802 - the customary name
    """Mark `sentence` for translation and return it, also as a value in another one or as a template for values."""
    return sentence if isinstance(sentence, Said) else Said(sentence, {})


def phrase(sentence: str, /, **values: object) -> str:
    """Return `sentence` with its `{placeholders}` filled.

    A value that is a plain text (a name, what a registry says) stays as it is in every language.
    """
    return Said(sentence, values)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a marked template with these values; a sentence that has its own already stays as it is."""
    return template if isinstance(template, Said) and template.values else Said(template, values)


def packed(said: Said) -> str:
    """Return what a sentence is made of, as JSON."""
    return json.dumps(_parts(said), ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str, document: str) -> str:
    """Return the sentence that `text` was, as `packed` has it; the text alone where that does not make it."""
    try:
        said = _whole(json.loads(document))
    except (ValueError, LookupError, TypeError, AttributeError):
        return text
    return said if isinstance(said, Said) and said == text else text


def _plain(value: object) -> object:
    """Return a value as a sentence keeps it: numbers, texts and sentences; of anything else what `str` says."""
    return value if isinstance(value, str | int | float) else str(value)


def _parts(value: object) -> object:
    """Return a sentence as a list of its template and values, anything else as it is."""
    if not isinstance(value, Said):
        return value
    return [value.template, {name: _parts(each) for name, each in value.values.items()}]


def _whole(value: object) -> object:
    if not isinstance(value, list):
        return value
    template, values = value
    return Said(template, {name: _whole(each) for name, each in values.items()})


def made_printable(text: str) -> str:
    """Return the text with whatever a registry put into it made printable (`tui.oci.text`)."""
    if not isinstance(text, Said):
        return printable(text)
    return Said(text.template, {name: _printable(value) for name, value in text.values.items()})


def _printable(value: object) -> object:
    return made_printable(value) if isinstance(value, str) else value


def translated(text: str, catalog: Callable[[str], str]) -> str:
    """Return a sentence in the language of `catalog`; what it does not know stays English."""
    if not isinstance(text, Said):
        return catalog(text)
    values = {
        name: translated(value, catalog) if isinstance(value, Said) else value for name, value in text.values.items()
    }
    template = catalog(text.template)
    return template.format_map(values) if values else template
