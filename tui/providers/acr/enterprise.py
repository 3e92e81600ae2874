"""The API of Enterprise instances: `cr`, version 2018-12-01, parameters in the query of a POST (RPC style)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final, Literal

from tui.oci.access import Credential
from tui.oci.errors import NotFound, ServerError
from tui.oci.lending import Lent
from tui.oci.saying import N_, phrase
from tui.oci.text import printable
from tui.providers.acr.errors import INSTANCE_HINT
from tui.providers.api.call import ApiCall
from tui.providers.api.client import ApiClient
from tui.providers.api.pages import Page, numbered_pages
from tui.providers.cloud import CloudTag, objects, seconds_left, text, time_of, whole_number
from tui.providers.preparing import Namespace
from tui.providers.public_access import PublicAccess

VERSION: Final = "2018-12-01"
_PAGE = 100
_SUMMARY = "copied by regferry"


class Enterprise:
    """Calls of the API for one instance. Every method raises RegistryError; what is not there is NotFound."""

    def __init__(self, client: ApiClient, region: str, instance: str = "") -> None:
        self._client = client
        self._region = region
        self._instance = instance

    async def instance_named(self, name: str) -> str:
        """ListInstance: the id of the instance of this name. Raises NotFound."""
        call = self._call(
            "ListInstance", N_("find the instance"), name, InstanceName=name, PageNo="1", PageSize=str(_PAGE)
        )
        document = await self._client.json(call)
        for each in objects(document, "Instances"):
            if text(each, "InstanceName") == name and (found := text(each, "InstanceId")):
                return found
        raise NotFound(
            phrase(
                "there is no Enterprise instance {name!r} in {region} for this AccessKey",
                name=printable(name),
                region=self._region,
            ),
            endpoint=self._client.registry,
            hint=INSTANCE_HINT,
        )

    async def lend(self) -> Lent:
        """GetAuthorizationToken: a login for an hour, or as long as the STS token that asks."""
        answer = await self._client.send(self._call("GetAuthorizationToken", N_("get a login for the registry")))
        document = answer.json(N_("a login"))
        data = document if isinstance(document, dict) else {}
        username, password = text(data, "TempUsername"), text(data, "AuthorizationToken")
        if not username or not password:
            raise ServerError(N_("the API's answer holds no login"), endpoint=self._client.registry)
        return Lent(
            Credential(username, password, origin="GetAuthorizationToken"), seconds_left(data.get("ExpireTime"), answer)
        )

    async def namespaces(self) -> AsyncGenerator[list[Namespace], None]:
        """ListNamespace."""
        async for page in self._pages("ListNamespace", N_("list the namespaces"), "", "Namespaces", "NamespaceName"):
            yield [_namespace(each) for each in page if text(each, "NamespaceName")]

    async def namespace(self, name: str) -> Namespace:
        """GetNamespace."""
        call = self._call("GetNamespace", N_("look at the namespace"), name, NamespaceName=name)
        document = await self._client.json(call)
        return _namespace({**(document if isinstance(document, dict) else {}), "NamespaceName": name})

    async def create_namespace(self, name: str, *, public: bool) -> None:
        """CreateNamespace, with auto-create."""
        await self._configure("CreateNamespace", N_("create the namespace"), name, public)

    async def switch_on_auto_create(self, name: str, *, public: bool) -> None:
        """UpdateNamespace."""
        await self._configure("UpdateNamespace", N_("set up the namespace"), name, public)

    async def repositories(self, namespace: str = "") -> AsyncGenerator[list[str], None]:
        """ListRepository."""
        only = {"RepoNamespaceName": namespace} if namespace else {}
        pages = self._pages(
            "ListRepository",
            N_("list the repositories"),
            namespace,
            "Repositories",
            "RepoName",
            RepoStatus="ALL",
            **only,
        )
        async for page in pages:
            paths = [(text(each, "RepoNamespaceName"), text(each, "RepoName")) for each in page]
            yield [f"{space}/{name}" for space, name in paths if space and name]

    async def create_repository(self, path: str, *, public: bool) -> None:
        """CreateRepository."""
        namespace, _, name = path.partition("/")
        kind = "PUBLIC" if public else "PRIVATE"
        named = {"RepoNamespaceName": namespace, "RepoName": name, "RepoType": kind, "Summary": _SUMMARY}
        await self._client.send(self._call("CreateRepository", N_("create the repository"), path, **named))

    async def tags(self, path: str) -> AsyncGenerator[list[CloudTag], None]:
        """GetRepository for the id, then ListRepoTag."""
        namespace, _, name = path.partition("/")
        named = {"RepoNamespaceName": namespace, "RepoName": name}
        document = await self._client.json(self._call("GetRepository", N_("look at the repository"), path, **named))
        repository = text(document if isinstance(document, dict) else {}, "RepoId")
        async for page in self._pages("ListRepoTag", N_("list the tags"), path, "Images", "Tag", RepoId=repository):
            yield [
                CloudTag(
                    text(each, "Tag"), text(each, "Digest"), whole_number(each.get("ImageSize")),
                    time_of(each.get("ImageUpdate")),
                )
                for each in page
                if text(each, "Tag")
            ]  # fmt: skip

    async def public_access(self) -> PublicAccess:
        """GetInstanceEndpoint."""
        call = self._call(
            "GetInstanceEndpoint", N_("look at the public access"), EndpointType="internet", ModuleName="Registry"
        )
        document = await self._client.json(call)
        document = document if isinstance(document, dict) else {}
        entries = tuple(entry for each in objects(document, "AclEntries") if (entry := text(each, "Entry")))
        state: Literal["open", "closed"] = "open" if document.get("Enable") is True else "closed"
        return PublicAccess(state, entries, limited=document.get("AclEnable") is True)

    async def _configure(self, action: str, what: str, name: str, public: bool) -> None:
        kind = "PUBLIC" if public else "PRIVATE"
        settings = {"NamespaceName": name, "AutoCreateRepo": "true", "DefaultRepoType": kind}
        await self._client.send(self._call(action, what, name, **settings))

    async def _pages(
        self, action: str, what: str, reference: str, name: str, identity: str, **parameters: str
    ) -> AsyncGenerator[list[dict[str, object]], None]:
        async def fetch(number: int) -> Page[dict[str, object]]:
            numbered = {**parameters, "PageNo": str(number), "PageSize": str(_PAGE)}
            document = await self._client.json(self._call(action, what, reference, **numbered))
            total = document.get("TotalCount") if isinstance(document, dict) else None
            return Page(objects(document, name), whole_number(total) if total is not None else None)

        def which(each: dict[str, object]) -> tuple[str, str]:
            return text(each, "RepoNamespaceName"), text(each, identity)

        async for page in numbered_pages(fetch, which):
            yield list(page.items)

    def _call(self, action: str, what: str, reference: str = "", **parameters: str) -> ApiCall:
        query = {"RegionId": self._region, **({"InstanceId": self._instance} if self._instance else {}), **parameters}
        headers = {"x-acs-action": action}
        # Creating what a first attempt created already is told apart by its code, so all may be sent again.
        return ApiCall("POST", "/", what, reference, tuple(query.items()), headers=headers, repeatable=True)


def _namespace(found: dict[str, Any]) -> Namespace:
    creates, visibility = found.get("AutoCreateRepo"), text(found, "DefaultRepoType")
    configured = found.get("DefaultRepoConfiguration")
    if not visibility and isinstance(configured, dict):
        visibility = text(configured, "RepoType")
    public = visibility == "PUBLIC" if visibility else None
    return Namespace(text(found, "NamespaceName"), public, creates if isinstance(creates, bool) else None)
