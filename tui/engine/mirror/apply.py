"""Carrying out a review: exactly the tags in it, each only while everything is still as it was reviewed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tui.engine.listing import opened_registries
from tui.engine.mirror.deleting import OTHER_DIGEST, Deleter, Moved
from tui.engine.mirror.look import Look, MirrorRefused, look
from tui.engine.mirror.record import Record
from tui.engine.outcome import FAILED, RETRYABLE, WELL
from tui.engine.registries import Resolver
from tui.oci.errors import DeletionUnsupported, RegistryError
from tui.oci.reference import Reference
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_, phrase
from tui.plan.mirror.review import Deletion, Review
from tui.plan.toml_file import parse_plan

Fate = Literal["deleted", "gone", "changed", "wanted", "kept", "failed"]
"""`gone` was not there any more, `changed` has another digest, `wanted` is made by a rule again, `kept` shares its
manifest with what stays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one reviewed tag; `how` it was deleted, `message` and `hint` why not."""

    target: str
    digest: str
    fate: Fate
    how: str = ""
    message: str = ""
    hint: str = ""
    retryable: bool = False


Tell = Callable[[Outcome], None]


async def apply(
    review: Review,
    source: Resolver,
    target: Resolver,
    record: Record,
    tell: Tell = lambda outcome: None,
    retry: RetryPolicy | None = None,
) -> list[Outcome]:
    """Delete what was reviewed, one after the other; `tell` hears of each.

    Raises MirrorRefused when it is more than the limits allow, something in it is protected, or the source does not
    list what it should; RegistryError when the target cannot be looked at; LocalError when the record cannot be
    written. What was deleted before is on record.
    """
    if why := review.refusal():
        raise MirrorRefused(
            phrase("nothing was deleted: {why}", why=why),
            N_("take deletions out of the file, or change [mirror] and propose anew"),
        )
    plan = parse_plan(review.plan, Path("the plan in the review"))
    outcomes: list[Outcome] = []
    async with opened_registries(source, target, plan, retry) as registries:
        seen = await look(plan, registries)
        fresh = {each.target: each for each in seen.deletions}
        due = {each.target: each for each in review.deletions if _fate(each, seen, fresh) is None}
        deleter = Deleter(registries, seen.digests, frozenset(due))
        for each in review.deletions:
            outcome = _fate(each, seen, fresh)
            if outcome is None:
                shares = _sharing(each, seen, frozenset(due))
                record.write("deleting", target=str(each.target), digest=each.digest, shares=list(shares))
                now = Deletion(each.target, each.digest, each.source, each.reason, shares)
                outcome = await _deleted(deleter, now)
            record.write("result", **asdict(outcome))
            tell(outcome)
            outcomes.append(outcome)
    return outcomes


def exit_code(outcomes: list[Outcome]) -> int:
    """Return the exit code: 0 when all that was reviewed is gone now, whoever deleted it."""
    left = [outcome for outcome in outcomes if outcome.fate not in ("deleted", "gone")]
    if not left:
        return WELL
    return RETRYABLE if all(outcome.retryable for outcome in left) else FAILED


def _fate(each: Deletion, seen: Look, fresh: dict[Reference, Deletion]) -> Outcome | None:
    """Return why a reviewed tag is left alone, None when it is to be deleted."""
    now = fresh.get(each.target)
    target = str(each.target)
    if now is not None and now.digest == each.digest:
        return None
    if now is not None:
        return Outcome(target, each.digest, "changed", message=phrase(OTHER_DIGEST, digest=now.digest))
    if each.target not in seen.there:
        return Outcome(target, each.digest, "gone", message=N_("it is not there any more"))
    again = N_("a rule of the plan makes it again, or it is protected")
    return Outcome(target, each.digest, "wanted", message=again)


def _sharing(each: Deletion, seen: Look, due: frozenset[Reference]) -> tuple[str, ...]:
    """Return the tags with the same manifest that stay, after what was taken out of the review."""
    its = seen.digests[each.target.repository]
    same = (each.target.with_target(tag) for tag in its if its[tag][0] == each.digest)
    return tuple(sorted(other.tag for other in same if other not in due))


async def _deleted(deleter: Deleter, each: Deletion) -> Outcome:
    target = str(each.target)
    try:
        return Outcome(target, each.digest, "deleted", how=await deleter.delete(each))
    except Moved as error:
        return Outcome(target, each.digest, "changed", message=error.sentence())
    except DeletionUnsupported as error:
        return Outcome(target, each.digest, "kept", message=error.sentence(), hint=error.hint)
    except RegistryError as error:
        return Outcome(target, each.digest, "failed", "", error.sentence(), error.hint, error.retryable)
