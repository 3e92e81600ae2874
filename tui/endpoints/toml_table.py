"""One `[[endpoint]]` table to an Endpoint and back, with errors that name the line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tui.endpoints.addresses import default_scheme
from tui.endpoints.errors import EndpointFileError, InvalidEndpoint
from tui.endpoints.model import Endpoint, LastTest
from tui.oci.saying import N_, phrase

_KNOWN = tuple(field.name for field in fields(Endpoint))
_PATHS = ("ca_file", "client_cert", "client_key")
_TEST_TYPES: dict[str, type] = {"at": datetime, "ok": bool, "latency_ms": int, "message": str}
_SECRET_WORDS = ("password", "secret", "token", "passphrase")
_TYPE_NAMES = {
    str: N_("a string"),
    bool: N_("true or false"),
    list: N_("a list of strings"),
    dict: N_("a table"),
    int: N_("a number"),
}


def table_of(endpoint: Endpoint) -> dict[str, Any]:
    """Return the TOML table: everything that departs from the defaults, and always name, id, address, scheme, store."""
    always = ("name", "id", "address", "scheme", "store")
    table: dict[str, Any] = {key: getattr(endpoint, key) for key in always}
    for field in fields(Endpoint):
        value = getattr(endpoint, field.name)
        if field.name in always or field.name == "last_test" or value == field.default:
            continue
        if isinstance(value, Path):
            value = str(value)
        table[field.name] = list(value) if isinstance(value, tuple) else value
    if test := endpoint.last_test:
        table["last_test"] = {"at": test.at, "ok": test.ok, "latency_ms": test.latency_ms, "message": test.message}
    return table


def endpoint_of(table: dict[str, Any], index: int, path: Path, text: str) -> Endpoint:
    """Return the endpoint of the `index`th table of `text`. Raises EndpointFileError with line and key."""

    def wrong(key: str, message: str, hint: str = "") -> EndpointFileError:
        return EndpointFileError(path, message, line=line_of(text, index, key), key=key, hint=hint)

    for key in table:
        if key not in _KNOWN:
            raise wrong(key, *_unknown(key))
    for key in ("name", "address"):
        if key not in table:
            raise wrong(key, N_("missing; every [[endpoint]] has a name and an address"))
    values: dict[str, Any] = {}
    for key, value in table.items():
        expected = _type_of(key)
        if not _fits(value, expected):
            raise wrong(key, phrase("{what} is expected", what=_TYPE_NAMES[expected]))
        if key in _PATHS:
            values[key] = Path(value).expanduser() if value else None
        else:
            values[key] = tuple(value) if expected is list else value
    if "last_test" in values:
        values["last_test"] = _last_test(values["last_test"], wrong)
    values.setdefault("scheme", default_scheme(values["address"]))
    # Hand-written tables have no id: a stable one keeps their secret reachable until the first save writes it down.
    values.setdefault("id", hashlib.sha256(f"{values['address']} {values['name']}".encode()).hexdigest()[:8])
    try:
        return Endpoint(**values)
    except InvalidEndpoint as error:
        raise wrong(error.field, error.message, error.hint) from None


def line_of(text: str, index: int | None, key: str) -> int | None:
    """Return the line (from 1) of `key` in the `index`th [[endpoint]] table, or of the table when it lacks the key.

    None for `index` is the top of the file. tomllib keeps no positions, so this looks for them in the text.
    """
    assignment = re.compile(rf"\s*(?:\[+\s*(?:endpoint\.)?)?[\"']?{re.escape(key)}[\"']?\s*(?:=|\]|\.)")
    current, table_line = -1, None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[\[\s*endpoint\s*\]\]", line):
            current += 1
            if current == index:
                table_line = number
                continue
        if current == (-1 if index is None else index) and assignment.match(line):
            return number
    return table_line


def _unknown(key: str) -> tuple[str, str]:
    if any(word in key.lower() for word in _SECRET_WORDS) and not key.lower().endswith("_env"):
        return (
            N_("secrets are not kept in this file"),
            N_("remove the line and store it with 'regferry endpoint login NAME'"),
        )
    near = get_close_matches(key, _KNOWN, n=1)
    return N_("unknown key"), phrase("did you mean {near!r}?", near=near[0]) if near else phrase(
        "known keys: {known}", known=", ".join(_KNOWN)
    )


def _fits(value: Any, expected: type) -> bool:
    if expected is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is expected  # bool is no number here


def _type_of(key: str) -> type:
    match key:
        case "verify":
            return bool
        case "repositories":
            return list
        case "last_test":
            return dict
        case _:
            return str


def _last_test(table: dict[str, Any], wrong: Callable[[str, str], EndpointFileError]) -> LastTest:
    for key, value in table.items():
        if not isinstance(value, _TEST_TYPES.get(key, ())):
            raise wrong(
                "last_test", N_("expected: at (time), ok (true or false), latency_ms (number), message (string)")
            )
    if not {"at", "ok"} <= table.keys():
        raise wrong("last_test", N_("'at' and 'ok' are missing"))
    at = table["at"] if table["at"].tzinfo else table["at"].replace(tzinfo=UTC)
    return LastTest(at, table["ok"], table.get("latency_ms", 0), table.get("message", ""))
