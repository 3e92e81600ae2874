"""What a store keeps for an endpoint: a name for the entry, and the credential as text."""

from __future__ import annotations

import json

from tui.endpoints.addresses import registry_key
from tui.endpoints.errors import StoreRefused
from tui.endpoints.model import Endpoint, StoreName
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

MAX_BYTES = 64 * 1024
"""The largest credential any store takes; a service account's JSON key has some 2,400 bytes."""

_SECRETS = ("password", "identity_token", "registry_token", "session_token")


def account_key(endpoint: Endpoint) -> str:
    """Return the name of an endpoint's entry: `host[:port]:id`.

    The id keeps several accounts of a registry apart and survives a rename; the host makes an endpoint whose address
    was changed ask for its password anew, rather than send it to another host.
    """
    return f"{registry_key(endpoint.address).strip('[').replace(']', '')}:{endpoint.id}"


def to_text(credential: Credential, store: StoreName) -> str:
    """Return the credential as one line of JSON without its origin. Raises StoreRefused when it is too large."""
    fields = {"username": credential.username} | {name: getattr(credential, name) for name in _SECRETS}
    text = json.dumps({name: value for name, value in fields.items() if value})
    if len(text) > MAX_BYTES:
        raise StoreRefused(
            store,
            phrase("the password has more than {max_bytes} KiB", max_bytes=MAX_BYTES // 1024),
            hint=N_("give the password or token itself, not a file around it"),
        )
    return text


def from_text(text: str, endpoint: Endpoint, store: StoreName) -> Credential | None:
    """Return the credential of an entry; None when it belongs to another user name than the endpoint now has.

    Raises StoreRefused when the entry is not one of ours.
    """
    fields = _fields(text)
    if fields is None:
        raise StoreRefused(
            store,
            phrase("the entry of the endpoint {name!r} was not written by regferry", name=endpoint.name),
            hint=phrase("store the password again with 'regferry endpoint login {name}'", name=endpoint.name),
        )
    kept_for = fields.pop("username", "")
    if endpoint.username and kept_for and kept_for != endpoint.username:
        return None
    return Credential(endpoint.username or kept_for, **fields, origin=f"{store} of regferry")


def _fields(text: str) -> dict[str, str] | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not fields.keys() <= {"username", *_SECRETS}:
        return None
    return fields if all(isinstance(value, str) for value in fields.values()) else None
