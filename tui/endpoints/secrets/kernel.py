"""The keyring of the Linux kernel (keyrings(7), keyctl(2)): memory of the kernel, shared by the logins of one user.

It needs no service, no passphrase and no package; a key goes away by itself. Calls take microseconds and cannot hang.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

from tui.endpoints.errors import StoreAbsent, StoreRefused
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.payload import account_key, from_text, to_text
from tui.endpoints.secrets.status import StoreStatus
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

SECONDS = 8 * 3600
"""How long a secret stays; a working day."""

_CALLS = {"x86_64": (248, 250), "aarch64": (217, 219), "riscv64": (217, 219)}
"""Machine to the numbers of add_key and keyctl."""
_SESSION_RING, _USER_RING = -3, -4
_REVOKE, _LINK, _UNLINK, _SEARCH, _READ, _SET_TIMEOUT = 3, 8, 9, 10, 11, 15
_MAX_BYTES = 32767
_NOT_FOUND = (errno.ENOKEY, errno.EKEYEXPIRED, errno.EKEYREVOKED) if sys.platform == "linux" else ()


class KernelStore:
    """Keys of type `user` named `regferry:<account>` in the user keyring (`@u`), each for 8 hours."""

    name: StoreName = "kernel"

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when there is none or its time is over. Raises SecretStoreError."""
        key = _find(_description(endpoint))
        return None if key is None else from_text(_read(key).decode(errors="replace"), endpoint, self.name)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Keep the credential for 8 hours. Raises SecretStoreError."""
        _add(_description(endpoint), to_text(credential, self.name).encode())

    async def delete(self, endpoint: Endpoint) -> bool:
        """Remove the endpoint's key; return whether there was one. Raises SecretStoreError."""
        return _remove(_description(endpoint))

    async def status(self) -> StoreStatus:
        """Return whether this kernel keeps keys for us (containers usually may not)."""
        if not _supported():
            message = N_("There is no kernel keyring on this system.")
            return StoreStatus("kernel", "absent", "no-kernel-keyring", message, N_("choose another store"))
        description = f"regferry:probe:{os.getpid()}".encode()
        try:
            _add(description, b"x")
            _remove(description)
        except (StoreRefused, StoreAbsent) as error:
            return StoreStatus("kernel", error.state, "not-allowed", error.message, error.hint)
        message = N_("The kernel keeps it in memory for the logins of this user on this host.")
        return StoreStatus("kernel", "available", "ready", message, can_save=True)


def _description(endpoint: Endpoint) -> bytes:
    return f"regferry:{account_key(endpoint)}".encode()


def _add(description: bytes, value: bytes) -> None:
    if len(value) > _MAX_BYTES:
        raise StoreRefused(
            "kernel", N_("The password is too long for the kernel keyring."), hint=N_("use the encrypted vault")
        )
    # Without possession (a session keyring that does not link to ours: cron, some sudo) reading would be refused.
    _keyctl(_LINK, _USER_RING, _SESSION_RING)
    add_key, _ = _numbers()
    key = _check(_syscall(add_key, b"user", description, value, ctypes.c_size_t(len(value)), ctypes.c_int(_USER_RING)))
    _check(_keyctl(_SET_TIMEOUT, key, SECONDS))


def _find(description: bytes) -> int | None:
    _keyctl(_LINK, _USER_RING, _SESSION_RING)
    found = _keyctl(_SEARCH, _USER_RING, b"user", description, 0)
    if found < 0 and ctypes.get_errno() in _NOT_FOUND:
        return None
    return _check(found)


def _read(key: int) -> bytes:
    buffer = ctypes.create_string_buffer(_MAX_BYTES)
    size = _check(_keyctl(_READ, key, buffer, ctypes.c_size_t(_MAX_BYTES)))
    return buffer.raw[:size]


def _remove(description: bytes) -> bool:
    key = _find(description)
    if key is None:
        return False
    _check(_keyctl(_REVOKE, key))
    _keyctl(_UNLINK, key, _USER_RING)
    return True


def _supported() -> bool:
    return sys.platform == "linux" and platform.machine() in _CALLS


def _numbers() -> tuple[int, int]:
    if not _supported():
        raise StoreAbsent("kernel", N_("There is no kernel keyring on this system."), hint=N_("choose another store"))
    return _CALLS[platform.machine()]


def _keyctl(*arguments: object) -> int:
    return _syscall(_numbers()[1], *arguments)


def _syscall(number: int, *arguments: object) -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))


def _check(result: int) -> int:
    """Return a result that is no failure. Raises StoreAbsent where the calls are blocked, else StoreRefused."""
    if result >= 0:
        return result
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EPERM):
        raise StoreAbsent(
            "kernel",
            N_("The kernel keyring may not be used here, as usual in containers."),
            hint=N_("choose another store"),
        )
    if number == errno.EDQUOT:
        raise StoreRefused(
            "kernel",
            N_("The kernel keeps no more keys for this user."),
            hint=N_("remove some, or use the encrypted vault"),
        )
    raise StoreRefused(
        "kernel",
        phrase("The kernel keyring failed: {strerror}.", strerror=os.strerror(number)),
        hint=N_("choose another store"),
    )
