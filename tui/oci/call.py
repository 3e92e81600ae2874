"""One request to a registry in the terms of the specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.oci.auth import Scopes
from tui.oci.bodies import Parts
from tui.oci.exchange import MAX_ERROR_BODY
from tui.oci.transport import IDLE_TIMEOUT, Lane


@dataclass(frozen=True, slots=True)
class Call:
    """One request in the terms of the specification.

    `path` is below `/v2/`, or a whole URL that the registry gave us. `action` completes "cannot ..." in errors.
    `accept` are the statuses that are no error. `repeatable` says whether it may simply be sent again, `is_blob`
    whether the body is part of a blob. `streamed` is a body that is read as it is sent, from its beginning as often as
    it is iterated; its `Content-Length` is in `headers`. `lane` are connections to use instead of the shared ones.
    """

    method: str
    path: str
    scopes: Scopes
    action: str
    reference: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    accept: frozenset[int] = frozenset({200})
    limit: int = MAX_ERROR_BODY
    repeatable: bool = True
    is_blob: bool = False
    streamed: Parts | None = None
    idle: float = IDLE_TIMEOUT
    lane: Lane | None = None
