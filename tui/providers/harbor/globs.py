"""The globs of Harbor's rules and filters ("doublestar"): `*` within a part, `**` over parts, `?`, `[a-z]`, `{a,b}`."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str) -> bool:
    """Return whether the whole text matches. A pattern that means nothing matches nothing."""
    expression = _compiled(pattern)
    return expression is not None and expression.fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(_translated(pattern), re.DOTALL)
    except (re.error, ValueError):
        return None


def _translated(pattern: str) -> str:
    parts: list[str] = []
    depth = 0
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if pattern[at : at + 1] != "*":
                parts.append("[^/]*")
                continue
            at += 1
            if pattern[at : at + 1] == "/":
                # `a/**/b` is `a/b` too.
                at += 1
                parts.append("(?:.*/)?")
            elif parts and parts[-1] == "/" and at == len(pattern):
                parts[-1] = "(?:/.*)?"
            else:
                parts.append(".*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "[":
            end = pattern.index("]", at + 1)
            inside = pattern[at:end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[{'^' + inside[1:] if inside[:1] in '!^' else inside}]")
            at = end + 1
        elif character == "{":
            depth += 1
            parts.append("(?:")
        elif character == "}" and depth:
            depth -= 1
            parts.append(")")
        elif character == "," and depth:
            parts.append("|")
        elif character == "\\" and at < len(pattern):
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append(re.escape(character))
    if depth:
        raise ValueError(f"{pattern!r} does not close a brace")
    return "".join(parts)
