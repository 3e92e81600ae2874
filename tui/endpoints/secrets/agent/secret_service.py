"""The Secret Service on D-Bus (freedesktop.org Secret Service API 0.2): can it be used without showing a prompt?

`Unlock` returns the path of a prompt but shows nothing before `Prompt` is called on it; neither that nor `Dismiss` is
ever called here (`Dismiss` while another program's prompt is up aborts gnome-keyring-daemon 42).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection  # type: ignore[import-untyped]

_NAME = "org.freedesktop.secrets"
_PATH = "/org/freedesktop/secrets"
_SERVICE = "org.freedesktop.Secret.Service"
_COLLECTION = "org.freedesktop.Secret.Collection"
_BY_PASSPHRASE = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
"""gnome-keyring's own way to open a collection without its prompt; other services do not have it."""
_DENIED = "org.gnome.keyring.Error.Denied"
_NOTHING = "/"
_BUS_SECONDS = 1.0
_CALL_SECONDS = 2.0


class _NotThere(Exception):
    """There is no bus, or no Secret Service on it; the argument is the reason."""


def probe() -> str:
    """Return `ready`, or why not: no-bus, no-service, no-default, needs-prompt, each with `+opening`, or timeout.

    `+opening` means that `open_with` would help.
    """
    try:
        connection = _connect()
        with connection:
            return _state(connection)
    except _NotThere as absent:
        return str(absent)
    except TimeoutError:
        return "timeout"


def open_with(passphrase: str, *, create: bool) -> str:
    """Unlock the default collection, or create one, without a prompt; return the state after it.

    Other returns: `denied` for a wrong passphrase, `cannot-unlock` when the service has no such way.
    """
    from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
    from secretstorage.util import format_secret, open_session

    try:
        with _connect() as connection:
            state = _state(connection)
            if not state.endswith("+opening"):
                return state if state in ("ready", "timeout") else "cannot-unlock"
            secret = format_secret(open_session(connection), passphrase.encode("utf-8", "surrogatepass"), "text/plain")
            if state.startswith("no-default"):
                if not create or not passphrase:  # an empty one would keep everything in plain text
                    return state
                label = {f"{_COLLECTION}.Label": ("s", "Login")}
                created = (label, secret)
                (path,) = _call(connection, _BY_PASSPHRASE, "CreateWithMasterPassword", "a{sv}(oayays)", *created)
                _call(connection, _SERVICE, "SetAlias", "so", "default", path)
            else:
                opened = (_default(connection), secret)
                _call(connection, _BY_PASSPHRASE, "UnlockWithMasterPassword", "o(oayays)", *opened)
            return _state(connection)
    except _NotThere as absent:
        return str(absent)
    except DBusErrorResponse as answer:
        return "denied" if answer.name == _DENIED else "cannot-unlock"
    except TimeoutError:
        return "timeout"


def _state(connection: DBusConnection) -> str:
    collection = _default(connection)
    if collection == _NOTHING:
        return f"no-default{_opening(connection)}"
    if not _property(connection, collection, _COLLECTION, "Locked"):
        return "ready"
    # A collection without passphrase is marked locked too, and opens silently.
    _, prompt = _call(connection, _SERVICE, "Unlock", "ao", [collection])
    return "ready" if prompt == _NOTHING else f"needs-prompt{_opening(connection)}"


def _opening(connection: DBusConnection) -> str:
    """Return `+opening` when the service lists the interface that takes a passphrase."""
    (description,) = _call(connection, "org.freedesktop.DBus.Introspectable", "Introspect", None)
    return "+opening" if _BY_PASSPHRASE in description else ""


def _default(connection: DBusConnection) -> str:
    (path,) = _call(connection, _SERVICE, "ReadAlias", "s", "default")
    return str(path)


def _connect() -> DBusConnection:
    """Return a connection to a bus that has, or can start, a Secret Service. Raises _NotThere, TimeoutError."""
    from jeepney.io.blocking import open_dbus_connection

    _find_bus()
    try:
        connection = open_dbus_connection(auth_timeout=_BUS_SECONDS)
    except TimeoutError:
        raise
    except Exception as error:  # whatever the address leads to: KeyError, ValueError, RuntimeError, OSError
        raise _NotThere("no-bus") from error
    try:
        (owned,) = _bus_call(connection, "NameHasOwner", "s", _NAME)
        if not owned and _NAME not in _bus_call(connection, "ListActivatableNames", None)[0]:
            raise _NotThere("no-service")
    except BaseException:
        connection.close()
        raise
    return connection


def _find_bus() -> None:
    """Point DBUS_SESSION_BUS_ADDRESS to the bus of this user when an SSH login did not."""
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return
    for folder in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if not folder:
            continue
        socket = Path(folder) / "bus"
        try:
            found = socket.stat()
        except OSError:
            continue
        if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"
            return


def _property(connection: DBusConnection, path: str, interface: str, name: str) -> Any:
    from jeepney import DBusAddress, Properties

    message = Properties(DBusAddress(path, _NAME, interface)).get(name)
    ((_, value),) = _reply(connection, message)
    return value


def _call(connection: DBusConnection, interface: str, method: str, signature: str | None, *values: Any) -> Any:
    from jeepney import DBusAddress, new_method_call

    address = DBusAddress(_PATH, _NAME, interface)
    return _reply(connection, new_method_call(address, method, signature, values))


def _bus_call(connection: DBusConnection, method: str, signature: str | None, *values: Any) -> Any:
    from jeepney import DBusAddress, new_method_call

    bus = "org.freedesktop.DBus"
    address = DBusAddress("/org/freedesktop/DBus", bus, bus)
    return _reply(connection, new_method_call(address, method, signature, values))


def _reply(connection: DBusConnection, message: Any) -> Any:
    """Return the body of the answer. Raises TimeoutError, and jeepney's DBusErrorResponse for an error."""
    from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]

    return unwrap_msg(connection.send_and_get_reply(message, timeout=_CALL_SECONDS))
