"""A token server for the registry's `token` authentication (distribution documentation, "Token authentication").

Issues RS256 tokens whose `x5c` header carries the signing certificate, which is what docker-registry 2.8 verifies
against its `rootcertbundle`. It keeps a record of every request and of everything it did not like.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

SERVICE = "registry.test"
ISSUER = "regferry tests"
REGISTRY_LEEWAY = 60.0
"""Seconds docker-registry 2.8 still accepts a token after its `exp`."""

_SCOPE = re.compile(r"(?P<type>[a-z]+)(?:\([a-z]+\))?:(?P<name>[^ ]+):(?P<actions>[a-z*]+(?:,[a-z*]+)*)")
ALL_ACTIONS = frozenset({"pull", "push", "delete", "*"})


@dataclass(frozen=True)
class Account:
    """A user of the token server: `grants` maps a repository pattern (full match) to the actions allowed there."""

    password: str
    grants: Mapping[str, frozenset[str]] = field(default_factory=lambda: {".*": ALL_ACTIONS})


@dataclass(frozen=True)
class TokenRequest:
    """One request as it came in: who, over which method, the scopes asked for, and the status of the answer."""

    method: str
    user: str
    scopes: tuple[str, ...]
    status: int


class TokenServer:
    """A running token server on loopback.

    `lifetime` is how many seconds the registry accepts a token (its leeway is taken off `exp`), `announced` the
    `expires_in` the client is told (None is the same). `anonymous` grants are what comes without a user.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        anonymous: Mapping[str, frozenset[str]] | None = None,
        lifetime: float = 300,
        announced: int | None = None,
    ) -> None:
        self.accounts = dict(accounts)
        self.anonymous = dict(anonymous or {})
        self.lifetime = lifetime
        self.announced = int(lifetime) if announced is None else announced
        self.requests: list[TokenRequest] = []
        self.complaints: list[str] = []
        self.refresh_tokens: dict[str, str] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _self_signed(self._key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def realm(self) -> str:
        """The URL a registry names in its Bearer challenge."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/token"

    def write_certificate(self, path: Path) -> None:
        """Write the signing certificate as PEM, for the registry's `rootcertbundle`."""
        path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def mint(self, access: Sequence[tuple[str, str, Sequence[str]]], subject: str = "tests") -> str:
        """Return a token for `(type, name, actions)` triples, without asking who wants it."""
        now = time.time()
        header = {
            "typ": "JWT",
            "alg": "RS256",
            "x5c": [base64.b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()],
        }
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": SERVICE,
            "exp": int(now + self.lifetime - REGISTRY_LEEWAY),
            "nbf": int(now) - 60,
            "iat": int(now),
            "jti": secrets.token_hex(8),
            "access": [{"type": kind, "name": name, "actions": sorted(actions)} for kind, name, actions in access],
        }
        signed = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"

    def grant(self, user: str, scope: str) -> tuple[str, str, list[str]] | None:
        """Return the part of `scope` this user may have, or None when the scope is malformed."""
        match = _SCOPE.fullmatch(scope)
        if match is None:
            self.complaints.append(f"malformed scope {scope!r}")
            return None
        grants = self.accounts[user].grants if user else self.anonymous
        asked = set(match["actions"].split(","))
        allowed: set[str] = set()
        for pattern, actions in grants.items():
            if re.fullmatch(pattern, match["name"]):
                allowed |= asked & actions
        return match["type"], match["name"], sorted(allowed)


def _handler_for(server: TokenServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            self._check_service(query)
            scopes = tuple(scope for value in query.get("scope", []) for scope in value.split(" ") if scope)
            user = self._basic_user()
            if user is None:
                self._answer(401, "", scopes, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]})
                return
            self._issue(user, scopes)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
            self._check_service(form)
            scopes = tuple(scope for value in form.get("scope", []) for scope in value.split(" ") if scope)
            if "client_id" not in form:
                server.complaints.append("POST without client_id")
            user = self._form_user(form)
            if user is None:
                self._answer(401, "", scopes, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong grant"}]})
                return
            self._issue(user, scopes)

        def _form_user(self, form: dict[str, list[str]]) -> str | None:
            if form.get("grant_type") == ["refresh_token"]:
                return server.refresh_tokens.get(form.get("refresh_token", [""])[0])
            if form.get("grant_type") == ["password"]:
                return _known(form.get("username", [""])[0], form.get("password", [""])[0])
            server.complaints.append(f"unknown grant_type {form.get('grant_type')}")
            return None

        def _basic_user(self) -> str | None:
            """Return the user of the Basic header, '' for anonymous, None when the password is wrong."""
            header = self.headers.get("Authorization")
            if header is None:
                return ""
            scheme, _, value = header.partition(" ")
            if scheme.lower() != "basic":
                server.complaints.append(f"the token server was sent {scheme} credentials")
                return None
            name, _, password = base64.b64decode(value).decode().partition(":")
            return _known(name, password)

        def _check_service(self, fields: dict[str, list[str]]) -> None:
            if fields.get("service") != [SERVICE]:
                server.complaints.append(f"asked for service {fields.get('service')}, the challenge said {SERVICE}")

        def _issue(self, user: str, scopes: tuple[str, ...]) -> None:
            granted = [grant for scope in scopes if (grant := server.grant(user, scope)) is not None]
            token = server.mint(granted, user or "anonymous")
            issued = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            body = {"token": token, "access_token": "", "expires_in": server.announced, "issued_at": issued}
            self._answer(200, user, scopes, body)

        def _answer(self, status: int, user: str, scopes: tuple[str, ...], body: object) -> None:
            server.requests.append(TokenRequest(self.command, user, scopes, status))
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output quiet: what matters is in `TokenServer.requests`."""

    def _known(name: str, password: str) -> str | None:
        account = server.accounts.get(name)
        return name if account is not None and account.password == password else None

    return Handler


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
