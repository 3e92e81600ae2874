"""The encrypted vault: one private file, opened with a passphrase once per process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tui.endpoints.errors import StoreAbsent, StoreLocked, StoreRefused, WrongPassphrase
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.private_file import exclusive, write_private
from tui.endpoints.secrets import vault_format
from tui.endpoints.secrets.passphrase import PassphraseRequest, PassphraseSource
from tui.endpoints.secrets.payload import account_key, from_text, to_text
from tui.endpoints.secrets.status import StoreStatus
from tui.endpoints.secrets.vault_format import SealedVault, VaultKey
from tui.oci.access import Credential
from tui.oci.saying import N_, phrase

MIN_PASSPHRASE = 8
"""Characters a new passphrase has at least: the file can be guessed at without us."""

_TRIES = 3
_Change = Callable[[dict[str, str]], None]


class VaultStore:
    """The vault at `path`. `ask` gives the passphrase when it is needed; without it `unlock` has to come first.

    Work on the file and the key derivation (0.3 s) happen in a thread. Writers, also those of other processes, take
    turns; a reader sees the file as it was before or after a change.
    """

    name: StoreName = "vault"

    def __init__(
        self, path: Path, ask: PassphraseSource | None = None, *, cost: tuple[int, int, int] = vault_format.COST
    ) -> None:
        self.path = path
        self._ask = ask
        self._cost = cost
        self._key: VaultKey | None = None
        self._one_question = asyncio.Lock()

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the endpoint's credential, None when the vault has none for it. Raises SecretStoreError."""
        sealed = await asyncio.to_thread(self._read)
        if sealed is None:
            raise self._absent()
        key = await self._key_of(sealed)
        text = (await asyncio.to_thread(sealed.open, key)).get(account_key(endpoint))
        return None if text is None else from_text(text, endpoint, self.name)

    async def put(self, endpoint: Endpoint, credential: Credential) -> None:
        """Write the endpoint's entry, into a new vault when there is none. Raises SecretStoreError, LocalError."""
        text = to_text(credential, self.name)
        await self._edit(lambda entries: entries.update({account_key(endpoint): text}))

    async def delete(self, endpoint: Endpoint) -> bool:
        """Remove the endpoint's entry; return whether there was one. Raises SecretStoreError, LocalError."""
        if not await asyncio.to_thread(self.path.exists):
            return False
        removed: list[str | None] = []
        await self._edit(lambda entries: removed.append(entries.pop(account_key(endpoint), None)))
        return removed[-1] is not None

    async def status(self) -> StoreStatus:
        """Return whether there is a vault, and whether this process has opened it."""
        try:
            sealed = await asyncio.to_thread(self._read)
        except StoreRefused as error:
            return StoreStatus("vault", error.state, "unusable", error.message, error.hint)
        if sealed is None:
            step = N_("choose a passphrase; a vault is made with it")
            return StoreStatus("vault", "absent", "not-set-up", N_("There is no vault yet."), step, True, "create")
        if self._key is not None and sealed.accepts(self._key):
            return StoreStatus("vault", "available", "ready", N_("The vault is open."), can_save=True)
        return StoreStatus(
            "vault", "locked", "locked", N_("The vault is locked."), N_("give its passphrase"), True, "unlock"
        )

    async def unlock(self, passphrase: str, *, create: bool = False) -> None:
        """Open the vault for this process; with `create`, make an empty one when there is none.

        Raises WrongPassphrase, StoreAbsent, StoreDamaged, StoreRefused for a new passphrase that is too short.
        """
        sealed = await asyncio.to_thread(self._read)
        if sealed is not None:
            self._key = await asyncio.to_thread(sealed.unlock, passphrase)
        elif create:
            key = await self._new_key(passphrase)
            await asyncio.to_thread(self._change, key, _nothing)
            self._key = key
        else:
            raise self._absent()

    async def change_passphrase(self, passphrase: str) -> None:
        """Seal the vault, which must be open, with another passphrase. Raises SecretStoreError, LocalError."""
        key = await self._new_key(passphrase)
        sealed = await asyncio.to_thread(self._read)
        if sealed is None or self._key is None or not sealed.accepts(self._key):
            raise StoreLocked(self.name, N_("The vault is locked."), hint=N_("give its present passphrase first"))
        await asyncio.to_thread(self._change, self._key, _nothing, key)
        self._key = key

    def lock(self) -> None:
        """Forget the key."""
        self._key = None

    async def _edit(self, change: _Change) -> None:
        while True:
            sealed = await asyncio.to_thread(self._read)
            key = await (self._key_of(sealed) if sealed is not None else self._key_of_new())
            try:
                await asyncio.to_thread(self._change, key, change)
            except _OtherKey:
                continue  # somebody made or re-keyed the vault meanwhile
            self._key = key
            return

    def _change(self, key: VaultKey, change: _Change, new_key: VaultKey | None = None) -> None:
        """Read, change and write under the lock. Raises _OtherKey when the file is sealed with another key."""
        with exclusive(self.path):
            sealed = self._read()
            if sealed is not None and not sealed.accepts(key):
                raise _OtherKey
            entries = sealed.open(key) if sealed is not None else {}
            change(entries)
            content = vault_format.seal(entries, new_key or key)
            if len(content) > vault_format.MAX_BYTES:
                raise StoreRefused(
                    self.name, N_("The vault is full."), hint=N_("remove entries that are no longer used")
                )
            write_private(self.path, content)

    def _read(self) -> SealedVault | None:
        try:
            with self.path.open("rb") as file:
                mode = self.path.stat().st_mode
                content = file.read(vault_format.MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreRefused(
                self.name, phrase("cannot read {path}: {strerror}", path=self.path, strerror=error.strerror)
            ) from None
        if mode & 0o077 and sys.platform != "win32":
            raise StoreRefused(
                self.name,
                phrase("The vault {path} can be read by others.", path=self.path),
                hint=phrase(
                    "chmod 600 {path}; choose another passphrase if somebody may have copied it", path=self.path
                ),
            )
        if len(content) > vault_format.MAX_BYTES:
            raise vault_format.damaged(N_("it is too large"))
        return vault_format.read(content)

    async def _key_of(self, sealed: SealedVault) -> VaultKey:
        """Return the key, asked for at most once at a time however many endpoints want it."""
        async with self._one_question:
            if self._key is not None and sealed.accepts(self._key):
                return self._key
            problem = ""
            for _ in range(_TRIES):
                passphrase = await self._asked(PassphraseRequest(str(self.path), problem=problem))
                if passphrase is None:
                    break
                try:
                    self._key = await asyncio.to_thread(sealed.unlock, passphrase)
                except WrongPassphrase as error:
                    problem = error.message
                else:
                    return self._key
        if problem:
            raise WrongPassphrase(self.name, problem, hint=N_("see which passphrase belongs to this vault"))
        raise StoreLocked(
            self.name,
            N_("The vault is locked, and no passphrase was given."),
            hint=N_("give it when asked, or through REGFERRY_VAULT_PASSPHRASE_FD or REGFERRY_VAULT_PASSPHRASE_FILE"),
        )

    async def _key_of_new(self) -> VaultKey:
        async with self._one_question:
            passphrase = await self._asked(PassphraseRequest(str(self.path), new=True))
            if passphrase is None:
                raise StoreAbsent(
                    self.name,
                    N_("There is no vault yet, and no passphrase for a new one was given."),
                    hint=N_("choose one"),
                )
            return await self._new_key(passphrase)

    async def _asked(self, request: PassphraseRequest) -> str | None:
        return await self._ask(request) if self._ask else None

    async def _new_key(self, passphrase: str) -> VaultKey:
        if len(passphrase) < MIN_PASSPHRASE:
            raise StoreRefused(
                self.name,
                phrase(
                    "The passphrase is too short; it has at least {min_passphrase} characters.",
                    min_passphrase=MIN_PASSPHRASE,
                ),
                hint=N_("several words are easy to remember and hard to guess"),
            )
        return await asyncio.to_thread(vault_format.new_key, passphrase, self._cost)

    def _absent(self) -> StoreAbsent:
        return StoreAbsent(
            self.name,
            phrase("There is no vault at {path}.", path=self.path),
            hint=N_("store the password again, or put a backup of the file in place"),
        )


class _OtherKey(Exception):
    """The file is sealed with another key than the one at hand."""


def _nothing(_: dict[str, str]) -> None:
    """Change no entry."""
