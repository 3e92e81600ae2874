"""One file of logins in docker's format: `auths`, `credHelpers`, `credsStore` (containers-auth.json(5))."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.endpoints.addresses import registry_key
from tui.endpoints.errors import LoginError
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase


@dataclass(frozen=True, slots=True)
class LoginFile:
    """What one file says. `name` is for messages; `auths` keeps the entries undecoded and out of `repr`."""

    name: str
    _auths: dict[str, dict[str, Any]]
    cred_helpers: dict[str, str]
    creds_store: str

    def __repr__(self) -> str:
        return f"LoginFile({self.name!r}, {len(self._auths)} logins)"

    @property
    def keys(self) -> tuple[str, ...]:
        """What the entries are for: a host, or host and namespace; URLs are cut to their host."""
        return tuple(self._auths)

    def helper_for(self, host: str) -> str:
        """Return the suffix of the helper in charge of `host`, '' when there is none."""
        return self.cred_helpers.get(host, self.creds_store)

    def helpers(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Yield each helper with the hosts it is named for; None is every host."""
        if self.creds_store:
            yield self.creds_store, None
        for suffix in sorted(set(self.cred_helpers.values())):
            yield suffix, frozenset(host for host, named in self.cred_helpers.items() if named == suffix)

    def host_credential(self, host: str) -> Credential | None:
        """Return the login whose key names this host, in any of the spellings of one registry."""
        for key in self._auths:
            if "/" not in key and registry_key(key) == host and (found := self.credential(key)):
                return found
        return None

    def credential(self, key: str) -> Credential | None:
        """Return the login kept under exactly `key`, None for an absent or empty entry. Raises LoginError."""
        entry = self._auths.get(key)
        if not entry:
            return None
        username, password = self._user_and_password(key, entry)
        identity, bearer = _text(entry, "identitytoken"), _text(entry, "registrytoken")
        if username == "<token>":
            username, identity = "", identity or password
        if not (username or identity or bearer):
            return None
        return Credential(
            username=username,
            password="" if identity else password,
            identity_token=identity,
            registry_token=bearer,
            origin=f"login in {self.name}",
        )

    def _user_and_password(self, key: str, entry: dict[str, Any]) -> tuple[str, str]:
        encoded = _text(entry, "auth")
        if not encoded:
            return _text(entry, "username"), _text(entry, "password")
        try:
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise LoginError(
                phrase("{name}: the entry for {key} has an 'auth' that is not base64 text", name=self.name, key=key),
                hint=phrase("log in to {key} again with docker or podman", key=key),
            ) from None
        # Docker pads with NULs; a password may hold ':' and '$', which are left alone.
        username, colon, password = decoded.partition(":")
        return (username, password.rstrip("\0")) if colon else ("", "")


def read_login_file(name: str, source: Path | str, *, legacy: bool) -> LoginFile | None:
    """Read a file (or the text of a variable); None when there is no such file or it is empty.

    `legacy` is `.dockercfg`, whose entries stand at the top. Raises LoginError that names the file, never its content.
    """
    if isinstance(source, Path):
        try:
            text = source.read_text(encoding="utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnicodeDecodeError:
            raise LoginError(phrase("{name} is not UTF-8 text", name=name), hint=_REPAIR) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LoginError(
                phrase("{name} cannot be read: {reason}", name=name, reason=reason), hint=N_("make it readable for you")
            ) from None
    else:
        text = source
    if not text.strip():
        return None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise LoginError(
            phrase("{name} is not valid JSON (line {lineno})", name=name, lineno=error.lineno), hint=_REPAIR
        ) from None
    if not isinstance(document, dict):
        raise LoginError(phrase("{name} is not a JSON object", name=name), hint=_REPAIR)
    auths = _table(document if legacy else document.get("auths"), name, "auths")
    helpers = _table({} if legacy else document.get("credHelpers"), name, "credHelpers")
    store = "" if legacy else document.get("credsStore") or ""
    if not isinstance(store, str) or not all(isinstance(suffix, str) for suffix in helpers.values()):
        raise LoginError(
            phrase("{name}: credsStore and credHelpers name helpers by their suffix", name=name), hint=_REPAIR
        )
    if not all(isinstance(entry, dict) for entry in auths.values()):
        raise LoginError(phrase("{name}: an entry of auths is not an object", name=name), hint=_REPAIR)
    return LoginFile(
        name=name,
        _auths=_by_key(auths, legacy),
        cred_helpers={registry_key(_key(host, True)): suffix for host, suffix in helpers.items() if suffix},
        creds_store=store,
    )


_REPAIR = N_("repair or remove the file, then log in again with docker or podman")


def _by_key(auths: dict[str, Any], legacy: bool) -> dict[str, dict[str, Any]]:
    """Return the entries by their cut keys. Of two spellings of one key the one without URL wins, else the first."""
    cut: dict[str, dict[str, Any]] = {}
    for key, entry in sorted(auths.items(), key=lambda item: "://" in item[0]):
        # Docker Desktop keeps its own web session beside the registry login, under longer URLs of the same host.
        if not key.endswith(("/access-token", "/refresh-token")):
            cut.setdefault(_key(key, legacy), entry)
    return cut


def _key(key: str, host_only: bool) -> str:
    """Cut a URL (`https://index.docker.io/v1/`) to its host; a bare key may go on with a namespace."""
    scheme, separator, rest = key.partition("://")
    if separator or host_only:
        return (rest if separator else scheme).partition("/")[0]
    return key


def _table(value: object, name: str, key: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LoginError(phrase("{name}: {key} is not an object", name=name, key=key), hint=_REPAIR)
    return value


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
