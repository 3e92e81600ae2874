"""Credentials for a run process, through an inherited pipe: never on disk, in arguments or in the environment.

The launcher packs the access of every endpoint the run needs, starts the run with the reading end of a pipe in
`pass_fds` and sends the bytes; the run receives them and answers for its endpoints with `HandedOver`.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tui.endpoints.errors import HandoverError
from tui.endpoints.model import Endpoint
from tui.endpoints.origins import CredentialSource
from tui.endpoints.resolve import AccessResolver
from tui.endpoints.secrets.passphrase import DESCRIPTOR_VARIABLE, FILE_VARIABLE
from tui.oci.access import Access, Connection, Credential
from tui.oci.saying import N_

_FORMAT = "regferry handover 1"
_MAX_BYTES = 16 * 1024 * 1024
_SECONDS = 15.0


def pack(accesses: Mapping[str, Access]) -> bytes:
    """Return accesses, by a name of the caller's choice (endpoint ids for `HandedOver`), as one line of JSON."""
    return json.dumps({"format": _FORMAT, "accesses": {name: _fields(a) for name, a in accesses.items()}}).encode()


def unpack(content: bytes) -> dict[str, Access]:
    """Return what was packed. Raises HandoverError when it is not whole; the error repeats nothing of it."""
    accesses = _accesses(content)
    if accesses is None:
        raise HandoverError(
            N_("the credentials for this run did not arrive whole"),
            hint=N_("start the run again; both ends are one version"),
        )
    return accesses


async def accesses_of(resolver: AccessResolver, endpoints: Iterable[Endpoint]) -> dict[str, Access]:
    """Return the access of each endpoint by its id. Raises as AccessResolver.access_of does."""
    return {endpoint.id: await resolver.access_of(endpoint) for endpoint in endpoints}


async def send(descriptor: int, content: bytes, *, seconds: float = _SECONDS) -> None:
    """Write `content` to the writing end of a pipe and close it, in a thread.

    Raises HandoverError when the other end is gone, or does not read for `seconds`.
    """
    await asyncio.to_thread(_send, descriptor, content, time.monotonic() + seconds)


def receive(descriptor: int, *, seconds: float = _SECONDS) -> dict[str, Access]:
    """Read a pipe to its end and close it; return what was packed. Raises HandoverError, also after `seconds`."""
    deadline = time.monotonic() + seconds
    parts: list[bytes] = []
    size = 0
    try:
        os.set_inheritable(descriptor, False)
        while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            part = os.read(descriptor, 65536)
            size += len(part)
            if not part or size > _MAX_BYTES:
                return unpack(b"".join(parts))
            parts.append(part)
    except (OSError, ValueError):
        raise HandoverError(N_("the pipe with the credentials for this run cannot be read")) from None
    finally:
        os.close(descriptor)
    raise HandoverError(N_("no credentials arrived for this run"), hint=N_("start the run again"))


def environment_for_run(environ: Mapping[str, str], endpoints: Iterable[Endpoint]) -> dict[str, str]:
    """Return the environment to start a run with: without the passwords of endpoints and the way to a passphrase."""
    hidden = {name for endpoint in endpoints for name in (endpoint.password_env, endpoint.token_env)}
    hidden |= {DESCRIPTOR_VARIABLE, FILE_VARIABLE}
    return {name: value for name, value in environ.items() if name not in hidden}


class HandedOver:
    """The secret stores of a run process: the accesses it was handed, by endpoint id, then `stores` if given."""

    def __init__(self, accesses: Mapping[str, Access], stores: CredentialSource | None = None) -> None:
        self._accesses = dict(accesses)
        self._stores = stores

    def given(self, endpoint: Endpoint) -> Credential | None:
        """Return the credential handed over for the endpoint, if it is still for the same registry."""
        access = self._accesses.get(endpoint.id)
        if access is not None and access.connection.registry == endpoint.address:
            return access.credential
        return self._stores.given(endpoint) if self._stores else None

    async def get(self, endpoint: Endpoint) -> Credential | None:
        """Return the credential of an endpoint that was not handed over, from its store. Raises EndpointsError."""
        return await self._stores.get(endpoint) if self._stores else None


def _send(descriptor: int, content: bytes, deadline: float) -> None:
    left = memoryview(content)
    try:
        os.set_blocking(descriptor, False)
        while left:
            if not select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
                raise HandoverError(N_("the run did not take its credentials"), hint=N_("see the log of the run"))
            left = left[os.write(descriptor, left) :]
    except (OSError, ValueError):
        raise HandoverError(
            N_("the run ended before it had its credentials"), hint=N_("see the log of the run")
        ) from None
    finally:
        os.close(descriptor)


def _fields(access: Access) -> dict[str, Any]:
    connection, credential = access.connection, access.credential
    return {
        "connection": {
            "registry": connection.registry,
            "scheme": connection.scheme,
            "verify": connection.verify,
            "ca_files": [str(path) for path in connection.ca_files],
            "client_cert": _path_text(connection.client_cert),
            "client_key": _path_text(connection.client_key),
            "proxy": connection.proxy,
        },
        "credential": credential
        and {
            "username": credential.username,
            "password": credential.password,
            "identity_token": credential.identity_token,
            "registry_token": credential.registry_token,
            "origin": credential.origin,
            "session_token": credential.session_token,
        },
    }


def _accesses(content: bytes) -> dict[str, Access] | None:
    try:
        document = json.loads(content)
        if document["format"] != _FORMAT:
            return None
        return {name: _access(fields) for name, fields in document["accesses"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _access(fields: dict[str, Any]) -> Access:
    connection = dict(fields["connection"])
    connection["ca_files"] = tuple(Path(path) for path in connection["ca_files"])
    for key in ("client_cert", "client_key"):
        connection[key] = Path(connection[key]) if connection[key] else None
    credential = fields["credential"]
    return Access(Connection(**connection), Credential(**credential) if credential else None)


def _path_text(path: Path | None) -> str | None:
    return str(path) if path else None
