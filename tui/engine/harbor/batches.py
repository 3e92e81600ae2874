"""Rules that Harbor can carry out together: one policy for them instead of one each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tui.plan.model import Plan, Rule
from tui.plan.replication import Replication
from tui.providers.harbor.replication.model import Filter, Policy, Trigger
from tui.providers.harbor.replication.policies import Draft, policies

MOST_NAMES = 100
"""Repositories in the filter of one policy."""
_SPECIAL = set("*?{[")


@dataclass(frozen=True, slots=True)
class Batch:
    """`rules` are the numbers of the plan's rules that `draft` stands for."""

    number: int
    rules: frozenset[int]
    draft: Draft


def batches(plan: Plan, drafted: Iterable[Draft]) -> list[Batch]:
    """Return the batches of a plan; rules for single repositories of one folder that want the same go together."""
    numbers = _numbers(plan)
    groups: dict[object, list[Draft]] = {}
    for draft in drafted:
        name = _plain_name(draft)
        alike = (draft.remote, draft.direction, _others(draft), draft.destination, draft.flatten, draft.override)
        key: object = (alike, name.rpartition("/")[0]) if name else (alike, numbers[id(draft.rule)])
        groups.setdefault(key, []).append(draft)
    found: list[Batch] = []
    for group in groups.values():
        for start in range(0, len(group), MOST_NAMES):
            part = group[start : start + MOST_NAMES]
            rules = frozenset(numbers[id(draft.rule)] for draft in part)
            found.append(Batch(len(found) + 1, rules, _together(part)))
    return found


def policy_of(plan: Plan, batch: Batch, count: int, registry: int, how: Replication) -> Policy:
    """Return the policy of one of `count` batches; `registry` is Harbor's id of the one at the other side."""
    base = how.name or f"regferry {plan.name}"[:200]
    name = base if count == 1 else f"{base} {batch.number}"
    registries = {batch.draft.remote: registry}
    (policy,) = policies(plan, [batch.draft], registries, speed=how.speed, by_chunk=how.chunks, name=name)
    more: tuple[Filter, ...] = ()
    if how.labels:
        more += (Filter("label", how.labels),)
    if how.resource:
        more += (Filter("resource", (how.resource,)),)
    return replace(
        policy,
        description=how.description or policy.description,
        filters=(*policy.filters, *more),
        trigger=Trigger(how.trigger, how.cron),
        deletion=how.deletion,
    )


def _numbers(plan: Plan) -> dict[int, int]:
    # By identity: two rules that read the same are two rules of the journal.
    return {id(rule): number for number, rule in enumerate(plan.rules, 1)}


def _plain_name(draft: Draft) -> str:
    """Return the repository a draft names, '' when it names many."""
    rule: Rule = draft.rule
    return "" if rule.is_pattern or _SPECIAL & set(rule.source_path) else rule.source_path


def _others(draft: Draft) -> tuple[Filter, ...]:
    return tuple(each for each in draft.filters if each.kind != "name")


def _together(group: Sequence[Draft]) -> Draft:
    if len(group) == 1:
        return group[0]
    folder = group[0].rule.source_path.rpartition("/")[0]
    names = list(dict.fromkeys(draft.rule.source_path.rpartition("/")[2] for draft in group))
    last = names[0] if len(names) == 1 else "{" + ",".join(names) + "}"
    pattern = f"{folder}/{last}" if folder else last
    return replace(group[0], filters=(Filter("name", (pattern,)), *_others(group[0])))
