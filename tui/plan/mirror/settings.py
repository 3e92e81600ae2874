"""What a plan says about deletions at the target: `[mirror]` in the plan file."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tui.oci.reference import Reference
from tui.oci.saying import N_, phrase
from tui.plan import re2


@dataclass(frozen=True, slots=True)
class Mirror:
    """How far deletions may go.

    `protect` are patterns of what is never deleted: a glob of tags (`v1.*`), a glob with a `/` or `:` of whole names
    without the registry (`mirror/nginx:*`), or a regular expression of tags between slashes (`/^release-/`, RE2).
    Nothing is deleted when it would be more than `max_count` tags, or more than `max_percent` of the tags in the
    repositories that were looked at. `unselected` proposes also what is still at the source and no longer selected by
    the rule, `repositories` also what is in repositories that left the source as a whole.
    """

    protect: tuple[str, ...] = ()
    max_count: int = 100
    max_percent: int = 25
    unselected: bool = False
    repositories: bool = False

    def over(self, count: int, tags: int) -> str:
        """Return why `count` deletions among `tags` are too many, '' when they are not."""
        if count > self.max_count:
            return phrase("{count} deletions are more than max_count = {most}", count=count, most=self.max_count)
        if count * 100 > self.max_percent * tags:
            share = f"{count * 100 / tags:.0f}" if tags else "100"
            words = N_("{count} of {tags} tags are {share} %, more than max_percent = {most}")
            return phrase(words, count=count, tags=tags, share=share, most=self.max_percent)
        return ""


def check_pattern(pattern: str) -> str:
    """Return a pattern that can be used. Raises ValueError."""
    if not pattern:
        raise ValueError(N_("an empty pattern protects nothing; leave it out"))
    if expression := _expression(pattern):
        try:
            re2.compile(expression)
        except re2.RegexError as error:
            words = phrase(
                "the regular expression {expression!r} is not valid: {error}", expression=pattern, error=error
            )
            raise ValueError(words) from None
    return pattern


def protected_by(patterns: tuple[str, ...], target: Reference) -> str:
    """Return the first pattern that protects a tag, '' for none. Raises ValueError for a pattern that is none."""
    name = f"{target.repository.path}:{target.tag}"
    for pattern in patterns:
        expression = _expression(check_pattern(pattern))
        if expression:
            hit = re2.compile(expression).search(target.tag) is not None
        else:
            hit = fnmatchcase(name if "/" in pattern or ":" in pattern else target.tag, pattern)
        if hit:
            return pattern
    return ""


def _expression(pattern: str) -> str:
    """Return what stands between the slashes of a regular expression, '' for a glob."""
    return pattern[1:-1] if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/") else ""
