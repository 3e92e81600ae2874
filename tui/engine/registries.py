"""The registries of a run: one client per way of access, opened when first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, Protocol

from tui.oci.access import Access, Connection, Scheme
from tui.oci.client import RegistryClient
from tui.oci.exchange import Traffic
from tui.oci.host import Host
from tui.oci.opening import open_registry
from tui.oci.pace import Pace
from tui.oci.place import is_place
from tui.oci.reference import Repository
from tui.oci.registry import Registry
from tui.oci.retry import RetryPolicy
from tui.providers.detect import kind_asking
from tui.providers.kinds import Kind


class Resolver(Protocol):
    """Who knows how to reach a repository and as whom."""

    async def access(self, repository: Repository) -> Access:
        """Return the access for a repository."""
        ...


Side = Literal["source", "target"]


MAX_OUTAGE = 3600.0
"""Seconds a registry may be out of reach before tasks fail because of it."""


class Registries:
    """Gives out clients; repositories on one side with the same access share one. Use as an async context manager."""

    def __init__(
        self,
        source: Resolver,
        target: Resolver,
        *,
        requests_at_once: int,
        retry: RetryPolicy,
        max_outage: float = MAX_OUTAGE,
        earlier: Sequence[str] = (),
    ) -> None:
        self.host_changed: Callable[[Host], None] = lambda host: None
        """Is told when a registry is throttling, out of reach, or back."""
        self._hosts: dict[str, Host] = {}
        self._reads, self._writes, self._requests = Pace(), Pace(), 0.0
        self._resolvers: dict[Side, Resolver] = {"source": source, "target": target}
        self._requests_at_once = requests_at_once
        self._retry = retry
        self._max_outage = max_outage
        self._earlier = tuple(earlier)
        self._clients: dict[tuple[Side, Access], Registry] = {}
        self._by_repository: dict[tuple[Side, Repository], Registry] = {}
        self._closed: list[tuple[Side, Traffic]] = []
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Registries:
        return self

    async def __aexit__(self, *_: object) -> None:
        for host in self._hosts.values():
            await host.close()
        for client in self._clients.values():
            await client.close()

    async def let_go(self, registry: str) -> None:
        """Close the clients of a registry or place; who wants one later gets a new one. Raises RegistryError."""
        for (side, access), client in list(self._clients.items()):
            if client.registry == registry:
                del self._clients[side, access]
                self._by_repository = {key: kept for key, kept in self._by_repository.items() if kept is not client}
                self._closed.append((side, client.traffic))
                await client.close()

    def give_up_waiting(self) -> None:
        """Let what waits for a registry fail now; used when the run is to stop."""
        for host in self._hosts.values():
            host.give_up()

    async def source(self, repository: Repository) -> Registry:
        """Return the client to read a repository. Raises RegistryError when its login cannot be read."""
        return await self._client("source", repository)

    async def target(self, repository: Repository) -> Registry:
        """Return the client to write a repository. Raises RegistryError when its login cannot be read."""
        return await self._client("target", repository)

    async def access(self, side: Side, repository: Repository) -> Access:
        """Return how a repository on one side is reached, and as whom. Raises RegistryError."""
        if is_place(repository.registry):
            return Access(Connection(repository.registry))
        return await self._resolvers[side].access(repository)

    async def met(self, side: Side, repository: Repository) -> tuple[Kind, Access]:
        """Return whose registry holds a repository, and how its own API is reached: by the scheme it answers to.

        It is asked as by every other request: an outage is waited for. Raises RegistryError.
        """
        client, access = await self._client(side, repository), await self.access(side, repository)
        scheme: Scheme = "http" if (await client.reach()).startswith("http:") else "https"
        challenge = client.challenge if isinstance(client, RegistryClient) else None
        kind = kind_asking(repository.registry, challenge)
        return kind, replace(access, connection=replace(access.connection, scheme=scheme))

    def limit(self, *, bytes_per_second: float, requests_per_second: float) -> None:
        """Read, and write, at most so many bytes a second over all registries, with so many requests to each.

        0 is no limit. Holds from now on, also for what is under way.
        """
        self._reads.per_second = self._writes.per_second = bytes_per_second
        self._requests = requests_per_second
        for host in self._hosts.values():
            host.requests.per_second = requests_per_second

    def traffic(self, side: Side) -> Traffic:
        """Return what went over all clients of one side."""
        total = Traffic()
        open_now = ((its_side, client.traffic) for (its_side, _), client in self._clients.items())
        for its_side, traffic in (*self._closed, *open_now):
            if its_side == side:
                total.add(traffic)
        return total

    async def _client(self, side: Side, repository: Repository) -> Registry:
        client = self._by_repository.get((side, repository))
        if client is None:
            async with self._lock:
                access = await self.access(side, repository)
                client = self._clients.get((side, access))
                if client is None:
                    host = self._host(repository.registry)
                    client = open_registry(access, retry=self._retry, host=host, earlier=self._earlier)
                    self._clients[side, access] = client
                self._by_repository[side, repository] = client
        return client

    def _host(self, registry: str) -> Host:
        if registry not in self._hosts:
            host = Host(
                registry, self._requests_at_once, lambda host: self.host_changed(host), max_outage=self._max_outage
            )
            host.reads, host.writes = self._reads, self._writes
            host.requests.per_second = self._requests
            self._hosts[registry] = host
        return self._hosts[registry]
