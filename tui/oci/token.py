"""Bearer tokens: fetching, caching and refreshing (distribution project, "Token Authentication Specification")."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tui.oci.access import Credential
from tui.oci.answers import Answer, error_of, refused_words, registry_words
from tui.oci.errors import ServerError, Unauthenticated
from tui.oci.saying import N_

CLIENT_ID = "regferry"
_DEFAULT_LIFE = 60.0
_LONGEST_LIFE = 24 * 3600.0
# RFC 6750 allows less; this is what may stand in a header.
_SENDABLE = re.compile(r"[\x21-\x7e]+")
_KNOWS_NO_POST = frozenset({400, 401, 404, 405})

Send = Callable[[str, str, Mapping[str, str], bytes], Coroutine[Any, Any, Answer]]
"""method, URL, headers, body -> answer; without authentication of its own."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the local monotonic time after which to fetch another."""

    value: str
    refresh_at: float

    @property
    def fresh(self) -> bool:
        """Whether it is still worth sending."""
        return time.monotonic() < self.refresh_at


def basic_header(credential: Credential) -> str:
    """Return the value of a Basic `Authorization` header (RFC 7617)."""
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


async def fetch_token(
    send: Send,
    realm: str,
    service: str,
    scopes: tuple[str, ...],
    credential: Credential | None,
    endpoint: str,
) -> Token:
    """Fetch a token for `scopes` from the token server at `realm`.

    An identity token goes by POST (OAuth2), a user name and password by GET with Basic, as the specification says;
    a server that does not know POST is asked by GET when there is a password too. Raises Unauthenticated when the
    credential is refused (its `status` is 401 when that is what the server answered), ServerError for an answer that
    is no token.
    """
    asked_at = time.monotonic()
    if credential is not None and credential.identity_token:
        answer = await _by_post(send, realm, service, scopes, credential.identity_token)
        if answer.status in _KNOWS_NO_POST and credential.username and credential.password:
            answer = await _by_get(send, realm, service, scopes, credential)
    else:
        answer = await _by_get(send, realm, service, scopes, credential)
    if answer.status in (401, 403) or (answer.status == 400 and credential is not None):
        user = credential.username if credential else ""
        code, said = registry_words(answer.body)
        anybody = N_("the token server refused the login")
        somebody = N_("the token server refused the login for user {user!r}")
        message = refused_words(anybody, somebody, user, said)
        raise Unauthenticated(message, endpoint=endpoint, status=answer.status, code=code)
    if answer.status != 200:
        raise error_of(answer, endpoint=endpoint, reference="", action=N_("get a token"))
    return _read(answer, asked_at, endpoint)


async def _by_get(
    send: Send, realm: str, service: str, scopes: tuple[str, ...], credential: Credential | None
) -> Answer:
    parts = urlsplit(realm)
    query = parse_qsl(parts.query, keep_blank_values=True)
    query += [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {}
    if credential is not None and credential.username and (credential.password or not credential.identity_token):
        query.append(("account", credential.username))
        headers["Authorization"] = basic_header(credential)
    query.append(("client_id", CLIENT_ID))
    return await send("GET", urlunsplit(parts._replace(query=urlencode(query))), headers, b"")


async def _by_post(send: Send, realm: str, service: str, scopes: tuple[str, ...], refresh_token: str) -> Answer:
    form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": refresh_token}
    form |= {"service": service} if service else {}
    form |= {"scope": " ".join(scopes)} if scopes else {}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await send("POST", realm, headers, urlencode(form).encode())


def _read(answer: Answer, asked_at: float, endpoint: str) -> Token:
    document = answer.json(N_("a token"))
    if not isinstance(document, dict):
        raise ServerError(N_("the token server's answer is not a JSON object"), endpoint=endpoint)
    # Harbor sends both names with one of them empty.
    value = next((v for v in (document.get("token"), document.get("access_token")) if isinstance(v, str) and v), "")
    if not value:
        raise ServerError(N_("the token server's answer holds no token"), endpoint=endpoint)
    if _SENDABLE.fullmatch(value) is None:
        raise ServerError(N_("the token server's answer holds a token that no header can carry"), endpoint=endpoint)
    life = document.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int | float) or not life > 0:
        life = _DEFAULT_LIFE
    seconds = float(min(life, _LONGEST_LIFE))
    return Token(value, asked_at + seconds - min(30.0, 0.2 * seconds))
