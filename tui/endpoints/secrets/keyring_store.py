"""The OS keyring (Secret Service, macOS Keychain, Windows Credential Manager), asked through the helper process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from tui.endpoints.errors import StoreState, WrongPassphrase
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.agent_client import Answer, KeyringAgent
from tui.endpoints.secrets.payload import account_key, from_text, to_text
from tui.endpoints.secrets.status import Opening, StoreStatus
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

SERVICE = "regferry"
"""The service name of our entries."""

_SECONDS = 4.0
"""The probe in the helper gives up after 2; anything slower is killed."""
_STUCK_SECONDS = 20.0
"""How long a keyring that did not answer is not asked again by itself."""

_USE_ANOTHER = N_("use the encrypted vault, or keep the password for this session")
_REASONS: dict[str, tuple[StoreState, str, str]] = {
    "ready": ("available", N_("The OS keyring is open."), ""),
    "needs-prompt": (
        "locked",
        N_("The OS keyring is locked."),
        N_("give its passphrase (usually the login password), or use the encrypted vault"),
    ),
    "locked": (
        "locked",
        N_("The OS keyring is locked."),
        N_("unlock it on the desktop, or with 'security unlock-keychain' on macOS; or use the encrypted vault"),
    ),
    "denied": ("locked", N_("The passphrase does not open the OS keyring."), N_("it is usually the login password")),
    "no-bus": (
        "absent",
        N_("This login has no D-Bus session, so no OS keyring can be reached."),
        phrase("{use_another}; a login through systemd (pam_systemd) has a session bus", use_another=_USE_ANOTHER),
    ),
    "no-service": (
        "absent",
        N_("No keyring service runs in this login."),
        phrase("{use_another}; or install gnome-keyring", use_another=_USE_ANOTHER),
    ),
    "no-default": (
        "absent",
        N_("The keyring service has no keyring yet."),
        N_("choose a passphrase for a new one, or use the encrypted vault"),
    ),
    "no-logon": ("absent", N_("This network login has no credential set."), _USE_ANOTHER),
    "no-backend": (
        "absent",
        N_("No OS keyring is supported here."),
        phrase("{use_another}; see PYTHON_KEYRING_BACKEND if one was configured", use_another=_USE_ANOTHER),
    ),
    "no-helper": ("absent", N_("The helper process for the OS keyring cannot be started."), _USE_ANOTHER),
    "timeout": (
        "stuck",
        N_("The OS keyring does not answer."),
        phrase(
            "{use_another}; a prompt may be waiting on another screen, or its daemon hangs", use_another=_USE_ANOTHER
        ),
    ),
    "broken": ("stuck", N_("The helper process for the OS keyring ended unexpectedly."), _USE_ANOTHER),
    "not-a-store": (
        "refused",
        N_("The configured keyring keeps nothing, or keeps it as plain text."),
        N_("unset PYTHON_KEYRING_BACKEND and default-keyring in keyringrc.cfg, or use the encrypted vault"),
    ),
    "too-large": ("refused", N_("The password is too long for the OS keyring."), N_("use the encrypted vault")),
    "cannot-unlock": (
        "refused",
        N_("This OS keyring does not take a passphrase from a terminal."),
        N_("unlock it on the desktop, or use the encrypted vault"),
    ),
}
_FAILED: tuple[StoreState, str, str] = ("refused", N_("The OS keyring failed."), _USE_ANOTHER)


class KeyringStore:
    """One entry per endpoint, service `regferry`. Every method answers within some 4 seconds.

    Once it did not answer it counts as stuck for 20 seconds, unless `status` or `unlock` asks anew: a hundred
    endpoints do not wait a hundred times.
    """

    name: StoreName = "keyring"

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        agent: KeyringAgent | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        self._agent = agent or KeyringAgent(environ)
        self._seconds = seconds
        self._stuck_until = 0.0

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when it has no entry. Raises SecretStoreError."""
        text = await self._ask("get", account=account_key(endpoint))
        return None if text is None else from_text(text, endpoint, self.name)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Write the endpoint's entry. Raises SecretStoreError."""
        await self._ask("set", account=account_key(endpoint), secret=to_text(credential, self.name))

    async def delete(self, endpoint: Endpoint) -> bool:
        """Remove the endpoint's entry; return whether there was one. Raises SecretStoreError."""
        return await self._ask("delete", account=account_key(endpoint)) is not None

    async def status(self) -> StoreStatus:
        """Return the state of the keyring, without any prompt."""
        return _status(self._noting(await self._agent.ask("status", seconds=self._seconds)).reason)

    async def unlock(self, passphrase: str, *, create: bool = False) -> None:
        """Open the default keyring; with `create`, make one when there is none. No prompt is shown.

        Raises WrongPassphrase, or StoreRefused when this keyring takes no passphrase (only gnome-keyring does).
        """
        op = "create" if create else "unlock"
        reason = self._noting(await self._agent.ask(op, seconds=self._seconds, passphrase=passphrase)).reason
        if reason == "denied":
            raise WrongPassphrase(self.name, _REASONS[reason][1], hint=_REASONS[reason][2])
        if reason != "ready":
            raise _status(reason).error()

    async def close(self) -> None:
        """End the helper process."""
        await self._agent.close()

    async def _ask(self, op: str, **fields: str) -> str | None:
        if time.monotonic() < self._stuck_until:
            raise _status("timeout").error()
        answer = self._noting(await self._agent.ask(op, seconds=self._seconds, service=SERVICE, **fields))
        if answer.reason != "ready":
            raise _status(answer.reason).error()
        return answer.value

    def _noting(self, answer: Answer) -> Answer:
        self._stuck_until = time.monotonic() + _STUCK_SECONDS if answer.reason == "timeout" else 0.0
        return answer


def _status(reason: str) -> StoreStatus:
    """Return the status for a reason of the helper; `+opening` at its end says that a passphrase would help."""
    word, _, opening = reason.partition("+")
    state, message, next_step = _REASONS.get(word, _FAILED)
    if word == "needs-prompt" and not opening:
        next_step = N_("unlock it on the desktop of this host, or use the encrypted vault")
    if word == "no-default" and not opening:
        next_step = phrase("create one on the desktop of this host; or {use_another}", use_another=_USE_ANOTHER)
    does: Opening = "" if not opening else "create" if word == "no-default" else "unlock"
    return StoreStatus(
        "keyring", state, word, message, next_step, can_save=state == "available" or bool(does), opening=does
    )
