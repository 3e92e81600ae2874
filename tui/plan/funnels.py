"""Funnels of several repositories as one, and as people count them: 413 tags, 120 match, 40 newest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from tui.plan.selection import Step

Word = Literal["tags", "match", "labels", "newer_than", "newest"]
"""`match` is everything that was chosen by name."""

_BY_NAME = ("include", "exclude", "regex", "exclude_regex", "semver", "attached")
_ORDER = ("listed", *_BY_NAME, "labels", "newer_than", "newest")


def summed(funnels: Iterable[Iterable[Step]]) -> list[Step]:
    """Return how many each step left in all of them; where one lacks a step, what it had before counts."""
    total: list[Step] = []
    for funnel in funnels:
        mine, others = ({step.name: step.left for step in steps} for steps in (funnel, total))
        total = []
        own = theirs = 0
        for name in _ORDER:
            if name in mine or name in others:
                own, theirs = mine.get(name, own), others.get(name, theirs)
                total.append(Step(name, own + theirs))
    return total


def in_words(steps: Iterable[Step]) -> list[tuple[Word, int]]:
    """Return what was left of the tags, what matches by name, and what every further step left."""
    words: list[tuple[Word, int]] = []
    for step in steps:
        name = _word(step.name)
        if words and words[-1][0] == name:
            words.pop()
        words.append((name, step.left))
    return words


def _word(step: str) -> Word:
    if step == "listed":
        return "tags"
    if step == "labels":
        return "labels"
    if step == "newer_than":
        return "newer_than"
    return "newest" if step == "newest" else "match"
