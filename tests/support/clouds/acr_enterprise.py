"""The `cr` API 2018-12-01: Enterprise instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.clouds.alibaba import AlibabaApi, Refusal, Request
from tests.support.clouds.state import ENTERPRISE_NAME, Cloud, Space, page_of

INSTANCE = "cri-0123456789abcdef"
NAME = "shop"
REGION = "cn-hangzhou"
_PAGED = {"PageNo", "PageSize"}
_CALLS: dict[str, tuple[set[str], set[str]]] = {
    "ListInstance": (set(), {"InstanceName", "InstanceStatus", *_PAGED}),
    "GetInstanceEndpoint": ({"InstanceId", "EndpointType"}, {"ModuleName"}),
    "GetAuthorizationToken": ({"InstanceId"}, set()),
    "ListNamespace": ({"InstanceId"}, {"NamespaceName", "NamespaceStatus", *_PAGED}),
    "GetNamespace": ({"InstanceId", "NamespaceName"}, set()),
    "CreateNamespace": ({"InstanceId", "NamespaceName"}, {"AutoCreateRepo", "DefaultRepoType"}),
    "UpdateNamespace": ({"InstanceId", "NamespaceName"}, {"AutoCreateRepo", "DefaultRepoType"}),
    "ListRepository": ({"InstanceId"}, {"RepoNamespaceName", "RepoName", "RepoStatus", *_PAGED}),
    "GetRepository": ({"InstanceId"}, {"RepoNamespaceName", "RepoName", "RepoId"}),
    "CreateRepository": (
        {"InstanceId", "RepoNamespaceName", "RepoName", "RepoType", "Summary"},
        {"Detail", "TagImmutability"},
    ),
    "ListRepoTag": ({"InstanceId", "RepoId"}, _PAGED),
}
"""Parameters that must, and that may be there."""


class EnterpriseApi(AlibabaApi):
    """Refuses what is not there by status `business_status`: the API does it with 200 as well as with 4xx."""

    version = "2018-12-01"

    def __init__(self, cloud: Cloud, *, business_status: int = 200) -> None:
        super().__init__(cloud)
        self.business_status = business_status
        self.endpoint: dict[str, Any] = {"Enable": True, "AclEnable": False, "AclEntries": []}
        self.tags: Mapping[str, list[str]] = {}

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[int, dict[str, Any]]:
        """Return an error: of the business in its own shape."""
        if not refusal.code.endswith(("_EXIST", "_SUPPORT")):
            return super().refusal(refusal, request_id)
        document = {"Code": refusal.code, "IsSuccess": False, "Message": refusal.message, "RequestId": request_id}
        return self.business_status, document

    def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        """Do what is asked."""
        action = request.action
        if action not in _CALLS or (request.method, request.path) not in (("POST", "/"), ("GET", "/")):
            raise Refusal(404, "InvalidAction.NotFound", "Specified api is not found.")
        must, may = _CALLS[action]
        for name in sorted(must):
            if not request.query.get(name):
                raise Refusal(400, f"Missing{name}", f"{name} is mandatory for this action.")
        if unknown := set(request.query) - must - may - {"RegionId"}:
            self.cloud.complain(f"{action} has no parameters {unknown}")
        if request.query.get("RegionId", REGION) != REGION:
            raise Refusal(404, "InvalidRegionId", "The region is another one.")
        if not request.key.may(f"cr:{action}"):
            raise Refusal(403, "NoPermission", f"RAM user is not authorized to perform cr:{action}.")
        if request.query.get("InstanceId", INSTANCE) != INSTANCE:
            raise Refusal(400, "INSTANCE_NOT_EXIST", "instance is not exist")
        return 200, {"Code": "success", "IsSuccess": True, **getattr(self, f"_{action}")(request)}

    def _ListInstance(self, request: Request) -> dict[str, Any]:
        wanted = request.query.get("InstanceName", "")
        one = {
            "InstanceId": INSTANCE, "InstanceName": NAME, "InstanceSpecification": "Enterprise_Basic",
            "InstanceStatus": "RUNNING", "RegionId": REGION,
        }  # fmt: skip
        found = [one] if wanted in NAME else []
        return {"Instances": found, "TotalCount": len(found), "PageNo": 1, "PageSize": 30}

    def _GetInstanceEndpoint(self, request: Request) -> dict[str, Any]:
        return {"Status": "RUNNING", "Domains": [{"Domain": f"{NAME}-registry", "Type": "SYSTEM"}], **self.endpoint}

    def _GetAuthorizationToken(self, request: Request) -> dict[str, Any]:
        loan = self.cloud.lend("cr_temp_user", request.key)
        return {
            "TempUsername": loan.username,
            "AuthorizationToken": loan.password,
            "ExpireTime": int(loan.ends_at * 1000),
        }

    def _ListNamespace(self, request: Request) -> dict[str, Any]:
        names = sorted(self.cloud.spaces)
        found = [self._space(name) for name in self._page(request, names)]
        return {"Namespaces": found, "TotalCount": str(len(names))}

    def _GetNamespace(self, request: Request) -> dict[str, Any]:
        return self._space(self._known(request.query["NamespaceName"]))

    def _CreateNamespace(self, request: Request) -> dict[str, Any]:
        name = request.query["NamespaceName"]
        if name in self.cloud.spaces:
            raise Refusal(400, "NAMESPACE_ALREADY_EXIST", "namespace already exist")
        if not ENTERPRISE_NAME.fullmatch(name):
            raise Refusal(400, "InvalidNamespaceName", "The name is invalid.")
        self.cloud.spaces[name] = self._wanted(request)
        return {}

    def _UpdateNamespace(self, request: Request) -> dict[str, Any]:
        self.cloud.spaces[self._known(request.query["NamespaceName"])] = self._wanted(request)
        return {}

    def _ListRepository(self, request: Request) -> dict[str, Any]:
        if request.query.get("RepoStatus") not in ("NORMAL", "ALL"):
            self.cloud.complain(f"ListRepository: RepoStatus is {request.query.get('RepoStatus')}")
        space = request.query.get("RepoNamespaceName", "")
        mine = sorted(path for path in self.cloud.repositories if not space or path.startswith(f"{space}/"))
        found = [self._repository(path) for path in self._page(request, mine)]
        return {"Repositories": found, "TotalCount": str(len(mine))}

    def _GetRepository(self, request: Request) -> dict[str, Any]:
        path = f"{request.query.get('RepoNamespaceName')}/{request.query.get('RepoName')}"
        if path not in self.cloud.repositories:
            raise Refusal(400, "REPO_NOT_EXIST", "repo is not exist")
        return self._repository(path)

    def _CreateRepository(self, request: Request) -> dict[str, Any]:
        path = f"{self._known(request.query['RepoNamespaceName'])}/{request.query['RepoName']}"
        if path in self.cloud.repositories:
            raise Refusal(400, "REPO_ALREADY_EXIST", "repo already exist")
        self.cloud.repositories.add(path)
        return {"RepoId": _id(path)}

    def _ListRepoTag(self, request: Request) -> dict[str, Any]:
        path = next((each for each in self.cloud.repositories if _id(each) == request.query["RepoId"]), None)
        if path is None:
            raise Refusal(400, "REPO_NOT_EXIST", "repo is not exist")
        names = sorted(self.tags.get(path, ()))
        found = [
            {"Tag": name, "Digest": f"sha256:{'0' * 64}", "ImageSize": 1000, "ImageUpdate": "1767322800000"}
            for name in self._page(request, names)
        ]
        return {"Images": found, "TotalCount": str(len(names))}

    def _page(self, request: Request, items: list[str]) -> list[str]:
        return page_of(items, request.number("PageNo", 10**6), request.number("PageSize", 100))

    def _known(self, name: str) -> str:
        if name not in self.cloud.spaces:
            raise Refusal(400, "NAMESPACE_NOT_EXIST", "namespace is not exist")
        return name

    def _wanted(self, request: Request) -> Space:
        creates, kind = request.query.get("AutoCreateRepo", "false"), request.query.get("DefaultRepoType", "PRIVATE")
        if creates not in ("true", "false") or kind not in ("PUBLIC", "PRIVATE"):
            raise Refusal(400, "InvalidParameter", "AutoCreateRepo is true or false.")
        return Space(creates == "true", kind == "PUBLIC")

    def _space(self, name: str) -> dict[str, Any]:
        found = self.cloud.spaces[name]
        return {
            "NamespaceName": name, "NamespaceId": f"crn-{name}", "NamespaceStatus": "NORMAL",
            "AutoCreateRepo": found.creates, "DefaultRepoType": "PUBLIC" if found.public else "PRIVATE",
        }  # fmt: skip

    def _repository(self, path: str) -> dict[str, Any]:
        space, _, name = path.partition("/")
        return {
            "RepoId": _id(path), "RepoName": name, "RepoNamespaceName": space, "RepoType": "PRIVATE",
            "RepoStatus": "NORMAL",
        }  # fmt: skip


def _id(path: str) -> str:
    return "crr-" + path.replace("/", "-")
