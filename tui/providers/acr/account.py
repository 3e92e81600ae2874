"""A registry of Alibaba Cloud as one AccessKey sees it, whatever its edition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from tui.oci.access import Connection, Credential
from tui.oci.errors import PolicyRefused
from tui.oci.lending import Lent
from tui.oci.saying import N_, phrase
from tui.providers.acr.default_edition import VERSION as DEFAULT_VERSION
from tui.providers.acr.default_edition import DefaultEdition
from tui.providers.acr.enterprise import VERSION as ENTERPRISE_VERSION
from tui.providers.acr.enterprise import Enterprise
from tui.providers.acr.place import Place, locate
from tui.providers.acr.signed import api_client
from tui.providers.cloud import AlreadyThere, CloudTag, api_connection, or_none
from tui.providers.preparing import Namespace
from tui.providers.public_access import PublicAccess


class AcrAccount:
    """A `CloudAccount` of Alibaba Cloud.

    `connection` is the way to the registry, `key` the AccessKey (with an STS token as its `session_token`), `api` and
    `instance` what the endpoint says of them ('' finds out). Connections are opened for each call and closed again.
    """

    def __init__(self, connection: Connection, key: Credential, *, api: str = "", instance: str = "") -> None:
        self._connection = connection
        self._key = key
        self._api = api
        self._instance = instance
        self._place: Place | None = None
        self._locating = asyncio.Lock()

    async def place(self) -> Place:
        """Return where the registry is, an Enterprise instance with its id. Raises RegistryError."""
        async with self._locating:
            if self._place is None:
                place = await locate(self._connection, self._instance)
                if place.edition == "enterprise" and not place.instance.startswith("cri-"):
                    connection = api_connection(self._connection, self._api, place.api_host)
                    async with api_client(connection, self._key, ENTERPRISE_VERSION) as client:
                        found = await Enterprise(client, place.region).instance_named(place.instance)
                    place = Place("enterprise", place.region, found)
                self._place = place
        return self._place

    async def lend(self) -> Lent:
        """Return a login for the registry."""
        async with self._calls() as calls:
            return await calls.lend()

    async def namespaces(self) -> AsyncGenerator[list[Namespace], None]:
        """Yield the namespaces; in the default edition without saying what a push creates."""
        async with self._calls() as calls:
            async for page in calls.namespaces():
                yield page

    async def namespace(self, name: str) -> Namespace | None:
        """Return a namespace, None when there is none of that name."""
        async with self._calls() as calls:
            return await or_none(calls.namespace(name))

    async def create_namespace(self, name: str, *, public: bool = False) -> None:
        """Create a namespace in which pushes create repositories. One that is there already is left as it is."""
        async with self._calls() as calls:
            try:
                if isinstance(calls, Enterprise):
                    await calls.create_namespace(name, public=public)
                else:
                    await calls.create_namespace(name)
                    await calls.configure(name, creates=True, public=public)
            except AlreadyThere as error:
                # Names of the default edition are taken for everybody in the region.
                if await or_none(calls.namespace(name)) is None:
                    raise PolicyRefused(
                        phrase("the namespace {name} belongs to another account of this region", name=name),
                        endpoint=error.endpoint,
                        reference=name,
                        code=error.code,
                        hint=N_("choose another namespace: in the default edition names are taken for everybody"),
                    ) from error

    async def switch_on_auto_create(self, namespace: str) -> None:
        """Let pushes create repositories in a namespace, with the visibility it gives them already."""
        async with self._calls() as calls:
            found = await calls.namespace(namespace)
            if isinstance(calls, Enterprise):
                await calls.switch_on_auto_create(namespace, public=found.public is True)
            else:
                await calls.configure(namespace, creates=True, public=found.public is True)

    async def repositories(self, namespace: str = "") -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories page by page, of one namespace or all."""
        async with self._calls() as calls:
            async for page in calls.repositories(namespace):
                yield page

    async def create_repository(self, path: str, *, public: bool = False) -> None:
        """Create a repository. One that is there already is left as it is."""
        async with self._calls() as calls:
            try:
                await calls.create_repository(path, public=public)
            except AlreadyThere:
                return

    async def tags(self, path: str) -> AsyncGenerator[list[CloudTag], None]:
        """Yield the tags of a repository page by page. Raises NotFound."""
        async with self._calls() as calls:
            async for page in calls.tags(path):
                yield page

    async def public_access(self) -> PublicAccess | None:
        """Return who may reach an Enterprise instance from the internet; None for the default edition: everybody."""
        async with self._calls() as calls:
            return await calls.public_access() if isinstance(calls, Enterprise) else None

    @asynccontextmanager
    async def _calls(self) -> AsyncIterator[DefaultEdition | Enterprise]:
        place = await self.place()
        connection = api_connection(self._connection, self._api, place.api_host)
        if place.edition == "enterprise":
            async with api_client(connection, self._key, ENTERPRISE_VERSION) as client:
                yield Enterprise(client, place.region, place.instance)
        else:
            async with api_client(connection, self._key, DEFAULT_VERSION) as client:
                yield DefaultEdition(client)
