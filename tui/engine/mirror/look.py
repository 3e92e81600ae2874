"""Looking at source and target of a plan: which tags at the target left the source, with the digests they have now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tui.engine.catalogs import names_at
from tui.engine.listing import digests_of, repositories_of, tags_of
from tui.engine.registries import Registries
from tui.oci.errors import NotFound, RegistryError
from tui.oci.reference import Reference, Repository
from tui.oci.saying import N_, phrase
from tui.plan.mirror.mapping import Candidate, Route, candidates, companion_of, lost_route, routes
from tui.plan.mirror.review import Deletion, Kept
from tui.plan.mirror.settings import protected_by
from tui.plan.model import Plan, Rule

Digests = dict[str, tuple[str, str]]
"""Digest and media type by tag."""


class MirrorRefused(Exception):
    """Nothing is proposed or deleted; `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `digests` are of the target repositories with deletions; `tags` counts those of all of them."""

    deletions: tuple[Deletion, ...]
    kept: tuple[Kept, ...]
    tags: int
    digests: Mapping[Repository, Digests] = field(default_factory=dict)
    there: frozenset[Reference] = frozenset()
    """Every tag at the target repositories."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""


async def look(plan: Plan, registries: Registries) -> Look:
    """Look at both sides of a plan.

    Raises MirrorRefused when the source does not list what it should, or lists nothing: then everything would seem to
    be gone. RegistryError when the target cannot be looked at.
    """
    if plan.replication is not None and plan.replication.deletion:
        raise MirrorRefused(
            N_("the plan lets Harbor repeat deletions itself"), N_("take 'deletion' out of [replication]")
        )
    listed = await _source_tags(plan, registries)
    ways = routes(plan.rules, listed)
    at_target = await _target_tags({way.target for way in ways}, registries)
    if plan.mirror.repositories:
        lost = await _lost(plan, ways, registries)
        at_target |= await _target_tags({way.target for way in lost}, registries)
        ways += lost
    full = {repository: tags for repository, tags in listed.items() if tags}
    useful = [way for way in ways if way.left or way.source in full]
    found = candidates(useful, full, at_target, unselected=plan.mirror.unselected, backup=plan.options.backup)
    concerned = {each.target.repository: at_target[each.target.repository] for each in found}
    digests = await digests_of(concerned, registries.target)
    deletions, kept = _divided(plan, found, digests, useful, full)
    return Look(
        deletions,
        kept,
        sum(len(tags) for tags in at_target.values()),
        digests,
        frozenset(Reference(repository, tag=tag) for repository, tags in at_target.items() for tag in tags),
        _notes(plan, listed, ways),
    )


async def _source_tags(plan: Plan, registries: Registries) -> dict[Repository, list[str]]:
    hint = N_("nothing is proposed while the source is not known in full; mend it, or take the rule out")
    try:
        repositories = await repositories_of(plan.rules, registries)
        listed = await tags_of(repositories, registries.source)
    except RegistryError as error:
        raise MirrorRefused(phrase("the source cannot be listed: {why}", why=error.sentence()), hint) from error
    for rule in plan.rules:
        its = [repository for repository in listed if _is_of(rule, repository)]
        if not any(listed[repository] for repository in its):
            raise MirrorRefused(phrase("the source lists no tags for the rule {rule}", rule=str(rule)), hint)
    return listed


async def _target_tags(repositories: set[Repository], registries: Registries) -> dict[Repository, list[str]]:
    found: dict[Repository, list[str]] = {}
    for repository in sorted(repositories):
        try:
            found |= await tags_of([repository], registries.target)
        except NotFound:
            found[repository] = []  # nothing was copied there yet
    return found


async def _lost(plan: Plan, ways: Sequence[Route], registries: Registries) -> list[Route]:
    """Return routes to repositories at the target whose source repository is gone."""
    known = {way.target for way in ways}
    lost: dict[Repository, Route] = {}
    for registry in sorted({way.target.registry for way in ways}):
        catalog = await names_at(registries, "target", Repository(registry, "*"))
        for path in catalog:
            target = Repository(registry, path)
            for rule in plan.rules:
                route = lost_route(rule, target) if target not in known else None
                if route is not None:
                    lost.setdefault(target, route)
    return list(lost.values())


def _divided(
    plan: Plan,
    found: Sequence[Candidate],
    digests: Mapping[Repository, Digests],
    ways: Sequence[Route],
    listed: Mapping[Repository, Sequence[str]],
) -> tuple[tuple[Deletion, ...], tuple[Kept, ...]]:
    """Divide candidates into what may be deleted, with what accompanies it, and what is protected."""
    kept: list[Kept] = []
    chosen: dict[Reference, tuple[Candidate, str]] = {}
    for each in found:
        digest, _ = digests[each.target.repository].get(each.target.tag, ("", ""))
        if pattern := protected_by(plan.mirror.protect, each.target):
            kept.append(Kept(str(each.target), phrase("protected by {pattern}", pattern=repr(pattern))))
        elif digest:
            chosen[each.target] = each, digest
    for repository, its in digests.items():
        gone = {digest: each for each, digest in chosen.values() if each.target.repository == repository}
        remaining = {its[tag][0] for tag in its if Reference(repository, tag=tag) not in chosen}
        for tag, (digest, _) in its.items():
            subject = companion_of(tag)
            target = Reference(repository, tag=tag)
            if subject not in gone or subject in remaining or _is_at_source(target, ways, listed):
                continue
            if not protected_by(plan.mirror.protect, target):
                chosen[target] = Candidate(target, gone[subject].source, gone[subject].reason), digest
    deletions = []
    for target, (each, digest) in sorted(chosen.items()):
        its = digests[target.repository]
        shares = sorted(
            tag for tag in its if its[tag][0] == digest and Reference(target.repository, tag=tag) not in chosen
        )
        deletions.append(Deletion(target, digest, each.source, each.reason, tuple(shares)))
    return tuple(deletions), tuple(kept)


def _is_at_source(target: Reference, ways: Sequence[Route], listed: Mapping[Repository, Sequence[str]]) -> bool:
    return any(
        way.source_tag(target.tag) in listed.get(way.source, ()) for way in ways if way.target == target.repository
    )


def _is_of(rule: Rule, repository: Repository) -> bool:
    return bool(routes([rule], [repository])) or (not rule.is_pattern and rule.source == repository)


def _notes(plan: Plan, listed: Mapping[Repository, Sequence[str]], ways: Sequence[Route]) -> tuple[str, ...]:
    notes = [
        phrase("{repository}: the source lists no tags, so nothing is proposed for it", repository=str(repository))
        for repository, tags in sorted(listed.items())
        if not tags
    ]
    led = {way.rule for way in ways}
    tagged = N_("{rule}: the repository at the target depends on the tag")
    notes += [phrase(tagged, rule=str(rule)) for rule in plan.rules if rule not in led]
    return tuple(notes)
