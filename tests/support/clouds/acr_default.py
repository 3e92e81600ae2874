"""The `cr` API 2016-06-07: default and personal edition."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.clouds.alibaba import AlibabaApi, Refusal, Request
from tests.support.clouds.state import DEFAULT_NAME, Space, page_of

_ROUTES = (
    ("GET", r"/tokens", "GetAuthorizationToken"),
    ("GET", r"/namespace", "GetNamespaceList"),
    ("PUT", r"/namespace", "CreateNamespace"),
    ("GET", r"/namespace/(?P<space>[^/]+)", "GetNamespace"),
    ("POST", r"/namespace/(?P<space>[^/]+)", "UpdateNamespace"),
    ("GET", r"/repos", "GetRepoList"),
    ("PUT", r"/repos", "CreateRepo"),
    ("GET", r"/repos/(?P<space>[^/]+)", "GetRepoListByNamespace"),
    ("GET", r"/repos/(?P<space>[^/]+)/(?P<name>[^/]+)/tags", "GetRepoTags"),
)
_QUERY = {"GetRepoList", "GetRepoListByNamespace", "GetRepoTags"}
TAKEN = "taken-by-another-account"


class DefaultApi(AlibabaApi):
    """Namespace names belong to everybody in the region: `TAKEN` is another account's."""

    version = "2016-06-07"

    def __init__(self, cloud: Any, tags: Any = None) -> None:
        super().__init__(cloud)
        self.tags = tags or {}

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[int, dict[str, Any]]:
        """Return an error in the shape of this API; its gateway's own are as everywhere."""
        if "." in refusal.code or not refusal.code.isupper():
            return super().refusal(refusal, request_id)
        return refusal.status, {"code": refusal.code, "message": refusal.message, "requestId": request_id}

    def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        """Do what is asked."""
        found = ((name, re.fullmatch(path, request.path)) for verb, path, name in _ROUTES if verb == request.method)
        action, match = next(((name, match) for name, match in found if match), ("", None))
        if match is None:
            raise Refusal(404, "InvalidAction.NotFound", "Specified api is not found.")
        if action != request.action:
            self.cloud.complain(f"{request.method} {request.path} is {action}, the header says {request.action}")
        if not request.key.may(f"cr:{action}"):
            raise Refusal(403, "NoPermission", f"RAM user is not authorized to perform cr:{action}.")
        if unknown := set(request.query) - ({"Page", "PageSize", "Status"} if action in _QUERY else set()):
            self.cloud.complain(f"{action} has no parameters {unknown}")
        space = match["space"] if "space" in match.re.groupindex else ""
        if space and space not in self.cloud.spaces:
            raise Refusal(404, "NAMESPACE_NOT_EXIST", "namespace is not exist")
        data = getattr(self, f"_{action}")(request, space, match)
        return 200, {"data": data}

    def _GetAuthorizationToken(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        loan = self.cloud.lend("cr_temp_user", request.key)
        return {
            "tempUserName": loan.username,
            "authorizationToken": loan.password,
            "expireDate": int(loan.ends_at * 1000),
        }

    def _GetNamespaceList(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        names = sorted(self.cloud.spaces)
        return {
            "namespaces": [{"namespace": name, "authorizeType": "ADMIN", "namespaceStatus": "NORMAL"} for name in names]
        }

    def _GetNamespace(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        found = self.cloud.spaces[space]
        return {
            "namespace": {
                "namespace": space,
                "authorizeType": "ADMIN",
                "defaultVisibility": "PUBLIC" if found.public else "PRIVATE",
                "autoCreate": found.creates,
                "namespaceStatus": "NORMAL",
            }
        }

    def _CreateNamespace(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        name = self._body(request, "Namespace", {"Namespace"}, {"Namespace"})["Namespace"]
        if name in self.cloud.spaces or name == TAKEN:
            raise Refusal(409, "NAMESPACE_ALREADY_EXIST", "namespace already exist")
        if not DEFAULT_NAME.fullmatch(name):
            raise Refusal(400, "INVALID_NAMESPACE", "namespace is invalid")
        self.cloud.spaces[name] = Space(creates=False)
        return {"namespaceId": len(self.cloud.spaces)}

    def _UpdateNamespace(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        wanted = self._body(request, "Namespace", {"AutoCreate", "DefaultVisibility"}, set())
        if not isinstance(wanted.get("AutoCreate"), bool) or wanted.get("DefaultVisibility") not in (
            "PUBLIC", "PRIVATE",
        ):  # fmt: skip
            raise Refusal(400, "INVALID_PARAMETER", "AutoCreate is true or false")
        self.cloud.spaces[space] = Space(wanted["AutoCreate"], wanted["DefaultVisibility"] == "PUBLIC")
        return {}

    def _GetRepoList(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        number, size = request.number("Page", 10**6), request.number("PageSize", 100)
        mine = sorted(path for path in self.cloud.repositories if not space or path.startswith(f"{space}/"))
        repositories = [
            {
                "repoNamespace": path.partition("/")[0],
                "repoName": path.partition("/")[2],
                "repoType": "PRIVATE",
                "repoStatus": "NORMAL",
            }
            for path in page_of(mine, number, size)
        ]
        return {"total": len(mine), "page": number, "pageSize": size, "repos": repositories}

    _GetRepoListByNamespace = _GetRepoList

    def _CreateRepo(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        known = {"RepoNamespace", "RepoName", "Summary", "Detail", "RepoType"}
        wanted = self._body(request, "Repo", known, {"RepoNamespace", "RepoName", "Summary", "RepoType"})
        path = f"{wanted['RepoNamespace']}/{wanted['RepoName']}"
        if wanted["RepoNamespace"] not in self.cloud.spaces:
            raise Refusal(404, "NAMESPACE_NOT_EXIST", "namespace is not exist")
        if path in self.cloud.repositories:
            raise Refusal(409, "REPO_ALREADY_EXIST", "repo already exist")
        self.cloud.repositories.add(path)
        return {"repoId": len(self.cloud.repositories)}

    def _GetRepoTags(self, request: Request, space: str, match: Any) -> dict[str, Any]:
        path = f"{space}/{match['name']}"
        if path not in self.cloud.repositories:
            raise Refusal(404, "REPO_NOT_EXIST", "repo is not exist")
        number, size = request.number("Page", 10**6), request.number("PageSize", 100)
        names = sorted(self.tags.get(path, ()))
        found = [
            {"tag": name, "digest": f"sha256:{'0' * 64}", "imageSize": 1000, "imageUpdate": 1767322800000}
            for name in page_of(names, number, size)
        ]
        return {"total": len(names), "page": number, "pageSize": size, "tags": found}

    def _body(self, request: Request, name: str, known: set[str], must: set[str]) -> dict[str, Any]:
        try:
            fields = json.loads(request.body)[name]
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "INVALID_PARAMETER", f"the body has no {name}") from None
        if unknown := set(fields) - known:
            self.cloud.complain(f"{request.action} has no fields {unknown}")
        if not must <= {key for key, value in fields.items() if value}:
            raise Refusal(400, "INVALID_PARAMETER", f"{must - set(fields)} is missing")
        assert isinstance(fields, dict)
        return fields
