"""Changes to endpoints and their passwords: to the store first, then to the list, so that nothing is lost between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.app.i18n import _, said
from tui.app.warm_up import warm_up
from tui.endpoints.access_keys import is_access_key
from tui.endpoints.errors import EndpointsError, SecretStoreError
from tui.endpoints.model import Endpoint, StoreName, new_id
from tui.oci.access import Credential
from tui.oci.errors import LocalError

if TYPE_CHECKING:
    from tui.app.session import Session

OURS: tuple[StoreName, ...] = ("keyring", "vault", "kernel", "session")
"""Stores whose entries are regferry's alone."""


@dataclass(frozen=True, slots=True)
class Changed:
    """An endpoint as it is now, and what to mind ('' for nothing)."""

    endpoint: Endpoint
    warning: str = ""


async def add(session: Session, endpoint: Endpoint, password: str, token: str = "") -> Changed:
    """Add an endpoint, its password to its store first.

    Raises EndpointsError when the name is taken, SecretStoreError when the store does not keep the password (nothing
    is added then), LocalError.
    """
    check_name(session, endpoint.name)
    if password:
        await warm_up()
        await session.stores.put(endpoint, Credential(endpoint.username, password, session_token=token))
    try:
        await asyncio.to_thread(session.file.add, endpoint)
    except (EndpointsError, LocalError):
        if password:
            await session.stores.delete(endpoint)
        raise
    return Changed(endpoint)


async def change(session: Session, old: Endpoint, new: Endpoint, password: str = "", token: str = "") -> Changed:
    """Put `new` in the place of `old`; the password goes along, or is replaced by the one given.

    Raises like `add`; everything is as before then.
    """
    if new.name != old.name:
        check_name(session, new.name)
    await warm_up()
    stores = session.stores
    warning = ""
    before = stores.given(old)
    if password:
        stores.give(old, Credential(new.username, password, session_token=token))
    try:
        if not password and _same_entry(old, new):
            await asyncio.to_thread(session.file.replace, old.name, new)
        elif new.store == "docker" and not password:
            # An existing login of docker's is used: ours is not written over it, and is not needed any more.
            await asyncio.to_thread(session.file.replace, old.name, new)
            warning = await _forget(session, old) if old.store in OURS else ""
        else:
            moved = await stores.move(old, new, lambda each: session.file.replace(old.name, each))
            warning = _still_there(moved.left_behind) if moved.left_behind else ""
            if not moved.found and new.store in OURS:
                warning = _("No password is stored for it yet: log in with l")
    except (EndpointsError, LocalError):
        # A new password that was not kept must not stay in use.
        if before is not None:
            stores.give(old, before)
        elif password:
            await stores.delete(replace(old, store="session"))
        raise
    await session.forget(old)
    return Changed(new, warning)


async def remove(session: Session, endpoint: Endpoint, *, keep_secret: bool = False) -> bool:
    """Remove an endpoint after its password; return whether there was one.

    Raises SecretStoreError when the password cannot be removed (the endpoint stays then), EndpointsError, LocalError.
    """
    forgotten = False
    if endpoint.store in OURS and not keep_secret:
        await warm_up()
        forgotten = await session.stores.delete(endpoint)
    await asyncio.to_thread(session.file.remove, endpoint.name)
    await session.forget(endpoint)
    return forgotten


async def try_login(session: Session, endpoint: Endpoint, username: str, password: str, token: str = "") -> str:
    """Ask the registry, or the cloud for an access key, whether it takes a login; return what to mind.

    Raises Unauthenticated when it is refused. A registry that cannot be reached is no obstacle.
    """
    await warm_up()
    from tui.providers.lender import lender
    from tui.providers.login import try_out

    anonymous = replace(endpoint, id=new_id(), store="none", username="")
    access = await session.resolver.access_of(anonymous)
    credential = Credential(username, password, session_token=token)
    lent = lender(endpoint, access.connection, credential) if is_access_key(endpoint, username) else None
    return said((await try_out(replace(access, credential=credential, temporary=lent))).remark)


def check_name(session: Session, name: str) -> None:
    """Raise EndpointsError when the name is taken, before the network and the stores are asked for anything."""
    if any(known.name == name for known in session.endpoints()):
        raise EndpointsError(
            _("there is an endpoint called {name} already").format(name=name),
            hint=_("choose another name; several endpoints may share an address"),
        )


async def _forget(session: Session, endpoint: Endpoint) -> str:
    try:
        await session.stores.delete(endpoint)
    except SecretStoreError as error:
        return _still_there(error.message)
    return ""


def _still_there(reason: str) -> str:
    return _("the password before is still in its old store: {reason}").format(reason=said(reason))


def _same_entry(old: Endpoint, new: Endpoint) -> bool:
    return (old.store, old.address, old.username) == (new.store, new.address, new.username)
