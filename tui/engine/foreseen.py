"""What a Harbor's own API tells before the first byte goes: room and rules at a target, what a source holds back.

It stops nothing: the journal keeps it for whoever reads the forecast or the report. A Harbor that does not answer to
this, or not to this account, is passed over.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tui.engine.context import RunContext
from tui.engine.journal.reader import FINDINGS
from tui.engine.registries import Side
from tui.engine.tasks import Task
from tui.oci.client import RegistryClient
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository, is_repository
from tui.providers.detect import kind_asking

if TYPE_CHECKING:
    from tui.providers.findings import Finding, Severity
    from tui.providers.harbor.client import Harbor

_PATIENCE = 15.0
"""Seconds for one Harbor: what it would say is worth no more waiting."""
_TOLD: dict[Side, tuple[Severity, ...]] = {
    "target": ("problem", "warning"),
    # What cannot be read at all the rules and tasks say themselves.
    "source": ("warning", "note"),
}


async def foresee(run: RunContext) -> None:
    """Ask the Harbors at both sides, and note what they say in the journal. Raises nothing."""
    found: list[dict[str, Any]] = []
    for projects in _sources(run).values():
        found += await _told_by(run, "source", projects[0], [each.path.partition("/")[0] for each in projects])
    targets: dict[str, list[Task]] = defaultdict(list)
    for task in run.tasks.values():
        if task.state == "pending" and task.resolved:
            targets[task.target.registry].append(task)
    for tasks in targets.values():
        found += await _told_by(run, "target", tasks[0].target.repository, tasks)
    run.journal.meta(FINDINGS, found)


async def _told_by(run: RunContext, side: Side, where: Repository, about: Iterable[Any]) -> list[dict[str, Any]]:
    try:
        client = await (run.registries.source(where) if side == "source" else run.registries.target(where))
        if not isinstance(client, RegistryClient) or kind_asking(where.registry, client.challenge) != "harbor":
            return []
        from tui.providers.harbor.client import Harbor
        from tui.providers.harbor.preflight import inspect_source

        async with asyncio.timeout(_PATIENCE), Harbor(await run.registries.access(side, where)) as harbor:
            found = await (inspect_source(harbor, about) if side == "source" else _inspect_target(run, harbor, about))
    except (RegistryError, TimeoutError) as error:
        run.log.write("not foreseen", registry=where.registry, message=str(error))
        return []
    return [
        {"side": side, "registry": where.registry, "severity": each.severity, "finding": each.words, "hint": each.hint}
        for each in found
        if each.severity in _TOLD[side]
    ]


async def _inspect_target(run: RunContext, harbor: Harbor, tasks: Iterable[Task]) -> list[Finding]:
    from tui.providers.harbor.preflight import inspect_target

    pushed = list(tasks)
    repositories = list(dict.fromkeys(task.target.repository for task in pushed))
    return await inspect_target(harbor, repositories, sizes=_sizes(run, pushed), tags=[task.target for task in pushed])


def _sources(run: RunContext) -> dict[str, list[Repository]]:
    """Return a repository of each project that is copied from, by registry; what tasks and rules name."""
    named = [task.source.repository for task in run.tasks.values()]
    named += [Repository(rule.source_registry, rule.source_path.removesuffix("/*")) for rule in run.plan.rules]
    found: dict[str, dict[str, Repository]] = defaultdict(dict)
    for each in named:
        project = each.path.partition("/")[0]
        if is_repository(project):
            found[each.registry].setdefault(project, each)
    return {registry: list(projects.values()) for registry, projects in found.items()}


def _sizes(run: RunContext, tasks: Iterable[Task]) -> dict[str, int]:
    """Return the bytes that go into each project: every blob once, or of what a Harbor moves all that belongs to it."""
    blobs: dict[str, dict[str, int]] = defaultdict(dict)
    for (repository, digest), need in run.needs.items():
        blobs[repository.path.partition("/")[0]][digest] = need.size
    sizes: dict[str, int] = defaultdict(int)
    for task in tasks:
        sizes[task.target.repository.path.partition("/")[0]] += task.bytes_total
    return sizes | {project: sum(found.values()) for project, found in blobs.items()}
