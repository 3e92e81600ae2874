"""Fields of a JSON object by type: what is missing, or of another type than the API promises, is '', 0 or None."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tui.providers.content import parse_time


def text(document: dict[str, Any], key: str) -> str:
    """Return a text."""
    value = document.get(key)
    return value if isinstance(value, str) else ""


def number(document: dict[str, Any], key: str, otherwise: int = 0) -> int:
    """Return a whole number, as large as Harbor's own can be (64 bits)."""
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else otherwise


def time(document: dict[str, Any], key: str) -> datetime | None:
    """Return a time; None for the year 1 as well, by which Harbor says never."""
    return parse_time(document.get(key))


def inner(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def inners(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    value = document.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(document: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts of a list."""
    value = document.get(key)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
