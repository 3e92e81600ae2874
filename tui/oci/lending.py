"""Logins that are lent for a time, renewed before the time is over."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.oci.access import Credential
from tui.oci.errors import RegistryError

_log = logging.getLogger(__name__)

_LONGEST_MARGIN = 300.0
_AGAIN_AFTER = 30.0
_AT_ONCE = 2.0
_YOUNG = 60.0
"""Seconds in which a login that is refused is not replaced, unless it was due: the next would be refused as well."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A login, the seconds it is good for from when it was asked for, and after how many to ask for the next one.

    `renew_in` None leaves a margin before the end: a fifth of the time, five minutes at most.
    """

    credential: Credential
    seconds: float = math.inf
    renew_in: float | None = None


class RenewedLogin:
    """A `TemporaryLogin` from whatever `ask` does: one question at a time, and no more of them than needed.

    While a login is still good nobody waits for the next one, and failing to get it is only logged. `first` is a login
    that is there already.
    """

    def __init__(self, ask: Callable[[], Awaitable[Lent]], *, first: Lent | None = None) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        self._asked_at = self._renew_at = self._ends_at = 0.0
        self._rejected = False
        self._problem: tuple[float, RegistryError] | None = None
        if first is not None:
            self._take(first, time.monotonic())

    async def current(self) -> Credential:
        """Return a login that is good now. Raises RegistryError when there is none and none to be had."""
        if self._credential is None or self._rejected or time.monotonic() >= self._ends_at:
            async with self._lock:
                if self._credential is None or self._rejected or time.monotonic() >= self._ends_at:
                    await self._fetch()
        elif time.monotonic() >= self._renew_at and not self._lock.locked():
            async with self._lock:
                await self._renew()
        assert self._credential is not None
        return self._credential

    def refused(self, credential: Credential) -> bool:
        """Take note of a refusal; return whether `current` has, or will fetch, another login."""
        if credential != self._credential:
            return self._credential is not None
        if self._rejected:
            return True
        now = time.monotonic()
        self._rejected = now - self._asked_at >= _YOUNG or now >= self._renew_at
        return self._rejected

    async def _renew(self) -> None:
        try:
            await self._fetch()
        except RegistryError as error:
            left = self._ends_at - time.monotonic()
            self._renew_at = time.monotonic() + min(_AGAIN_AFTER, max(0.0, left) / 4)
            _log.warning("the login cannot be renewed now, and is used as long as it is good: %s", error)

    async def _fetch(self) -> None:
        """Ask for another login. Those who waited for an answer get the same one, also when it was a refusal."""
        asked_at = time.monotonic()
        if self._problem is not None and asked_at < self._problem[0]:
            # A copy, because every raise lengthens an error's traceback.
            raise copy.copy(self._problem[1])
        try:
            lent = await self._ask()
        except RegistryError as error:
            self._problem = (time.monotonic() + (_AT_ONCE if error.retryable else _AGAIN_AFTER), error)
            raise
        self._problem = None
        self._take(lent, asked_at)

    def _take(self, lent: Lent, asked_at: float) -> None:
        margin = min(_LONGEST_MARGIN, 0.2 * lent.seconds)
        renew_in = lent.renew_in if lent.renew_in is not None else lent.seconds - margin
        self._credential, self._rejected = lent.credential, False
        self._asked_at, self._renew_at, self._ends_at = asked_at, asked_at + renew_in, asked_at + lent.seconds
