"""Signed requests to Alibaba Cloud's `cr` API."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from tui.oci.access import Connection, Credential
from tui.oci.errors import NetworkError
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_
from tui.providers.acr.errors import judge
from tui.providers.api.call import Outgoing, Sign
from tui.providers.api.client import ApiClient
from tui.providers.cloud import unreachable
from tui.providers.signing.alibaba import authorization, payload_hash

Version = Literal["2016-06-07", "2018-12-01"]
"""Of the API: the first is that of the default and personal edition, the second that of Enterprise instances."""

_RETRY = RetryPolicy(tries=4, base=0.5, cap=5.0, throttled_total=300.0)


def signer(key: Credential, version: Version) -> Sign:
    """Return what signs requests, each with a time and nonce of its own; their `x-acs-action` names the action."""

    def sign(outgoing: Outgoing) -> Outgoing:
        headers = {
            **outgoing.headers,
            "host": urlsplit(outgoing.url).netloc,
            "x-acs-version": version,
            "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": payload_hash(outgoing.body),
        }
        if key.session_token:
            headers["x-acs-security-token"] = key.session_token
        signed = authorization(key.username, key.password, outgoing.method, outgoing.url, headers, outgoing.body)
        del headers["host"]  # the transport sets the same
        return replace(outgoing, headers={**headers, "Authorization": signed})

    return sign


@asynccontextmanager
async def api_client(connection: Connection, key: Credential, version: Version) -> AsyncIterator[ApiClient]:
    """Give a client of the API. Inside, NetworkError says what an API that does not answer means."""
    async with ApiClient(connection, sign=signer(key, version), judge=judge, retry=_RETRY) as client:
        try:
            yield client
        except NetworkError as error:
            if error.endpoint != client.registry:
                raise
            raise unreachable(error, N_("Alibaba Cloud")) from error
