"""Where the passphrase of the vault comes from: a person at a terminal or a screen, a descriptor, or a file."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tui.endpoints.errors import StoreNotAnswering, StoreRefused
from tui.oci.saying import N_, phrase

DESCRIPTOR_VARIABLE = "REGFERRY_VAULT_PASSPHRASE_FD"
FILE_VARIABLE = "REGFERRY_VAULT_PASSPHRASE_FILE"

_SECONDS = 10.0
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PassphraseRequest:
    """What is asked: the passphrase of the vault at `where`; a `new` one for a vault that is to be created.

    `problem` says what was wrong with the answer before, '' the first time.
    """

    where: str
    new: bool = False
    problem: str = ""


PassphraseSource = Callable[[PassphraseRequest], Awaitable[str | None]]
"""Answers a request; None when nobody gives one. Asked anew, with `problem`, after a wrong answer."""


def passphrase_source(environ: Mapping[str, str] = os.environ) -> PassphraseSource:
    """Return the source for the command line: descriptor or file named by a variable, else the terminal.

    A descriptor is taken over at once, so that no program started later inherits it. Raises StoreRefused when the
    variable does not name one.
    """
    if given := environ.get(DESCRIPTOR_VARIABLE):
        try:
            descriptor = int(given)
            os.set_inheritable(descriptor, False)
        except (ValueError, OSError):
            raise StoreRefused(
                "vault",
                phrase(
                    "{descriptor_variable} is not the number of an open descriptor",
                    descriptor_variable=DESCRIPTOR_VARIABLE,
                ),
                hint=phrase(
                    "for example: {descriptor_variable}=3 regferry ... 3<FILE", descriptor_variable=DESCRIPTOR_VARIABLE
                ),
            ) from None
        return _OneAnswer(lambda: _from_descriptor(descriptor))
    if path := environ.get(FILE_VARIABLE):
        return _OneAnswer(lambda: _from_file(path))
    return ask_on_terminal


async def ask_on_terminal(request: PassphraseRequest) -> str | None:
    """Ask on the terminal without echo; None when there is none, or the line is empty. Can be cancelled."""
    if sys.platform == "win32":
        import getpass

        return await asyncio.to_thread(getpass.getpass, "Passphrase of the vault: ") if sys.stdin.isatty() else None
    from tui.endpoints.secrets.terminal import Terminal

    terminal = Terminal.open()
    if terminal is None:
        return None
    with terminal:
        if request.problem:
            terminal.say(request.problem)
        if not request.new:
            return await terminal.ask_hidden(f"Passphrase of the vault {request.where}: ") or None
        terminal.say(f"A new vault is made at {request.where}. Without its passphrase nobody can open it.")
        while passphrase := await terminal.ask_hidden("New passphrase: "):
            if passphrase == await terminal.ask_hidden("Once more: "):
                return passphrase
            terminal.say("The two differ.")
        return None


class _OneAnswer:
    """Reads a passphrase once; there is no second one when it is wrong."""

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read
        self._answer: str | None = None
        self._known = False
        self._lock = asyncio.Lock()

    async def __call__(self, request: PassphraseRequest) -> str | None:
        async with self._lock:
            if not self._known:
                self._answer = await asyncio.to_thread(self._read)
                self._known = True
        return None if request.problem else self._answer


def _from_file(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise StoreRefused(
            "vault",
            phrase(
                "{file_variable}: cannot read {path}: {strerror}",
                file_variable=FILE_VARIABLE,
                path=path,
                strerror=error.strerror,
            ),
        ) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) and mode & 0o077 and sys.platform != "win32":
        os.close(descriptor)
        raise StoreRefused(
            "vault", phrase("{path} can be read by others", path=path), hint=phrase("chmod 600 {path}", path=path)
        )
    return _from_descriptor(descriptor)


def _from_descriptor(descriptor: int) -> str | None:
    """Return the first line, and close the descriptor. Raises StoreNotAnswering when nothing comes."""
    deadline = time.monotonic() + _SECONDS
    read = b""
    try:
        while b"\n" not in read and len(read) <= _MAX_BYTES:
            if sys.platform != "win32" and not select.select([descriptor], [], [], deadline - time.monotonic())[0]:
                raise StoreNotAnswering("vault", N_("no passphrase came through the descriptor given for it"))
            if not (part := os.read(descriptor, _MAX_BYTES)):
                break
            read += part
    except (OSError, ValueError):
        raise StoreRefused(
            "vault", N_("the passphrase cannot be read from the descriptor or file given for it")
        ) from None
    finally:
        os.close(descriptor)
    return read.partition(b"\n")[0].rstrip(b"\r").decode("utf-8", "surrogateescape") or None
