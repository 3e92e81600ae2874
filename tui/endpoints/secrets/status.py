"""The state of a secret store in plain words, with the next step, and the error that says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.endpoints.errors import (
    SecretStoreError,
    StoreAbsent,
    StoreLocked,
    StoreNotAnswering,
    StoreRefused,
    StoreState,
)
from tui.endpoints.model import StoreName

Opening = Literal["", "unlock", "create"]
"""What a passphrase would do for a store: nothing, open it, or set it up."""

OFFERED: tuple[StoreName, ...] = ("keyring", "vault", "kernel", "docker", "session", "env")
"""The stores in the order they are offered to a person."""

TITLES: dict[StoreName, str] = {
    "keyring": "OS keyring",
    "vault": "encrypted vault",
    "kernel": "kernel keyring of this login",
    "docker": "docker and podman logins",
    "session": "this session only",
    "env": "environment variable",
    "none": "no credential",
}
LASTS: dict[StoreName, str] = {
    "keyring": "until it is removed",
    "vault": "until it is removed",
    "kernel": "8 hours, or until the next restart",
    "docker": "until docker logout",
    "session": "until regferry ends",
    "env": "as long as the variable is set",
    "none": "",
}

_ERRORS: dict[StoreState, type[SecretStoreError]] = {
    "locked": StoreLocked,
    "absent": StoreAbsent,
    "stuck": StoreNotAnswering,
    "refused": StoreRefused,
    "available": StoreRefused,  # it is there and would not do what was asked
}


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """One store as it is now.

    `reason` is a stable word for the same as `message`; `can_save` says whether a secret could be put there now or
    after `opening`; a store with `opening` takes `SecretStores.unlock(store, passphrase)`.
    """

    store: StoreName
    state: StoreState
    reason: str
    message: str
    next_step: str = ""
    can_save: bool = False
    opening: Opening = ""

    @property
    def title(self) -> str:
        """The name of the store on a screen."""
        return TITLES[self.store]

    @property
    def lasts(self) -> str:
        """How long a secret stays there."""
        return LASTS[self.store]

    def error(self) -> SecretStoreError:
        """Return the typed error for a store in this state."""
        return _ERRORS[self.state](self.store, self.message, hint=self.next_step)
