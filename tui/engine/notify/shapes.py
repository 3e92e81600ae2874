"""A message in the form each chat takes, signed where it wants that, and what its answer means.

generic   the whole document as JSON; with a secret `X-Regferry-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 of
          `<seconds>.<body>`
slack     docs.slack.dev, "Sending messages using incoming webhooks"; `&`, `<` and `>` escaped as "Formatting message
          text" wants it, which also takes away the meaning of `<!channel>`
dingtalk  open.dingtalk.com, "Custom robot security settings": HMAC-SHA256 with the secret as the key over
          `<milliseconds>\\n<secret>`, Base64, as `timestamp` and `sign` in the query
wecom     developer.work.weixin.qq.com/document/path/91770: text of at most 2048 bytes
feishu    open.feishu.cn, "Custom bot usage guide": HMAC-SHA256 with `<seconds>\\n<secret>` as the key over nothing,
          Base64, as `timestamp` and `sign` in the body
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tui.engine.notify.message import Message
from tui.plan.notify import Shape

MAX_TEXT = 2000
"""Bytes of a text; WeCom takes the least, 2048."""
_BUSY = frozenset({45009, 9499, 11232, 130101, 410100, 660026})
"""Codes of too many messages in a minute: WeCom 45009; Feishu 9499, 11232; DingTalk 130101, 410100, 660026."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One request: what is added to the address, the body and its own headers."""

    body: bytes
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def posting(shape: Shape, message: Message, secret: str, now: float) -> Posting:
    """Return the request for a message at the time `now` (seconds since the epoch); '' signs nothing."""
    return _SHAPES[shape](message, secret, now)


def refusal(shape: Shape, body: bytes) -> tuple[str, bool]:
    """Return why an answer with status 200 is no success all the same, and whether another try may do; '' for success.

    Three of them answer 200 to everything and say it in the body: `errcode` (DingTalk, WeCom), `code` (Feishu).
    """
    if shape in ("generic", "slack"):
        return "", False
    try:
        document = json.loads(body)
        code = (
            document["errcode"] if shape in ("dingtalk", "wecom") else document.get("code", document.get("StatusCode"))
        )
        said = str(document.get("errmsg") or document.get("msg") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the answer is not the one it gives", False
    return ("", False) if code == 0 else (f"{said} ({code})", code in _BUSY)


def _generic(message: Message, secret: str, now: float) -> Posting:
    body = _json(message.document)
    if not secret:
        return Posting(body)
    signed = hmac.new(secret.encode(), f"{int(now)}.".encode() + body, hashlib.sha256).hexdigest()
    return Posting(body, headers={"X-Regferry-Signature": f"t={int(now)},v1={signed}"})


def _slack(message: Message, secret: str, now: float) -> Posting:
    text = message.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Posting(_json({"text": text}))


def _dingtalk(message: Message, secret: str, now: float) -> Posting:
    body = _json({"msgtype": "text", "text": {"content": _plain(message.text)}})
    if not secret:
        return Posting(body)
    stamp = str(int(now * 1000))
    sign = _hmac(secret, f"{stamp}\n{secret}")
    return Posting(body, (("timestamp", stamp), ("sign", sign)))


def _wecom(message: Message, secret: str, now: float) -> Posting:
    return Posting(_json({"msgtype": "text", "text": {"content": _plain(message.text)}}))


def _feishu(message: Message, secret: str, now: float) -> Posting:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": _plain(message.text)}}
    if secret:
        stamp = str(int(now))
        body = {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{secret}", ""), **body}
    return Posting(_json(body))


_SHAPES: Mapping[Shape, Callable[[Message, str, float], Posting]] = {
    "generic": _generic,
    "slack": _slack,
    "dingtalk": _dingtalk,
    "wecom": _wecom,
    "feishu": _feishu,
}


def _plain(text: str) -> str:
    """Return a text that calls nobody (`<at user_id="all">`, `<@userid>`), short enough for all of them."""
    body = text.replace("<", "‹").replace(">", "›").encode()
    return text_of(body) if len(body) <= MAX_TEXT else f"{text_of(body[: MAX_TEXT - 3])}…"


def text_of(body: bytes) -> str:
    """Return the text of bytes that may end in the middle of a character."""
    return body.decode("utf-8", "ignore")


def query_text(query: tuple[tuple[str, str], ...]) -> str:
    """Return a query encoded as DingTalk wants it (`+` and `/` of Base64 as well), without a `?`."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)


def _hmac(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
