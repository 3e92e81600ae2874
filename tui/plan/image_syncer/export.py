"""A plan as image-syncer's split files (1.5.3 and later): the rules, and logins to fill in.

What image-syncer would do differently is left out with a warning rather than copied otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from tui.oci.reference import Repository, is_digest, split_registry
from tui.oci.saying import N_, phrase
from tui.plan import naming
from tui.plan.errors import RuleError
from tui.plan.expand import Pair, check, expand
from tui.plan.exported import left_out, unsaid
from tui.plan.globs import glob_to_regex
from tui.plan.imported import Hazard, HazardCode
from tui.plan.model import Plan, Platform, Rule, TagSelection
from tui.plan.rule_text import is_on_disk

Format = Literal["yaml", "json"]


class Exported(NamedTuple):
    """The text of the two files, and what they do not say.

    `auth` has a login for each registry, its user name and password taken from the environment; no secret is in it.
    """

    auth: str
    images: str
    hazards: tuple[Hazard, ...]


def export(plan: Plan, format: Format = "yaml") -> Exported:
    """Return the plan as image-syncer's files. A rule it cannot carry out is left out and named in `hazards`."""
    images: dict[str, list[str]] = {}
    registries: dict[str, None] = {}
    hazards: list[Hazard] = []
    exported = []
    for rule in plan.rules:
        try:
            lines = _lines(rule)
        except (_NotExpressible, RuleError) as reason:
            where = rule.origin or plan.name
            message = phrase("{rule} is left out: {reason}", rule=rule, reason=reason.args[0])
            hazards.append(Hazard("not-expressible", message, where, N_("image-syncer cannot do this")))
            continue
        exported.append(rule)
        for source, target in lines:
            destinations = images.setdefault(source, [])
            destinations += [target] if target not in destinations else []
            registries |= dict.fromkeys(split_registry(text)[0] for text in (source, target))
    hazards += _flags(plan, exported)
    rules = {source: targets[0] if len(targets) == 1 else targets for source, targets in images.items()}
    return Exported(_text({name: _login(name) for name in registries}, format), _text(rules, format), tuple(hazards))


_CARRIED = ("references", "target_references", "tags", "platforms", "repositories", "origin")


class _NotExpressible(Exception):
    """The rule says what image-syncer's files cannot; the argument says what."""


def _lines(rule: Rule) -> list[tuple[str, str]]:
    """Return sources and destinations for one rule."""
    if is_on_disk(rule):
        raise _NotExpressible(N_("a folder or tar on a disk is in it"))
    if rule.is_pattern:
        raise _NotExpressible(N_("it names many repositories"))
    if named := unsaid(rule, _CARRIED):
        raise _NotExpressible(phrase("it says {named}", named=" and ".join(named)))
    check(rule)
    return _named(expand(rule, rule.source, ())) if rule.references else [_listed(rule)]


def _named(pairs: list[Pair]) -> list[tuple[str, str]]:
    """Return the lines for what a rule names, one per repository at the target."""
    groups: dict[Repository, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(pair.target.repository, []).append(pair)
    return [line for group in groups.values() for line in _list(group)]


def _list(pairs: list[Pair]) -> list[tuple[str, str]]:
    """Return one line for a list, which has to begin with a tag on both sides; otherwise a line for each."""
    pairs = sorted(pairs, key=lambda pair: is_digest(pair.source.target) or is_digest(pair.target.target))
    first = pairs[0]
    if len(pairs) == 1 or is_digest(first.source.target) or is_digest(first.target.target):
        return [(str(pair.source), _short(str(pair.target), [pair])) for pair in pairs]
    source, target = (
        ",".join([str(getattr(first, side)), *(getattr(pair, side).target for pair in pairs[1:])])
        for side in ("source", "target")
    )
    return [(source, _short(target, pairs))]


def _short(target: str, pairs: list[Pair]) -> str:
    """Return the destination, without names when they are those of the source."""
    same = all(pair.source.target == pair.target.target for pair in pairs)
    return str(pairs[0].target.repository) if same else target


def _listed(rule: Rule) -> tuple[str, str]:
    """Return the line for a rule whose tags are those of the registry."""
    if "tag" in naming.fields_of(rule.target):
        raise _NotExpressible(N_("it makes names at the target from the tags it finds"))
    if len(rule.target_references) > 1 or any(map(is_digest, rule.target_references)):
        raise _NotExpressible(N_("it gives names to tags it does not name"))
    target = naming.render_target(rule.target, rule.source, "tag")
    name = (*rule.target_references, naming.split_template(rule.target)[1] and target.tag)[0]
    suffix = f":{name}" if name else ""
    regex = _regex(rule.tags)
    return f"{rule.source}{f':/{regex}/' if regex else ''}", f"{target.repository}{suffix}"


def _regex(tags: TagSelection) -> str:
    """Return the one expression that selects the same tags, '' for all."""
    if named := unsaid(tags, ("include", "regex")):
        raise _NotExpressible(phrase("it selects tags by {named}", named=" and ".join(named)))
    if not tags.include:
        return tags.regex
    if tags.regex:
        raise _NotExpressible(N_("it selects tags by include and regex together"))
    parts = [glob_to_regex(glob) for glob in tags.include]
    if None in parts:
        raise _NotExpressible(N_("it selects tags by a set in brackets"))
    return f"^(?:{'|'.join(part or '' for part in parts)})$"


def _flags(plan: Plan, rules: list[Rule]) -> list[Hazard]:
    """Say what belongs on image-syncer's command line, and what belongs nowhere."""
    options, name = plan.options, plan.name
    flags = [f"--proc {options.concurrency}", f"--retries {options.retries}", *(["--force"] * options.force)]
    message = N_("the options of the plan are not in the files")
    if options.referrers:
        message = N_(
            "the options of the plan are not in the files; nor does image-syncer take along what refers to an image"
        )
    hazards = [_hazard("option-left-out", message, name, phrase("use {flags}", flags=" ".join(flags)))]
    hazards += left_out(plan, "image-syncer", ("concurrency", "retries", "force", "referrers"))
    filters = {rule.platforms for rule in rules}
    if filters - {()}:
        message = N_("the platforms of the rules are not in the files; image-syncer has one filter for all of them")
        hazards.append(_hazard("option-left-out", message, name, _platform_flags(filters)))
    return hazards


def _platform_flags(filters: set[tuple[Platform, ...]]) -> str:
    """Return the flags for a filter that all rules share, as far as image-syncer's two lists can say it."""
    if len(filters) > 1:
        return N_("make a file for the rules of each filter")
    (platforms,) = filters
    systems = dict.fromkeys((platform.os, platform.os_version) for platform in platforms)
    machines = dict.fromkeys((platform.architecture, platform.variant) for platform in platforms)
    if len(systems) * len(machines) != len(platforms):
        return N_("make a file for the rules of each platform")
    given = [("--os", *system) for system in systems] + [("--arch", *machine) for machine in machines]
    flags = " ".join(f"{flag} {one}{f':{two}' if two else ''}" for flag, one, two in given if one)
    return phrase("use {flags}", flags=flags)


def _hazard(code: HazardCode, message: str, origin: str, hint: str = "") -> Hazard:
    return Hazard(code, message, origin, hint)


def _login(registry: str) -> dict[str, str]:
    variable = re.sub(r"\W+", "_", registry, flags=re.ASCII).strip("_").upper()
    variable = f"REGISTRY_{variable}" if variable[:1].isdigit() else variable
    return {"username": f"${{{variable}_USERNAME}}", "password": f"${{{variable}_PASSWORD}}"}


def _text(document: Mapping[str, object], format: Format) -> str:
    if format == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=4096))
