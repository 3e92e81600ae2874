"""What a cloud knows: access keys, namespaces, repositories, the logins it has lent."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from tests.support.clouds.cam import granted


@dataclass
class Key:
    """An access key; `allowed` None may do everything, unless a `policy` document is all it has.

    `ends_at` is when its session token ends (Unix time).
    """

    secret: str
    session_token: str = ""
    allowed: frozenset[str] | None = None
    ends_at: float = float("inf")
    enabled: bool = True
    policy: Mapping[str, Any] | None = None

    def may(self, action: str, resource: str = "") -> bool:
        """Return whether the account behind the key has the permission."""
        if self.policy is not None:
            return granted(self.policy, action, resource)
        return self.allowed is None or action in self.allowed


@dataclass
class Space:
    """A namespace."""

    creates: bool = True
    public: bool = False


@dataclass(frozen=True)
class Loan:
    """A login that was lent."""

    username: str
    password: str
    ends_at: float


@dataclass
class Cloud:
    """A registry in a cloud. `skew` are the seconds its clock is ahead of ours, `life` those a lent login is good for.

    `fixed` are passwords that were set in the console. `closed` registries drop every connection.
    """

    keys: dict[str, Key] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    repositories: set[str] = field(default_factory=set)
    fixed: dict[str, str] = field(default_factory=dict)
    loans: list[Loan] = field(default_factory=list)
    life: float = 3600.0
    skew: float = 0.0
    closed: bool = False
    throttled: int = 0
    complaints: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """Every request as text, to look for secrets in."""

    @property
    def now(self) -> float:
        """The time by the cloud's clock."""
        return time.time() + self.skew

    @property
    def date(self) -> str:
        """The same for a `Date` header."""
        return formatdate(self.now, usegmt=True)

    def lend(self, username: str, key: Key) -> Loan:
        """Lend a login, for no longer than the key lasts."""
        loan = Loan(username, secrets.token_urlsafe(24), min(self.now + self.life, key.ends_at))
        self.loans.append(loan)
        return loan

    def knows(self, username: str, password: str) -> bool:
        """Return whether the registry takes this login now."""
        if self.fixed.get(username) == password and password:
            return True
        return any(
            (loan.username, loan.password) == (username, password) and self.now < loan.ends_at for loan in self.loans
        )

    def may_push(self, path: str) -> bool:
        """Return whether a push goes through: the repository is there, or its namespace creates it."""
        space = self.spaces.get(path.partition("/")[0])
        return space is not None and (space.creates or path in self.repositories)

    def note(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        """Remember a request."""
        self.seen.append(f"{method} {target} {dict(headers)} {body!r}")

    def complain(self, words: str) -> None:
        """Note what a client did against the documentation."""
        self.complaints.append(words)


def page_of(items: list[str], number: int, size: int) -> list[str]:
    """Return a page, counted from 1."""
    return items[(number - 1) * size : number * size]


ENTERPRISE_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,118}[a-z0-9])")
DEFAULT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])")
TENCENT_NAME = re.compile(r"(?=.{2,30}$)[a-z0-9]+(?:[._-][a-z0-9]+)*")
