"""What the helper process does with the OS keyring, through the `keyring` library.

Every function returns a reason, a stable word that `tui.endpoints.secrets.keyring_store` has sentences for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_WINDOWS_BYTES = 2560
"""CRED_MAX_CREDENTIAL_BLOB_SIZE of wincred.h; keyring writes UTF-16."""
_MACOS_LOCKED = "-25308"  # errSecInteractionNotAllowed: the login has no screen to ask on, as over SSH
_WINDOWS_NO_LOGON = 1312  # ERROR_NO_SUCH_LOGON_SESSION: a network logon, as over SSH
_NOT_STORES = ("null", "fail", "plaintext")


def perform(request: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the reason (`ready` is success) and the value of a request; `op` says which."""
    try:
        backend = _backend()
        if backend is None:
            return "no-backend", None
        if isinstance(backend, str):
            return backend, None
        if type(backend).__module__ == "keyring.backends.SecretService":
            from tui.endpoints.secrets.agent import secret_service

            if request["op"] in ("unlock", "create"):
                return secret_service.open_with(request["passphrase"], create=request["op"] == "create"), None
            reason = secret_service.probe()
            if reason != "ready" or request["op"] == "status":
                return reason, None
        return _keyring(backend, request)
    except Exception as error:  # noqa: BLE001  # backends raise anything (D-Bus errors, OSError); text is not passed on
        return _reason_of(error), None


def _keyring(backend: KeyringBackend, request: Mapping[str, Any]) -> tuple[str, str | None]:
    service, account = request.get("service", ""), request.get("account", "")
    match request["op"]:
        case "status":
            return "ready", None
        case "get":
            return "ready", backend.get_password(service, account)
        case "set":
            secret = request["secret"]
            if sys.platform == "win32" and len(secret.encode("utf-16-le")) > _WINDOWS_BYTES:
                return "too-large", None
            backend.set_password(service, account, secret)
            return "ready", None
        case "delete":
            if backend.get_password(service, account) is None:
                return "ready", None
            backend.delete_password(service, account)
            return "ready", "deleted"
        case _:
            return "cannot-unlock", None


def _backend() -> KeyringBackend | str | None:
    """Return the backend, None when there is none for this system, or the reason why it is not used.

    keyring's own choice is not taken unless the user configured one: with several backends installed it chains
    them, down to files in plain text and prompts on the terminal.
    """
    from keyring import core

    configured = core.load_env() or core.load_config()
    if configured is not None:
        name = f"{type(configured).__module__}.{type(configured).__name__}".lower()
        return "not-a-store" if any(word in name for word in _NOT_STORES) else configured
    if sys.platform == "darwin":
        from keyring.backends import macOS

        return macOS.Keyring()  # type: ignore[no-untyped-call,unused-ignore]
    if sys.platform == "win32":
        from keyring.backends import Windows

        return Windows.WinVaultKeyring()  # type: ignore[no-untyped-call,unused-ignore]
    from keyring.backends import SecretService

    try:
        import secretstorage  # noqa: F401
    except ImportError:
        return None
    return SecretService.Keyring()  # type: ignore[no-untyped-call,unused-ignore]


def _reason_of(error: Exception) -> str:
    from keyring import errors

    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, errors.KeyringLocked) or _MACOS_LOCKED in str(error):
        return "locked"
    if isinstance(error, errors.InitError):
        return "no-default"
    if getattr(error, "winerror", None) == _WINDOWS_NO_LOGON:
        return "no-logon"
    if isinstance(error, errors.NoKeyringError):
        return "no-service"
    if isinstance(error, ImportError | AttributeError | RuntimeError):
        return "no-backend"
    return "failed"
