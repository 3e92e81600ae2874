"""Whether the target will take what is planned: login, permission to push, and namespaces that are not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.app.i18n import N_, _, said
from tui.app.screens.planning.lacking import AccessTo, KindOf, Offer, lines, look, of_sources
from tui.oci.reference import Repository
from tui.plan.model import Rule

if TYPE_CHECKING:
    from tui.providers.check_steps import Step

_STATES = {"ok": N_("ok"), "failed": N_("failed"), "skipped": N_("skipped")}
MOST_NAMESPACES = 4
"""Namespaces in which pushing is tried."""


@dataclass(slots=True)
class Preflight:
    """What was found out, in words. `ok` is False when the run could not write."""

    ok: bool = True
    words: list[str] = field(default_factory=list)
    may_push: list[str] = field(default_factory=list)
    """Namespaces in which an upload could be begun."""
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Title and outcome of every step."""
    offers: list[Offer] = field(default_factory=list)
    """What could be done about it."""

    @property
    def text(self) -> str:
        """All of it in one line."""
        allowed = _("push allowed to {places}").format(places=" ".join(self.may_push))
        return ", ".join([*self.words[:1], *([allowed] if self.may_push else []), *self.words[1:]])


def samples(repositories: Sequence[Repository]) -> list[Repository]:
    """Return one repository for each registry and namespace."""
    first: dict[tuple[str, str], Repository] = {}
    for repository in repositories:
        first.setdefault((repository.registry, repository.path.partition("/")[0]), repository)
    return list(first.values())[:MOST_NAMESPACES]


async def preflight(
    repositories: Sequence[Repository],
    access_to: AccessTo,
    kind_of: KindOf,
    rules: Sequence[Rule],
    changed: Callable[[Preflight], None],
) -> Preflight:
    """Try the targets one after the other; `changed` is called after every step. Nothing is stored there.

    Raises RegistryError and EndpointsError when a login cannot be had.
    """
    from tui.providers.check import check

    found = Preflight()
    findings, found.offers = await look(repositories, access_to, kind_of)
    found.steps += [lines(finding) for finding in findings]
    found.steps += [lines(finding) for finding in await of_sources(rules, access_to, kind_of)]
    for number, repository in enumerate(samples(repositories)):
        access = await access_to(repository)
        async for step in check(access, repository.path, push=True):
            _note(found, step, repository, first=number == 0)
            changed(found)
        if not found.ok:
            break
    return found


def _note(found: Preflight, step: Step, repository: Repository, *, first: bool) -> None:
    if first or step.name == "push":
        hint = f" ({said(step.hint)})" if step.hint and step.state == "failed" else ""
        found.steps.append((_(step.title), f"{_(_STATES[step.state])}: {said(step.detail)}{hint}"))
    if step.state == "failed":
        found.ok = False
        found.words.append(_failure(step, repository))
    elif step.name == "login" and first:
        found.words.append(_("login ok") if step.state == "ok" else _("no login needed so far"))
    elif step.name == "push" and step.state == "ok":
        found.may_push.append(repository.path.partition("/")[0])


def _failure(step: Step, repository: Repository) -> str:
    namespace = repository.path.partition("/")[0]
    if step.name == "push" and step.kind == "GONE":
        return _("{namespace} is not there: create the project or namespace first").format(namespace=namespace)
    if step.name == "push" and step.kind in ("DENIED", "AUTH"):
        sentence = _("no permission to push to {namespace}, or it is not there: {detail}")
        return sentence.format(namespace=namespace, detail=said(step.detail))
    if step.name == "login":
        return _("login refused: {detail}").format(detail=said(step.detail))
    return f"{_(step.title)}: {said(step.detail)}"
