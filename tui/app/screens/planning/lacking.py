"""What a target lacks by its vendor's own API: projects or namespaces, room, tags that may move; and making it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.app.i18n import N_, _, said
from tui.app.warm_up import warm_up
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository, is_repository
from tui.plan.model import Rule

if TYPE_CHECKING:
    from tui.oci.access import Access
    from tui.providers.findings import Action, Finding
    from tui.providers.preparing import Preparer

AccessTo = Callable[[Repository], Awaitable["Access"]]
KindOf = Callable[[Repository], str]

_SEVERITIES = {"ok": N_("ok"), "note": N_("note"), "warning": N_("mind"), "problem": N_("in the way")}


@dataclass(frozen=True, slots=True)
class Offer:
    """Something an API can do about a finding, once the operator has said yes."""

    access: Access
    preparer: Preparer
    action: Action

    @property
    def words(self) -> str:
        """What would be done."""
        return said(self.action.words)

    async def accept(self) -> None:
        """Do it. Raises RegistryError."""
        await self.preparer.perform(self.access, self.action)


async def look(
    repositories: Sequence[Repository], access_to: AccessTo, kind_of: KindOf
) -> tuple[list[Finding], list[Offer]]:
    """Return what the vendors' APIs say about the targets, and what they can do. Raises as `access_to`."""
    await warm_up()
    from tui.providers.preparing import preparer_for

    by_registry: dict[str, list[Repository]] = defaultdict(list)
    for repository in repositories:
        by_registry[repository.registry].append(repository)
    findings: list[Finding] = []
    offers: list[Offer] = []
    for wanted in by_registry.values():
        preparer = preparer_for(kind_of(wanted[0]))
        if preparer is None:
            continue
        access = await access_to(wanted[0])
        for finding in await preparer.inspect(access, wanted):
            findings.append(finding)
            if finding.severity == "problem" and finding.action is not None:
                offers.append(Offer(access, preparer, finding.action))
    return findings, offers


async def of_sources(rules: Sequence[Rule], access_to: AccessTo, kind_of: KindOf) -> list[Finding]:
    """Return what keeps images of the projects of a Harbor from being copied, and what of them is left behind.

    Raises as `access_to`. A Harbor that does not answer to this is no finding: the check of the plan says so itself.
    """
    await warm_up()
    from tui.providers.harbor.client import Harbor
    from tui.providers.harbor.preflight import inspect_source

    projects: dict[str, dict[str, Repository]] = defaultdict(dict)
    for rule in rules:
        project = rule.source_path.partition("/")[0]
        where = Repository(rule.source_registry, project)
        if is_repository(project) and kind_of(where) == "harbor":
            projects[rule.source_registry][project] = where
    findings: list[Finding] = []
    for named in projects.values():
        try:
            async with Harbor(await access_to(next(iter(named.values())))) as harbor:
                findings += await inspect_source(harbor, named)
        except RegistryError:
            continue
    return findings


def lines(finding: Finding) -> tuple[str, str]:
    """Return a finding as a step: how it stands, and what was found with what to do."""
    hint = f" ({said(finding.hint)})" if finding.hint else ""
    return _(_SEVERITIES[finding.severity]), f"{said(finding.words)}{hint}"
