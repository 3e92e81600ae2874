"""A plan as a file of regsync (regclient's `cmd/regsync`, version 1 of its file)."""

from __future__ import annotations

import re
from typing import Any

from tui.oci.reference import Reference, is_digest, split_registry
from tui.oci.saying import N_
from tui.plan import naming
from tui.plan.expand import check, expand
from tui.plan.exported import (
    ExportedFile,
    ExportedFiles,
    NotExpressible,
    allowed,
    carry,
    denied,
    globs,
    left_out,
    only,
    whole,
    yaml_text,
)
from tui.plan.imported import Hazard
from tui.plan.model import Plan, Rule, TagSelection

TOOL = "regsync"
_COMMAND = "regsync once -c FILE"
Step = dict[str, Any]


def export_regsync(plan: Plan) -> ExportedFiles:
    """Return the plan as a file. A rule regsync cannot carry out is left out and named in `hazards`."""
    written, hazards = carry(plan, TOOL, _steps)
    steps = [step for steps in written for step in steps]
    carried = ["concurrency", "referrers", "retries"]
    defaults: dict[str, Any] = {"parallel": plan.options.concurrency}
    if plan.options.referrers:
        defaults |= {"referrers": True, "digestTags": True}
    if plan.options.on_conflict == "backup" and not (set(_fields(plan.options.backup)) - {"tag"}):
        defaults["backup"] = plan.options.backup.replace("{tag}", "{{.Ref.Tag}}")
        carried += ["on_conflict", "backup"]
    hazards += left_out(plan, TOOL, carried)
    if not steps:
        return ExportedFiles((), tuple(hazards))
    registries = dict.fromkeys(split_registry(f"{step[side]}/name")[0] for step in steps for side in _SIDES)
    document = {"version": 1, "creds": [_login(name) for name in registries], "defaults": defaults, "sync": steps}
    message = N_("the logins are taken from variables of the environment")
    hazards.append(
        Hazard("option-left-out", message, plan.name, N_("set them, or remove 'creds' to use docker's logins"))
    )
    return ExportedFiles((ExportedFile(yaml_text(document, _COMMAND), _COMMAND),), tuple(hazards))


_SIDES = ("source", "target")


def _steps(rule: Rule) -> list[Step]:
    platforms = {"platforms": [str(platform) for platform in rule.platforms]} if rule.platforms else {}
    if any("*" in platform or "(" in platform for platform in platforms.get("platforms", ())):
        raise NotExpressible(N_("it leaves parts of a platform open"))
    if rule.is_pattern:
        return [{**_registry(rule), **platforms}]
    check(rule)
    if rule.references:
        return [{**_image(pair.source, pair.target), **platforms} for pair in expand(rule, rule.source, ())]
    if naming.split_template(rule.target)[1] or "tag" in naming.fields_of(rule.target) or rule.target_references:
        raise NotExpressible(N_("it makes other tags at the target"))
    target = naming.render_target(rule.target, rule.source, "tag").repository
    return [{"source": str(rule.source), "target": str(target), "type": "repository", **_tags(rule.tags), **platforms}]


def _image(source: Reference, target: Reference) -> Step:
    if is_digest(target.target) and target.target != source.target:
        raise NotExpressible(N_("it gives a digest to what has another name"))
    return {"source": str(source), "target": str(target), "type": "image"}


def _registry(rule: Rule) -> Step:
    """Return the step for a whole registry, or what is below a project of it."""
    base = rule.target.removesuffix("/{path}")
    if base == rule.target or naming.fields_of(base):
        raise NotExpressible(N_("it names many repositories and keeps only a part of their path"))
    chosen = rule.repositories
    if chosen.include and chosen.regex:
        raise NotExpressible(N_("it selects repositories by include and regex together"))
    project = rule.source_path.removesuffix("*")
    allow = [*globs(chosen.include), *([whole(chosen.regex)] if chosen.regex else [])]
    if project and allow:
        raise NotExpressible(N_("it selects repositories below a project"))
    allow = [f"{re.escape(project)}.*"] if project else allow
    deny = [*globs(chosen.exclude), *([whole(chosen.exclude_regex)] if chosen.exclude_regex else [])]
    repos = {name: found for name, found in (("allow", allow), ("deny", deny)) if found}
    step = {"source": rule.source_registry, "target": base, "type": "registry"}
    return {**step, **({"repos": repos} if repos else {}), **_tags(rule.tags)}


def _tags(tags: TagSelection) -> Step:
    only(tags, "include", "exclude", "regex", "exclude_regex", "semver")
    ranges = [tags.semver] if tags.semver else []
    lists = (("allow", allowed(tags)), ("deny", denied(tags)), ("semverRange", ranges))
    found = {name: expressions for name, expressions in lists if expressions}
    return {"tags": found} if found else {}


def _login(registry: str) -> dict[str, str]:
    variable = re.sub(r"\W+", "_", registry, flags=re.ASCII).strip("_").upper()
    return {
        "registry": registry,
        "user": f'{{{{env "{variable}_USERNAME"}}}}',
        "pass": f'{{{{env "{variable}_PASSWORD"}}}}',
    }


def _fields(template: str) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", template)
