"""Alibaba Cloud's request signature, version 3 (ACS3-HMAC-SHA256).

Alibaba Cloud OpenAPI documentation, "V3 request syntax and signature method". Both styles of API (RPC, where the
parameters are in the query, and ROA, where they are in path and body) are signed in this one way.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM = "ACS3-HMAC-SHA256"


def canonical_request(method: str, url: str, headers: Mapping[str, str], payload_hash: str) -> tuple[str, str]:
    """Return the canonical request and the names of the signed headers joined by `;`.

    Signed are `host`, `content-type` and everything that begins with `x-acs-`; names of `headers` in any case.
    """
    parts = urlsplit(url)
    query = sorted((_encoded(key), _encoded(value)) for key, value in parse_qsl(parts.query, keep_blank_values=True))
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    signed = sorted(name for name in lower if name in ("host", "content-type") or name.startswith("x-acs-"))
    names = ";".join(signed)
    lines = [
        method,
        parts.path or "/",
        "&".join(f"{key}={value}" for key, value in query),
        *(f"{name}:{lower[name]}" for name in signed),
        "",
        names,
        payload_hash,
    ]
    return "\n".join(lines), names


def signature(secret: str, canonical: str) -> str:
    """Return the signature of a canonical request, in hexadecimal digits."""
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def payload_hash(body: bytes) -> str:
    """Return what `x-acs-content-sha256` says of a body."""
    return hashlib.sha256(body).hexdigest()


def authorization(key_id: str, secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the `Authorization` header of a request with these headers (`host` among them)."""
    canonical, names = canonical_request(method, url, headers, payload_hash(body))
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature(secret, canonical)}"


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
