"""Authentication challenges: the `WWW-Authenticate` header (RFC 9110, section 11.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*')
# The scheme, and what Negotiate and its like have in place of parameters ("token68").
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+(?:[0-9A-Za-z._~+/-]+=*\s*(?=,|$))?|(?=,)|$)")
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
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(header):
        parameter = _PARAMETER.match(header, position)
        if parameter:
            position = parameter.end()
            if not found:
                continue
            name, quoted, bare = parameter.groups()
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
            # The first of two equal names holds: what follows may have been put there by a proxy.
            found[-1][1].setdefault(name.lower(), value)
        elif scheme := _SCHEME.match(header, position):
            found.append((scheme.group(1).lower(), {}))
            position = scheme.end()
        else:
            following = header.find(",", position)
            position = len(header) if following < 0 else following
        while position < len(header) and header[position] in ", \t":
            position += 1
    return [Challenge(scheme, parameters) for scheme, parameters in found]
