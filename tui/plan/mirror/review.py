"""The file between proposing and deleting: what somebody looks through, takes lines out of, and hands back (TOML)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from tui.oci.reference import InvalidReference, Reference, is_digest
from tui.oci.saying import N_, phrase
from tui.plan.errors import PlanFileError
from tui.plan.mirror.mapping import Reason
from tui.plan.mirror.settings import Mirror, check_pattern, protected_by
from tui.plan.text_file import read_text, write_text
from tui.plan.toml_places import place

VERSION = 1
KIND = "regferry deletions"

_HEAD = """\
# What regferry would delete at the target, because it left the source. Nothing is deleted yet.
# Take out every [[delete]] that is to stay, then: regferry mirror apply FILE
# A tag that has another digest by then is left alone.

"""
_KEYS = {
    "": ("version", "kind", "plan", "created", "tags", "limits", "delete", "kept"),
    "limits": ("protect", "max_count", "max_percent"),
    "delete": ("target", "digest", "source", "reason", "shares"),
    "kept": ("target", "why"),
}


@dataclass(frozen=True, slots=True)
class Deletion:
    """One tag to delete while it still has `digest`; `shares` are kept tags of the same manifest."""

    target: Reference
    digest: str
    source: Reference
    reason: Reason
    shares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A tag that left the source and is not deleted, and why."""

    target: str
    why: str


@dataclass(frozen=True, slots=True)
class Review:
    """The proposal: `plan` is the plan's text, `tags` how many tags the repositories had that were looked at."""

    plan: str
    deletions: tuple[Deletion, ...]
    kept: tuple[Kept, ...] = ()
    tags: int = 0
    limits: Mirror = field(default_factory=Mirror)
    created: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def refusal(self) -> str:
        """Return why nothing of this may be deleted, '' when it may. Protected tags in it are one reason."""
        for each in self.deletions:
            if pattern := protected_by(self.limits.protect, each.target):
                return phrase("{target} is protected by {pattern}", target=str(each.target), pattern=repr(pattern))
        return self.limits.over(len(self.deletions), self.tags)


def save_review(review: Review, path: Path) -> None:
    """Write the file in one step. Raises OSError."""
    write_text(path, format_review(review))


def format_review(review: Review) -> str:
    """Return the text of the file."""
    import tomli_w

    limits = review.limits
    document: dict[str, Any] = {
        "version": VERSION,
        "kind": KIND,
        "created": review.created,
        "tags": review.tags,
        "plan": review.plan,
        "limits": {
            "protect": list(limits.protect),
            "max_count": limits.max_count,
            "max_percent": limits.max_percent,
        },
        "delete": [_deletion_table(each) for each in review.deletions],
        "kept": [{"target": each.target, "why": each.why} for each in review.kept],
    }
    filled = {key: value for key, value in document.items() if value != []}
    return _HEAD + tomli_w.dumps(filled, multiline_strings=True)


def _deletion_table(each: Deletion) -> dict[str, Any]:
    table: dict[str, Any] = {
        "target": str(each.target),
        "digest": each.digest,
        "source": str(each.source),
        "reason": each.reason,
    }
    return {**table, "shares": list(each.shares)} if each.shares else table


def load_review(path: Path) -> Review:
    """Return what was reviewed. Raises PlanFileError for the first thing that is wrong, with its place."""
    text = read_text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanFileError(
            path, 0, 0, phrase("no TOML ({error})", error=error), N_("the file that 'regferry mirror propose' wrote")
        ) from None
    return _Reader(path, text).review(document)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def review(self, document: Mapping[str, Any]) -> Review:
        if document.get("version") != VERSION or document.get("kind") != KIND:
            raise self._error(
                ("version",),
                N_("another kind of file"),
                phrase('version = {version} and kind = "{kind}"', version=VERSION, kind=KIND),
            )
        self._known(document, "")
        limits = self._table(document, "limits")
        self._known(limits, "limits")
        try:
            protect = tuple(check_pattern(str(pattern)) for pattern in limits.get("protect", []))
            mirror = Mirror(protect, int(limits["max_count"]), int(limits["max_percent"]))
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(("limits",), str(error), N_("protect, max_count and max_percent")) from None
        created, tags, plan = document.get("created"), document.get("tags"), document.get("plan")
        if not isinstance(created, datetime) or type(tags) is not int or not isinstance(plan, str):
            raise self._error(
                ("created",), N_("a part of the head missing"), N_("plan, created and tags as they were written")
            )
        deletions = tuple(
            self._deletion(table, ("delete", n)) for n, table in enumerate(self._list(document, "delete"))
        )
        kept = tuple(Kept(str(table.get("target")), str(table.get("why"))) for table in self._list(document, "kept"))
        return Review(plan, deletions, kept, tags, mirror, created)

    def _deletion(self, table: Mapping[str, Any], keys: tuple[str | int, ...]) -> Deletion:
        self._known(table, "delete", keys)
        try:
            target, source = Reference.parse(table["target"]), Reference.parse(table["source"])
            digest, reason, shares = table["digest"], table["reason"], tuple(table.get("shares", ()))
        except (KeyError, TypeError, AttributeError, InvalidReference) as error:
            raise self._error(
                keys, phrase("a [[delete]] that cannot be used ({error})", error=error), N_("as it was written")
            ) from None
        if not target.tag or target.digest:
            raise self._error(keys, phrase("target = {target}", target=target), N_("a tag: only tags are deleted"))
        if not isinstance(digest, str) or not is_digest(digest):
            raise self._error((*keys, "digest"), N_("no digest"), N_("the digest the tag had when it was looked at"))
        if reason not in get_args(Reason):
            raise self._error(
                (*keys, "reason"),
                phrase("reason = {reason}", reason=repr(reason)),
                phrase("one of {names}", names=", ".join(get_args(Reason))),
            )
        return Deletion(target, digest, source, reason, shares)

    def _list(self, document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        tables = document.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._error((key,), N_("something else"), phrase("tables under [[{key}]]", key=key))
        return tables

    def _table(self, document: Mapping[str, Any], key: str) -> dict[str, Any]:
        table = document.get(key)
        if not isinstance(table, dict):
            raise self._error(
                (key,), phrase("no [{key}]", key=key), phrase("the table [{key}] as it was written", key=key)
            )
        return table

    def _known(self, table: Mapping[str, Any], kind: str, keys: tuple[str | int, ...] = ()) -> None:
        for key in table:
            if key not in _KEYS[kind]:
                where = keys or ((kind,) if kind else ())
                raise self._error(
                    (*where, key),
                    phrase("the unknown key '{key}'", key=key),
                    phrase("one of {names}", names=", ".join(_KEYS[kind])),
                )

    def _error(self, keys: tuple[str | int, ...], found: str, expected: str) -> PlanFileError:
        line, column = place(self._text, keys)
        hint = N_("take out whole [[delete]] tables and change nothing else")
        return PlanFileError(self._path, line, column, found, expected, hint)
