"""Authentication challenges: the `WWW-Authenticate` header (RFC 9110, section 11.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*')
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+|(?=,)|$)")
_MAX_HEADER = 16 * 1024


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: `scheme` in lower case (`bearer`, `basic`), parameters with lower-case names."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Parse all `WWW-Authenticate` header values; several challenges may share one header.

    What does not follow the grammar is skipped, because a registry with a broken second challenge must still work.
    """
    challenges: list[Challenge] = []
    for header in headers:
        challenges += _parse(header[:_MAX_HEADER])
    return challenges


def _parse(header: str) -> list[Challenge]:
    found: list[Challenge] = []
    position = 0
    while position < len(header):
        parameter = _PARAMETER.match(header, position)
        if parameter and found:
            name, quoted, bare = parameter.groups()
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
            found[-1] = Challenge(found[-1].scheme, {**found[-1].parameters, name.lower(): value})
            position = parameter.end()
        elif not parameter and (scheme := _SCHEME.match(header, position)):
            found.append(Challenge(scheme.group(1).lower(), {}))
            position = scheme.end()
        else:
            following = header.find(",", position)
            position = len(header) if following < 0 else following
        while position < len(header) and header[position] in ", \t":
            position += 1
    return found
