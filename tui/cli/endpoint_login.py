"""Keeping and forgetting the password of an endpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from tui.cli.endpoint_words import document
from tui.cli.foreground import warn
from tui.cli.login_options import Secret
from tui.endpoints.access_keys import KEYED
from tui.endpoints.errors import EndpointsError, SecretStoreError
from tui.endpoints.file import EndpointFile, find
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.passphrase import passphrase_source
from tui.endpoints.secrets.status import LASTS, TITLES
from tui.endpoints.secrets.stores import SecretStores
from tui.oci.access import Credential
from tui.providers.lender import lender
from tui.providers.login import try_out

_OURS = ("keyring", "vault", "kernel", "session")
"""Stores whose entries nobody else uses."""


@dataclass(frozen=True, slots=True)
class LoginChange:
    """An endpoint as it is, and as it is to be with its new login."""

    old: Endpoint
    new: Endpoint

    def named(self, username: str) -> LoginChange:
        """Return it for another account."""
        return replace(self, new=replace(self.new, username=username))


@dataclass(frozen=True, slots=True)
class Kept:
    """A login that was stored, whether the registry took it (None: it could not be asked), and what to mind."""

    endpoint: Endpoint
    accepted: bool | None
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"endpoint": document(self.endpoint), "accepted": self.accepted, "warnings": list(self.warnings)}

    def words(self) -> str:
        """Return where the password is and how long it stays there."""
        store = self.endpoint.store
        tried = "login accepted; " if self.accepted else ""
        what = "the secret of the access key" if self.endpoint.login == "key" else "the password"
        return f"{tried}{what} is kept in: {TITLES[store]} ({LASTS[store]})"


def plan_login(name: str, fields: Mapping[str, Any], store: str) -> LoginChange:
    """Return what a login changes. Raises EndpointsError when there is no such endpoint, or its store keeps nothing."""
    old = find(EndpointFile(endpoints_path()).load(), name)
    is_key = fields.get("login") == "key"
    if is_key and old.kind not in KEYED:
        raise EndpointsError(
            f"the endpoint {name!r} ({old.kind}) takes no access keys",
            hint="only registries of Alibaba Cloud and Tencent Cloud do; give its account with --username",
        )
    usual = "keyring" if is_key and old.store == "docker" else old.store
    new = replace(old, **{**fields, "store": cast(StoreName, store or usual)})
    if new.store in ("env", "none"):
        reads = (
            f"its password is read from the variable {new.password_env}" if new.store == "env" else "it is anonymous"
        )
        raise EndpointsError(
            f"no password can be stored for the endpoint {name!r}: {reads}",
            hint="choose another store with --store, for example keyring or vault",
        )
    return LoginChange(old, new)


async def keep_login(change: LoginChange, secret: Secret) -> Kept:
    """Try the login at the registry, and store it unless it is refused.

    Raises Unauthenticated when it is refused (nothing is stored then), SecretStoreError when the store does not take
    it. A registry that cannot be reached is no obstacle.
    """
    file = EndpointFile(endpoints_path())
    known = file.load()
    credential = Credential(change.new.username, secret.password, session_token=secret.token)
    async with SecretStores(environ=os.environ, ask=passphrase_source(), endpoints=known) as stores:
        stores.give(change.old, credential)
        access = await AccessResolver(known, stores, warn=warn, lender=lender).access_of(change.new)
        tried = await try_out(access)
        warnings = [tried.remark] if tried.remark else []
        new = change.new
        fields = {name: getattr(new, name) for name in ("username", "store", "login", "instance", "api")}
        moved = await stores.move(change.old, change.new, lambda new: file.update(change.old.name, **fields))
    if moved.left_behind:
        warnings.append(f"the password before is still in its old store: {moved.left_behind}")
    return Kept(change.new, tried.accepted, tuple(warnings))


async def remove_endpoint(name: str, *, keep_secret: bool) -> bool:
    """Take an endpoint out of the list after its password out of its store; return whether there was one.

    Raises EndpointsError when there is no such endpoint, SecretStoreError when the password cannot be removed (the
    endpoint stays then).
    """
    file = EndpointFile(endpoints_path())
    endpoint = find(file.load(), name)
    forgotten = False
    if endpoint.store in _OURS and not keep_secret:
        async with SecretStores(environ=os.environ, ask=passphrase_source(), endpoints=(endpoint,)) as stores:
            try:
                forgotten = await stores.delete(endpoint)
            except SecretStoreError as error:
                hint = f"{error.hint}; or remove the endpoint alone with --keep-secret".removeprefix("; or ")
                raise type(error)(error.store, error.message, hint=hint) from error
    file.remove(name)
    return forgotten
