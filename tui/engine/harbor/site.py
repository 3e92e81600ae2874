"""The Harbor that carries out a plan, and the registries at the other side, as they are found when a run begins."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace

from tui.engine.context import RunContext
from tui.engine.harbor.batches import Batch, batches
from tui.engine.registries import Side
from tui.oci.access import Access
from tui.oci.errors import LocalError, NotFound, PolicyRefused
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase
from tui.plan.replication import Replication
from tui.providers.cloud import account_of
from tui.providers.detect import Detected, detect
from tui.providers.harbor.client import Harbor
from tui.providers.harbor.names import Version
from tui.providers.harbor.replication.documents import CA_CERTIFICATE
from tui.providers.harbor.replication.engine import HarborReplication
from tui.providers.harbor.replication.model import RegistrySpec, RemoteRegistry
from tui.providers.harbor.replication.policies import Reason, drafts, expressible
from tui.providers.harbor.replication.registries import HarborRegistries, version_of
from tui.providers.kinds import Kind

_TYPES: dict[Kind, str] = {
    "dockerhub": "docker-hub",
    "harbor": "harbor",
    "ghcr": "github-ghcr",
    "gar": "google-gcr",
}
_MAKERS = ("harbor", "tencent-tcr")
_HUB_URL = "https://hub.docker.com"
_TCR_NAME = re.compile(r"[a-z0-9-]+(?<!-vpc)\.tencentcloudcr\.com")


@dataclass(frozen=True, slots=True)
class Remote:
    """A registry at the other side: the way there from here, and what answered there."""

    access: Access
    found: Detected

    @property
    def reachable(self) -> bool:
        """Whether it answers this machine; Harbor may reach it all the same when it does not."""
        return self.found.registry and not self.found.problem


class Site:
    """Opened once for a process of a run. Methods raise RegistryError."""

    def __init__(self, run: RunContext, how: Replication) -> None:
        self.how = how
        self._run = run
        self._harbor: Harbor | None = None
        self._version = Version()
        self._opening = asyncio.Lock()
        self.batches: list[Batch] = []
        self.reasons: list[Reason] = []
        self.remotes: dict[str, Remote] = {}

    async def open(self) -> None:
        """Find out what the Harbor is and which rules it can carry out; asks nothing when that is known."""
        async with self._opening:
            if self._harbor is not None:
                return
            plan, address = self._run.plan, self.how.harbor
            if not address:
                raise PolicyRefused(
                    N_("the plan names no Harbor to hand it to"),
                    hint=N_("write harbor = 'host' below [replication], or give --harbor HOST"),
                )
            harbor = Harbor(await self._access_at(address))
            try:
                self._version = await version_of(harbor)
            except NotFound as error:
                await harbor.close()
                raise NotFound(
                    phrase("there is no Harbor at {address}", address=address),
                    endpoint=address,
                    hint=N_("the REST API of Harbor has to answer there: name the address people open in the browser"),
                ) from error
            except BaseException:
                await harbor.close()
                raise
            self.reasons = expressible(plan, address, self._version)
            against_all = any(reason.rule is None for reason in self.reasons)
            self.batches = [] if against_all else batches(plan, drafts(plan, address, self._version))
            for remote in {batch.draft.remote for batch in self.batches}:
                access = await self._access_at(remote)
                self.remotes[remote] = Remote(access, await detect(access.connection))
            self._harbor = harbor

    async def close(self) -> None:
        """Close the connections."""
        if self._harbor is not None:
            await self._harbor.close()

    @property
    def replication(self) -> HarborReplication:
        """Its replication."""
        assert self._harbor is not None
        return HarborReplication(self._harbor)

    def batch_of(self, rule: int) -> Batch | None:
        """Return the batch of a rule, None when our own engine carries it out."""
        return next((batch for batch in self.batches if rule in batch.rules), None)

    def unseen(self, registry: str) -> bool:
        """Return whether a registry at the other side does not answer this machine."""
        remote = self.remotes.get(registry)
        return remote is not None and not remote.reachable

    def makes_namespaces(self, registry: str) -> bool:
        """Return whether a replication creates the projects or namespaces that are missing there."""
        remote = self.remotes.get(registry)
        return registry == self.how.harbor or (remote is not None and _type_of(remote) in _MAKERS)

    async def registry(self, address: str) -> RemoteRegistry:
        """Return the registry at `address` as Harbor knows it, found or created, after Harbor tried it."""
        assert self._harbor is not None
        registries = HarborRegistries(self._harbor)
        if not self.how.registry:
            spec = self._spec(address)
            given = spec.access_secret and await registries.find(spec) is None
            made = await registries.ensure(spec)
            if given:
                words = phrase(
                    "Harbor at {harbor} was given the login of {address}, for its registry {name}",
                    harbor=self.how.harbor,
                    address=address,
                    name=made.name,
                )
                self._run.journal.event("notice", words)
            return made
        for known in await registries.known():
            if known.name == self.how.registry:
                await registries.test_known(known)
                return known
        raise NotFound(
            phrase("this Harbor knows no registry called {registry}", registry=self.how.registry),
            endpoint=self.how.harbor,
            hint=N_("see Administration, Registries in its console; without a name the registry is created"),
        )

    def _spec(self, address: str) -> RegistrySpec:
        remote = self.remotes[address]
        connection, credential = remote.access.connection, remote.access.credential
        type_, url = _type_of(remote), f"{_scheme(remote)}://{address}"
        if type_ == "tencent-tcr":
            _need_public_name(address)
        if type_ == "docker-hub":
            url = _HUB_URL
        spec = RegistrySpec(
            name=f"regferry-{address.replace(':', '-')}"[:60],
            type=type_,
            url=url,
            insecure=not connection.verify,
            description="made by regferry",
        )
        if credential is not None:
            spec = replace(spec, access_key=credential.username, access_secret=credential.password)
        if connection.ca_files and self._version >= CA_CERTIFICATE:
            spec = replace(spec, ca_certificate=_certificates(remote))
        return spec

    async def _access_at(self, registry: str) -> Access:
        """Return the access for a registry on whichever side of the plan it is."""
        for rule in self._run.plan.rules:
            side: Side = "source" if rule.source_registry == registry else "target"
            if side == "source" or rule.target.partition("/")[0] == registry:
                return await self._run.registries.access(side, Repository(registry, "library/any"))
        return await self._run.registries.access("source", Repository(registry, "library/any"))


def _type_of(remote: Remote) -> str:
    """Return Harbor's type for a registry: a cloud's own only with its keys, which are not the docker login."""
    account = account_of(remote.access)
    if account is not None:
        from tui.providers.acr.account import AcrAccount

        if isinstance(account, AcrAccount):
            return "ali-acr"
        return "tencent-tcr"
    vendor = remote.found.vendor
    if vendor.kind == "harbor" and not vendor.version:
        # Its REST API does not answer, which that type needs; TCR, a Harbor underneath, looks like this as well.
        return "docker-registry"
    return _TYPES.get(vendor.kind, "docker-registry")


def _need_public_name(address: str) -> None:
    """Raise PolicyRefused where Harbor would not find the instance: it looks for the first part of the host's name."""
    if not _TCR_NAME.fullmatch(address):
        raise PolicyRefused(
            phrase(
                "Harbor finds an instance of Tencent Cloud TCR by its public name only, and {address} is another",
                address=address,
            ),
            endpoint=address,
            hint=N_(
                "give the endpoint the name INSTANCE.tencentcloudcr.com, or a long-term login (user and "
                "password): with one Harbor takes it for any registry"
            ),
        )


def _scheme(remote: Remote) -> str:
    connection = remote.access.connection
    return (remote.found.scheme or "https") if connection.scheme == "auto" else connection.scheme


def _certificates(remote: Remote) -> str:
    try:
        return "\n".join(path.read_text() for path in remote.access.connection.ca_files)
    except OSError as error:
        raise LocalError(
            phrase(
                "cannot read a certificate for {registry}: {error}",
                registry=remote.access.connection.registry,
                error=error,
            )
        ) from error
