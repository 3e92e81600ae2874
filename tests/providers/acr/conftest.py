"""Alibaba Cloud's registry, both editions: the API's stand-in, and a real docker-registry behind a front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.support.clouds.acr_default import DefaultApi
from tests.support.clouds.acr_enterprise import INSTANCE, REGION, EnterpriseApi
from tests.support.clouds.front import RegistryFront
from tests.support.clouds.state import Cloud, Key, Space
from tui.endpoints.model import Endpoint
from tui.oci.access import Access, Connection, Credential
from tui.providers.acr.account import AcrAccount
from tui.providers.lender import lender

KEY_ID = "LTAI5tExampleExample0001"
SECRET = "planted-secret-of-the-key"
ENTERPRISE_SERVICE = f"registry.aliyuncs.com:{REGION}:{INSTANCE}"
DEFAULT_SERVICE = f"registry.aliyuncs.com:{REGION}:26842"


@dataclass
class Acr:
    """One edition: its cloud, its API, its registry."""

    cloud: Cloud
    api: EnterpriseApi | DefaultApi
    front: RegistryFront

    def endpoint(self, **changes: str) -> Endpoint:
        """Return the endpoint of it."""
        values = {"kind": "acr", "username": KEY_ID, "store": "session", "api": self.api.url, "scheme": "http"}
        return Endpoint("acr", self.front.address, **{**values, **changes})  # type: ignore[arg-type]

    def access(self, secret: str = SECRET, *, key_id: str = KEY_ID, token: str = "", **changes: str) -> Access:
        """Return the access with an AccessKey."""
        key = Credential(key_id, secret, session_token=token)
        connection = Connection(self.front.address, scheme="http")
        return Access(connection, key, lender(self.endpoint(**changes), connection, key))

    def account(self, secret: str = SECRET, *, key_id: str = KEY_ID, token: str = "", **changes: str) -> AcrAccount:
        """Return the account of an AccessKey."""
        connection = Connection(self.front.address, scheme="http")
        key = Credential(key_id, secret, session_token=token)
        return AcrAccount(connection, key, api=changes.get("api", self.api.url), instance=changes.get("instance", ""))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs docker-registry `real`."""
    for item in items:
        if {"enterprise", "default", "edition"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)


def _cloud() -> Cloud:
    return Cloud(
        keys={KEY_ID: Key(SECRET)},
        spaces={"team": Space(), "strict": Space(creates=False)},
        repositories={"strict/there"},
    )


async def _started(stack: AsyncExitStack, name: str) -> Acr:
    cloud = _cloud()
    api = EnterpriseApi(cloud) if name == "enterprise" else DefaultApi(cloud)
    service = ENTERPRISE_SERVICE if name == "enterprise" else DEFAULT_SERVICE
    front = RegistryFront(cloud, service)
    await stack.enter_async_context(api)
    await stack.enter_async_context(front)
    return Acr(cloud, api, front)


def _checked(acr: Acr) -> None:
    """Hold what was asked against the documentation, and look for the secret in it."""
    assert acr.cloud.complaints == []
    assert not [request for request in acr.cloud.seen if SECRET in request]


@pytest.fixture
async def enterprise() -> AsyncIterator[Acr]:
    """An Enterprise instance."""
    async with AsyncExitStack() as stack:
        acr = await _started(stack, "enterprise")
        yield acr
        _checked(acr)


@pytest.fixture
async def default() -> AsyncIterator[Acr]:
    """The default edition."""
    async with AsyncExitStack() as stack:
        acr = await _started(stack, "default")
        yield acr
        _checked(acr)


@pytest.fixture(params=["default", "enterprise"])
async def edition(request: pytest.FixtureRequest) -> AsyncIterator[Acr]:
    """Each of them."""
    async with AsyncExitStack() as stack:
        acr = await _started(stack, request.param)
        yield acr
        _checked(acr)
