"""All secret stores behind one door: each endpoint's own store answers for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from tui.endpoints.errors import EndpointsError, StoreRefused
from tui.endpoints.locations import vault_path
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.passphrase import PassphraseSource
from tui.endpoints.secrets.simple_stores import EnvironmentStore, SessionStore
from tui.endpoints.secrets.status import OFFERED, StoreStatus
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

if TYPE_CHECKING:
    from tui.endpoints.secrets.keyring_store import KeyringStore
    from tui.endpoints.secrets.vault import VaultStore

_OURS: tuple[StoreName, ...] = ("keyring", "vault", "kernel", "session")
"""Stores whose entries are regferry's alone, and are removed when a secret moves on."""


class Store(Protocol):
    """What every store can do; each method raises SecretStoreError (or LoginError, LocalError) of its own."""

    name: StoreName

    async def get(self, endpoint: Endpoint) -> Credential | None: ...
    async def put(self, endpoint: Endpoint, credential: Credential) -> None: ...
    async def delete(self, endpoint: Endpoint) -> bool: ...
    async def status(self) -> StoreStatus: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move went: whether there was a secret to move, and why the old one is still there ('' when it is not)."""

    endpoint: Endpoint
    found: bool
    left_behind: str = ""


class SecretStores:
    """Reads and changes the secrets of endpoints, each in the store its endpoint names.

    `ask` gives the vault's passphrase; `endpoints` are those whose `password_env` is kept from programs started
    here (every endpoint used later is added). Belongs to one event loop; `close` ends the helper process.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str] = os.environ,
        ask: PassphraseSource | None = None,
        endpoints: Iterable[Endpoint] = (),
        keyring: KeyringStore | None = None,
        vault: VaultStore | None = None,
    ) -> None:
        self._environ = environ
        self._hidden = {endpoint.password_env for endpoint in endpoints}
        self._ask = ask
        if keyring is not None:
            self.keyring = keyring
        if vault is not None:
            self.vault = vault
        self._session = SessionStore()

    async def __aenter__(self) -> SecretStores:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @cached_property
    def keyring(self) -> KeyringStore:
        """The OS keyring; like every store it is made, with what it takes to import, when it is first asked for."""
        from tui.endpoints.secrets.keyring_store import KeyringStore

        return KeyringStore(self._environ)

    @cached_property
    def vault(self) -> VaultStore:
        """The encrypted vault."""
        from tui.endpoints.secrets.vault import VaultStore

        return VaultStore(vault_path(self._environ), self._ask)

    def given(self, endpoint: Endpoint) -> Credential | None:
        """Return what was given for this run only, wherever the endpoint's secret is kept otherwise."""
        return self._session.given(endpoint)

    def give(self, endpoint: Endpoint, credential: Credential) -> None:
        """Use `credential` for the endpoint until regferry ends, whatever its store says."""
        self._session.give(endpoint, credential)

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when its store has none (or it is anonymous).

        Raises SecretStoreError with store, state, reason and next step; LoginError, LocalError.
        """
        store = self._store(endpoint)
        return await store.get(endpoint) if store else None

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Write the credential to the endpoint's store and read it back. Raises like `get`, and StoreRefused."""
        store = self._store(endpoint)
        if store is None:
            raise StoreRefused(
                "none",
                phrase("The endpoint {name!r} is anonymous.", name=endpoint.name),
                hint=N_("choose a store for it"),
            )
        await store.put(endpoint, credential)
        if not _same_secret(await store.get(endpoint), credential):
            raise StoreRefused(
                store.name,
                N_("The store took the password and does not give it back as it was."),
                hint=N_("choose another store"),
            )

    async def delete(self, endpoint: Endpoint) -> bool:
        """Remove the endpoint's secret from its store and from memory; return whether there was one.

        A login of docker or podman is removed for them too; variables stay.
        """
        store = self._store(endpoint)
        in_memory = await self._session.delete(endpoint)
        return (await store.delete(endpoint) if store else False) or in_memory

    async def move(self, old: Endpoint, new: Endpoint, save: Callable[[Endpoint], object]) -> Moved:
        """Take the secret of `old` to the store (or address) of `new`; nothing is lost wherever this stops.

        The order is: write and read back, `save(new)` in a thread (for example
        `lambda e: endpoint_file.replace(old.name, e)`), remove the old entry. Variables and docker's own logins are
        left as they are. Where `new` wants no secret, one that cannot be read is no obstacle: `left_behind` says why.
        Raises like `put` with everything as before, unless `save` had succeeded.
        """
        unread = ""
        try:
            credential = await self._session.get(old) or await self.get(old)
        except EndpointsError as error:
            if new.store not in ("none", "env"):
                raise
            credential, unread = None, error.message if old.store in _OURS else ""
        if credential is not None and new.username and credential.username != new.username:
            credential = replace(credential, username=new.username)
        if new.store == "env":
            await self.get(new)  # raises when the variable is not set
        elif credential is not None and new.store != "none":
            await self._put_as_new(old, new, credential)
        await asyncio.to_thread(save, new)
        left_behind = unread if credential is None or _same_entry(old, new) else await self._remove(old)
        if new.store != "session":
            await self._session.delete(new)
        return Moved(new, credential is not None, left_behind)

    async def survey(self) -> list[StoreStatus]:
        """Return the state of every store, in the order they are offered; takes some 4 seconds at most."""
        return list(await asyncio.gather(*(self.status(name) for name in OFFERED)))

    async def status(self, name: StoreName) -> StoreStatus:
        """Return the state of one store."""
        store = self._named(name)
        assert store is not None, name
        return await store.status()

    async def unlock(self, name: StoreName, passphrase: str, *, create: bool = False) -> None:
        """Open the keyring or the vault; with `create`, set it up when there is none.

        Which of them takes a passphrase now says `StoreStatus.opening`. Raises WrongPassphrase, SecretStoreError.
        """
        if name == "keyring":
            await self.keyring.unlock(passphrase, create=create)
        elif name == "vault":
            await self.vault.unlock(passphrase, create=create)
        else:
            raise StoreRefused(name, N_("This store has no passphrase."))

    async def close(self) -> None:
        """End the helper process of the keyring and forget the vault's key."""
        if "vault" in vars(self):
            self.vault.lock()
        if "keyring" in vars(self):
            await self.keyring.close()

    async def _put_as_new(self, old: Endpoint, new: Endpoint, credential: Credential) -> None:
        try:
            await self.put(new, credential)
        except StoreRefused:
            # What was written and cannot be read back is of no use; the first error is the one to tell.
            if new.store in _OURS and not _same_entry(old, new):
                await self._remove(new)
            raise

    async def _remove(self, endpoint: Endpoint) -> str:
        """Remove an entry of ours; return why it is still there."""
        if endpoint.store == "docker":
            return N_("The login of docker stays; 'docker logout' removes it.")
        store = self._named(endpoint.store)
        if store is None or endpoint.store not in _OURS:
            return ""
        try:
            await store.delete(endpoint)
        except EndpointsError as error:
            return error.message
        return ""

    def _store(self, endpoint: Endpoint) -> Store | None:
        self._hidden.add(endpoint.password_env)
        return self._named(endpoint.store)

    def _named(self, name: StoreName) -> Store | None:
        """Return the store of that name, None for `none`."""
        match name:
            case "keyring":
                return self.keyring
            case "vault":
                return self.vault
            case "kernel":
                from tui.endpoints.secrets.kernel import KernelStore

                return KernelStore()
            case "docker":
                from tui.endpoints.secrets.docker_store import DockerStore

                return DockerStore(self._for_programs)
            case "session":
                return self._session
            case "env":
                return EnvironmentStore(self._environ)
        return None

    def _for_programs(self) -> dict[str, str]:
        return {name: value for name, value in self._environ.items() if name not in self._hidden}


def _same_entry(old: Endpoint, new: Endpoint) -> bool:
    return (old.store, old.address, old.id) == (new.store, new.address, new.id)


def _same_secret(read: Credential | None, written: Credential) -> bool:
    """Return whether a store gave back what was written; a token may be kept without its user name."""
    if read is None:
        return False
    named = {read.username, written.username} - {""}
    return len(named) <= 1 and replace(read, username="") == replace(written, username="")
