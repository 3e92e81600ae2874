"""Between globs, which a tag selection includes and excludes by, and regular expressions, which other tools have."""

from __future__ import annotations

import re

_LITERAL = re.compile(r"\\([^\w\s])|([\w/-])", re.ASCII)


def glob_to_regex(glob: str) -> str | None:
    """Return the RE2 expression that matches the same whole tags, None for a glob with a set `[...]`."""
    parts = []
    for character in glob:
        if character == "[":
            return None
        parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return "".join(parts)


def regex_to_glob(regex: str) -> str | None:
    """Return the glob that matches what the whole expression does, None when there is none.

    Literal text, `.`, `.*` and `.+` have one.
    """
    rest = regex.removeprefix("^").removesuffix("$") if not regex.endswith(r"\$") else regex.removeprefix("^")
    parts = []
    while rest:
        literal = _LITERAL.match(rest)
        if rest.startswith((".*", ".+", ".")):
            sign = rest[:2] if rest[1:2] in ("*", "+") else "."
            parts.append({".*": "*", ".+": "?*", ".": "?"}[sign])
            rest = rest[len(sign) :]
        elif literal:
            parts.append(_quoted(literal[1] or literal[2]))
            rest = rest[literal.end() :]
        else:
            return None
        if rest[:1] in ("*", "+", "?", "{"):
            return None
    return "".join(parts)


def _quoted(character: str) -> str:
    return f"[{character}]" if character in "*?[" else character
