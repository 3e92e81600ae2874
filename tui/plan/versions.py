"""Tags read as versions: how they sort, and whether they lie in a range.

A tag is a version when it is `[v]1[.2[.3[...]]][-pre-release][_build]`; missing numbers count as 0, and what
follows an underscore is build metadata as in Helm, which writes `+` so because a tag cannot have one.
Precedence follows Semantic Versioning 2.0.0, section 11; numbers after the third break ties.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tui.oci.saying import phrase

if TYPE_CHECKING:
    from semantic_version import NpmSpec, Version  # type: ignore[import-untyped]

_VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:_[\w.-]*)?", re.ASCII)
_OPERATOR = re.compile(r"(<=|>=|<|>|=|\^|~)\s*[vV]?(?=\d|[xX*])")
_PARTIAL = re.compile(r"(?<![\w.-])(\d+)(\.\d+)?-(?=\w)")
_NAMED_PRERELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)-\w")


class ParsedVersion(NamedTuple):
    """A tag's numbers (at least three) and its pre-release identifiers ('' for a release)."""

    numbers: tuple[int, ...]
    prerelease: str

    @property
    def semantic(self) -> Version:
        """The version by its first three numbers."""
        from semantic_version import Version

        release = ".".join(str(number) for number in self.numbers[:3])
        return Version(f"{release}-{self.prerelease}" if self.prerelease else release)


@lru_cache(maxsize=4096)
def parse_version(tag: str) -> ParsedVersion | None:
    """Return the version a tag stands for, or None (`latest`, `sha-3f1c`)."""
    match = _VERSION.fullmatch(tag)
    if match is None:
        return None
    numbers = tuple(int(part) for part in match[1].split("."))
    identifiers = (match[2] or "").split(".")
    prerelease = ".".join(str(int(part)) if part.isdigit() else part for part in identifiers)
    return ParsedVersion(numbers + (0,) * (3 - len(numbers)), prerelease)


def sort_key(tag: str) -> tuple[object, ...]:
    """Return a key that sorts tags from the lowest version to the highest; other tags come first, by text."""
    version = parse_version(tag)
    if version is None:
        return (0, tag)
    precedence = version._replace(numbers=(0, 0, 0)).semantic.precedence_key
    return (1, version.numbers, precedence, tag)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A range of versions; `prereleases` are the versions of which it names a pre-release."""

    spec: NpmSpec
    prereleases: frozenset[tuple[int, ...]]

    def __contains__(self, version: ParsedVersion) -> bool:
        if version.prerelease and version.numbers[:3] not in self.prereleases:
            return False  # the library lets `<1.2` have 1.2.0-rc1, which nobody means
        return bool(self.spec.match(version.semantic))


def parse_range(text: str) -> VersionRange:
    """Return the range of npm's grammar: `>=1.20 <2`, `^1.2`, `~1.4`, `1.x`, `1.2 - 1.4`, `<1 || >=2`.

    Commas may stand for spaces, and versions may have a `v`. A pre-release is in a range only when the range names a
    pre-release of the same version. Raises ValueError.
    """
    from semantic_version import NpmSpec

    spaced = " ".join(_OPERATOR.sub(r"\1", text.replace(",", " ")).split())
    complete = _PARTIAL.sub(lambda match: f"{match[1]}{match[2] or '.0'}.0-", spaced)
    try:
        spec = NpmSpec(complete)
    except ValueError as error:
        raise ValueError(
            phrase("{text!r} is not a version range like '>=1.20 <2', '^1.2' or '~1.4'", text=text)
        ) from error
    named = (tuple(int(number) for number in match.groups()) for match in _NAMED_PRERELEASE.finditer(complete))
    return VersionRange(spec, frozenset(named))
