"""What can happen to a link, when it does, and what passed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

Action = Literal["rst", "fin", "stall", "drip", "flip"]
Direction = Literal["down", "up"]
Scope = Literal["connection", "link"]


@dataclass(frozen=True)
class LinkFault:
    """`action` happens whenever `every` bytes more have passed in `direction` (`down` is towards the client).

    `scope` says what is counted: each connection by itself, or all of the link together. `spread` moves each place by
    up to that share of `every`, `times` ends it (0 never), and only `share` of the connections are affected.

    `rst` and `fin` break the connection, `stall` lets nothing pass on it any more, `drip` one byte every half second,
    `flip` changes one bit.
    """

    action: Action
    every: int
    direction: Direction = "down"
    scope: Scope = "link"
    spread: float = 0.0
    times: int = 0
    share: float = 1.0


@dataclass(frozen=True)
class LinkStats:
    """What passed since the start or the last `forget`: bytes to the client and to the server, connections, faults."""

    down: int
    up: int
    connections: int
    open: int
    refused: int
    faults: int


@dataclass
class Armed:
    """A fault with how much has passed since it struck last, for the link or by connection."""

    fault: LinkFault
    dice: random.Random
    happened: int = 0
    passed: dict[int, int] = field(default_factory=dict)
    next_at: dict[int, int] = field(default_factory=dict)
    spared: dict[int, bool] = field(default_factory=dict)

    def room(self, connection: int, count: int) -> int | None:
        """Count `count` bytes; return how many of them pass before the fault strikes, None when it does not."""
        if self.fault.times and self.happened >= self.fault.times:
            return None
        if connection not in self.spared:
            self.spared[connection] = self.dice.random() >= self.fault.share
        if self.spared[connection]:
            return None
        key = connection if self.fault.scope == "connection" else 0
        place = self.next_at.get(key) or self._place()
        self.next_at[key] = place
        before = self.passed.get(key, 0)
        if before + count < place:
            self.passed[key] = before + count
            return None
        self.passed[key], self.next_at[key] = 0, self._place()
        self.happened += 1
        return place - before

    def _place(self) -> int:
        return max(1, round(self.fault.every * (1 + self.dice.uniform(-1, 1) * self.fault.spread)))
