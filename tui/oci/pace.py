"""So much a second and not more: bytes over a link, requests to a registry."""

from __future__ import annotations

import asyncio
import time

_BURST_SECONDS = 0.1


class Pace:
    """Lets through `per_second` units (bytes, requests) a second on average; 0 lets everything through.

    The rate may change at any time. What is too much is let through and waited for afterwards, so that a piece larger
    than the rate still passes.
    """

    def __init__(self, per_second: float = 0.0) -> None:
        self.per_second = per_second
        self._free_at = 0.0

    async def take(self, units: int) -> None:
        """Wait until so many units more may pass."""
        if not self.per_second:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - _BURST_SECONDS) + units / self.per_second
        if (wait := self._free_at - now) > 0:
            await asyncio.sleep(wait)
