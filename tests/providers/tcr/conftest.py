"""Tencent Cloud's registry: the API's stand-in, and a real docker-registry behind a front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.support.clouds.front import RegistryFront
from tests.support.clouds.state import Cloud, Key, Space
from tests.support.clouds.tencent import TencentApi
from tui.endpoints.model import Endpoint
from tui.oci.access import Access, Connection, Credential
from tui.providers.lender import lender
from tui.providers.tcr.account import TcrAccount

KEY_ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3example"
SECRET = "planted-secret-of-the-key"


@dataclass
class Tcr:
    """An Enterprise instance: its cloud, its API, its registry."""

    cloud: Cloud
    api: TencentApi
    front: RegistryFront

    def endpoint(self, **changes: str) -> Endpoint:
        """Return the endpoint of it."""
        values = {"kind": "tcr", "username": KEY_ID, "store": "session", "api": self.api.url, "scheme": "http"}
        return Endpoint("tcr", self.front.address, **{**values, **changes})  # type: ignore[arg-type]

    def access(self, secret: str = SECRET, *, key_id: str = KEY_ID, token: str = "", **changes: str) -> Access:
        """Return the access with an API key."""
        key = Credential(key_id, secret, session_token=token)
        connection = Connection(self.front.address, scheme="http")
        return Access(connection, key, lender(self.endpoint(**changes), connection, key))

    def account(
        self, secret: str = SECRET, *, key_id: str = KEY_ID, token: str = "", address: str = "", **changes: str
    ) -> TcrAccount:
        """Return the account of an API key."""
        connection = Connection(address or self.front.address, scheme="http")
        key = Credential(key_id, secret, session_token=token)
        return TcrAccount(connection, key, api=changes.get("api", self.api.url), instance=changes.get("instance", ""))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs docker-registry `real`."""
    for item in items:
        if "tcr" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)


@pytest.fixture
async def tcr() -> AsyncIterator[Tcr]:
    """An instance whose public domain is that of the front."""
    cloud = Cloud(keys={KEY_ID: Key(SECRET)}, spaces={"team": Space(), "team-two": Space(public=True)})
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(TencentApi(cloud))
        front = await stack.enter_async_context(
            RegistryFront(cloud, "harbor-registry", token_path="/service/token", catalog=True)
        )
        api.domain = front.address
        yield Tcr(cloud, api, front)
    assert cloud.complaints == []
    assert not [request for request in cloud.seen if SECRET in request]
