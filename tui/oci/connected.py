"""What the parts of a registry client share: its channel, and names and scopes for a repository."""

from __future__ import annotations

from typing import Self

from tui.oci.access import Access
from tui.oci.auth import Scopes, repository_scope
from tui.oci.challenge import Challenge
from tui.oci.channel import Channel
from tui.oci.exchange import Traffic
from tui.oci.host import Host
from tui.oci.reference import Repository
from tui.oci.retry import Attempts, RetryPolicy


class Connected:
    """The channel to one registry with one credential. Use as an async context manager."""

    def __init__(
        self,
        access: Access,
        *,
        requests_at_once: int = 32,
        retry: RetryPolicy | None = None,
        host: Host | None = None,
    ) -> None:
        self.registry = access.connection.registry
        self._channel = Channel(access, requests_at_once=requests_at_once, retry=retry, host=host)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._channel.close()

    def attempts(self) -> Attempts:
        """Return a count of attempts at one thing at this registry, for what is not repeated here."""
        return self._channel.attempts()

    @property
    def host(self) -> Host:
        """What holds for the whole registry."""
        return self._channel.host

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        return self._channel.traffic

    @property
    def challenge(self) -> Challenge | None:
        """How the registry asks for a login; None before it was reached, and where it asks for none."""
        return self._channel.challenge

    async def reach(self) -> str:
        """Make sure a registry answers and return its base URL (scheme and host)."""
        return await self._channel.reach()


def reference_of(repository: Repository, target: str) -> str:
    """Return a tag or digest of a repository as people write it."""
    return f"{repository}{'@' if ':' in target else ':'}{target}"


def pull(repository: Repository) -> Scopes:
    """Return the scopes to read a repository."""
    return (repository_scope(repository.path, "pull"),)


def push(repository: Repository) -> Scopes:
    """Return the scopes to write a repository."""
    return (repository_scope(repository.path, "pull", "push"),)


def delete(repository: Repository) -> Scopes:
    """Return the scopes to delete from a repository (distribution asks for `delete` alone)."""
    return (repository_scope(repository.path, "pull", "delete"),)
