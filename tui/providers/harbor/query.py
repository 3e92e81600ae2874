"""Terms of Harbor's `q=` parameter (swagger, "query"): which items of a list are wanted.

Terms are joined by commas, and nothing quotes one; some versions decode the text twice. So a value is refused that
has a character with a meaning of its own, which no name of a project, repository or tag has.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[\w./:@-]+", re.ASCII)
TAGGED = "tags=*"
"""Artifacts with a tag."""
UNTAGGED = "tags=nil"
WITH_CHILDREN = "base=*"
"""Every manifest, those inside an index included."""


def exactly(key: str, value: str) -> str:
    """Return the term for items whose `key` is `value`. Raises ValueError for a value that cannot be asked for."""
    # A number in place of a text is looked for as a number; only within a list does every version take off quotes.
    return f"{key}={_checked(value)}" if not value.isdigit() else f"{key}={{'{value}'}}"


def containing(key: str, part: str) -> str:
    """Return the term for items whose `key` contains `part`. Raises ValueError."""
    return f"{key}=~{_checked(part)}"


def among(key: str, values: tuple[str, ...]) -> str:
    """Return the term for items whose `key` is one of `values`. Raises ValueError, for no values too."""
    if not values:
        raise ValueError("none of no values was asked for")
    quoted = " ".join(f"'{_checked(value)}'" if value.isdigit() else _checked(value) for value in values)
    return f"{key}={{{quoted}}}"


def all_of(*terms: str) -> str:
    """Return the query of items for which every term holds; empty terms are left out."""
    return ",".join(term for term in terms if term)


def _checked(value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"{value!r} cannot stand in a query to Harbor")
    return value
