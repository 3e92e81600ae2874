"""Which of a repository's tags a rule takes, and how many were left at each step.

The steps, in this order; a step that a selection does not name is left out:

1. `include`        globs, any of them
2. `exclude`        globs, none of them
3. `regex`          found in the tag
4. `exclude_regex`  not found in the tag
5. `semver`         a version in the range
6. `attached`       only before 7 to 9: tags that are about another (signatures) are set apart, and go with their image
7. `labels`         all of them on the artifact, none of `exclude_labels`
8. `newer_than`     pushed (else made) after that moment; what has no time is left out
9. `newest`         so many of what is left: the highest versions, or the latest by that time

So what costs nothing comes first, and what has to be asked of a registry is asked for few tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from tui.oci.saying import N_, phrase
from tui.plan import re2
from tui.plan.ages import cutoff
from tui.plan.attached import is_attached
from tui.plan.model import RepositorySelection, TagSelection
from tui.plan.versions import parse_range, parse_version, sort_key

_NEVER = datetime.min.replace(tzinfo=UTC)


class SelectionError(ValueError):
    """A tag selection has a pattern, a range or a number that means nothing."""


@dataclass(frozen=True, slots=True)
class TagFacts:
    """What a registry knows of a tag besides its name: when it was pushed (else made), and its labels."""

    time: datetime | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """How many were `left` after a step."""

    name: str
    left: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many tags were listed, matched by name, and were kept by every step; and those, in listed order.

    `steps` has every step with what it left, beginning with `listed`. `open` are steps that could not be applied yet,
    since they need facts: then `tags` is what is left before the first of them. `timeless` counts the tags that
    `newer_than` left out because nobody knows their time.
    """

    listed: int
    matched: int
    kept: int
    tags: tuple[str, ...]
    steps: tuple[Step, ...] = field(default=(), compare=False)
    open: tuple[str, ...] = field(default=(), compare=False)
    timeless: int = field(default=0, compare=False)


def narrow(
    selection: TagSelection,
    tags: Iterable[str],
    facts: Mapping[str, TagFacts] | None = None,
    now: datetime | None = None,
) -> Funnel:
    """Return what the selection takes of `tags`, duplicates listed once. Raises SelectionError.

    `facts` are those of the tags that pass the steps by name, None when they are not known; `now` is what ages are
    counted from.
    """
    listed = list(dict.fromkeys(tags))
    steps = [Step("listed", len(listed))]
    left = _by_name(selection, listed, steps)
    matched = len(left)
    timeless = 0
    open_ = _open(selection) if facts is None else ()
    if not open_:
        known = facts or {}
        if selection.needs_labels:
            left = [tag for tag in left if _labelled(selection, known.get(tag, TagFacts()).labels)]
            steps.append(Step("labels", len(left)))
        if selection.newer_than:
            times = [(tag, known.get(tag, TagFacts()).time) for tag in left]
            since = _cutoff(selection, now)
            left = [tag for tag, time in times if time is not None and time > since]
            timeless = sum(time is None for _, time in times)
            steps.append(Step("newer_than", len(left)))
        if selection.newest is not None:
            left = _newest(selection, left, known, selection.newest)
            steps.append(Step("newest", len(left)))
    return Funnel(len(listed), matched, len(left), tuple(left), tuple(steps), open_, timeless)


def check_selection(selection: TagSelection) -> None:
    """Raise SelectionError when the selection could not be applied to any list of tags."""
    _check_globs(selection.include + selection.exclude, "tag")
    narrow(selection, [], {})
    if selection.newest_by == "time" and selection.newest is None:
        raise SelectionError(N_("newest_by = 'time' says nothing without newest = how many"))


def matching_paths(selection: RepositorySelection, paths: Iterable[str]) -> list[str]:
    """Return the repositories that the selection takes, in order. Raises SelectionError."""
    return _patterns(selection, list(paths), [])


def check_repositories(selection: RepositorySelection) -> None:
    """Raise SelectionError when the selection could not be applied to any list of repositories."""
    _check_globs(selection.include + selection.exclude, "repository")
    _patterns(selection, [], [])


def _by_name(selection: TagSelection, tags: list[str], steps: list[Step]) -> list[str]:
    if selection.newest is not None and selection.newest < 1:
        raise SelectionError(
            phrase("newest = {newest} keeps nothing; at least 1 was expected", newest=selection.newest)
        )
    tags = _patterns(selection, tags, steps)
    if selection.semver:
        try:
            accepted = parse_range(selection.semver)
        except ValueError as error:
            raise SelectionError(str(error)) from None
        tags = [tag for tag in tags if (version := parse_version(tag)) and version in accepted]
        steps.append(Step("semver", len(tags)))
    if selection.newest is not None or selection.newer_than or selection.needs_labels:
        own = [tag for tag in tags if not is_attached(tag)]
        if len(own) < len(tags):
            tags = own
            steps.append(Step("attached", len(tags)))
    return tags


def _patterns(selection: TagSelection | RepositorySelection, names: list[str], steps: list[Step]) -> list[str]:
    if selection.include:
        names = [name for name in names if any(fnmatchcase(name, glob) for glob in selection.include)]
        steps.append(Step("include", len(names)))
    if selection.exclude:
        names = [name for name in names if not any(fnmatchcase(name, glob) for glob in selection.exclude)]
        steps.append(Step("exclude", len(names)))
    for step, expression, wanted in (
        ("regex", selection.regex, True),
        ("exclude_regex", selection.exclude_regex, False),
    ):
        if expression:
            try:
                pattern = re2.compile(expression)
            except re2.RegexError as error:
                raise SelectionError(
                    phrase(
                        "the regular expression {expression!r} is not valid: {error}",
                        expression=expression,
                        error=error,
                    )
                ) from None
            names = [name for name in names if bool(pattern.search(name)) is wanted]
            steps.append(Step(step, len(names)))
    return names


def _open(selection: TagSelection) -> tuple[str, ...]:
    """Return the steps that need facts, and those after them."""
    steps = [("labels", selection.needs_labels), ("newer_than", bool(selection.newer_than))]
    named = [name for name, there in steps if there]
    if selection.newest is not None and (named or selection.needs_time):
        named.append("newest")
    return tuple(named)


def _labelled(selection: TagSelection, labels: frozenset[str]) -> bool:
    return labels.issuperset(selection.labels) and labels.isdisjoint(selection.exclude_labels)


def _cutoff(selection: TagSelection, now: datetime | None) -> datetime:
    try:
        return cutoff(selection.newer_than, now or datetime.now(UTC))
    except ValueError as error:
        raise SelectionError(phrase("newer_than: {error}", error=error)) from None


def _newest(selection: TagSelection, tags: list[str], facts: Mapping[str, TagFacts], count: int) -> list[str]:
    def by_time(tag: str) -> tuple[object, ...]:
        return (facts.get(tag, TagFacts()).time or _NEVER, *sort_key(tag))

    key = by_time if selection.newest_by == "time" else sort_key
    newest = set(sorted(tags, key=key, reverse=True)[:count])
    return [tag for tag in tags if tag in newest]


def _check_globs(globs: Iterable[str], what: str) -> None:
    if not all(globs):
        raise SelectionError(phrase("an empty glob matches no {what}; leave it out", what=what))
