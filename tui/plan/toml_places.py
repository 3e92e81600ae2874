"""Where a value of a TOML document stands in its text, which `tomllib` does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")

Path = tuple[str | int, ...]


def place(text: str, path: Sequence[str | int], value: object = None) -> tuple[int, int]:
    """Return line and column (from 1) of the key or table at `path`, such as ("rule", 0, "platforms").

    With a string `value` the place of that string at or below the key. A key that cannot be found has the
    place of the nearest table around it, and (0, 0) stands for nothing found at all. Dotted keys and inline
    tables are understood as far as people write them in plan files.
    """
    wanted = tuple(path)
    best, line, column = 0, 0, 0
    lines = text.split("\n")
    for number, key, start in _keys(lines):
        shared = min(len(key), len(wanted))
        common = shared if wanted[:shared] == key[:shared] else 0
        if common > best:
            best, line, column = common, number, start
    if not line:
        return 0, 0
    for part in (*wanted[best:], value):
        if isinstance(part, str):
            line, column = _further(lines, line, column, part, quoted=part is value)
    return line, column


def _keys(lines: list[str]) -> Iterator[tuple[int, Path, int]]:
    """Yield line, path and column of every table header and key that starts a line."""
    table: Path = ()
    counts: dict[str, int] = {}
    quote = ""
    for number, line in enumerate(lines, 1):
        inside = quote
        quote = _open_quote(line, quote)
        if inside:
            continue
        if header := _HEADER.match(line):
            names = _names(header[2])
            if header[1] == "[[":
                counts[names[0]] = counts.get(names[0], -1) + 1
            index = (counts[names[0]],) if names[0] in counts else ()
            table = (names[0], *index, *names[1:])
            yield number, table, header.start(1) + 1
        elif key := _KEY.match(line):
            yield number, (*table, *_names(key[1])), key.start(1) + 1


def _further(lines: list[str], line: int, column: int, part: str, *, quoted: bool) -> tuple[int, int]:
    """Return where `part` stands as a key or a quoted string at or after a place, before the next header."""
    escaped = re.escape(part)
    pattern = re.compile(rf"[\"']{escaped}[\"']" if quoted else rf"(?<![\w.-])[\"']?{escaped}[\"']?\s*=")
    for number in range(line, len(lines) + 1):
        content = lines[number - 1]
        if number > line and _HEADER.match(content):
            break
        if match := pattern.search(content, column - 1 if number == line else 0):
            return number, match.start() + 1
    return line, column


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _open_quote(line: str, quote: str) -> str:
    """Return the multi-line quote that is open after `line`."""
    for found in re.findall(r'"""|\'\'\'', line):
        quote = "" if found == quote else quote or found
    return quote
