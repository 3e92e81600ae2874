"""What reading another tool's file gives: a plan, the logins that stood beside it, and what to be careful about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tui.oci.reference import Repository
from tui.oci.saying import made_printable
from tui.plan.model import Plan

HazardCode = Literal[
    "arch-list",
    "auth-address",
    "auth-incomplete",
    "auth-overlap",
    "auth-repository",
    "default-target",
    "destination-environment",
    "destination-regex",
    "duplicate-tag",
    "gcr-login",
    "host-without-dot",
    "hub-alias",
    "hub-short-name",
    "ignored-file",
    "index-digest",
    "not-expressible",
    "one-platform",
    "option-left-out",
    "regex-unanchored",
    "secret-environment",
    "single-name",
    "tag-lost",
    "two-part-name",
    "unknown-key",
]
"""Stable names of the warnings, for scripts that look for one."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """Something of the file that means another thing than it seems, or that a plan cannot say.

    `origin` is the place (`images.yaml:12`), `hint` the next step ('' when there is none). No secret is in any of them.
    """

    code: HazardCode
    message: str
    origin: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("message", "origin", "hint"):
            object.__setattr__(self, name, made_printable(getattr(self, name)))

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.origin + ': ' if self.origin else ''}{self.message}{hint}"


@dataclass(frozen=True, slots=True)
class AuthEntry:
    """A login for every repository that starts with `match` (`registry`, `registry/project`, or longer).

    `insecure` means both: certificates are not verified, and plain HTTP is taken where nothing speaks TLS.
    """

    match: str
    username: str = ""
    password: str = field(default="", repr=False)
    insecure: bool = False

    def covers(self, subject: str) -> bool:
        """Return whether the entry is for `registry/repository`: equal, or a prefix that ends where a part ends."""
        if not self.match or not subject.startswith(self.match):
            return False
        return self.match.endswith("/") or subject[len(self.match) :][:1] in ("", "/")


@dataclass(frozen=True, slots=True)
class AuthBook:
    """The logins of a file. `lookup` is what `tui.endpoints.resolve.AccessResolver` takes as its `lookup`."""

    entries: tuple[AuthEntry, ...] = ()

    def lookup(self, repository: Repository) -> AuthEntry | None:
        """Return the entry with the longest matching prefix, the first of equal ones, or None."""
        subject = str(repository)
        found = (entry for entry in self.entries if entry.covers(subject))
        return max(found, key=lambda entry: len(entry.match), default=None)


@dataclass(frozen=True, slots=True)
class Imported:
    """A plan with the logins and warnings that came with it."""

    plan: Plan
    auth: AuthBook = AuthBook()
    hazards: tuple[Hazard, ...] = ()


def distinct(hazards: Iterable[Hazard]) -> tuple[Hazard, ...]:
    """Return the warnings, each said once, in order."""
    return tuple(dict.fromkeys(hazards))
