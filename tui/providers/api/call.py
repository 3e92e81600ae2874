"""One request to a vendor's API, as its provider says it and as it goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui.oci.answers import Answer
from tui.oci.errors import RegistryError

MAX_BODY = 32 * 1024 * 1024
"""Bytes read of one answer."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request.

    `path` begins with `/`, is below the client's base URL and goes out byte for byte; `query` is encoded here (space
    as %20). `action` completes "cannot ..." in errors, `reference` is what they are about. The body is `payload` as
    JSON, or `body` as it is with a `Content-Type` in `headers`. `accept` are the statuses that are no error.
    `repeatable` says whether the request may be sent again after a broken connection or a 5xx; None takes it from the
    method. Being throttled is always waited out, because such a request was not done. An `anonymous` call carries no
    login. `shows_login` is for an API whose status does not tell: whether an answer shows that the login was taken (one
    to a stranger may be 200, one to somebody who is known 401).
    """

    method: str
    path: str
    action: str
    reference: str = ""
    query: Sequence[tuple[str, str]] = ()
    payload: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: frozenset[int] = frozenset({200})
    repeatable: bool | None = None
    limit: int = MAX_BODY
    anonymous: bool = False
    shows_login: Callable[[Answer], bool] | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it goes out: the whole URL, every header that we set (a `Host` is added by the transport)."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


Sign = Callable[[Outgoing], Outgoing]
"""Adds what proves who is asking. Called for every attempt, so that a date or nonce is fresh; may change URL and body,
but not the host."""

Judge = Callable[[Answer, ApiCall], RegistryError | None]
"""Returns the error an answer stands for, None when it is none. Called for every answer that is not a redirect."""
