"""Adding an endpoint: what was said, what the registry says of itself, and the password to its store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tui.cli.endpoint_words import document
from tui.cli.login_options import Secret
from tui.endpoints.access_keys import KEYED
from tui.endpoints.addresses import is_loopback, parse_address
from tui.endpoints.errors import EndpointsError
from tui.endpoints.file import EndpointFile
from tui.endpoints.locations import endpoints_path
from tui.endpoints.model import Endpoint, StoreName
from tui.endpoints.secrets.passphrase import passphrase_source
from tui.endpoints.secrets.status import TITLES, StoreStatus
from tui.endpoints.secrets.stores import SecretStores
from tui.oci.access import Credential, Scheme
from tui.oci.errors import LocalError
from tui.oci.place import is_place, name_of
from tui.providers.detect import Detected, detect


@dataclass(frozen=True, slots=True)
class Added:
    """An endpoint that was added, what was found at its address, and what to mind."""

    endpoint: Endpoint
    found: Detected
    warnings: tuple[str, ...]
    has_password: bool

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        found = self.found
        return {
            "endpoint": document(self.endpoint),
            "detected": {
                "kind": found.kind,
                "title": found.title,
                "edition": found.vendor.edition,
                "region": found.vendor.region,
                "instance": found.vendor.instance,
                "version": found.vendor.version,
                "reachable": found.reachable,
                "registry": found.registry,
                "scheme": found.scheme,
                "tls": found.tls,
                "auth": found.auth,
                "realm_host": found.realm_host,
                "problem": found.problem,
                "hint": found.hint,
            },
            "warnings": list(self.warnings),
        }

    def words(self) -> str:
        """Return what was added and the next step."""
        here = self.endpoint
        what = " ".join(part for part in (self.found.title, self.found.vendor.version) if part)
        if is_place(here.address):
            return f"added {here.name}: {name_of(here.address)}\nnext: regferry endpoint test {here.name}"
        next_step = "test" if self.has_password or not here.username or here.store == "env" else "login"
        return (
            f"added {here.name}: {what} at {here.address} ({here.scheme}), "
            f"{_account(here)}, {TITLES[here.store]}\n"
            f"next: regferry endpoint {next_step} {here.name}"
        )


def _account(endpoint: Endpoint) -> str:
    if endpoint.login == "key":
        return f"the access key {endpoint.username}"
    return endpoint.username or "no account of its own"


async def add_endpoint(name: str, address: str, given: Mapping[str, Any], secret: Secret | None) -> Added:
    """Add an endpoint from the options of `endpoint add`; the password goes to its store first.

    Raises EndpointsError for what cannot be an endpoint and for a name that is taken, SecretStoreError when the store
    does not keep the password (nothing is added then), LocalError.
    """
    file = EndpointFile(endpoints_path())
    written, host = parse_address(address)
    forced: Scheme | None = "http" if given["plain_http"] else written
    endpoint = Endpoint(
        name=name,
        address=host,
        scheme=forced or "auto",
        verify=not given["insecure"],
        ca_file=_absolute(given["ca_file"]),
        client_cert=_absolute(given["client_cert"]),
        client_key=_absolute(given["client_key"]),
        proxy=given["proxy"],
        store=_store(given, host),
        password_env=given["password_env"],
        token_env=given["token_env"],
        **given["fields"],
    )
    _check_free(file, name)
    found = await detect(endpoint.connection())
    scheme, warnings = scheme_of(endpoint, forced, found)
    vendor = found.vendor
    endpoint = replace(
        endpoint,
        scheme=scheme,
        kind=given["kind"] or found.kind,
        edition=vendor.edition,
        region=vendor.region,
        version=vendor.version,
    )
    if endpoint.login == "key" and endpoint.kind not in KEYED:
        raise EndpointsError(
            f"{found.title} at {host} takes no access keys, only Alibaba Cloud's and Tencent Cloud's registries do",
            hint="give its account with --username, or say what it is with --kind acr or --kind tcr",
        )
    async with SecretStores(environ=os.environ, ask=passphrase_source(), endpoints=(endpoint,)) as stores:
        if secret:
            kept = Credential(endpoint.username, secret.password, session_token=secret.token)
            await stores.put(endpoint, kept)
        elif endpoint.store == "keyring":
            warnings = [*warnings, *_without_keyring(await stores.status("keyring"), name)]
        try:
            file.add(endpoint)
        except (EndpointsError, LocalError):
            if secret:
                await stores.delete(endpoint)
            raise
    return Added(endpoint, found, tuple(warnings), secret is not None)


def _without_keyring(status: StoreStatus, name: str) -> list[str]:
    """Return what to say where the store that is taken unasked keeps nothing."""
    if status.can_save:
        return []
    return [f"{status.message} Log in with: regferry endpoint login {name} --store vault"]


def _check_free(file: EndpointFile, name: str) -> None:
    """Say that a name is taken before the network and the stores are asked for anything."""
    if any(known.name == name for known in file.load()):
        raise EndpointsError(
            f"there is an endpoint called {name!r} already",
            hint="choose another name; several endpoints may share an address",
        )


def _store(given: Mapping[str, Any], address: str) -> StoreName:
    if given["store"]:
        store: StoreName = given["store"]
        return store
    if is_place(address):
        return "none"
    if given["password_env"]:
        return "env"
    return "keyring" if given["username"] or given["access_key"] else "docker"


def scheme_of(endpoint: Endpoint, forced: Scheme | None, found: Detected) -> tuple[Scheme, list[str]]:
    """Return the scheme to keep and what to warn of; only this machine is talked to in plain text unasked."""
    warnings = [f"{endpoint.address}: {found.problem}; {found.hint or 'it was added all the same'}"]
    warnings = warnings if found.problem else []
    if is_place(endpoint.address):
        return "https", warnings
    local = is_loopback(endpoint.address)
    if forced == "http" and not local:
        warnings.append("plain http: passwords and images can be read and changed on the way")
    if not endpoint.verify:
        warnings.append("its certificate is not verified: anybody on the way may pose as this registry")
    if forced:
        return forced, warnings
    if found.scheme == "http" and not local:
        warnings.append("only plain http answers there; if that is meant to be so, add it with --plain-http")
    if local:
        return found.scheme or "auto", warnings
    return "https", warnings


def _absolute(path: Any) -> Any:
    return path.absolute() if path is not None else None
