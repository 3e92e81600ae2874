"""The encrypted vault as bytes: scrypt (RFC 7914) makes the key, AES-256-GCM (NIST SP 800-38D) seals everything.

All entries are one sealed text, so that none can be removed, swapped or put back unnoticed on its own; the header is
authenticated with it. A check value tells a wrong passphrase from a damaged file.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.endpoints.errors import StoreDamaged, WrongPassphrase
from tui.oci.saying import N_, phrase

VERSION = 1
FORMAT = "regferry vault"
MAX_BYTES = 8 * 1024 * 1024
COST = (2**16, 8, 2)
"""scrypt's n, r and p: 64 MiB, some 0.3 s; as strong as n=2^17, p=1 (OWASP Password Storage Cheat Sheet)."""

_MEMORY_LIMIT = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class VaultKey:
    """The key that belongs to one salt; costs 0.3 s to derive."""

    cost: tuple[int, int, int]
    salt: bytes
    sealing: bytes = field(repr=False)
    checking: bytes = field(repr=False)

    def header(self) -> dict[str, Any]:
        """Return what the file says about the key."""
        n, r, p = self.cost
        kdf = {"name": "scrypt", "n": n, "r": r, "p": p, "salt": _text(self.salt)}
        header = {"format": FORMAT, "version": VERSION, "kdf": kdf}
        return header | {"check": _text(hmac.digest(self.checking, _canonical(header), "sha256"))}


@dataclass(frozen=True, slots=True)
class SealedVault:
    """A vault file, read and well-formed, not opened."""

    header: dict[str, Any]
    cost: tuple[int, int, int]
    salt: bytes
    check: bytes
    nonce: bytes
    sealed: bytes

    def unlock(self, passphrase: str) -> VaultKey:
        """Return the key of the vault (0.3 s of work). Raises WrongPassphrase."""
        key = derive(passphrase, self.salt, self.cost)
        if not self.accepts(key):
            raise WrongPassphrase("vault", N_("The passphrase does not open the vault."), hint=N_("try again"))
        return key

    def accepts(self, key: VaultKey) -> bool:
        """Return whether `key` is the key of this vault."""
        return key.salt == self.salt and hmac.compare_digest(_bytes(key.header()["check"]), self.check)

    def open(self, key: VaultKey) -> dict[str, str]:
        """Return the entries. Raises StoreDamaged when the content was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            plain = AESGCM(key.sealing).decrypt(self.nonce, self.sealed, _canonical(self.header))
        except InvalidTag:
            raise damaged(N_("its content was changed")) from None
        entries: dict[str, str] = json.loads(plain)
        return entries


def new_key(passphrase: str, cost: tuple[int, int, int] = COST) -> VaultKey:
    """Return the key of a new vault, with a salt of its own."""
    return derive(passphrase, os.urandom(16), cost)


def derive(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> VaultKey:
    """Return the key for a passphrase and salt."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    n, r, p = cost
    # NFC: terminals differ in how they send accents (RFC 8265, OpaqueString)
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    material = Scrypt(salt=salt, length=64, n=n, r=r, p=p).derive(typed)
    return VaultKey(cost, salt, material[:32], material[32:])


def seal(entries: Mapping[str, str], key: VaultKey) -> bytes:
    """Return the vault file with `entries`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header, nonce = key.header(), os.urandom(12)
    sealed = AESGCM(key.sealing).encrypt(nonce, json.dumps(dict(entries)).encode(), _canonical(header))
    return json.dumps(header | {"nonce": _text(nonce), "sealed": _text(sealed)}, indent=1).encode() + b"\n"


def read(content: bytes) -> SealedVault:
    """Return the vault in a file's content. Raises StoreDamaged for what is cut, not a vault, or too new."""
    document = _object(content)
    if document is None or document.get("format") != FORMAT:
        raise damaged(N_("it is cut off, or no vault"))
    if document.get("version") != VERSION:
        raise StoreDamaged("vault", N_("The vault was written by a newer regferry."), hint=N_("update regferry"))
    vault = _vault(document)
    if vault is None:
        raise damaged(N_("parts of it are missing or wrong"))
    return vault


def damaged(how: str) -> StoreDamaged:
    """Return the error for a vault file that cannot be used."""
    return StoreDamaged(
        "vault",
        phrase("The vault file is damaged: {how}.", how=how),
        hint=N_("put a backup of it in place, or move it away and store the passwords again"),
    )


def _vault(document: dict[str, Any]) -> SealedVault | None:
    try:
        kdf = document["kdf"]
        cost = (int(kdf["n"]), int(kdf["r"]), int(kdf["p"]))
        salt, check = _bytes(kdf["salt"]), _bytes(document["check"])
        nonce, sealed = _bytes(document.pop("nonce")), _bytes(document.pop("sealed"))
    except (KeyError, TypeError, ValueError):
        return None
    n, r, p = cost
    # A changed file must not make us take all memory or hours.
    sane = n >= 2 and n & (n - 1) == 0 and 1 <= r <= 32 and 1 <= p <= 16 and 128 * n * r <= _MEMORY_LIMIT
    whole = len(salt) >= 8 and len(nonce) == 12 and len(check) == 32 and kdf["name"] == "scrypt"
    return SealedVault(document, cost, salt, check, nonce, sealed) if sane and whole else None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _canonical(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
