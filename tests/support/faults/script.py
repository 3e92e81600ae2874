"""A script for one embedded registry: the `intercept` that records, checks, and lets faults happen."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.faults.checks import Checks
from tests.support.faults.personality import TOKEN_PATH, Personality
from tests.support.faults.when import When, once
from tui.demo.registry import EmbeddedRegistry


@dataclass
class Seen:
    """One request as it came and how it ended.

    `at` is the monotonic time in seconds; `path` has its query, byte for byte; header names are in lower case.
    `status` 0 means that the connection broke instead of an answer. `received` are body bytes from the client.
    """

    number: int
    at: float
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    status: int = 0
    received: int = 0
    fault: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Turn:
    """What a fault has in its hands: the request, the registry it is for, and the answer it would give."""

    request: web.BaseRequest
    registry: EmbeddedRegistry
    seen: Seen
    proceed: Callable[[], Awaitable[web.StreamResponse]]


Act = Callable[[Turn], Awaitable[web.StreamResponse]]
"""Answers in place of the registry, or raises ConnectionError to hang up."""


@dataclass
class Fault:
    """`act` happens to requests whose method (in full) and path with query (anywhere) match, `when` says to which.

    `matched` counts what came, `happened` how often it struck.
    """

    method: str
    path: str
    act: Act
    when: When = field(default_factory=once)
    name: str = ""
    matched: int = 0
    happened: int = 0

    def strikes(self, seen: Seen, dice: random.Random) -> bool:
        """Count a request that matches and return whether the fault happens to it."""
        if not (re.fullmatch(self.method, seen.method) and re.search(self.path, seen.path)):
            return False
        self.matched += 1
        strikes = self.when(self.matched, dice)
        self.happened += strikes
        return strikes

    def __str__(self) -> str:
        return self.name or getattr(self.act, "__qualname__", "fault").partition(".")[0]


class Script:
    """The `intercept` of an embedded registry, attached with `script.attach(registry)`.

    `personality` is how the registry behaves where nothing is scripted. The first fault that strikes is the one that
    happens. `complaints` are requests no client should send; a test that does not expect them asserts there are none.
    """

    def __init__(self, *faults: Fault, personality: Personality | None = None, seed: int = 0) -> None:
        self.faults = list(faults)
        self.personality = personality or Personality()
        self.seen: list[Seen] = []
        self._dice = random.Random(seed)
        self._checks = Checks()
        self._registry: EmbeddedRegistry | None = None

    @property
    def complaints(self) -> list[str]:
        """What was sent against the specification, in words."""
        return self._checks.complaints

    def attach(self, registry: EmbeddedRegistry) -> EmbeddedRegistry:
        """Make this the script of `registry` and return it."""
        self._registry = registry
        registry.intercept = self
        return registry

    def on(self, method: str, path: str, act: Act, when: When | None = None, name: str = "") -> Fault:
        """Add a fault and return it."""
        fault = Fault(method, path, act, when or once(), name)
        self.faults.append(fault)
        return fault

    def requests(self, method: str, path: str = "", *, where: Callable[[Seen], bool] | None = None) -> list[Seen]:
        """Return the requests whose method (in full) and path (anywhere) match."""
        return [
            seen
            for seen in self.seen
            if re.fullmatch(method, seen.method) and re.search(path, seen.path) and (where is None or where(seen))
        ]

    def count(self, method: str, path: str = "", *, where: Callable[[Seen], bool] | None = None) -> int:
        """Return how many requests match."""
        return len(self.requests(method, path, where=where))

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert self._registry is not None, "the script is not attached"
        registry = self._registry
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(len(self.seen) + 1, time.monotonic(), request.method, request.raw_path, headers)
        self.seen.append(seen)
        if request.path != TOKEN_PATH:
            self._checks.before(seen)

        async def proceed() -> web.StreamResponse:
            response = await self.personality.answer(registry, request)
            self._checks.after(seen, response)
            return response

        # Every fault is asked, so that each counts all requests that match it.
        striking = [fault for fault in self.faults if fault.strikes(seen, self._dice)]
        try:
            if not striking:
                response = await proceed()
            else:
                seen.fault = str(striking[0])
                response = await striking[0].act(Turn(request, registry, seen, proceed))
            seen.status = response.status
            return response
        finally:
            seen.received = getattr(request.content, "total_bytes", 0)
