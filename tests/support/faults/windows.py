"""Throttling in windows: from a refusal on, everything is refused for so long, and who comes too early is counted."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from typing import Literal

Form = Literal["seconds", "date"]

_GRACE = 0.5
"""Seconds after the first refusal in which requests may come that were on their way when it was said."""


class Windows:
    """Opens a window of `seconds` after every `after` requests that passed, `times` times. Thread-safe.

    `early` counts requests inside a window beyond the grace: from clients that were told to wait.
    """

    def __init__(self, seconds: float, *, after: int, times: int = 1, form: Form = "seconds") -> None:
        self.seconds = seconds
        self.early = 0
        self.opened = 0
        self._after = after
        self._times = times
        self._form = form
        self._passed = 0
        self._from = self._until = 0.0
        self._lock = threading.Lock()

    def refuses(self) -> bool:
        """Return whether a request that comes now is refused."""
        now = time.monotonic()
        with self._lock:
            if now < self._until:
                self.early += now > self._from + _GRACE
                return True
            if self._passed >= self._after and self.opened < self._times:
                self._passed, self._from, self._until = 0, now, now + self.seconds
                self.opened += 1
                return True
            self._passed += 1
            return False

    def headers(self) -> dict[str, str]:
        """Return what tells the client how long the window lasts."""
        left = max(0.0, self._until - time.monotonic())
        if self._form == "seconds":
            # rounded up: who comes after that many seconds is not early
            return {"Retry-After": str(int(left) + 1)}
        now = time.time()
        return {"Retry-After": formatdate(now + int(left) + 2, usegmt=True), "Date": formatdate(now, usegmt=True)}
