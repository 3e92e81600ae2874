"""A plan as a file of dregsy (its README, "Configuration", and `internal/pkg/tags` for how tags are filtered)."""

from __future__ import annotations

import re
from typing import Any

from tui.oci.reference import is_digest
from tui.oci.saying import N_, phrase
from tui.plan import naming
from tui.plan.expand import check
from tui.plan.exported import (
    ExportedFile,
    ExportedFiles,
    NotExpressible,
    allowed,
    carry,
    denied,
    keeps_tags,
    left_out,
    only,
    whole,
    yaml_text,
)
from tui.plan.imported import Hazard
from tui.plan.model import Plan, Rule, TagSelection

TOOL = "dregsy"
_COMMAND = "dregsy -config=FILE"
_PLAIN_RANGE = re.compile(r"[0-9x.<>=!| ]+")
"""What npm's ranges and those of blang/semver say alike."""


def export_dregsy(plan: Plan) -> ExportedFiles:
    """Return the plan as a file. A rule dregsy cannot carry out is left out and named in `hazards`."""
    written, hazards = carry(plan, TOOL, _mapping)
    tasks: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for registries, mapping in written:
        tasks.setdefault(registries, []).append(mapping)
    hazards += left_out(plan, TOOL, ("referrers", "concurrency", "retries"))
    if plan.options.referrers:
        message = N_("signatures and what else refers to an image are not taken along")
        hazards.append(
            Hazard("not-expressible", message, plan.name, phrase("{tool} copies what its file names", tool=TOOL))
        )
    if not tasks:
        return ExportedFiles((), tuple(hazards))
    message = N_("the logins are not in the file")
    hazards.append(
        Hazard("option-left-out", message, plan.name, N_("add 'auth' to the sources and targets that need it"))
    )
    document = {
        "relay": "skopeo",
        "tasks": [
            {"name": f"task{number}", "source": {"registry": source}, "target": {"registry": target}, "mappings": each}
            for number, ((source, target), each) in enumerate(tasks.items(), 1)
        ],
    }
    return ExportedFiles((ExportedFile(yaml_text(document, _COMMAND), _COMMAND),), tuple(hazards))


def _mapping(rule: Rule) -> tuple[tuple[str, str], dict[str, Any]]:
    """Return source and target registry, and the mapping between them."""
    way, paths = _many(rule) if rule.is_pattern else _one(rule)
    return way, {**paths, **_references(rule), "platform": _platform(rule)}


def _one(rule: Rule) -> tuple[tuple[str, str], dict[str, str]]:
    check(rule)
    if not keeps_tags(rule):
        raise NotExpressible(N_("it makes other tags at the target"))
    target = naming.render_target(rule.target, rule.source, (*rule.references, "tag")[0]).repository
    return (rule.source_registry, target.registry), {"from": rule.source_path, "to": target.path}


def _many(rule: Rule) -> tuple[tuple[str, str], dict[str, str]]:
    base = rule.target.removesuffix("/{path}")
    if rule.target_references:
        raise NotExpressible(N_("it makes other tags at the target"))
    if base == rule.target or naming.fields_of(base):
        raise NotExpressible(N_("it names many repositories and keeps only a part of their path"))
    project, chosen = rule.source_path.removesuffix("*"), rule.repositories
    if chosen.include or chosen.exclude or chosen.exclude_regex or (project and chosen.regex):
        raise NotExpressible(N_("it selects repositories in more than one way"))
    registry, _, below = base.partition("/")
    expression = f"{re.escape(project)}.*" if project else whole(chosen.regex) if chosen.regex else ".*"
    found = {"from": f"regex:{expression}"}
    return (rule.source_registry, registry), {**found, "to": below} if below else found


def _references(rule: Rule) -> dict[str, Any]:
    tags = [name for name in rule.references if not is_digest(name)] or _filters(rule.tags)
    digests = [name for name in rule.references if is_digest(name)]
    return {**({"tags": tags} if tags else {}), **({"digests": digests, "preserve-digests": True} if digests else {})}


def _filters(tags: TagSelection) -> list[str]:
    """Return the filters; those of one kind add up, and `keep` has to agree with all of them."""
    only(tags, "include", "exclude", "regex", "exclude_regex", "semver")
    taken = allowed(tags)
    if tags.semver and taken:
        raise NotExpressible(N_("it selects tags by version and by name together"))
    if tags.semver and not _PLAIN_RANGE.fullmatch(tags.semver):
        raise NotExpressible(
            phrase("it has a range of versions that dregsy does not read: {semver}", semver=tags.semver)
        )
    found = [f"semver: {tags.semver}"] if tags.semver else [f"regex: {_closed(expression)}" for expression in taken]
    return found + [f"keep: !{_closed(expression)}" for expression in denied(tags)]


def _closed(expression: str) -> str:
    """Return an expression in which alternatives do not reach beyond what dregsy puts around it."""
    return f"(?:{expression})" if "|" in expression or expression.startswith("!") else expression


def _platform(rule: Rule) -> str:
    if len(rule.platforms) > 1:
        raise NotExpressible(N_("it chooses several platforms"))
    text = str(rule.platforms[0]) if rule.platforms else "all"
    if "*" in text or "(" in text:
        raise NotExpressible(N_("it leaves parts of a platform open"))
    return text
