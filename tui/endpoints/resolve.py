"""Who we are at a registry, and how to reach it: from flags, plan files, endpoints and docker logins to an Access."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tui.endpoints.access_keys import Lender, is_access_key
from tui.endpoints.addresses import default_scheme, registry_key
from tui.endpoints.certs import Certificates, certificate_roots, find_certificates
from tui.endpoints.docker_login import DockerLogins
from tui.endpoints.errors import EndpointsError, LoginError
from tui.endpoints.file import find
from tui.endpoints.helpers import HELPER
from tui.endpoints.model import Endpoint
from tui.endpoints.origins import NO_OVERRIDE, AuthEntry, CredentialSource, Override
from tui.oci.access import Access, Connection, Credential, TemporaryLogin
from tui.oci.errors import Unauthenticated
from tui.oci.lending import Lent, RenewedLogin
from tui.oci.place import is_place
from tui.oci.reference import Repository
from tui.oci.saying import N_, phrase

_HELPER_ASKED_EVERY = 1800.0
"""Seconds; helpers keep what they have been lent themselves, and do not say how long it is good."""
_log = logging.getLogger(__name__)


class AccessResolver:
    """Answers how to reach a repository and as whom, and remembers the answer, or why there is none, until `forget`.

    The first that knows wins: `override`, the longest matching entry of `lookup`, an endpoint with that address
    (the one called `account`, else the first), a docker or podman login, anonymous. `certs.d` folders add to every
    connection. `warn` is told, once each, about logins that could not be read when going on without them. `lender` is
    asked about endpoints whose secret is an access key; without one they cannot be used.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint] = (),
        stores: CredentialSource | None = None,
        *,
        lookup: Callable[[Repository], AuthEntry | None] | None = None,
        override: Override = NO_OVERRIDE,
        account: str = "",
        environ: Mapping[str, str] = os.environ,
        cert_roots: Sequence[Path] | None = None,
        warn: Callable[[str], None] = _log.warning,
        lender: Lender | None = None,
    ) -> None:
        self._endpoints = tuple(endpoints)
        self._stores = stores
        self._lookup = lookup
        self._override = override
        self._account = account
        hidden = {name for endpoint in endpoints for name in (endpoint.password_env, endpoint.token_env) if name}
        self._environ = {name: value for name, value in environ.items() if name not in hidden}
        self._cert_roots = certificate_roots(environ) if cert_roots is None else tuple(cert_roots)
        self._warn = warn
        self._lender = lender
        self._shared = _Shared(DockerLogins(self._environ))

    def overridden(self, override: Override = NO_OVERRIDE, account: str = "") -> AccessResolver:
        """Return a resolver for one side of a copy: other flags and account, the same files and remembered answers."""
        other = AccessResolver(
            self._endpoints,
            self._stores,
            lookup=self._lookup,
            override=override,
            account=account,
            environ=self._environ,
            cert_roots=self._cert_roots,
            warn=self._warn,
            lender=self._lender,
        )
        other._shared = self._shared
        return other

    async def access(self, repository: Repository) -> Access:
        """Return the connection and credential for `repository`; equal for repositories that share both.

        Raises Unauthenticated when the configured secret cannot be had (its `__cause__` is the SecretStoreError with
        store, state and next step), LocalError for a certificate without key,
        EndpointsError when `account` names no endpoint of this registry.
        """
        registry = repository.registry
        if is_place(registry):
            return Access(Connection(registry))
        entry = self._lookup(repository) if self._lookup else None
        endpoint = self._endpoint_for(registry)
        if endpoint is not None:
            connection = replace(endpoint.connection(), registry=registry)
        else:
            connection = Connection(registry, scheme=default_scheme(registry))
        if entry is not None and entry.insecure:
            connection = replace(connection, verify=False, scheme="auto")
        connection = self._overriding(self._with_certificates(connection))
        if self._override.credential is not None:
            credential = self._override.credential
            return Access(connection, credential if credential != Credential() else None)
        if entry is not None and entry.username and entry.password:
            return Access(
                connection,
                Credential(entry.username, entry.password, origin=phrase("auth entry {match}", match=entry.match)),
            )
        if endpoint is not None:
            return self._access(endpoint, connection, await self._credential_of(endpoint, repository), repository)
        return self._renewable(None, connection, await self._login(repository), repository)

    async def access_of(self, endpoint: Endpoint) -> Access:
        """Return the access of one endpoint, whatever else is configured. Raises as `access` does."""
        if is_place(endpoint.address):
            return Access(endpoint.connection())
        connection = self._with_certificates(endpoint.connection())
        return self._access(endpoint, connection, await self._credential_of(endpoint), Repository(endpoint.address, ""))

    def forget(self) -> None:
        """Forget remembered answers and failures, because a credential changed or a store was unlocked."""
        self._shared.credentials.clear()
        self._shared.lent.clear()
        self._shared.logins = DockerLogins(self._environ)

    def _endpoint_for(self, registry: str) -> Endpoint | None:
        key = registry_key(registry)
        here = [endpoint for endpoint in self._endpoints if registry_key(endpoint.address) == key]
        if not self._account:
            return here[0] if here else None
        named = find(self._endpoints, self._account)
        if named not in here:
            raise EndpointsError(
                phrase(
                    "the endpoint {name!r} is {address}, not {registry}",
                    name=named.name,
                    address=named.address,
                    registry=registry,
                ),
                hint=N_("name an endpoint of the registry in the reference"),
            )
        return named

    async def _credential_of(self, endpoint: Endpoint, repository: Repository | None = None) -> Credential | None:
        if self._stores and (given := self._stores.given(endpoint)):
            return given
        if endpoint.store == "none":
            return None
        if endpoint.store == "docker":
            credential = await self._login(repository or Repository(endpoint.address, ""), endpoint)
        else:
            credential = await self._stored(endpoint)
        if credential is None and endpoint.username:
            raise Unauthenticated(
                phrase(
                    "no password is known for {username} of the endpoint {name!r}",
                    username=endpoint.username,
                    name=endpoint.name,
                ),
                endpoint=endpoint.address,
                hint=phrase("store it with 'regferry endpoint login {name}'", name=endpoint.name),
            )
        return credential

    def _access(
        self, endpoint: Endpoint, connection: Connection, credential: Credential | None, repository: Repository
    ) -> Access:
        """Return the access with a credential that is a login, or an access key, which is never sent as one."""
        if credential is None or not is_access_key(endpoint, credential.username):
            return self._renewable(endpoint, connection, credential, repository)
        if self._lender is None:
            raise Unauthenticated(
                phrase(
                    "the secret of the endpoint {name!r} is an access key, which is no login for a registry",
                    name=endpoint.name,
                ),
                endpoint=endpoint.address,
                hint=N_("store a password for the registry instead"),
            )
        key = (endpoint.id, connection, credential)
        if key not in self._shared.lent:
            self._shared.lent[key] = self._lender(endpoint, connection, credential)
        return Access(connection, credential, self._shared.lent[key])

    def _renewable(
        self, endpoint: Endpoint | None, connection: Connection, credential: Credential | None, repository: Repository
    ) -> Access:
        """Return the access; a login from a credential helper may be one for a time, so the helper is asked again."""
        helped = credential is not None and credential.origin.startswith(HELPER)
        if credential is None or not helped or (endpoint is not None and endpoint.store != "docker"):
            return Access(connection, credential)

        async def ask() -> Lent:
            logins = DockerLogins(self._environ)
            try:
                found = await (logins.of(endpoint, repository) if endpoint else logins.find(repository))
            except LoginError as error:
                raise Unauthenticated(error.message, endpoint=repository.registry, hint=error.hint) from error
            if found is None:
                raise Unauthenticated(N_("the credential helper has no login any more"), endpoint=repository.registry)
            return Lent(found, renew_in=_HELPER_ASKED_EVERY)

        key = (endpoint.id if endpoint else "", connection, credential)
        if key not in self._shared.lent:
            first = Lent(credential, renew_in=_HELPER_ASKED_EVERY)
            self._shared.lent[key] = RenewedLogin(ask, first=first)
        return Access(connection, credential, self._shared.lent[key])

    async def _stored(self, endpoint: Endpoint) -> Credential | None:
        """Ask the stores once per endpoint, however many tasks want it at the same time.

        A failure is remembered too: thousands of tasks must not each wait for a stuck keyring or ask for a passphrase.
        """
        if self._stores is None:
            return None
        async with self._shared.lock_for(endpoint.id):
            if endpoint.id not in self._shared.credentials:
                try:
                    self._shared.credentials[endpoint.id] = await self._stores.get(endpoint)
                except EndpointsError as error:
                    self._shared.credentials[endpoint.id] = error
            answer = self._shared.credentials[endpoint.id]
        if isinstance(answer, EndpointsError):
            raise Unauthenticated(answer.message, endpoint=endpoint.address, hint=answer.hint) from answer
        return answer

    async def _login(self, repository: Repository, endpoint: Endpoint | None = None) -> Credential | None:
        async with self._shared.lock_for(registry_key(repository.registry)):
            logins = self._shared.logins
            try:
                return await (logins.of(endpoint, repository) if endpoint else logins.find(repository))
            except LoginError as error:
                if error.message not in self._shared.warned:
                    self._shared.warned.add(error.message)
                    words = (
                        phrase("{words}; {hint}", words=error.message, hint=error.hint) if error.hint else error.message
                    )
                    registry = repository.registry
                    self._warn(
                        phrase("{words}. Going on without a login for {registry}.", words=words, registry=registry)
                    )
                return None

    def _with_certificates(self, connection: Connection) -> Connection:
        certificates = self._shared.certificates
        if connection.registry not in certificates:
            certificates[connection.registry] = find_certificates(connection.registry, self._cert_roots)
        found = certificates[connection.registry]
        own = connection.client_cert is not None
        return replace(
            connection,
            ca_files=tuple(dict.fromkeys((*connection.ca_files, *found.ca_files))),
            client_cert=connection.client_cert if own else found.client_cert,
            client_key=connection.client_key if own else found.client_key,
        )

    def _overriding(self, connection: Connection) -> Connection:
        said = self._override
        own = said.client_cert is not None
        return replace(
            connection,
            scheme=said.scheme or connection.scheme,
            verify=connection.verify if said.verify is None else said.verify,
            ca_files=(said.ca_file, *connection.ca_files) if said.ca_file else connection.ca_files,
            client_cert=said.client_cert if own else connection.client_cert,
            client_key=said.client_key if own else connection.client_key,
            proxy=connection.proxy if said.proxy is None else said.proxy,
        )


class _Shared:
    """Answers remembered by a resolver and those derived from it."""

    def __init__(self, logins: DockerLogins) -> None:
        self.logins = logins
        self.credentials: dict[str, Credential | EndpointsError | None] = {}
        self.certificates: dict[str, Certificates] = {}
        self.lent: dict[tuple[str, Connection, Credential], TemporaryLogin] = {}
        self.warned: set[str] = set()
        self._locks: dict[str, asyncio.Lock] = {}

    def lock_for(self, key: str) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())
