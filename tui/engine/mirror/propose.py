"""Proposing deletions: nothing is deleted here."""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.listing import opened_registries
from tui.engine.mirror.look import look
from tui.engine.registries import Resolver
from tui.oci.retry import RetryPolicy
from tui.plan.mirror.review import Review
from tui.plan.model import Plan
from tui.plan.toml_file import format_plan


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, and what could not be looked at."""

    review: Review
    notes: tuple[str, ...] = ()


async def propose(plan: Plan, source: Resolver, target: Resolver, retry: RetryPolicy | None = None) -> Proposal:
    """Return what could be deleted at the target of a plan.

    Raises MirrorRefused when the source does not list what it should, RegistryError for the target, RuleError.
    """
    async with opened_registries(source, target, plan, retry) as registries:
        seen = await look(plan, registries)
    review = Review(format_plan(plan), seen.deletions, seen.kept, seen.tags, plan.mirror)
    return Proposal(review, seen.notes)
