"""An instance of Tencent Container Registry as one API key sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any

from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer
from tui.oci.errors import ServerError
from tui.oci.lending import Lent
from tui.oci.saying import N_
from tui.providers.api.pages import Page, numbered_pages
from tui.providers.cloud import (
    AlreadyThere,
    CloudTag,
    api_connection,
    objects,
    seconds_left,
    text,
    whole_number,
)
from tui.providers.preparing import Namespace
from tui.providers.public_access import PublicAccess
from tui.providers.tcr.instance import Instance, find_instance
from tui.providers.tcr.signed import HOST, TcrClient, api_client

_PAGE = 100


class TcrAccount:
    """A `CloudAccount` of Tencent Cloud.

    `connection` is the way to the registry, `key` the SecretId and SecretKey (with the token of a temporary one as its
    `session_token`), `api` and `instance` what the endpoint says of them ('' finds out). Connections are opened for
    each call and closed again.
    """

    def __init__(self, connection: Connection, key: Credential, *, api: str = "", instance: str = "") -> None:
        self._connection = connection
        self._api = api_connection(connection, api, HOST)
        self._key = key
        self._given = instance
        self._instance: Instance | None = None
        self._finding = asyncio.Lock()

    async def instance(self) -> Instance:
        """Return the instance at the registry's address. Raises NotFound, PolicyRefused, RegistryError."""
        async with self._finding:
            if self._instance is None:
                async with api_client(self._api, self._key) as client:
                    self._instance = await find_instance(client, self._connection, self._given)
        return self._instance

    async def lend(self) -> Lent:
        """CreateInstanceToken: a login for an hour."""
        async with self._calls() as calls:
            return await calls.token("temp", "")

    async def long_term(self, description: str) -> Credential:
        """CreateInstanceToken: a login that never ends until it is disabled in the console. Shown once only."""
        async with self._calls() as calls:
            return (await calls.token("longterm", description)).credential

    async def namespaces(self) -> AsyncGenerator[list[Namespace], None]:
        """Yield the namespaces; a push creates repositories in all of them."""
        async with self._calls() as calls:
            yield await calls.namespaces()

    async def namespace(self, name: str) -> Namespace | None:
        """Return a namespace, None when there is none of that name."""
        async with self._calls() as calls:
            # The filter finds names that merely hold this one.
            return next((each for each in await calls.namespaces(name) if each.name == name), None)

    async def create_namespace(self, name: str, *, public: bool = False) -> None:
        """Create a namespace. One that is there already is left as it is."""
        async with self._calls() as calls:
            try:
                await calls.do("CreateNamespace", N_("create the namespace"), name, NamespaceName=name, IsPublic=public)
            except AlreadyThere:
                return

    async def switch_on_auto_create(self, namespace: str) -> None:
        """Do nothing: a push always creates what is missing here."""

    async def repositories(self, namespace: str = "") -> AsyncGenerator[list[str], None]:
        """Yield the paths of the repositories page by page, of one namespace or all."""
        only = {"NamespaceName": namespace} if namespace else {}
        async with self._calls() as calls:
            pages = calls.pages(
                "DescribeRepositories", N_("list the repositories"), namespace, "RepositoryList", "Name", **only
            )
            async with aclosing(pages):
                async for page in pages:
                    yield [name for each in page if (name := _path(each))]

    async def create_repository(self, path: str, *, public: bool = False) -> None:
        """Create a repository, as public as its namespace. One that is there already is left as it is."""
        namespace, _, name = path.partition("/")
        async with self._calls() as calls:
            try:
                named = {"NamespaceName": namespace, "RepositoryName": name}
                await calls.do("CreateRepository", N_("create the repository"), path, **named)
            except AlreadyThere:
                return

    async def tags(self, path: str) -> AsyncGenerator[list[CloudTag], None]:
        """Yield the tags of a repository page by page. Raises NotFound."""
        namespace, _, name = path.partition("/")
        named = {"NamespaceName": namespace, "RepositoryName": name}
        async with self._calls() as calls:
            pages = calls.pages("DescribeImages", N_("list the tags"), path, "ImageInfoList", "ImageVersion", **named)
            async with aclosing(pages):
                async for page in pages:
                    yield [
                        CloudTag(tag, text(each, "Digest"), whole_number(each.get("Size")), _time(each))
                        for each in page
                        if (tag := text(each, "ImageVersion"))
                    ]

    async def public_access(self) -> PublicAccess:
        """DescribeExternalEndpointStatus and, where it is open, DescribeSecurityPolicies."""
        async with self._calls() as calls:
            what = N_("look at the public access")
            status = text((await calls.do("DescribeExternalEndpointStatus", what))[0], "Status")
            if status in ("Closed", "Opening"):
                return PublicAccess("closed" if status == "Closed" else "opening")
            response, _ = await calls.do("DescribeSecurityPolicies", what)
        found = objects(response, "SecurityPolicySet")
        return PublicAccess("open", tuple(block for each in found if (block := text(each, "CidrBlock"))))

    @asynccontextmanager
    async def _calls(self) -> AsyncIterator[_Calls]:
        instance = await self.instance()
        async with api_client(self._api, self._key) as client:
            yield _Calls(client, instance)


class _Calls:
    """Calls about one instance, in its region."""

    def __init__(self, client: TcrClient, instance: Instance) -> None:
        self._client = client
        self._instance = instance

    async def do(self, action: str, what: str, reference: str = "", **parameters: Any) -> tuple[dict[str, Any], Answer]:
        instance = self._instance
        return await self._client.call(
            action, what, reference, region=instance.region, RegistryId=instance.id, **parameters
        )

    async def token(self, kind: str, description: str) -> Lent:
        described = {"Desc": description} if description else {}
        response, answer = await self.do(
            "CreateInstanceToken", N_("get a login for the registry"), TokenType=kind, **described
        )
        username, password = text(response, "Username"), text(response, "Token")
        if not username or not password:
            raise ServerError(N_("the API's answer holds no login"), endpoint=self._instance.domain)
        credential = Credential(username, password, origin="CreateInstanceToken")
        return Lent(credential, seconds_left(response.get("ExpTime"), answer))

    async def namespaces(self, name: str = "") -> list[Namespace]:
        only = {"NamespaceName": name} if name else {}
        response, _ = await self.do("DescribeNamespaces", N_("list the namespaces"), name, All=True, **only)
        return [
            Namespace(found, each.get("Public") is True, creates=True)
            for each in objects(response, "NamespaceList")
            if (found := text(each, "Name"))
        ]

    async def pages(
        self, action: str, what: str, reference: str, name: str, identity: str, **parameters: str
    ) -> AsyncGenerator[list[dict[str, object]], None]:
        """Yield the pages of a list whose `Offset` is the number of a page, from 1 on."""

        async def fetch(number: int) -> Page[dict[str, object]]:
            response, _ = await self.do(action, what, reference, Offset=number, Limit=_PAGE, **parameters)
            return Page(objects(response, name), whole_number(response.get("TotalCount")))

        async with aclosing(numbered_pages(fetch, lambda each: text(each, identity))) as pages:
            async for page in pages:
                yield list(page.items)


def _path(found: dict[str, object]) -> str:
    name, namespace = text(found, "Name"), text(found, "Namespace")
    return name if "/" in name or not namespace else f"{namespace}/{name}"


def _time(found: dict[str, object]) -> datetime | None:
    try:
        return datetime.fromisoformat(text(found, "UpdateTime"))
    except ValueError:
        return None
