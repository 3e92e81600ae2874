"""Clouds that live in an event loop of their own, for tests that drive the app as a process."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Literal, Self

from tests.support.clouds.acr_enterprise import INSTANCE, REGION, EnterpriseApi
from tests.support.clouds.front import RegistryFront
from tests.support.clouds.state import Cloud, Key, Space
from tests.support.clouds.tencent import TencentApi

_SECONDS = 20.0
ACR_KEY, TCR_KEY = "LTAI5tExampleExample0001", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3example"
KEY_SECRET = "planted-secret-of-the-key"
USER, PASSWORD = "ops@example.com", "fixed-password-of-the-registry"


class BackgroundCloud:
    """An Enterprise instance of ACR or TCR with its API; one namespace, `team`, is there. A context manager."""

    def __init__(self, kind: Literal["acr", "tcr"]) -> None:
        self.key = ACR_KEY if kind == "acr" else TCR_KEY
        self.cloud = Cloud(
            keys={self.key: Key(KEY_SECRET)},
            spaces={"team": Space()},
            fixed={USER: PASSWORD, "100036950234": PASSWORD},
        )
        self.kind = kind
        self.api: EnterpriseApi | TencentApi
        self.front: RegistryFront
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    async def _start(self) -> None:
        if self.kind == "acr":
            self.api = EnterpriseApi(self.cloud)
            self.front = RegistryFront(self.cloud, f"registry.aliyuncs.com:{REGION}:{INSTANCE}")
        else:
            self.api = TencentApi(self.cloud)
            self.front = RegistryFront(self.cloud, "harbor-registry", token_path="/service/token", catalog=True)
        await self._stack.enter_async_context(self.api)
        await self._stack.enter_async_context(self.front)
        if isinstance(self.api, TencentApi):
            self.api.domain = self.front.address
