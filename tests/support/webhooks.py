"""A server that takes notifications as the chats do: it holds the shape and the signature to their documents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

SECRET = "SEC0123456789abcdef"
TOKEN = "t0ken-in-the-address"
_HOUR = 3600

PATHS = {
    "generic": f"/hooks/{TOKEN}",
    "slack": f"/services/T00/B00/{TOKEN}",
    "dingtalk": f"/robot/send?access_token={TOKEN}",
    "wecom": f"/cgi-bin/webhook/send?key={TOKEN}",
    "feishu": f"/open-apis/bot/v2/hook/{TOKEN}",
}


class Webhooks:
    """All five on one port. `texts` are the messages that were right, `refused` why others were not.

    `interrupt` may answer in their place. With `signed` DingTalk, Feishu and the generic one want a signature.
    """

    def __init__(self, *, signed: bool = True) -> None:
        self.signed = signed
        self.texts: list[tuple[str, str]] = []
        self.documents: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self.requests = 0
        self.interrupt: Callable[[web.BaseRequest], web.Response | None] = lambda request: None
        self._runner = web.ServerRunner(web.Server(self._answer))
        self.address = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0]
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def url(self, shape: str) -> str:
        """Return the address somebody would be given for a chat."""
        return f"http://{self.address}{PATHS[shape]}"

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        if (played := self.interrupt(request)) is not None:
            return played
        shape = next((shape for shape, path in PATHS.items() if request.path == path.partition("?")[0]), "")
        try:
            body = await request.read()
            if not shape:
                raise Wrong(404, "no such path")
            _hold(request.method == "POST", 405, "not a POST")
            _hold(request.headers["Content-Type"].startswith("application/json"), 400, "not JSON")
            answer = getattr(self, f"_{shape}")(request, body, json.loads(body))
        except Wrong as wrong:
            self.refused.append(f"{shape}: {wrong}")
            return web.json_response(wrong.document, status=wrong.status)
        assert isinstance(answer, web.Response)
        return answer

    def _generic(self, request: web.BaseRequest, body: bytes, document: dict[str, Any]) -> web.Response:
        if self.signed:
            parts = dict(part.split("=", 1) for part in request.headers.get("X-Regferry-Signature", "=").split(","))
            expected = hmac.new(SECRET.encode(), f"{parts.get('t')}.".encode() + body, hashlib.sha256).hexdigest()
            _hold(parts.get("v1") == expected, 401, "wrong signature")
        self.documents.append(document)
        self.texts.append(("generic", document["text"]))
        return web.Response(status=204)

    def _slack(self, request: web.BaseRequest, body: bytes, document: dict[str, Any]) -> web.Response:
        """https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""
        _hold(set(document) == {"text"}, 400, "invalid_payload")
        _hold("<!" not in document["text"] and "<@" not in document["text"], 400, "it calls everybody")
        self.texts.append(("slack", document["text"]))
        return web.Response(text="ok")

    def _dingtalk(self, request: web.BaseRequest, body: bytes, document: dict[str, Any]) -> web.Response:
        """https://open.dingtalk.com/document/robots/customize-robot-security-settings"""
        _hold(request.query.get("access_token") == TOKEN, 200, "token is not exist", errcode=300005)
        if self.signed:
            stamp = request.query.get("timestamp", "0")
            key = SECRET.encode()
            digest = hmac.new(key, f"{stamp}\n{SECRET}".encode(), digestmod=hashlib.sha256).digest()
            _hold(abs(time.time() * 1000 - int(stamp)) < _HOUR * 1000, 200, "timestamp", errcode=310000)
            _hold(request.query.get("sign") == base64.b64encode(digest).decode(), 200, "sign not match", errcode=310000)
        _hold(document["msgtype"] == "text" and set(document) == {"msgtype", "text"}, 200, "param", errcode=40035)
        self.texts.append(("dingtalk", document["text"]["content"]))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _wecom(self, request: web.BaseRequest, body: bytes, document: dict[str, Any]) -> web.Response:
        """https://developer.work.weixin.qq.com/document/path/91770"""
        _hold(request.query.get("key") == TOKEN, 200, "invalid webhook url", errcode=93000)
        _hold(document["msgtype"] == "text", 200, "invalid message type", errcode=40008)
        content = document["text"]["content"]
        _hold(len(content.encode()) <= 2048, 200, "content exceed max length", errcode=40058)
        _hold("<@" not in content, 200, "it calls somebody", errcode=1)
        self.texts.append(("wecom", content))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _feishu(self, request: web.BaseRequest, body: bytes, document: dict[str, Any]) -> web.Response:
        """https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""
        if self.signed:
            stamp = document.get("timestamp", "0")
            _hold(abs(time.time() - int(stamp)) < _HOUR, 200, "sign match fail", code=19021)
            digest = hmac.new(f"{stamp}\n{SECRET}".encode(), b"", digestmod=hashlib.sha256).digest()
            _hold(document.get("sign") == base64.b64encode(digest).decode(), 200, "sign match fail", code=19021)
        _hold(document["msg_type"] == "text", 200, "Bad Request", code=9499)
        _hold("<at" not in document["content"]["text"], 200, "it calls everybody", code=1)
        self.texts.append(("feishu", document["content"]["text"]))
        return web.json_response({"code": 0, "msg": "success", "data": {}})


class Wrong(Exception):
    """A message that the chat would not take."""

    def __init__(self, status: int, message: str, **codes: int) -> None:
        super().__init__(message)
        self.status = status
        self.document = {**codes, **({"errmsg": message} if "errcode" in codes else {"msg": message})}


def _hold(right: bool, status: int, message: str, **codes: int) -> None:
    if not right:
        raise Wrong(status, message, **codes)
