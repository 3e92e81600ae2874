"""What holds for a whole registry, whoever talks to it: out of reach, asking us to wait, how much at once.

An outage or a throttling registry is the host's state and not the failure of thousands of requests: they wait here,
and it costs none of them an attempt.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from tui.oci.errors import Denied, NetworkError, RegistryError, ServerError, Throttled
from tui.oci.pace import Pace

HostState = Literal["ok", "throttled", "down", "refusing"]
_OUT_OF_REACH: frozenset[HostState] = frozenset({"down", "refusing"})

MAX_RETRY_AFTER = 15 * 60.0
"""Seconds; a registry that asks for more is asked again after this."""
_FAILURES_THAT_TELL = 3
_REFUSALS_BELIEVED_FOR = 30.0
"""Seconds for which a 403 is about what was asked for, after the registry was seen to refuse not everything."""
_FIRST_PROBE = 0.5
_LONGEST_PROBE = 10.0
_WINDOW_EPOCH = 1.0
REFUSED = 403
OUT_OF_ORDER = frozenset({502, 503, 504})
"""Statuses of a gateway with nothing behind it."""

Ping = Callable[[], Awaitable[bool]]
"""Asks the registry for its API version once, and returns whether it answered as a registry does."""


class Window:
    """How many requests may be under way at once: one less for every refusal, up again as answers come (AIMD).

    Halved at most once in a second, because everything under way is refused for the same reason.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = float(most)
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._halved_at = float("-inf")

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one place."""
        if self._inside < int(self.size) and not self._waiting:
            self._inside += 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._inside -= 1
            self._serve()

    def grow(self) -> None:
        """An answer came: a whole window of them makes room for one more."""
        if self.size < self.most:
            self.size = min(float(self.most), self.size + 1 / self.size)
            self._serve()

    def halve(self) -> None:
        """The registry refused because it has too much to do."""
        now = time.monotonic()
        if now - self._halved_at >= _WINDOW_EPOCH:
            self._halved_at = now
            self.size = max(1.0, self.size / 2)

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._inside -= 1
                self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting and self._inside < int(self.size):
            turn = self._waiting.popleft()
            if not turn.done():
                self._inside += 1
                turn.set_result(None)


class Host:
    """One registry as all channels to it see it.

    `changed` is told when `state` or what belongs to it changes. `max_outage` are the seconds an outage may last before
    requests fail because of it; 0 waits for none, as suits somebody who looks at a screen.
    """

    def __init__(
        self,
        registry: str,
        requests_at_once: int,
        changed: Callable[[Host], None] | None = None,
        *,
        max_outage: float = 0.0,
    ) -> None:
        self.registry = registry
        self.max_outage = max_outage
        self.window = Window(requests_at_once)
        self.requests, self.reads, self.writes = Pace(), Pace(), Pace()
        """Requests, and bytes of blobs in and out, that are sent in a second at most; others may share them."""
        self.state: HostState = "ok"
        self.until = 0.0
        """When the registry may be asked again (throttled), or since when it is out of reach; `time.time()`."""
        self.takes_chunks = True
        """Whether a blob may come in several PATCH requests; False once the registry was seen to spoil or refuse it."""
        self.takes_long_chunks = True
        """Whether such a request may be longer than what is usually held at once; False when that goes wrong."""
        self.quota = ""
        """What the registry says is left of its limit on requests, in its own words ('RateLimit-Remaining')."""
        self.ping: Ping | None = None
        self._changed = changed
        self._closed_until = 0.0
        self._failures = 0
        self._long_chunks_broken = 0
        self._refusals, self._believed_until = 0, float("-inf")
        self._refuses = False
        self._answered = False
        self._outage: asyncio.Task[bool] | None = None
        self._given_up = asyncio.Event()

    def give_up(self) -> None:
        """Wait no more for this registry: requests that wait here fail with the error that made them wait."""
        self._given_up.set()

    @property
    def known(self) -> bool:
        """Whether it answered before."""
        return self._answered

    def answered(self, quota: str = "", *, refused: bool = False) -> None:
        """An answer came, whatever it says; `refused` says that it was a 403."""
        self._answered, self._failures = True, 0
        self._refusals = self._refusals + 1 if refused else 0
        if quota != self.quota:
            self.quota = quota
            self._tell()

    def failed(self) -> None:
        """No answer came."""
        self._failures += 1

    def long_chunk(self, *, arrived: bool) -> None:
        """A long chunk arrived or broke. Several in a row may be a proxy that refuses them before it can say so."""
        self._long_chunks_broken = 0 if arrived else self._long_chunks_broken + 1
        if self._long_chunks_broken >= _FAILURES_THAT_TELL:
            self.takes_long_chunks = False

    def throttle(self, error: Throttled) -> None:
        """The registry asks us to slow down, for some seconds if it says so."""
        self.window.halve()
        if error.retry_after:
            wait = min(error.retry_after, MAX_RETRY_AFTER)
            self._closed_until = max(self._closed_until, time.monotonic() + wait)
            self._become("throttled", time.time() + self._closed_until - time.monotonic())

    async def ready(self) -> None:
        """Wait until the registry may be asked: it is in reach and its time to stay away is over."""
        if self._outage is not None and self.state in _OUT_OF_REACH:
            await asyncio.shield(self._outage)
        while (wait := self._closed_until - time.monotonic()) > 0 and not self._given_up.is_set():
            await self.pause(wait)
        if self.state == "throttled":
            self._become("ok")
        await self.requests.take(1)

    async def waited_out(self, error: RegistryError) -> bool:
        """Return True when `error` came of an outage that is over now; then it is no attempt that failed.

        A registry that never answered has no outage: its address may be wrong. One that refuses whatever it is asked
        (403: an address that was blocked, a firewall that had enough) has one, unless it does so from the beginning.
        """
        if not self._answered or self.ping is None or self._given_up.is_set() or not self.max_outage:
            return False
        if self._outage is None and not self._looks_like_an_outage(error):
            return False
        self._refuses = isinstance(error, Denied)
        if self._outage is None:
            self._outage = asyncio.create_task(self._wait_for_answer(self.ping))
            self._outage.add_done_callback(self._outage_over)
        return await asyncio.shield(self._outage)

    def _looks_like_an_outage(self, error: RegistryError) -> bool:
        if isinstance(error, Denied):
            doubted = time.monotonic() >= self._believed_until or self._refusals >= _FAILURES_THAT_TELL
            return error.status == REFUSED and doubted
        broken = isinstance(error, NetworkError) or (isinstance(error, ServerError) and error.status in OUT_OF_ORDER)
        return broken and self._failures >= _FAILURES_THAT_TELL

    async def pause(self, seconds: float) -> bool:
        """Wait so long and return True, or False as soon as nobody waits for this registry any more."""
        try:
            await asyncio.wait_for(self._given_up.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        """Stop asking whether the registry is back."""
        if self._outage is not None:
            self._outage.cancel()
            await asyncio.gather(self._outage, return_exceptions=True)

    async def _wait_for_answer(self, ping: Ping) -> bool:
        """Ask until the registry answers; return False when it did at once, or not for too long."""
        if await ping():
            self._refusals, self._believed_until = 0, time.monotonic() + _REFUSALS_BELIEVED_FOR
            return False
        began, pause = time.monotonic(), _FIRST_PROBE
        self._become("refusing" if self._refuses else "down", time.time())
        while time.monotonic() - began < self.max_outage and not self._given_up.is_set():
            await self.pause(pause)
            if await ping():
                self._become("ok")
                return True
            pause = min(_LONGEST_PROBE, pause * 1.5)
        return False

    def _outage_over(self, outage: asyncio.Task[bool]) -> None:
        self._outage = None
        self._failures = 0

    def _become(self, state: HostState, until: float = 0.0) -> None:
        if (state, until) != (self.state, self.until):
            self.state, self.until = state, until
            self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed(self)
