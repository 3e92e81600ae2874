"""Trying one request again: the lowest of the three levels of retry (request, blob, task)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from tui.oci.errors import RegistryError, Throttled
from tui.oci.host import MAX_RETRY_AFTER, Host


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often one request is tried and how long we wait between: full jitter, `base * 2**n` up to `cap` seconds."""

    tries: int = 5
    base: float = 0.5
    cap: float = 30.0
    throttled_total: float = 6 * 3600.0

    def pause(self, failures: int) -> float:
        """Seconds to wait after `failures` failures in a row."""
        return random.uniform(0, min(self.cap, self.base * 2.0 ** (failures - 1)))


class Attempts:
    """The attempts at one request to `host`. Being throttled, or an outage of the host, costs time, not attempts."""

    def __init__(self, policy: RetryPolicy, host: Host | None = None) -> None:
        self._policy = policy
        self._host = host
        self._failures = 0
        self._throttled = 0.0

    async def again(self, error: RegistryError) -> bool:
        """Wait as the policy says and return True, or return False when `error` is final."""
        if self._host is not None and await self._host.waited_out(error):
            return True
        if not error.retryable:
            return False
        if isinstance(error, Throttled):
            if self._host is not None:
                self._host.throttle(error)
            wait = min(error.retry_after or self._policy.pause(3) + 1.0, MAX_RETRY_AFTER)
            self._throttled += wait
            if self._throttled > self._policy.throttled_total:
                return False
        else:
            self._failures += 1
            if self._failures >= self._policy.tries:
                return False
            wait = self._policy.pause(self._failures)
        if self._host is not None:
            return await self._host.pause(wait)
        await asyncio.sleep(wait)
        return True
