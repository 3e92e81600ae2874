"""The API of the default and personal edition: `cr`, version 2016-06-07, paths and JSON bodies (ROA style)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final
from urllib.parse import quote

from tui.oci.access import Credential
from tui.oci.errors import ServerError
from tui.oci.lending import Lent
from tui.oci.saying import N_
from tui.providers.api.call import ApiCall
from tui.providers.api.client import ApiClient
from tui.providers.api.pages import Page, numbered_pages
from tui.providers.cloud import CloudTag, objects, seconds_left, text, time_of, whole_number
from tui.providers.preparing import Namespace

VERSION: Final = "2016-06-07"
_PAGE = 100
_SUMMARY = "copied by regferry"


class DefaultEdition:
    """Calls of the API. Every method raises RegistryError; what is not there is NotFound."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    async def lend(self) -> Lent:
        """GetAuthorizationToken: a login for an hour, or as long as the STS token that asks."""
        call = _call("GET", "/tokens", "GetAuthorizationToken", N_("get a login for the registry"))
        answer = await self._client.send(call)
        data = _data(answer.json(N_("a login")))
        username, password = text(data, "tempUserName", "tempUsername"), text(data, "authorizationToken")
        if not username or not password:
            raise ServerError(N_("the API's answer holds no login"), endpoint=self._client.registry)
        return Lent(
            Credential(username, password, origin="GetAuthorizationToken"), seconds_left(data.get("expireDate"), answer)
        )

    async def namespaces(self) -> AsyncGenerator[list[Namespace], None]:
        """GetNamespaceList: all in one answer."""
        data = await self._data(_call("GET", "/namespace", "GetNamespaceList", N_("list the namespaces")))
        yield [Namespace(name) for each in objects(data, "namespaces") if (name := text(each, "namespace"))]

    async def namespace(self, name: str) -> Namespace:
        """GetNamespace."""
        data = await self._data(
            _call("GET", f"/namespace/{quote(name)}", "GetNamespace", N_("look at the namespace"), name)
        )
        found = data.get("namespace")
        found = found if isinstance(found, dict) else {}
        visibility = text(found, "defaultVisibility")
        return Namespace(name, visibility == "PUBLIC" if visibility else None, found.get("autoCreate") is True)

    async def create_namespace(self, name: str) -> None:
        """CreateNamespace; visibility and auto-create are set by `configure`."""
        body = {"Namespace": {"Namespace": name}}
        await self._client.send(_call("PUT", "/namespace", "CreateNamespace", N_("create the namespace"), name, body))

    async def configure(self, name: str, *, creates: bool, public: bool) -> None:
        """UpdateNamespace."""
        body = {"Namespace": {"AutoCreate": creates, "DefaultVisibility": "PUBLIC" if public else "PRIVATE"}}
        await self._client.send(
            _call("POST", f"/namespace/{quote(name)}", "UpdateNamespace", N_("set up the namespace"), name, body)
        )

    async def repositories(self, namespace: str = "") -> AsyncGenerator[list[str], None]:
        """GetRepoList, GetRepoListByNamespace."""
        path, action = (
            (f"/repos/{quote(namespace)}", "GetRepoListByNamespace") if namespace else ("/repos", "GetRepoList")
        )
        async for page in self._pages(path, action, N_("list the repositories"), namespace, "repos", "repoName"):
            paths = [(text(each, "repoNamespace"), text(each, "repoName")) for each in page]
            yield [f"{space}/{name}" for space, name in paths if space and name]

    async def create_repository(self, path: str, *, public: bool) -> None:
        """CreateRepo."""
        namespace, _, name = path.partition("/")
        kind = "PUBLIC" if public else "PRIVATE"
        body = {"Repo": {"RepoNamespace": namespace, "RepoName": name, "Summary": _SUMMARY, "RepoType": kind}}
        await self._client.send(_call("PUT", "/repos", "CreateRepo", N_("create the repository"), path, body))

    async def tags(self, path: str) -> AsyncGenerator[list[CloudTag], None]:
        """GetRepoTags."""
        async for page in self._pages(
            f"/repos/{quote(path)}/tags", "GetRepoTags", N_("list the tags"), path, "tags", "tag"
        ):
            yield [
                CloudTag(
                    text(each, "tag"), text(each, "digest"), whole_number(each.get("imageSize")),
                    time_of(each.get("imageUpdate")),
                )
                for each in page
                if text(each, "tag")
            ]  # fmt: skip

    async def _pages(
        self, path: str, action: str, what: str, reference: str, name: str, identity: str
    ) -> AsyncGenerator[list[dict[str, object]], None]:
        async def fetch(number: int) -> Page[dict[str, object]]:
            query = (("Page", str(number)), ("PageSize", str(_PAGE)))
            data = await self._data(_call("GET", path, action, what, reference, query=query))
            total = data.get("total")
            return Page(objects(data, name), whole_number(total) if total is not None else None)

        def which(each: dict[str, object]) -> tuple[str, str]:
            return text(each, "repoNamespace"), text(each, identity)

        async for page in numbered_pages(fetch, which):
            yield list(page.items)

    async def _data(self, call: ApiCall) -> dict[str, Any]:
        return _data(await self._client.json(call))


def _call(
    method: str,
    path: str,
    action: str,
    what: str,
    reference: str = "",
    payload: Any = None,
    query: tuple[tuple[str, str], ...] = (),
) -> ApiCall:
    # Creating what a first attempt created already is told apart by its code, so all may be sent again.
    headers = {"x-acs-action": action}
    return ApiCall(method, path, what, reference, query, payload, headers=headers, repeatable=True)


def _data(document: Any) -> dict[str, Any]:
    data = document.get("data") if isinstance(document, dict) else None
    return data if isinstance(data, dict) else {}
