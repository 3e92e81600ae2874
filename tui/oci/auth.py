"""One place for authentication: which header to send for which scopes, and what to do about a 401."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from tui.oci.access import Credential, TemporaryLogin
from tui.oci.answers import Answer, refused_words, registry_words
from tui.oci.challenge import Challenge
from tui.oci.errors import Denied, RegistryError, ServerError, Unauthenticated
from tui.oci.lockout import LoginGuard
from tui.oci.saying import N_, phrase
from tui.oci.token import Send, Token, basic_header, fetch_token
from tui.oci.trust import check_realm, resolve

Scopes = tuple[str, ...]

_SCOPE = re.compile(r"[a-z]+(?:\([a-z]+\))?:[^\s:,]+(?::[0-9]+[^\s:,]*)?:[a-z*]+(?:,[a-z*]+)*")
_MOST_SCOPES = 8
_NO_TURN: AbstractAsyncContextManager[None] = nullcontext()


def repository_scope(path: str, *actions: str) -> str:
    """Return the scope for `actions` on a repository (token specification, "Resource Scope Grammar")."""
    return f"repository:{path}:{','.join(actions)}"


CATALOG_SCOPE = "registry:catalog:*"


class Authenticator:
    """Knows the registry's challenge and credential, and holds the tokens, one per set of scopes.

    With `temporary` the credential is what that lends at the time, and `credential` is not used.
    """

    def __init__(
        self, endpoint: str, credential: Credential | None, send: Send, temporary: TemporaryLogin | None = None
    ) -> None:
        credential = None if temporary is not None else credential
        self._endpoint = endpoint
        self._credential = credential
        self._temporary = temporary
        self._send = send
        self._guard = LoginGuard()
        self._login = _login_header(credential)
        self._challenge: Challenge | None = None
        self._base_url = ""
        self._tokens: dict[Scopes, Token] = {}
        self._fetching: dict[Scopes, asyncio.Task[Token]] = {}
        self._wider: dict[Scopes, Scopes] = {}

    @property
    def challenge(self) -> Challenge | None:
        """What was learnt of how the registry wants to be logged in to."""
        return self._challenge

    def close(self) -> None:
        """Stop fetching tokens."""
        for task in self._fetching.values():
            task.cancel()

    def learn(self, challenges: Sequence[Challenge], url: str) -> None:
        """Remember how the registry wants to be logged in to; Bearer goes before Basic when it offers both."""
        offered = {challenge.scheme: challenge for challenge in reversed(challenges)}
        self._challenge = offered.get("bearer") or offered.get("basic")
        self._base_url = url

    async def header(self, scopes: Scopes) -> str:
        """Return the `Authorization` header for a request that needs `scopes`, '' for none."""
        if self._credential is not None and self._credential.registry_token:
            return self._login
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            await self._renew()
            return self._login
        token = await self._token(self._wider.get(scopes, scopes))
        return f"Bearer {token.value}"

    def turn(self, header: str) -> AbstractAsyncContextManager[None]:
        """Return what to surround a request with `header` by; costs nothing unless it carries the login itself.

        Raises Unauthenticated on entering when this login was refused before.
        """
        return self._guard.turn() if header and header == self._login else _NO_TURN

    def judge(self, header: str, status: int, refused: Answer | None, challenges: Sequence[Challenge]) -> None:
        """Take note of how the registry answered a request with `header`.

        Raises Unauthenticated when it refused the login for good.
        """
        if not header or header != self._login:
            return
        if refused is None:
            if status < 500 and status != 429:
                self._guard.accept()
        elif self._another(self._credential):
            return
        elif not any(challenge.parameters.get("error") == "insufficient_scope" for challenge in challenges):
            code, said = registry_words(refused.body)
            user = self._credential.username if self._credential else ""
            anybody = N_("the registry refused the login")
            somebody = N_("the registry refused the login for user {user!r}")
            message = refused_words(anybody, somebody, user, said)
            self._guard.refuse(Unauthenticated(message, endpoint=self._endpoint, status=status, code=code))

    async def after_refusal(
        self, scopes: Scopes, sent: str, challenges: Sequence[Challenge], url: str, *, again: bool = False
    ) -> str | None:
        """Return another header to try after a 401, or None when there is nothing better to send.

        `again` says that it is the second refusal of one request: a fresh token is then worth fetching only when the
        registry asks for more than the last one allowed.
        """
        bearer = next((challenge for challenge in challenges if challenge.scheme == "bearer"), None)
        if self._challenge is None:
            self.learn(challenges, url)
            return await self.header(scopes) or None
        if self._challenge.scheme == "basic":
            # A registry that took no login on `/v2/` may still want a token for a repository.
            if bearer is not None and not sent.startswith("Bearer "):
                self.learn(challenges, url)
                return await self.header(scopes)
            login = await self.header(scopes)
            return login if login != sent else None
        # Harbor puts a Basic challenge on a refused token: the Bearer realm that was learnt stays.
        asked = self._wider.get(scopes, scopes)
        wider = self._widened(asked, bearer)
        if wider != asked:
            self._wider[scopes] = wider
        elif again and sent:
            return None
        current = self._tokens.get(wider)
        if current is not None and sent == f"Bearer {current.value}":
            del self._tokens[wider]
        return await self.header(scopes)

    def refusal(self, scopes: Scopes, error: RegistryError) -> RegistryError:
        """Return what a 401 after all tries means: no login, a refused login, or no permission."""
        anonymous = self._temporary is None and (
            self._credential is None
            or not (self._credential.username or self._credential.identity_token or self._credential.registry_token)
        )
        kind: type[RegistryError] = Unauthenticated
        hint = ""
        if anonymous:
            hint = N_("add a login for this registry (regferry endpoint login, or docker login), or check the name")
        elif self._challenge is not None and self._challenge.scheme == "bearer":
            kind = Denied
            needed = ", ".join(scopes) or N_("not said")
            hint = phrase(
                "the account is known but lacks a permission (needed: {needed}), or the name is wrong", needed=needed
            )
        return kind(
            error.message,
            endpoint=error.endpoint,
            reference=error.reference,
            status=error.status,
            code=error.code,
            hint=hint,
        )

    def _widened(self, asked: Scopes, challenge: Challenge | None) -> Scopes:
        """Return the scopes asked for with what a challenge wants besides, within reason."""
        if challenge is None:
            return asked
        wanted = set(challenge.parameters.get("scope", "").split()) - set(asked)
        more = sorted(scope for scope in wanted if _SCOPE.fullmatch(scope))
        return (*asked, *more)[: max(_MOST_SCOPES, len(asked))]

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
        if not parameters.get("realm"):
            raise ServerError(N_("the registry wants a token and does not say from where"), endpoint=self._endpoint)
        realm = resolve(self._base_url, parameters["realm"])
        check_realm(realm, self._base_url, self._endpoint)
        token = None
        while token is None:
            await self._renew()
            token = await self._granted(realm, parameters.get("service", ""), scopes)
        self._tokens[scopes] = token
        return token

    async def _granted(self, realm: str, service: str, scopes: Scopes) -> Token | None:
        """Return the token for the login as it is now, None when there is a newer login to try."""
        credential, guard = self._credential, self._guard
        async with guard.turn() if _is_login(credential) else _NO_TURN:
            try:
                token = await fetch_token(self._send, realm, service, scopes, credential, self._endpoint)
            except Unauthenticated as error:
                if error.status == 401 and _is_login(credential):
                    if self._another(credential):
                        return None
                    guard.refuse(error)
                raise
            guard.accept()
        return token

    async def _renew(self) -> None:
        """Take over the login that is lent now. Another login is a new one to the guard as well."""
        if self._temporary is None:
            return
        credential = await self._temporary.current()
        if credential != self._credential:
            self._credential = credential
            self._login = _login_header(credential)
            self._guard = LoginGuard()

    def _another(self, credential: Credential | None) -> bool:
        """Return whether there is another login to be had in place of this one, which was just refused."""
        return self._temporary is not None and credential is not None and self._temporary.refused(credential)


def _is_login(credential: Credential | None) -> bool:
    """Return whether a token server would be sent a secret."""
    return credential is not None and bool(credential.username or credential.identity_token)


def _login_header(credential: Credential | None) -> str:
    """Return the header that carries the login itself to the registry, '' when there is none to send.

    An identity token is for the token server only, and its user has no password to try.
    """
    if credential is None:
        return ""
    if credential.registry_token:
        return f"Bearer {credential.registry_token}"
    if credential.username and (credential.password or not credential.identity_token):
        return basic_header(credential)
    return ""
