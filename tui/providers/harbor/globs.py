"""The globs of Harbor's rules and filters ("doublestar"): `*` within a part, `**` over parts, `?`, `[a-z]`, `{a,b}`.

Rules come from a registry, so no pattern may cost more than its length times that of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

_MOST_ALTERNATIVES = 500

_Token = Callable[[str], bool] | None
"""Takes one character; None is `*`."""


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches. A pattern that means nothing matches nothing."""
    parts = text.split("/")
    return any(_path_matches(each, parts) for each in _compiled(pattern))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[tuple[tuple[_Token, ...] | None, ...], ...]:
    """Return the alternatives of a pattern, each as its parts; a part that is None is `**`."""
    try:
        return tuple(
            tuple(None if part == "**" else tuple(_tokens(part)) for part in alternative.split("/"))
            for alternative in _alternatives(pattern)
        )
    except ValueError:
        return ()


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns without braces that one with braces stands for. Raises ValueError."""
    done: list[str] = []
    todo = [pattern]
    while todo:
        if len(done) + len(todo) > _MOST_ALTERNATIVES:
            raise ValueError("too many alternatives")
        each = todo.pop()
        start = _find(each, "{", 0)
        if start < 0:
            done.append(each)
            continue
        pieces, end = _braced(each, start)
        todo += [each[:start] + piece + each[end:] for piece in pieces]
    return done


def _braced(pattern: str, start: int) -> tuple[list[str], int]:
    """Return what is between the commas of the braces that open at `start`, and where they are over."""
    pieces, depth, begin, at = [], 0, start + 1, start
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif character == "{":
            depth += 1
        elif character == "," and depth == 1:
            pieces.append(pattern[begin:at])
            begin = at + 1
        elif character == "}":
            depth -= 1
            if not depth:
                return [*pieces, pattern[begin:at]], at + 1
        at += 1
    raise ValueError("a brace is not closed")


def _find(pattern: str, wanted: str, at: int) -> int:
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == wanted:
            return at
        at += 1
    return -1


def _tokens(part: str) -> Iterator[_Token]:
    """Yield what a part is made of. Raises ValueError for a set that is not closed."""
    at = 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            yield None
        elif character == "?":
            yield lambda _: True
        elif character == "[":
            end = part.index("]", at + 1)
            yield _one_of(part[at:end])
            at = end + 1
        else:
            if character == "\\" and at < len(part):
                character = part[at]
                at += 1
            yield character.__eq__


def _one_of(inside: str) -> _Token:
    excluded = inside[:1] in ("!", "^")
    inside = inside[1:] if excluded else inside
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            ranges.append((inside[at], inside[at + 2]))
            at += 3
        else:
            ranges.append((inside[at], inside[at]))
            at += 1
    return lambda character: any(low <= character <= high for low, high in ranges) != excluded


def _path_matches(pattern: tuple[tuple[_Token, ...] | None, ...], parts: list[str]) -> bool:
    reached = {0}
    for each in pattern:
        if each is None:
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and _part_matches(each, parts[at])}
        if not reached:
            return False
    return len(parts) in reached


def _part_matches(tokens: tuple[_Token, ...], part: str) -> bool:
    reached = {0}
    for token in tokens:
        if token is None:
            reached = set(range(min(reached), len(part) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(part) and token(part[at])}
        if not reached:
            return False
    return len(part) in reached
