"""A plan as files of `skopeo sync --src yaml` (skopeo-sync(1), "YAML file content").

A file has no destination, and skopeo keeps the last part of a repository's name (with `--scoped` all of it): so there
is a file for every destination, and the command that goes with it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.plan import naming
from tui.plan.expand import check
from tui.plan.exported import (
    ExportedFile,
    ExportedFiles,
    NotExpressible,
    allowed,
    carry,
    keeps_tags,
    left_out,
    only,
    yaml_text,
)
from tui.plan.imported import Hazard
from tui.plan.model import Plan, Rule
from tui.plan.skopeo_sync import BY_REGEX, BY_VERSION, IMAGES

TOOL = "skopeo sync"


@dataclass(slots=True)
class _File:
    """What goes to one destination: registry to kind of list to repository to what is selected."""

    destination: str
    scoped: bool
    registries: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def takes(self, line: _Line) -> bool:
        """Put a line into the file; return whether it had a place for it."""
        if (self.destination, self.scoped) != (line.destination, line.scoped):
            return False
        images = self.registries.setdefault(line.source.registry, {}).setdefault(line.kind, {})
        have = images.get(line.source.path)
        if have is None:
            images[line.source.path] = line.what
        elif line.kind == IMAGES and have and line.what:
            images[line.source.path] = list(dict.fromkeys([*have, *line.what]))
        elif have != line.what:
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Line:
    source: Repository
    destination: str
    scoped: bool
    kind: str
    what: Any


def export_skopeo_sync(plan: Plan) -> ExportedFiles:
    """Return the plan as files. A rule skopeo cannot carry out is left out and named in `hazards`."""
    lines, hazards = carry(plan, TOOL, _line)
    files: list[_File] = []
    for line in lines:
        if not any(file.takes(line) for file in files):
            files.append(_File(line.destination, line.scoped))
            files[-1].takes(line)
    hazards += left_out(plan, TOOL, ("referrers", "retries", "force", "concurrency"))
    if plan.options.referrers:
        message = N_("signatures and what else refers to an image are not taken along")
        hazards.append(
            Hazard("not-expressible", message, plan.name, phrase("{tool} copies what its file names", tool=TOOL))
        )
    if files:
        message = N_("logins are not in the files")
        hazards.append(Hazard("option-left-out", message, plan.name, N_("use 'skopeo login' for every registry")))
    return ExportedFiles(tuple(_file(file, plan.options.retries) for file in files), tuple(hazards))


def _file(file: _File, retries: int) -> ExportedFile:
    scoped = " --scoped" if file.scoped else ""
    command = (
        f"skopeo sync --all --preserve-digests --keep-going --retry-times {retries}{scoped}"
        f" --src yaml --dest docker FILE {shlex.quote(file.destination)}"
    )
    return ExportedFile(yaml_text(file.registries, command), command)


def _line(rule: Rule) -> _Line:
    if rule.is_pattern:
        raise NotExpressible(N_("it names many repositories"))
    if rule.platforms:
        raise NotExpressible(N_("it chooses platforms"))
    check(rule)
    if not keeps_tags(rule):
        raise NotExpressible(N_("it makes other tags at the target"))
    destination, scoped = _destination(rule)
    kind, what = _selected(rule)
    return _Line(rule.source, destination, scoped, kind, what)


def _destination(rule: Rule) -> tuple[str, bool]:
    """Return what stands before the name that skopeo keeps, and whether it keeps all of it."""
    target = str(naming.render_target(rule.target, rule.source, (*rule.references, "tag")[0]).repository)
    name = rule.source.path.rpartition("/")[2]
    for kept, scoped in ((f"/{rule.source}", True), (f"/{name}", False)):
        if target.endswith(kept):
            return target.removesuffix(kept), scoped
    raise NotExpressible(N_("it gives the repository another name at the target"))


def _selected(rule: Rule) -> tuple[str, Any]:
    if rule.references:
        return IMAGES, list(rule.references)
    only(rule.tags, "include", "regex", "semver")
    if rule.tags.semver:
        only(rule.tags, "semver")
        return BY_VERSION, rule.tags.semver
    if rule.tags.regex and not rule.tags.include:
        return BY_REGEX, rule.tags.regex
    expressions = allowed(rule.tags)
    return (BY_REGEX, f"^(?:{'|'.join(expressions)})$") if expressions else (IMAGES, [])
