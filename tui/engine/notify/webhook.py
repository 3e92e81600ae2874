"""Sending a message to a webhook: to its own host only, tried a few times, its address never in any words."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tui.engine.notify.message import Message
from tui.engine.notify.shapes import posting, query_text, refusal
from tui.oci.access import Connection, Scheme
from tui.oci.answers import Answer
from tui.oci.errors import PolicyRefused, RegistryError, Throttled, UntrustedAnswer
from tui.oci.exchange import REDIRECTS
from tui.oci.retry import RetryPolicy
from tui.plan.notify import Shape
from tui.providers.api.call import ApiCall, Outgoing
from tui.providers.api.client import ApiClient

SECONDS = 60.0
"""How long a message may take with all its tries."""
A_LITTLE = RetryPolicy(tries=3, base=1.0, cap=5.0, throttled_total=30.0)
_ACCEPTED = frozenset({200, 201, 202, 204})
_LEAST_SECRET = 6


class NotSent(Exception):
    """Nobody was told. The message says why, without the address; `hint` is the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages go, in which form, and the secret to sign them with ('' for none)."""

    url: str = field(repr=False)
    shape: Shape = "generic"
    secret: str = field(default="", repr=False)


async def send(hook: Webhook, message: Message, retry: RetryPolicy = A_LITTLE) -> None:
    """Send a message. Raises NotSent."""
    connection, path = _way(hook.url)
    call = ApiCall("POST", path, "send the notification", accept=_ACCEPTED, repeatable=True)

    def sign(outgoing: Outgoing) -> Outgoing:
        made = posting(hook.shape, message, hook.secret, time.time())
        added = query_text(made.query)
        url = f"{outgoing.url}{'&' if '?' in outgoing.url else '?'}{added}" if added else outgoing.url
        headers = {**outgoing.headers, "Content-Type": "application/json; charset=utf-8", **made.headers}
        return Outgoing("POST", url, headers, made.body)

    def judge(answer: Answer, call: ApiCall) -> RegistryError | None:
        if answer.status not in _ACCEPTED:
            return client.refused(answer, call)
        why, busy = refusal(hook.shape, answer.body)
        if not why:
            return None
        kind = Throttled if busy else PolicyRefused
        return kind(f"it answers: {why}", endpoint=connection.registry, hint=_HINTS.get(hook.shape, ""))

    try:
        async with asyncio.timeout(SECONDS), ApiClient(connection, sign=sign, judge=judge, retry=retry) as client:
            await client.send(call)
    except TimeoutError:
        raise NotSent(f"{connection.registry}: no answer within {SECONDS:.0f} seconds") from None
    except UntrustedAnswer as error:
        # Where it sends us may repeat the address.
        said = "it sends us elsewhere" if error.status in REDIRECTS else _redacted(error.message, hook)
        raise NotSent(f"{connection.registry}: {said}", "check the address") from None
    except RegistryError as error:
        raise NotSent(_redacted(str(error), hook), _redacted(error.hint, hook)) from None


_HINTS = {
    "dingtalk": "check the keyword, the addresses and the signing of the robot's security settings, and this clock",
    "feishu": "check the keyword, the addresses and the signature check of the bot, and the clock of this machine",
    "wecom": "check that the robot is still in the group, and sends less than 20 messages a minute",
}


def _way(url: str) -> tuple[Connection, str]:
    """Return the connection and the path with its query. Raises NotSent, which does not repeat the address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or not url.isascii():
        raise NotSent("the address is not https://host/path", "look at the variable that holds it")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    registry = f"{host}:{port}" if port else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme: Scheme = "http" if parts.scheme == "http" else "https"
    return Connection(registry, scheme=scheme, ca_files=_ca_files(registry)), path


def _ca_files(host: str) -> tuple[Path, ...]:
    from tui.endpoints.certs import certificate_roots, find_certificates

    return find_certificates(host, certificate_roots()).ca_files


def _redacted(text: str, hook: Webhook) -> str:
    """Return a text without the parts of the address that are secret, in case somebody sent them back."""
    parts = urlsplit(hook.url)
    pieces = [hook.url, hook.secret, parts.query, parts.path]
    pieces += [piece.rpartition("=")[2] for piece in parts.query.split("&")] + parts.path.split("/")
    for piece in sorted(set(pieces), key=len, reverse=True):
        if len(piece) >= _LEAST_SECRET:
            text = text.replace(piece, "***")
    return text
