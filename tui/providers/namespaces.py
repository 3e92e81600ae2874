"""Namespaces of a cloud before a run: whether they are there, whether a push creates repositories, and making it so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from tui.oci.access import Access
from tui.oci.errors import PolicyRefused, RegistryError
from tui.oci.reference import Repository
from tui.oci.saying import N_
from tui.providers.cloud import CloudAccount, account_of
from tui.providers.findings import Action, Finding
from tui.providers.preparing import Namespace

_MOST_NAMED = 5


def in_the_way(error: RegistryError) -> Finding:
    """Return the finding for an API that refused or did not answer."""
    return Finding("problem", "{message}", "{hint}", {"message": error.message, "hint": error.hint})


async def namespace_findings(account: CloudAccount, targets: Sequence[Repository]) -> list[Finding]:
    """Return what the namespaces of `targets` lack, one after the other."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        if "/" in target.path:
            wanted[target.path.partition("/")[0]].add(target.path)
    findings = []
    for name in sorted(wanted):
        try:
            findings += await _of_namespace(account, name, wanted[name])
        except RegistryError as error:
            findings.append(in_the_way(error))
    return findings


class CloudNamespaces:
    """The part of a `Preparer` that is the same for every cloud: what its account does with an access key.

    Every method raises PolicyRefused without such a key, and RegistryError as the API says.
    """

    async def perform(self, access: Access, action: Action) -> None:
        """Do what a finding offered, subject by subject."""
        account = _account(access)
        for subject in action.subjects:
            if action.deed == "create-namespace":
                await account.create_namespace(subject)
            elif action.deed == "switch-on-auto-create":
                await account.switch_on_auto_create(subject)
            else:
                await account.create_repository(subject)

    async def namespaces(self, access: Access) -> AsyncGenerator[list[Namespace], None]:
        """Yield the namespaces page by page."""
        async with aclosing(_account(access).namespaces()) as pages:
            async for page in pages:
                yield page

    async def repositories(self, access: Access, namespace: str) -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories of a namespace page by page."""
        async with aclosing(_account(access).repositories(namespace)) as pages:
            async for page in pages:
                yield page

    async def create_namespace(self, access: Access, name: str, *, public: bool = False) -> None:
        """Create a namespace in which pushes create repositories."""
        await _account(access).create_namespace(name, public=public)

    async def switch_on_auto_create(self, access: Access, name: str) -> None:
        """Let pushes create repositories in a namespace."""
        await _account(access).switch_on_auto_create(name)

    async def create_repository(self, access: Access, path: str) -> None:
        """Create a private repository."""
        await _account(access).create_repository(path)


def _account(access: Access) -> CloudAccount:
    account = account_of(access)
    if account is None:
        raise PolicyRefused(
            N_("without an access key the namespaces can be neither seen nor created here"),
            endpoint=access.connection.registry,
            hint=N_("give the endpoint an access key of the cloud, or look in its console"),
        )
    return account


async def _of_namespace(account: CloudAccount, name: str, paths: set[str]) -> list[Finding]:
    found = await account.namespace(name)
    values = {"name": name}
    if found is None:
        action = Action("create-namespace", (name,), N_("create the namespace {name}, private"), values)
        advice = N_("create it in the console, or let regferry create it")
        return [Finding("problem", N_("the namespace {name} does not exist"), advice, values, action)]
    if found.creates is not False:
        return [Finding("ok", N_("the namespace {name} is there, and a push creates what is missing"), values=values)]
    missing = sorted(paths - await _there(account, name))
    if not missing:
        return [Finding("ok", N_("the namespace {name} and its repositories are there"), values=values)]
    shown = ", ".join(missing[:_MOST_NAMED]) + (" ..." if len(missing) > _MOST_NAMED else "")
    values = {"name": name, "count": str(len(missing)), "missing": shown}
    words = N_("the namespace {name} does not create repositories by itself, and {count} are missing: {missing}")
    switch = Action("switch-on-auto-create", (name,), N_("switch on auto-create in {name}"), values)
    create = Action("create-repositories", tuple(missing), N_("create {count} private repositories in {name}"), values)
    return [
        Finding("problem", words, N_("switch on auto-create for the namespace, or create them"), values, switch),
        Finding("note", N_("the {count} missing repositories can also be created one by one"), "", values, create),
    ]


async def _there(account: CloudAccount, namespace: str) -> set[str]:
    found: set[str] = set()
    async with aclosing(account.repositories(namespace)) as pages:
        async for page in pages:
            found.update(page)
    return found
