"""From a tag at the target back to the source tag a rule would have made it from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tui.oci.reference import Reference, Repository, is_repository, is_tag
from tui.plan import naming
from tui.plan.attached import is_attached
from tui.plan.backups import is_backup
from tui.plan.expand import expand, takes, template_of
from tui.plan.model import Rule
from tui.plan.selection import narrow

Reason = Literal["gone", "unselected", "repository"]
"""Why a tag is proposed: its source tag is gone, is there but no longer selected, or its whole repository is gone."""


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A tag at the target that has no source any more: where it came from, and why it is proposed."""

    target: Reference
    source: Reference
    reason: Reason


@dataclass(frozen=True, slots=True)
class Route:
    """A rule leads from one repository to another."""

    rule: Rule
    source: Repository
    target: Repository
    left: bool = False
    """Whether the source repository is gone as a whole."""

    def source_tag(self, tag: str) -> str:
        """Return the source tag that gets the name `tag` at the target, '' when none does."""
        _, own = naming.split_template(template_of(self.rule, self.source))
        if not own:
            return tag
        if "tag" not in naming.fields_of(own):
            return ""
        match = re.fullmatch(_pattern(own, self.source), tag)
        return match["tag"] if match and is_tag(match["tag"]) else ""


def routes(rules: Iterable[Rule], sources: Iterable[Repository]) -> list[Route]:
    """Return where the rules lead from these repositories.

    A template that makes a repository from the tag leads to no one repository, so it has no route.
    """
    found = []
    listed = list(sources)
    for rule in rules:
        for source in listed:
            if source.registry != rule.source_registry or not takes(rule, source.path):
                continue
            name, _ = naming.split_template(template_of(rule, source))
            if "tag" not in naming.fields_of(name):
                found.append(Route(rule, source, naming.render_target(name, source, "tag").repository))
    return found


def lost_route(rule: Rule, target: Repository) -> Route | None:
    """Return the route of a pattern to a repository at the target, made up from its name; None when there is none."""
    if not rule.is_pattern:
        return None
    project = rule.source_path[:-1]
    template, _ = naming.split_template(rule.target)
    if not naming.fields_of(template):
        template = f"{template.rstrip('/')}/{{path}}"
        head = str(target).removeprefix(template.removesuffix("{path}"))
        path = f"{project}{head}" if head != str(target) else ""
    else:
        match = re.fullmatch(
            _pattern(template, Repository(rule.source_registry, project.strip("/") or "*")), str(target)
        )
        fields = match.groupdict() if match else {}
        path = fields.get("path") or (f"{project}{fields['name']}" if project and fields.get("name") else "")
        if not path and fields.get("project") and fields.get("name"):
            path = f"{fields['project']}/{fields['name']}"
    if not is_repository(path) or not takes(rule, path):
        return None
    found = [route for route in routes([rule], [Repository(rule.source_registry, path)]) if route.target == target]
    return replace(found[0], left=True) if found else None


def candidates(
    ways: Sequence[Route],
    listed: Mapping[Repository, Sequence[str]],
    at_target: Mapping[Repository, Sequence[str]],
    *,
    unselected: bool = False,
    backup: str = "",
) -> list[Candidate]:
    """Return the tags of `at_target` that a rule once made and makes no more, in order.

    `listed` are the tags of every source repository that is there. What any rule still makes is not returned, nor what
    accompanies a manifest (`companion_of`) or was kept by the template `backup`. A selection that needs more than names
    is taken to select all that its names allow. Raises RuleError for a rule that cannot be carried out.
    """
    wanted = {target for way in ways if not way.left for target in _still_made(way, listed[way.source])}
    found: dict[Reference, Candidate] = {}
    for way in ways:
        there = frozenset(listed.get(way.source, ()))
        for source, target in _made(way, at_target.get(way.target, ())):
            if target in wanted or companion_of(target.tag) or (backup and is_backup(backup, target.tag)):
                continue
            reason: Reason = "repository" if way.left else "unselected" if source.tag in there else "gone"
            if target not in found or reason == "unselected":  # what one rule still finds is not gone
                found[target] = Candidate(target, source, reason)
    return sorted(each for each in found.values() if unselected or each.reason != "unselected")


def companion_of(tag: str) -> str:
    """Return the digest of the manifest that a tag is about (`tui.plan.attached`), '' for an ordinary tag."""
    return tag.partition(".")[0].replace("-", ":", 1) if is_attached(tag) else ""


def _still_made(way: Route, listed: Sequence[str]) -> Iterable[Reference]:
    """Yield what the rule makes of what is at the source now."""
    _, own = naming.split_template(template_of(way.rule, way.source))
    if own and not way.rule.references and "tag" not in naming.fields_of(own):
        # One name for whatever is selected; which one that is may take more than names to know.
        yield Reference(way.target, tag=naming.render_target(f"{way.target}:{own}", way.source, "tag").tag)
        return
    for pair in expand(way.rule, way.source, listed):
        if pair.source.digest or pair.source.tag in listed:
            yield pair.target


def _made(way: Route, tags: Sequence[str]) -> Iterable[tuple[Reference, Reference]]:
    """Yield source and target of every tag that the rule would have made, were it still at the source."""
    if way.rule.references:
        for pair in expand(way.rule, way.source, ()):
            if pair.source.tag and pair.target.tag in tags and pair.target.repository == way.target:
                yield pair.source, pair.target
        return
    for tag in tags:
        source = way.source_tag(tag)
        if source and _would_take(way.rule, source):
            yield Reference(way.source, tag=source), Reference(way.target, tag=tag)


def _would_take(rule: Rule, tag: str) -> bool:
    """Return whether the rule selects a tag by its name; how many others are newer is not asked."""
    return bool(narrow(replace(rule.tags, newest=None), [tag]).tags)


def _pattern(template: str, source: Repository) -> str:
    """Return the regular expression of what a template makes; the fields that `source` does not say are groups."""
    known = {"registry": source.registry}
    if "/" in source.path or source.path != "*":
        known["project"] = source.path.partition("/")[0]
    parts = []
    seen: set[str] = set()
    for number, part in enumerate(re.split(r"\{([^{}]*)\}", template)):
        if number % 2 == 0 or part in known:
            parts.append(re.escape(known[part] if number % 2 else part))
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            seen.add(part)
            parts.append(f"(?P<{part}>{'.+' if part in ('path', 'tag') else '[^/]+'})")
    return "".join(parts)
