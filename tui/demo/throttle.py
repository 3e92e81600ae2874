"""A slow link: so many bytes per second, shared by everything that passes."""

from __future__ import annotations

import asyncio

CHUNK = 256 * 1024
"""Bytes of a blob handled at once."""


class Throttle:
    """Lets `bytes_per_second` bytes through, in order of asking; 0 means no limit."""

    def __init__(self, bytes_per_second: float = 0) -> None:
        self.bytes_per_second = bytes_per_second
        self._free_at = 0.0

    @property
    def piece(self) -> int:
        """How many bytes to send at once so that progress looks even: a twentieth of a second's worth."""
        if not self.bytes_per_second:
            return CHUNK
        return max(1024, min(CHUNK, int(self.bytes_per_second / 20)))

    async def admit(self, count: int) -> None:
        """Wait until `count` more bytes may pass."""
        if not self.bytes_per_second:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + count / self.bytes_per_second
        await asyncio.sleep(self._free_at - now)
