"""Signed requests to Tencent Cloud's `tcr` API."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tui.oci.access import Connection, Credential
from tui.oci.answers import Answer
from tui.oci.errors import NetworkError, ServerError
from tui.oci.retry import RetryPolicy
from tui.oci.saying import N_, phrase
from tui.providers.api.call import ApiCall, Outgoing, Sign
from tui.providers.api.client import ApiClient
from tui.providers.cloud import unreachable
from tui.providers.signing.tencent import authorization
from tui.providers.tcr.errors import judge, response_of

HOST = "tcr.tencentcloudapi.com"
VERSION = "2019-09-24"
_SERVICE = "tcr"
_RETRY = RetryPolicy(tries=4, base=0.5, cap=5.0, throttled_total=300.0)


def signer(key: Credential) -> Sign:
    """Return what signs requests, each with the time it goes out."""

    def sign(outgoing: Outgoing) -> Outgoing:
        now = int(time.time())
        content_type = outgoing.headers["Content-Type"]
        signed = {"content-type": content_type, "host": urlsplit(outgoing.url).netloc}
        headers = {
            **outgoing.headers,
            "X-TC-Version": VERSION,
            "X-TC-Timestamp": str(now),
            "Authorization": authorization(key.username, key.password, _SERVICE, now, signed, outgoing.body),
        }
        if key.session_token:
            headers["X-TC-Token"] = key.session_token
        return replace(outgoing, headers=headers)

    return sign


class TcrClient:
    """Calls of the API by the names of their actions."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    async def call(
        self, action: str, what: str, reference: str = "", *, region: str, **parameters: Any
    ) -> tuple[dict[str, Any], Answer]:
        """Return the `Response` of an action and the answer it came in. `what` completes "cannot ...".

        Raises RegistryError; what is not there is NotFound, what is there already AlreadyThere.
        """
        headers = {"X-TC-Action": action, "X-TC-Region": region}
        # Creating what a first attempt created already is told apart by its code, so all may be sent again.
        call = ApiCall("POST", "/", what, reference, payload=parameters, headers=headers, repeatable=True)
        answer = await self._client.send(call)
        response = response_of(answer)
        if not response:
            raise ServerError(
                phrase("cannot {what}: the answer is not one of Tencent Cloud's API", what=what),
                endpoint=self._client.registry,
                status=answer.status,
                hint=N_("check the API of the endpoint, and whether a proxy or a portal is on the way"),
            )
        return response, answer


@asynccontextmanager
async def api_client(connection: Connection, key: Credential) -> AsyncIterator[TcrClient]:
    """Give a client of the API. Inside, NetworkError says what an API that does not answer means."""
    async with ApiClient(connection, sign=signer(key), judge=judge, retry=_RETRY) as client:
        try:
            yield TcrClient(client)
        except NetworkError as error:
            if error.endpoint != client.registry:
                raise
            raise unreachable(error, N_("Tencent Cloud")) from error
