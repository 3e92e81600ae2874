"""Waiting for a moment by the clock on the wall, which a suspended machine or a corrected clock moves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

_LOOK_AGAIN = 20.0
"""Seconds; a timer does not see that the machine slept or that its clock was set, so we look again now and then."""


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the time, aware."""
        ...

    async def until(self, moment: datetime) -> None:
        """Return when it is that late."""


class WallClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def until(self, moment: datetime) -> None:
        """Return when it is that late, also after the machine slept."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - nobody tells that it is late
            await asyncio.sleep(min(left, _LOOK_AGAIN))
