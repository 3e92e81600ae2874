"""A stand-in for Tencent Cloud's `tcr` API 2019-09-24.

Written from the documentation of the TC3 signature, from the side of the server, and not from our own signing. Errors
come with status 200, as the cloud sends them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.clouds.cam import resource_of
from tests.support.clouds.state import TENCENT_NAME, Cloud, Key, Space, page_of

INSTANCE = "tcr-0123abcd"
NAME = "shop"
REGION = "ap-guangzhou"
_SKEW = 5 * 60
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>[0-9-]{10})/tcr/tc3_request, "
    r"SignedHeaders=(?P<names>[a-z;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_NUMBER, _TEXT, _SWITCH, _LIST = int, str, bool, list
_CALLS: dict[str, tuple[dict[str, type], dict[str, type]]] = {
    "DescribeInstances": (
        {},
        {"Registryids": _LIST, "Filters": _LIST, "AllRegion": _SWITCH, "Offset": _NUMBER, "Limit": _NUMBER},
    ),
    "CreateInstanceToken": ({"RegistryId": _TEXT}, {"TokenType": _TEXT, "Desc": _TEXT}),
    "DescribeNamespaces": (
        {"RegistryId": _TEXT},
        {"NamespaceName": _TEXT, "Limit": _NUMBER, "Offset": _NUMBER, "All": _SWITCH, "Filters": _LIST},
    ),
    "CreateNamespace": ({"RegistryId": _TEXT, "NamespaceName": _TEXT, "IsPublic": _SWITCH}, {"IsAutoScan": _SWITCH}),
    "DescribeRepositories": (
        {"RegistryId": _TEXT},
        {"NamespaceName": _TEXT, "RepositoryName": _TEXT, "Offset": _NUMBER, "Limit": _NUMBER, "SortBy": _TEXT},
    ),
    "CreateRepository": (
        {"RegistryId": _TEXT, "NamespaceName": _TEXT, "RepositoryName": _TEXT},
        {"BriefDescription": _TEXT, "Description": _TEXT},
    ),
    "DescribeImages": (
        {"RegistryId": _TEXT, "NamespaceName": _TEXT, "RepositoryName": _TEXT},
        {"ImageVersion": _TEXT, "Digest": _TEXT, "Offset": _NUMBER, "Limit": _NUMBER, "ExactMatch": _SWITCH},
    ),
    "DescribeExternalEndpointStatus": ({"RegistryId": _TEXT}, {}),
    "DescribeSecurityPolicies": ({"RegistryId": _TEXT}, {}),
}
"""Parameters that must, and that may be there, with their types."""


class Refusal(Exception):
    """The API says no."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code, self.message = code, message or f"{code} was said."
        super().__init__(code)


@dataclass(frozen=True)
class Request:
    """A request whose signature was right."""

    action: str
    parameters: Mapping[str, Any]
    key: Key

    def page(self, items: list[str], *, items_offset: bool) -> list[str]:
        """Return the page that is asked for: the offset counts items, or pages from 1 on."""
        limit, offset = self.parameters.get("Limit", 20), self.parameters.get("Offset", 0 if items_offset else 1)
        if not 0 < limit <= 100:
            raise Refusal("InvalidParameterValue", "Limit must be in [1, 100]")
        return items[offset : offset + limit] if items_offset else page_of(items, max(1, offset), limit)


class TencentApi:
    """Serves the API of `cloud` on a loopback port. Use as an async context manager."""

    def __init__(self, cloud: Cloud, *, uin: str = "100036950234") -> None:
        self.cloud = cloud
        self.url = ""
        self.domain = f"{NAME}.tencentcloudcr.com"
        self.others = 0
        """Instances besides, to have pages of them."""
        self.status = "Running"
        self.public = "Opened"
        self.networks = ["0.0.0.0/0"]
        self.tags: Mapping[str, list[str]] = {}
        self._uin = uin
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        body = await raw.content.read()
        self.cloud.note(raw.method, raw.raw_path, raw.headers, body)
        response: dict[str, Any]
        try:
            response = self._answer(self._checked(raw, body))
        except Refusal as refusal:
            response = {"Error": {"Code": refusal.code, "Message": refusal.message}}
        response["RequestId"] = str(uuid.uuid4())
        return web.json_response({"Response": response}, headers={"Date": self.cloud.date})

    def _checked(self, raw: web.BaseRequest, body: bytes) -> Request:
        headers = {name.lower(): value.strip() for name, value in raw.headers.items()}
        action = headers.get("x-tc-action", "")
        self.cloud.actions.append(action)
        if self.cloud.throttled:
            self.cloud.throttled -= 1
            raise Refusal("RequestLimitExceeded", "Your current request times exceeds limits.")
        if raw.method != "POST" or raw.raw_path != "/":
            raise Refusal("InvalidRequest", "POST / is expected.")
        match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if match is None:
            raise Refusal("AuthFailure.InvalidAuthorization", "The authorization header is invalid.")
        key = self._check_key(match["key"])
        self._check_signature(headers, match, key, body)
        if headers.get("x-tc-version") != "2019-09-24":
            raise Refusal("NoSuchVersion", "The version is unknown.")
        token = headers.get("x-tc-token", "")
        if token != key.session_token or self.cloud.now > key.ends_at:
            raise Refusal("AuthFailure.TokenFailure", "Token is invalid.")
        return Request(action, self._parameters(action, headers, body), key)

    def _check_key(self, key_id: str) -> Key:
        key = self.cloud.keys.get(key_id)
        if key is None or not key.enabled:
            raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.")
        return key

    def _check_signature(self, headers: Mapping[str, str], match: re.Match[str], key: Key, body: bytes) -> None:
        stamp = headers.get("x-tc-timestamp", "")
        if not stamp.isdigit():
            raise Refusal("MissingParameter", "X-TC-Timestamp is missing.")
        if abs(int(stamp) - self.cloud.now) > _SKEW:
            raise Refusal("AuthFailure.SignatureExpire", "Signature expired.")
        if time.strftime("%Y-%m-%d", time.gmtime(int(stamp))) != match["date"]:
            raise Refusal("AuthFailure.SignatureFailure", "The date is not that of the timestamp.")
        if not {"content-type", "host"} <= set(match["names"].split(";")):
            raise Refusal("AuthFailure.SignatureFailure", "content-type and host must be signed.")
        canonical = "\n".join(
            [
                "POST", "/", "",
                *(f"{name}:{headers.get(name, '').lower()}" for name in match["names"].split(";")), "",
                match["names"], hashlib.sha256(body).hexdigest(),
            ]
        )  # fmt: skip
        scope = f"{match['date']}/tcr/tc3_request"
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signing = b"TC3" + key.secret.encode()
        for part in (match["date"], "tcr", "tc3_request"):
            signing = hmac.digest(signing, part.encode(), "sha256")
        if hmac.new(signing, text.encode(), hashlib.sha256).hexdigest() != match["signature"]:
            raise Refusal("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")

    def _parameters(self, action: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        if action not in _CALLS:
            raise Refusal("InvalidAction", "The action is unknown.")
        if headers.get("content-type") != "application/json":
            self.cloud.complain(f"{action}: the content type is {headers.get('content-type')}")
        parameters = json.loads(body)
        must, may = _CALLS[action]
        for name, kind in must.items():
            if type(parameters.get(name)) is not kind:
                raise Refusal("MissingParameter", f"{name} is missing.")
        for name, value in parameters.items():
            if type(value) is not {**must, **may}.get(name):
                raise Refusal("UnknownParameter", f"The parameter `{name}` is not recognized.")
        if not headers.get("x-tc-region"):
            raise Refusal("MissingParameter", "X-TC-Region is missing.")
        if must and parameters["RegistryId"] != INSTANCE:
            raise Refusal("ResourceNotFound.TcrResourceNotFound", "The instance is not found.")
        if must and headers["x-tc-region"] != REGION:
            raise Refusal("UnsupportedRegion", "The instance is in another region.")
        assert isinstance(parameters, dict)
        return parameters

    def _answer(self, request: Request) -> dict[str, Any]:
        if not request.key.may(f"tcr:{request.action}", resource_of(request.action, request.parameters, REGION)):
            raise Refusal("UnauthorizedOperation", f"You are not authorized to perform tcr:{request.action}.")
        if request.action == "CreateInstanceToken" and self.status != "Running":
            raise Refusal("ResourceInsufficient.ErrorInstanceNotRunning", "The instance is not running.")
        found = getattr(self, f"_{request.action}")(request)
        assert isinstance(found, dict)
        return found

    def _DescribeInstances(self, request: Request) -> dict[str, Any]:
        names = [f"other-{number:03}" for number in range(self.others)] + [NAME]
        for each in request.parameters.get("Filters", []):
            if each["Name"] == "RegistryName":
                names = [name for name in names if any(value in name for value in each["Values"])]
        ids = {name: INSTANCE if name == NAME else f"tcr-{name}" for name in names}
        wanted = request.parameters.get("Registryids")
        names = [name for name in names if not wanted or ids[name] in wanted]
        entries = [
            {
                "RegistryId": ids[name],
                "RegistryName": name,
                "RegistryType": "premium",
                "Status": self.status,
                "PublicDomain": self.domain if name == NAME else f"{name}.tencentcloudcr.com",
                "RegionName": REGION,
            }
            for name in request.page(names, items_offset=True)
        ]
        return {"TotalCount": len(names), "Registries": entries}

    def _CreateInstanceToken(self, request: Request) -> dict[str, Any]:
        kind = request.parameters.get("TokenType", "temp")
        if kind == "longterm":
            password = f"long-term-{uuid.uuid4()}"
            self.cloud.fixed[self._uin] = password
            return {"Username": self._uin, "Token": password, "TokenId": str(uuid.uuid4()), "ExpTime": 0}
        if kind != "temp":
            raise Refusal("InvalidParameterValue", "TokenType is temp or longterm.")
        loan = self.cloud.lend(self._uin, request.key)
        end = int(loan.ends_at * 1000)
        return {"Username": loan.username, "Token": loan.password, "ExpTime": end, "TokenId": ""}

    def _DescribeNamespaces(self, request: Request) -> dict[str, Any]:
        if request.parameters.get("All") is not True:
            self.cloud.complain("DescribeNamespaces: whether pages begin at 0 or 1 is not documented, ask for all")
        wanted = request.parameters.get("NamespaceName", "")
        names = sorted(name for name in self.cloud.spaces if wanted in name)
        found = [
            {"Name": name, "NamespaceId": number, "Public": self.cloud.spaces[name].public}
            for number, name in enumerate(names)
        ]
        return {"NamespaceList": found, "TotalCount": len(names)}

    def _CreateNamespace(self, request: Request) -> dict[str, Any]:
        name = request.parameters["NamespaceName"]
        if name in self.cloud.spaces:
            raise Refusal("InvalidParameter.ErrNamespaceExist", "The namespace exists.")
        if name == "library":
            raise Refusal("InvalidParameter.ErrNamespaceReserved", "The namespace is reserved.")
        if not TENCENT_NAME.fullmatch(name):
            raise Refusal("InvalidParameter.ErrorNameIllegal", "The name is illegal.")
        self.cloud.spaces[name] = Space(True, request.parameters["IsPublic"])
        return {}

    def _DescribeRepositories(self, request: Request) -> dict[str, Any]:
        space = request.parameters.get("NamespaceName", "")
        mine = sorted(path for path in self.cloud.repositories if not space or path.startswith(f"{space}/"))
        found = [
            {"Name": path, "Namespace": path.partition("/")[0], "Public": False, "UpdateTime": "2026-01-02T03:04:05Z"}
            for path in request.page(mine, items_offset=False)
        ]
        return {"RepositoryList": found, "TotalCount": len(mine)}

    def _CreateRepository(self, request: Request) -> dict[str, Any]:
        space = request.parameters["NamespaceName"]
        path = f"{space}/{request.parameters['RepositoryName']}"
        if space not in self.cloud.spaces:
            raise Refusal("ResourceNotFound.ErrNoNamespace", "The namespace is not found.")
        if path in self.cloud.repositories:
            raise Refusal("InvalidParameter.ErrRepoExist", "The repository exists.")
        self.cloud.repositories.add(path)
        return {}

    def _DescribeImages(self, request: Request) -> dict[str, Any]:
        path = f"{request.parameters['NamespaceName']}/{request.parameters['RepositoryName']}"
        if path not in self.cloud.repositories:
            raise Refusal("ResourceNotFound.ErrNoRepo", "The repository is not found.")
        names = sorted(self.tags.get(path, ()))
        found = [
            {"ImageVersion": name, "Digest": f"sha256:{'0' * 64}", "Size": 1000, "UpdateTime": "2026-01-02T03:04:05Z"}
            for name in request.page(names, items_offset=False)
        ]
        return {"ImageInfoList": found, "TotalCount": len(names)}

    def _DescribeExternalEndpointStatus(self, request: Request) -> dict[str, Any]:
        return {"Status": self.public, "Reason": ""}

    def _DescribeSecurityPolicies(self, request: Request) -> dict[str, Any]:
        found = [{"PolicyIndex": number, "CidrBlock": block} for number, block in enumerate(self.networks)]
        return {"SecurityPolicySet": found}
