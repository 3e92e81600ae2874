"""What is asked of both sides before a migration: may it be read, is the target ready, would a push be taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from tui.app.i18n import _, said
from tui.app.screens.guide.check_list import Checked
from tui.app.screens.planning.preflight import samples
from tui.app.session import Session
from tui.endpoints.errors import EndpointsError
from tui.endpoints.model import Endpoint
from tui.oci.errors import LocalError, RegistryError
from tui.oci.reference import Repository

if TYPE_CHECKING:
    from tui.oci.access import Access
    from tui.providers.check_steps import Step
    from tui.providers.findings import Action, Finding
    from tui.providers.preparing import Policy

Trouble = (RegistryError, EndpointsError, LocalError)


async def looked_at(
    session: Session, source: Endpoint, repository: str, target: Endpoint, targets: Sequence[Repository]
) -> AsyncIterator[Checked]:
    """Yield what is found at the source (with `repository`) and at the target. Nothing is stored anywhere."""
    from tui.providers.preparing import preparer_for

    async for each in _pull(session, source, repository):
        yield each
    try:
        access = await session.resolver.access_of(target)
    except Trouble as error:
        yield _in_the_way(target, error)
        return
    preparer, blocked = preparer_for(target.kind), False
    for finding in await preparer.inspect(access, targets) if preparer is not None else []:
        blocked = blocked or finding.severity == "problem"
        yield _checked(target, finding)
    # Where a namespace is missing a push says so in a way nobody understands.
    for sample in [] if blocked else samples(targets):
        async for each in _push(target, access, sample):
            yield each


async def perform(session: Session, target: Endpoint, action: Action) -> None:
    """Do what a finding offered. Raises RegistryError, EndpointsError."""
    from tui.providers.preparing import preparer_for

    preparer = preparer_for(target.kind)
    assert preparer is not None
    await preparer.perform(await session.resolver.access_of(target), action)


async def policy(session: Session, target: Endpoint, targets: Sequence[Repository]) -> Policy | None:
    """Return the least an account needs to push there, None where the vendor has no such document.

    Raises RegistryError, EndpointsError.
    """
    from tui.providers.preparing import preparer_for

    preparer = preparer_for(target.kind)
    if preparer is None:
        return None
    access = await session.resolver.access_of(target)
    names = sorted({each.path.partition("/")[0] for each in targets})
    return await preparer.policy(access, names, instance=target.instance)


async def _pull(session: Session, source: Endpoint, repository: str) -> AsyncIterator[Checked]:
    from tui.providers.check import check

    try:
        access = await session.resolver.access_of(source)
        async for step in check(access, repository):
            if step.state == "failed":
                yield _failed(source, step)
            elif step.name == "pull" and step.state == "ok":
                words = _("{name}: {repository} can be pulled").format(name=source.name, repository=repository)
                yield Checked("ok", words)
    except Trouble as error:
        yield _in_the_way(source, error)


async def _push(target: Endpoint, access: Access, sample: Repository) -> AsyncIterator[Checked]:
    from tui.providers.check import check

    namespace = sample.path.partition("/")[0]
    try:
        async for step in check(access, sample.path, push=True):
            if step.state == "failed":
                yield _failed(target, step, namespace)
            elif step.name == "push" and step.state == "ok":
                words = _("{name}: a push to {namespace} is taken").format(name=target.name, namespace=namespace)
                yield Checked("ok", words)
    except Trouble as error:
        yield _in_the_way(target, error)


def _checked(target: Endpoint, finding: Finding) -> Checked:
    return Checked(finding.severity, f"{target.name}: {said(finding.words)}", said(finding.hint), finding.action)


def _failed(endpoint: Endpoint, step: Step, namespace: str = "") -> Checked:
    where = f"{_(step.title)} ({namespace})" if namespace and step.name == "push" else _(step.title)
    return Checked("problem", f"{endpoint.name}: {where}: {said(step.detail)}", said(step.hint))


def _in_the_way(endpoint: Endpoint, error: RegistryError | EndpointsError | LocalError) -> Checked:
    return Checked("problem", f"{endpoint.name}: {said(error.message)}", said(error.hint))
