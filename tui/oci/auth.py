"""One place for authentication: which header to send for which scopes, and what to do about a 401."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urljoin

from tui.oci.access import Credential
from tui.oci.challenge import Challenge
from tui.oci.errors import Denied, RegistryError, Unauthenticated
from tui.oci.token import Send, Token, basic_header, fetch_token
from tui.oci.trust import check_realm

Scopes = tuple[str, ...]


def repository_scope(path: str, *actions: str) -> str:
    """Return the scope for `actions` on a repository (token specification, "Resource Scope Grammar")."""
    return f"repository:{path}:{','.join(actions)}"


CATALOG_SCOPE = "registry:catalog:*"


class Authenticator:
    """Knows the registry's challenge and credential, and holds the tokens, one per set of scopes."""

    def __init__(self, endpoint: str, credential: Credential | None, send: Send) -> None:
        self._endpoint = endpoint
        self._credential = credential
        self._send = send
        self._challenge: Challenge | None = None
        self._base_url = ""
        self._tokens: dict[Scopes, Token] = {}
        self._fetching: dict[Scopes, asyncio.Task[Token]] = {}
        self._wider: dict[Scopes, Scopes] = {}

    def learn(self, challenges: Sequence[Challenge], url: str) -> None:
        """Remember how the registry wants to be logged in to; Bearer goes before Basic when it offers both."""
        offered = {challenge.scheme: challenge for challenge in challenges}
        self._challenge = offered.get("bearer") or offered.get("basic")
        self._base_url = url

    async def header(self, scopes: Scopes) -> str:
        """Return the `Authorization` header for a request that needs `scopes`, '' for none."""
        if self._credential is not None and self._credential.registry_token:
            return f"Bearer {self._credential.registry_token}"
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            return basic_header(self._credential) if self._credential and self._credential.username else ""
        token = await self._token(self._wider.get(scopes, scopes))
        return f"Bearer {token.value}"

    async def after_refusal(self, scopes: Scopes, sent: str, challenges: Sequence[Challenge], url: str) -> str | None:
        """Return another header to try after a 401, or None when there is nothing better to send."""
        bearer = next((challenge for challenge in challenges if challenge.scheme == "bearer"), None)
        if self._challenge is None:
            self.learn(challenges, url)
            return await self.header(scopes) or None
        if self._challenge.scheme == "basic":
            # A registry that took no login on `/v2/` may still want a token for a repository.
            if bearer is not None and not sent.startswith("Bearer "):
                self.learn(challenges, url)
                return await self.header(scopes)
            return None if sent else (await self.header(scopes) or None)
        # Harbor puts a Basic challenge on a refused token: the Bearer realm that was learnt stays.
        wanted = self._scopes_of(bearer)
        asked = self._wider.get(scopes, scopes)
        if wanted - set(asked):
            self._wider[scopes] = (*asked, *sorted(wanted - set(asked)))
        current = self._tokens.get(self._wider.get(scopes, scopes))
        if current is not None and sent == f"Bearer {current.value}":
            del self._tokens[self._wider.get(scopes, scopes)]
        return await self.header(scopes)

    def refusal(self, scopes: Scopes, error: RegistryError) -> RegistryError:
        """Return what a 401 after all tries means: no login, a refused login, or no permission."""
        anonymous = self._credential is None or not (
            self._credential.username or self._credential.identity_token or self._credential.registry_token
        )
        kind: type[RegistryError] = Unauthenticated
        hint = ""
        if anonymous:
            hint = "add a login for this registry (regferry endpoint login, or docker login), or check the name"
        elif self._challenge is not None and self._challenge.scheme == "bearer":
            kind = Denied
            needed = ", ".join(scopes) or "not said"
            hint = f"the account is known but lacks a permission (needed: {needed}), or the name is wrong"
        return kind(
            error.message,
            endpoint=error.endpoint,
            reference=error.reference,
            status=error.status,
            code=error.code,
            hint=hint,
        )

    def _scopes_of(self, challenge: Challenge | None) -> set[str]:
        return set(challenge.parameters.get("scope", "").split()) if challenge is not None else set()

    async def _token(self, scopes: Scopes) -> Token:
        token = self._tokens.get(scopes)
        if token is not None and token.fresh:
            return token
        fetching = self._fetching.get(scopes)
        if fetching is None:
            fetching = asyncio.create_task(self._fetch(scopes))
            self._fetching[scopes] = fetching
            fetching.add_done_callback(lambda _: self._fetching.pop(scopes, None))
        # One fetch serves all who wait; one of them going away must not stop it for the others.
        return await asyncio.shield(fetching)

    async def _fetch(self, scopes: Scopes) -> Token:
        assert self._challenge is not None
        parameters = self._challenge.parameters
        realm = urljoin(self._base_url, parameters.get("realm", ""))
        check_realm(realm, self._base_url, self._endpoint)
        token = await fetch_token(
            self._send, realm, parameters.get("service", ""), scopes, self._credential, self._endpoint
        )
        self._tokens[scopes] = token
        return token
