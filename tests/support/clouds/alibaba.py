"""A stand-in for Alibaba Cloud's `cr` API: checks signatures and everything common to both versions.

Written from the documentation of the V3 signature, from the side of the server, and not from our own signing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from time import strptime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

from aiohttp import web

from tests.support.clouds.state import Cloud, Key

_SKEW = 15 * 60
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+),SignedHeaders=(?P<names>[a-z0-9;-]+),"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class Refusal(Exception):
    """The API says no."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        self.status, self.code, self.message = status, code, message or f"{code} was said."
        super().__init__(code)


@dataclass(frozen=True)
class Request:
    """A request whose signature was right."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    action: str
    version: str
    key: Key

    def number(self, name: str, most: int) -> int:
        """Return a parameter of a page."""
        value = self.query.get(name, "1" if name in ("Page", "PageNo") else "30")
        if not value.isdigit() or not 0 < int(value) <= most:
            raise Refusal(400, f"Invalid{name}", f"The specified {name} is invalid.")
        return int(value)


class AlibabaApi:
    """Serves the API of `cloud` on a loopback port; a subclass says what the actions do. An async context manager."""

    version = ""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.url = ""
        self._nonces: set[str] = set()
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

    def answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        """Do what is asked. Raises Refusal."""
        raise NotImplementedError

    def refusal(self, refusal: Refusal, request_id: str) -> tuple[int, dict[str, Any]]:
        """Return an error in the shape of the API's gateway."""
        return refusal.status, {
            "RequestId": request_id,
            "HostId": self.url.partition("://")[2],
            "Code": refusal.code,
            "Message": refusal.message,
            "Recommend": "https://api.aliyun.com/troubleshoot",
        }

    async def _serve(self, raw: web.BaseRequest) -> web.StreamResponse:
        body = await raw.content.read()
        self.cloud.note(raw.method, raw.raw_path, raw.headers, body)
        request_id = str(uuid.uuid4()).upper()
        try:
            status, document = self.answer(self._checked(raw, body))
            document.setdefault("requestId" if "data" in document else "RequestId", request_id)
        except Refusal as refusal:
            status, document = self.refusal(refusal, request_id)
        return web.json_response(document, status=status, headers={"Date": self.cloud.date})

    def _checked(self, raw: web.BaseRequest, body: bytes) -> Request:
        headers = {name.lower(): value.strip() for name, value in raw.headers.items()}
        action, version = headers.get("x-acs-action", ""), headers.get("x-acs-version", "")
        self.cloud.actions.append(action)
        if self.cloud.throttled:
            self.cloud.throttled -= 1
            raise Refusal(400, "Throttling.User", "Request was denied due to user flow control.")
        match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if match is None:
            raise Refusal(400, "IncompleteSignature", "The request signature does not conform to standards.")
        path, _, query_text = raw.raw_path.partition("?")
        pairs = [_pair(part) for part in query_text.split("&") if part]
        self._check_headers(headers, match["names"].split(";"), body)
        key = self._check_key(match["key"], headers)
        canonical = "\n".join(
            [
                raw.method,
                path,
                "&".join(f"{_enc(name)}={_enc(value)}" for name, value in sorted(pairs)),
                *(f"{name}:{headers[name]}" for name in match["names"].split(";")),
                "",
                match["names"],
                headers["x-acs-content-sha256"],
            ]
        )
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        if hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest() != match["signature"]:
            message = f"Specified signature is not matched with our calculation. server string to sign is:{text}"
            raise Refusal(400, "SignatureDoesNotMatch", message)
        if version != self.version:
            raise Refusal(404, "InvalidVersion", "Specified parameter Version is not valid.")
        if len({name for name, _ in pairs}) != len(pairs):
            self.cloud.complain(f"{action}: a parameter is there twice")
        return Request(raw.method, unquote(path), dict(pairs), body, action, version, key)

    def _check_headers(self, headers: Mapping[str, str], signed: list[str], body: bytes) -> None:
        must = {name for name in headers if name in ("host", "content-type") or name.startswith("x-acs-")}
        if signed != sorted(signed) or set(signed) != must:
            self.cloud.complain(f"signed are {signed}, to be signed are {sorted(must)}")
        for name in ("x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"):
            if not headers.get(name):
                raise Refusal(400, f"Missing{name}", f"{name} is mandatory for this action.")
        if hashlib.sha256(body).hexdigest() != headers["x-acs-content-sha256"]:
            raise Refusal(400, "SignatureDoesNotMatch", "The body is not what was signed.")
        try:
            date = timegm(strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"))
        except ValueError:
            raise Refusal(400, "InvalidTimeStamp.Format") from None
        if abs(date - self.cloud.now) > _SKEW:
            raise Refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if headers["x-acs-signature-nonce"] in self._nonces:
            raise Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(headers["x-acs-signature-nonce"])

    def _check_key(self, key_id: str, headers: Mapping[str, str]) -> Key:
        key = self.cloud.keys.get(key_id)
        if key is None:
            raise Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if not key.enabled:
            raise Refusal(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
        token = headers.get("x-acs-security-token", "")
        if key.session_token and not token:
            raise Refusal(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if token != key.session_token:
            raise Refusal(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatches.")
        if self.cloud.now > key.ends_at:
            raise Refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        return key


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote(name), unquote(value)


def _enc(text: str) -> str:
    return quote(text, safe="-_.~")
