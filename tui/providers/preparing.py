"""What can be prepared at an endpoint: namespaces and repositories there, looking before a run, doing what it lacks.

The whole of it for a screen or a command:

    preparer = preparer_for(endpoint.kind)          # None where a vendor has nothing to prepare
    preparer.powers(access)                         # what this login may do; `why_not` says what it would take
    await preparer.inspect(access, targets)         # findings, the worst first; some offer an `action`
    await preparer.perform(access, finding.action)  # once the operator has said yes
    preparer.namespaces(access)                     # pages of what is there
    await preparer.policy(access, ["team"])         # the least an account must be allowed, None where there is none

`access` comes of `AccessResolver.access_of` with a `lender`, so that an access key is behind it where there is one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tui.oci.access import Access
from tui.oci.reference import Repository
from tui.providers.findings import UNKNOWN, Action, Coming, Finding

__all__ = ["Namespace", "Policy", "Powers", "Preparer", "preparer_for", "takes_policy"]

AutoCreate = Literal["always", "switch"]


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace, or a project of a Harbor.

    `creates` says whether a push creates missing repositories; None where the API does not say. `repositories` are how
    many it holds, None where that is not said with it.
    """

    name: str
    public: bool | None = None
    creates: bool | None = None
    repositories: int | None = None


@dataclass(frozen=True, slots=True)
class Powers:
    """What can be done with this login. `why_not` says what is missing to look and create, '' when nothing is.

    `auto_create` is `switch` where it is an attribute of a namespace, `always` where every push creates what is
    missing.
    """

    word: Literal["namespace", "project"] = "namespace"
    look: bool = True
    create: bool = True
    repositories: bool = True
    """Whether single repositories can be created."""
    auto_create: AutoCreate = "always"
    why_not: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """The least an account must be allowed: `document` is JSON text to paste into the console of its cloud.

    `title` says what it is for, `paste` where it goes, `unconfirmed` what in it no documentation confirms or what is
    to be filled in ('' for nothing); `file` is a name to save it under.
    """

    document: str
    title: str
    paste: str
    file: str
    unconfirmed: str = ""


def policy_file(kind: str, namespaces: Sequence[str]) -> str:
    """Return the name of a file for a policy of a `kind` ('ram'): with the namespace, where it is for one."""
    names = sorted(set(namespaces))
    return f"{kind}-policy-{names[0]}.json" if len(names) == 1 else f"{kind}-policy.json"


class Preparer(Protocol):
    """Looks at a registry through its vendor's API, and does there what it was asked to.

    Everything but `powers` and `inspect` raises RegistryError, Denied where the account may not.
    """

    def powers(self, access: Access) -> Powers:
        """Return what can be done with this login; nobody is asked."""

    async def inspect(self, access: Access, targets: Sequence[Repository], coming: Coming = UNKNOWN) -> list[Finding]:
        """Return what is in the way of pushing to `targets`, all of them at `access`; the worst first.

        Nothing is changed. What keeps the API from answering is a finding as well.
        """

    async def perform(self, access: Access, action: Action) -> None:
        """Do what a finding offered. What is there already is well."""

    def namespaces(self, access: Access) -> AsyncGenerator[list[Namespace], None]:
        """Yield the namespaces page by page."""

    def repositories(self, access: Access, namespace: str) -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories of a namespace page by page."""

    async def create_namespace(self, access: Access, name: str, *, public: bool = False) -> None:
        """Create a namespace in which pushes create repositories. One that is there already is left as it is."""

    async def switch_on_auto_create(self, access: Access, name: str) -> None:
        """Let pushes create repositories in a namespace."""

    async def create_repository(self, access: Access, path: str) -> None:
        """Create a private repository. One that is there already is left as it is."""

    async def policy(self, access: Access, namespaces: Sequence[str], *, instance: str = "") -> Policy | None:
        """Return the least an account must be allowed to push to `namespaces`, None where there is no such document."""


def takes_policy(kind: str) -> bool:
    """Return whether accounts of a kind of registry get their permissions by a policy document."""
    return kind in ("acr", "tcr")


def preparer_for(kind: str) -> Preparer | None:
    """Return who prepares a kind of registry through its vendor's API, None where there is nobody."""
    if kind == "acr":
        from tui.providers.acr.preparing import AcrPreparer

        return AcrPreparer()
    if kind == "tcr":
        from tui.providers.tcr.preparing import TcrPreparer

        return TcrPreparer()
    if kind == "harbor":
        from tui.providers.harbor.preparing import HarborPreparer

        return HarborPreparer()
    return None
