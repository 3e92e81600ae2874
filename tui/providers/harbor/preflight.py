"""What stands in the way of copying to a Harbor, or from one, told before the first byte goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tui.oci.errors import NotFound, RegistryError
from tui.oci.reference import Reference, Repository
from tui.oci.saying import N_, phrase
from tui.providers.findings import Action, Finding, worst_first
from tui.providers.harbor.client import Harbor, SystemInfo
from tui.providers.harbor.content import Project
from tui.providers.harbor.names import is_project_name
from tui.providers.harbor.source import HarborSource
from tui.providers.harbor.target import immutable_rules, missing_projects, quota_of

_ALMOST_FULL = 0.9


async def inspect_target(
    harbor: Harbor,
    targets: Sequence[Repository],
    *,
    sizes: Mapping[str, int] | None = None,
    tags: Iterable[Reference] = (),
) -> list[Finding]:
    """Return what is in the way of pushing to `targets`, the worst first.

    `sizes` are the bytes that will be pushed to each project, where they are known; `tags` what will be pushed, to be
    held against the rules for immutable tags. Raises RegistryError when Harbor does not answer or takes no login.
    """
    info = await harbor.info()
    findings = _of_the_whole(harbor, info)
    missing = await missing_projects(harbor, targets)
    findings += _of_missing(missing, info)
    source = HarborSource(harbor)
    pushed = list(tags)
    present = [
        name for name in dict.fromkeys(target.path.partition("/")[0] for target in targets) if name not in missing
    ]
    # To a stranger it does not matter what is in the way besides.
    for name in present if info.known else ():
        try:
            project = await source.project(name)
        except NotFound:
            findings.append(
                Finding(
                    "problem",
                    N_("project {project} is there, and this account does not see it"),
                    N_("have the account made a member of the project who may push, or use another account"),
                    {"project": name},
                )
            )
            continue
        findings += await _of_project(harbor, project, (sizes or {}).get(name))
        findings += await _of_immutable_tags(harbor, project, pushed)
    return worst_first(findings)


async def inspect_source(harbor: Harbor, projects: Iterable[str]) -> list[Finding]:
    """Return what keeps images of these projects from being copied, the worst first. Raises RegistryError."""
    source = HarborSource(harbor)
    findings: list[Finding] = []
    for name in dict.fromkeys(projects):
        values = {"project": name}
        try:
            project = await source.project(name)
        except NotFound:
            findings.append(
                Finding(
                    "problem",
                    N_("project {project} is not there, or this account does not see it"),
                    N_("check the spelling, and that the account is a member of the project"),
                    values,
                )
            )
            continue
        if project.blocks_vulnerable:
            findings.append(
                Finding(
                    "warning",
                    N_("project {project} does not hand out images with known vulnerabilities"),
                    N_("such images will fail: switch it off in the project's configuration while you copy"),
                    values,
                )
            )
        if project.blocks_unsigned:
            findings.append(
                Finding(
                    "warning",
                    N_("project {project} does not hand out images without a signature"),
                    N_("such images will fail: switch it off in the project's configuration while you copy"),
                    values,
                )
            )
        if project.charts:
            findings.append(
                Finding(
                    "note",
                    N_("{charts} Helm charts of project {project} are in ChartMuseum, not in the registry: not copied"),
                    N_("save them with helm pull, and push them as OCI artifacts with helm push"),
                    {**values, "charts": str(project.charts)},
                )
            )
    return worst_first(findings)


def refused(error: RegistryError) -> Finding:
    """Return the finding for an API that did not answer."""
    return Finding("problem", "{said}", "{hint}", {"said": error.message, "hint": error.hint})


def _of_the_whole(harbor: Harbor, info: SystemInfo) -> list[Finding]:
    findings: list[Finding] = []
    if not info.known:
        findings.append(
            Finding(
                "problem",
                N_("no login is set for {registry}, and nobody may push to a Harbor without one"),
                N_("add a user or a robot account with the permission to push"),
                {"registry": harbor.registry},
            )
        )
    if info.read_only:
        findings.append(
            Finding(
                "problem",
                N_("{registry} is read-only just now"),
                N_("have it switched off by an administrator (Administration, Configuration, System Settings)"),
                {"registry": harbor.registry},
            )
        )
    return findings


def _of_missing(missing: Sequence[str], info: SystemInfo) -> list[Finding]:
    findings: list[Finding] = []
    impossible = [name for name in missing if not is_project_name(name)]
    findings += [
        Finding(
            "problem",
            N_("{project} can be no project of a Harbor"),
            N_("choose another target: small letters and digits, with one '.', '_' or '-' between them"),
            {"project": name},
        )
        for name in impossible
    ]
    possible = tuple(name for name in missing if name not in impossible)
    if not possible:
        return findings
    values = {"projects": ", ".join(possible)}
    advice = N_("create them here, or in Harbor (Projects, New Project)")
    if info.creators == "adminonly":
        advice = N_("only administrators may create projects at this Harbor: it works here with such an account")
    action = Action("create-namespace", possible, N_("create {projects}, for members only"), values)
    findings.append(Finding("problem", N_("projects that are not there yet: {projects}"), advice, values, action))
    return findings


async def _of_project(harbor: Harbor, project: Project, needed: int | None) -> list[Finding]:
    values = {"project": project.name}
    if project.proxy_cache:
        return [
            Finding(
                "problem",
                N_("project {project} is a cache of another registry and takes no pushes"),
                N_("choose another project"),
                values,
            )
        ]
    findings: list[Finding] = []
    if project.pull_only:
        findings.append(
            Finding(
                "problem",
                N_("the account is {role} of project {project}, who may pull and not push"),
                N_("have it made a developer or maintainer of the project"),
                {**values, "role": ", ".join(project.role_names)},
            )
        )
    return findings + await _of_quota(harbor, project, needed)


async def _of_quota(harbor: Harbor, project: Project, needed: int | None) -> list[Finding]:
    quota = await quota_of(harbor, project)
    values = {"project": project.name}
    if quota is None:
        return [
            Finding("note", N_("the quota of project {project} is not for this account to see"), "", values),
        ]
    findings: list[Finding] = []
    raise_it = N_(
        "have an administrator raise the quota of the project (Administration, Project Quotas), or free space"
    )
    if quota.count_left == 0:
        findings.append(Finding("problem", N_("project {project} holds as many artifacts as it may"), raise_it, values))
    left = quota.storage_left
    if left is None:
        return findings or [Finding("ok", N_("project {project} has no storage limit"), "", values)]
    values |= {"left": _bytes(left), "limit": _bytes(quota.storage_limit), "needed": _bytes(needed or 0)}
    if left == 0:
        findings.append(Finding("problem", N_("project {project} is full ({limit})"), raise_it, values))
    elif needed is not None and needed > left:
        findings.append(
            Finding(
                "problem",
                N_("project {project} has {left} of {limit} left, and up to {needed} are to be copied"),
                phrase("what is there already is not counted twice, so it may fit; else {raise_it}", raise_it=raise_it),
                values,
            )
        )
    elif quota.storage_used >= quota.storage_limit * _ALMOST_FULL:
        findings.append(Finding("warning", N_("project {project} has {left} of {limit} left"), raise_it, values))
    else:
        findings.append(Finding("ok", N_("project {project} has {left} of {limit} left"), "", values))
    return findings


async def _of_immutable_tags(harbor: Harbor, project: Project, pushed: Sequence[Reference]) -> list[Finding]:
    rules = [rule for rule in await immutable_rules(harbor, project) or [] if rule.enabled]
    if not rules:
        return []
    repositories = ", ".join(str(selector) for rule in rules for selector in rule.repositories)
    tags = ", ".join(str(selector) for rule in rules for selector in rule.tags)
    values = {"project": project.name, "repositories": repositories, "tags": tags}
    advice = N_("tags that are there already with other content will conflict: choose other names, or skip what exists")
    mine = [reference for reference in pushed if reference.repository.path.partition("/")[0] == project.name]
    if not mine:
        return [
            Finding("warning", N_("project {project} keeps tags as they are: {tags} in {repositories}"), advice, values)
        ]
    kept = [
        reference
        for reference in mine
        if reference.tag
        and any(rule.keeps(reference.repository.path.partition("/")[2], reference.tag) for rule in rules)
    ]
    if not kept:
        return [Finding("ok", N_("the immutable tags of project {project} are none of these"), "", values)]
    values |= {"number": str(len(kept)), "first": str(kept[0])}
    return [
        Finding(
            "warning", N_("{number} of these tags are immutable in project {project}, {first} first"), advice, values
        )
    ]


def _bytes(count: int) -> str:
    """Return a size as Harbor's own pages show it, in steps of 1024."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
