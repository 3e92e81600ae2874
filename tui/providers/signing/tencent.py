"""Tencent Cloud's request signature (TC3-HMAC-SHA256).

Tencent Cloud API documentation, "Signature method v3". Every request is a POST of JSON to `/`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED = ("content-type", "host", "x-tc-action")


def canonical_request(headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """Return the canonical request and the names of the signed headers joined by `;`.

    Signed are `content-type`, `host` and, if it is among `headers`, `x-tc-action`; names in lower case.
    """
    signed = [name for name in _SIGNED if name in headers]
    names = ";".join(signed)
    lines = [
        "POST",
        "/",
        "",
        *(f"{name}:{headers[name].strip().lower()}" for name in signed),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    ]
    return "\n".join(lines), names


def scope_of(service: str, timestamp: int) -> str:
    """Return the credential scope of a time in Unix seconds: its date is that of UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}/{service}/tc3_request"


def signing_key(secret: str, scope: str) -> bytes:
    """Return the key for one date and service."""
    key = f"TC3{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signature(secret: str, service: str, timestamp: int, canonical: str) -> str:
    """Return the signature of a canonical request, in hexadecimal digits."""
    scope = scope_of(service, timestamp)
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(signing_key(secret, scope), to_sign.encode(), hashlib.sha256).hexdigest()


def authorization(
    key_id: str, secret: str, service: str, timestamp: int, headers: Mapping[str, str], body: bytes
) -> str:
    """Return the `Authorization` header of a request with these headers (lower case names)."""
    canonical, names = canonical_request(headers, body)
    signed = signature(secret, service, timestamp, canonical)
    credential = f"{key_id}/{scope_of(service, timestamp)}"
    return f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signed}"
