"""A target that was copied while the source had more tags than now, and mirror mode between the two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.harness import QUICK, World, blob, picture
from tui.engine.mirror.apply import Outcome, apply
from tui.engine.mirror.propose import Proposal, propose
from tui.engine.mirror.record import Record
from tui.plan.mirror.review import Review
from tui.plan.mirror.settings import Mirror
from tui.plan.model import Plan, Rule

LAYER = blob(1, 64)
FREE = Mirror(max_percent=100)


@dataclass
class Mirrored:
    """The plan copies `library/app` and what else a test puts there."""

    world: World
    rules: tuple[Rule, ...]

    def plan(self, **settings: Any) -> Plan:
        """Return the plan with these mirror settings, without a maximum when there are none."""
        return Plan("nightly", self.rules, mirror=Mirror(**{"max_percent": 100, **settings}))

    async def propose(self, **settings: Any) -> Proposal:
        """Propose."""
        return await propose(self.plan(**settings), self.world.access, self.world.access, QUICK)

    async def apply(self, review: Review) -> list[Outcome]:
        """Apply a review."""
        with Record(self.world.state, "test") as record:
            return await apply(review, self.world.access, self.world.access, record, retry=QUICK)

    def tags(self, repository: str = "library/app") -> list[str]:
        """Return the tags at the target."""
        return sorted(self.world.target.storage.tags(repository) or [])

    def leave(self, *tags: str, repository: str = "library/app") -> None:
        """Take tags away from the source."""
        for tag in tags:
            assert self.world.source.storage.untag(repository, tag)

    def records(self) -> str:
        """Return everything on record."""
        return "".join(path.read_text() for path in sorted(Path(self.world.state).glob("mirror/*.jsonl")))


async def mirrored(world: World, *tags: str, rule: Rule | None = None) -> Mirrored:
    """Copy `library/app` with an image of its own under each of `tags`."""
    for tag in tags:
        world.put(picture(tag, LAYER), "library/app", tag)
    rules = (rule or world.rule("library/app"),)
    assert (await world.run(*rules)).code == 0
    return Mirrored(world, rules)


def said(proposal: Proposal) -> list[str]:
    """Return the proposed tags with their reasons."""
    return [f"{each.target.tag} {each.reason}" for each in proposal.review.deletions]


def fates(outcomes: list[Outcome]) -> dict[str, str]:
    """Return what became of each tag, and how."""
    return {each.target.rpartition(":")[2]: f"{each.fate} {each.how}".strip() for each in outcomes}
