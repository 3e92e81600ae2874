"""Which of the requests that match a fault it strikes: each is asked with the number of the match, from 1."""

from __future__ import annotations

import random
from collections.abc import Callable

When = Callable[[int, random.Random], bool]


def once(after: int = 0) -> When:
    """Strike one request, after `after` others."""
    return nth(after + 1)


def nth(*numbers: int) -> When:
    """Strike these."""
    return lambda number, _: number in numbers


def first(count: int) -> When:
    """Strike the first `count`."""
    return lambda number, _: number <= count


def every(count: int) -> When:
    """Strike every `count`-th."""
    return lambda number, _: number % count == 0


def always() -> When:
    """Strike all of them."""
    return lambda _number, _dice: True


def chance(share: float, *, at_most: int | None = None) -> When:
    """Strike by chance, drawn from the script's seed; `at_most` so many times."""
    struck = 0

    def strikes(_number: int, dice: random.Random) -> bool:
        nonlocal struck
        if dice.random() >= share or (at_most is not None and struck >= at_most):
            return False
        struck += 1
        return True

    return strikes
