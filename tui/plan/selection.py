"""Which of a repository's tags a rule takes, and how many were left at each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tui.plan import re2
from tui.plan.model import TagSelection
from tui.plan.versions import parse_range, parse_version, sort_key


class SelectionError(ValueError):
    """A tag selection has a pattern, a range or a number that means nothing."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many tags were listed, matched every filter and were kept (`newest`); and those, in listed order."""

    listed: int
    matched: int
    kept: int
    tags: tuple[str, ...]


def narrow(selection: TagSelection, tags: Iterable[str]) -> Funnel:
    """Return what the selection takes of `tags`, duplicates listed once. Raises SelectionError."""
    listed = list(dict.fromkeys(tags))
    matched = _matching(selection, listed)
    kept = matched
    if selection.newest is not None and selection.newest < len(matched):
        newest = set(sorted(matched, key=sort_key, reverse=True)[: selection.newest])
        kept = [tag for tag in matched if tag in newest]
    return Funnel(len(listed), len(matched), len(kept), tuple(kept))


def check_selection(selection: TagSelection) -> None:
    """Raise SelectionError when the selection could not be applied to any list of tags."""
    for glob in selection.include + selection.exclude:
        if not glob:
            raise SelectionError("an empty glob matches no tag; leave it out")
    _matching(selection, [])


def _matching(selection: TagSelection, tags: list[str]) -> list[str]:
    if selection.newest is not None and selection.newest < 1:
        raise SelectionError(f"newest = {selection.newest} keeps nothing; at least 1 was expected")
    if selection.include:
        tags = [tag for tag in tags if any(fnmatchcase(tag, glob) for glob in selection.include)]
    tags = [tag for tag in tags if not any(fnmatchcase(tag, glob) for glob in selection.exclude)]
    if selection.regex:
        try:
            pattern = re2.compile(selection.regex)
        except re2.RegexError as error:
            raise SelectionError(f"the regular expression {selection.regex!r} is not valid: {error}") from None
        tags = [tag for tag in tags if pattern.search(tag)]
    if selection.semver:
        try:
            accepted = parse_range(selection.semver)
        except ValueError as error:
            raise SelectionError(str(error)) from None
        tags = [tag for tag in tags if (version := parse_version(tag)) and version in accepted]
    return tags
