"""Taking the tables of a TOML document apart, with the place of everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError
from tui.plan.toml_places import place

_KINDS = {
    str: N_("a string"),
    bool: N_("true or false"),
    int: N_("a whole number"),
    list: N_("a list of strings"),
    dict: N_("a table"),
}

Keys = tuple[str | int, ...]
_T = TypeVar("_T")
_V = TypeVar("_V")


class TableReader:
    """Reads values out of the tables of a document; raises PlanFileError with the place of what it objects to."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def values(self, table: Mapping[str, Any], keys: Keys, kind: type[Any]) -> dict[str, Any]:
        """Return what a table says of the fields of `kind`, each as the type of its default."""
        known = fields(kind)
        self.known(table, keys, [field.name for field in known])
        values: dict[str, Any] = {}
        for field in known:
            if isinstance(field.default, tuple):
                values[field.name] = tuple(self.strings(table, keys, field.name))
                continue
            # What has no default is a number.
            expected: type[Any] = int if field.default is None else type(field.default)
            if (value := self.get(table, keys, field.name, expected)) is not None:
                values[field.name] = value
        return values

    def known(self, table: Mapping[str, Any], keys: Keys, allowed: Sequence[str]) -> None:
        """Raise for a key that means nothing here: a typing error would otherwise change what is copied."""
        for key in table:
            if key not in allowed:
                raise self.choice((*keys, key), key, allowed, what=N_("the unknown key"))

    def required(self, table: Mapping[str, Any], keys: Keys, key: str) -> str:
        value = self.get(table, keys, key, str)
        if value is None:
            raise self.error(keys, phrase("a {keys} without '{key}'", keys=keys[0], key=key), f'{key} = "..."')
        return value

    def get(self, table: Mapping[str, Any], keys: Keys, key: str, kind: type[_T]) -> _T | None:
        """Return the value of a key, None when it is not there."""
        value = table.get(key)
        if value is None:
            return None
        if type(value) is not kind:
            raise self.error((*keys, key), f"{key} = {describe(value)}", _KINDS[kind])
        return value

    def strings(self, table: Mapping[str, Any], keys: Keys, key: str) -> list[str]:
        values: list[Any] = self.get(table, keys, key, list) or []
        for value in values:
            if not isinstance(value, str):
                raise self.error((*keys, key), phrase("{what} in {key}", what=describe(value), key=key), _KINDS[list])
        return values

    def valid(self, keys: Keys, value: _V, expected: str, make: Callable[[_V], _T]) -> _T:
        """Return `make(value)`; what it raises is said with the place of the value."""
        try:
            return make(value)
        except PlanFileError:
            raise
        except ValueError as error:
            raise self.error(keys, str(error), expected, value=value) from None

    def choice(self, keys: Keys, found: str, allowed: Sequence[str], what: str = "") -> PlanFileError:
        near = difflib.get_close_matches(found, allowed, 1)
        hint = phrase("did you mean '{near}'?", near=near[0]) if near else ""
        return self.error(
            keys,
            phrase("{what} '{name}'", what=what, name=found) if what else f"'{found}'",
            phrase("one of {names}", names=", ".join(allowed)),
            hint,
        )

    def error(self, keys: Keys, found: str, expected: str, hint: str = "", value: object = None) -> PlanFileError:
        line, column = place(self.text, keys, value) if keys else (1, 1)
        return PlanFileError(self.path, line, column, found, expected, hint)


def describe(value: object) -> str:
    """Return a value in words for a message."""
    if isinstance(value, (dict, list)):
        return N_("a table") if isinstance(value, dict) else N_("a list")
    return f"{str(value).lower() if isinstance(value, bool) else repr(value)}"
