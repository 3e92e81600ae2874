"""What can go wrong with the endpoint list, other programs' logins and the secret stores.

None of these carries a secret or remote text: messages are ours, with a file, a key or a program's name in them.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from tui.oci.saying import phrase

StoreState = Literal["available", "locked", "absent", "stuck", "refused"]
"""What a secret store says when asked: `stuck` did not answer in time, `refused` answered and will not."""


class EndpointsError(Exception):
    """Base of this room's errors: `message` says what is wrong, `hint` what a person can do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class InvalidEndpoint(EndpointsError, ValueError):
    """An endpoint cannot be as it is described; `field` names the attribute at fault."""

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        self.field = field
        super().__init__(message, hint=hint)


class EndpointFileError(EndpointsError):
    """endpoints.toml cannot be used; `path`, `line` (from 1, None when unknown) and `key` say where."""

    def __init__(self, path: Path, message: str, *, line: int | None = None, key: str = "", hint: str = "") -> None:
        self.path = path
        self.line = line
        self.key = key
        where = f"{path}:{line}" if line else str(path)
        words = phrase("{where}: {words}", where=key, words=message) if key else message
        super().__init__(phrase("{where}: {words}", where=where, words=words), hint=hint)


class LoginError(EndpointsError):
    """A docker or podman login could not be read; the message names the file or the helper that failed."""


class HandoverError(EndpointsError):
    """Credentials handed from one process to another did not arrive whole."""


class SecretStoreError(EndpointsError):
    """A secret store did not do what it was asked to; `store` is its name, `state` the state it is in."""

    state: ClassVar[StoreState] = "refused"

    def __init__(self, store: str, message: str, *, hint: str = "") -> None:
        self.store = store
        super().__init__(message, hint=hint)


class StoreLocked(SecretStoreError):
    """The store is there but closed; it wants a passphrase."""

    state = "locked"


class WrongPassphrase(StoreLocked):
    """The passphrase does not open the store."""


class StoreAbsent(SecretStoreError):
    """The store does not exist on this host, in this login, or has not been set up."""

    state = "absent"


class StoreNotAnswering(SecretStoreError):
    """The store did not answer within its limit."""

    state = "stuck"


class StoreRefused(SecretStoreError):
    """The store is there and will not do this: not writable, too large, not allowed."""


class StoreDamaged(StoreRefused):
    """The file of the store was cut, changed, or written by a newer regferry."""
