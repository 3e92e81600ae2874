"""A login that was refused is not sent again: ten thousand tasks must not lock the account they use."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tui.oci.errors import LoginEnded, Unauthenticated
from tui.oci.saying import N_

_REFUSALS_OF_A_KNOWN_LOGIN = 3
_HINT = N_("check the user name and password; these are not sent again, so that the account is not locked")


class LoginGuard:
    """Watches one login on its way to one registry and its token server.

    A login that was never accepted is used by one request at a time, and after its first refusal by none. One that
    was accepted before may meet a registry that says 401 for what does not exist, so it takes three refusals in a
    row. Bearer tokens are not logins: they expire, and are fetched anew.
    """

    def __init__(self) -> None:
        self._refusal: Unauthenticated | None = None
        self._in_a_row = 0
        self._known = False
        self._accepted = False
        self._first = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Surround what sends the login: waits while its first use is under way.

        Raises Unauthenticated, the same error every time, once the login is not to be sent any more.
        """
        if not self._accepted:
            async with self._first:
                self._check()
                if not self._accepted:
                    yield
                    return
        self._check()
        yield

    def accept(self) -> None:
        """Note that the registry took the login."""
        self._in_a_row = 0
        self._known = self._accepted = True

    def refuse(self, error: Unauthenticated) -> None:
        """Note a refusal. Raises Unauthenticated when it was the last one that is risked; LoginEnded, when the login
        was accepted before.
        """
        self._in_a_row += 1
        # From here on one at a time again, until somebody is let in.
        self._accepted = False
        if self._known and self._in_a_row < _REFUSALS_OF_A_KNOWN_LOGIN:
            return
        if self._refusal is None:
            kind, hint = (LoginEnded, "") if self._known else (Unauthenticated, _HINT)
            self._refusal = kind(
                error.message, endpoint=error.endpoint, status=error.status, code=error.code, hint=hint
            )
        self._check()

    def _check(self) -> None:
        if self._refusal is not None:
            # A copy, because every raise lengthens an error's traceback.
            raise copy.copy(self._refusal)
