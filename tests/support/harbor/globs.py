"""Harbor's globs for the stand-in, apart from those of the program: `{a,b}` is taken apart, the rest by `fnmatch`."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(pattern: str, text: str) -> bool:
    """Return whether a doublestar pattern matches the whole text."""
    return any(_parts_match(each.split("/"), text.split("/")) for each in _alternatives(pattern))


def _alternatives(pattern: str) -> list[str]:
    start = pattern.find("{")
    if start < 0:
        return [pattern]
    end = pattern.index("}", start)
    inner = pattern[start + 1 : end].split(",")
    return [each for one in inner for each in _alternatives(pattern[:start] + one + pattern[end + 1 :])]


def _parts_match(pattern: list[str], parts: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_parts_match(pattern[1:], parts[count:]) for count in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _parts_match(pattern[1:], parts[1:])
