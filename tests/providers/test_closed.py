"""Registries of clouds that do not let this machine in: the step to take, tried and in a run, in both languages."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.chinese import in_chinese, step_in_chinese
from tui.engine.tasks import Failure
from tui.oci.access import Access, Connection
from tui.oci.client import RegistryClient
from tui.oci.errors import RegistryError
from tui.oci.reference import Repository
from tui.oci.retry import RetryPolicy
from tui.providers.check import check
from tui.providers.hints import ACR_CLOSED, TCR_CLOSED, VPC_ONLY

ONCE = RetryPolicy(tries=1, throttled_total=0)
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nForbidden"


@pytest.mark.parametrize("answer", [b"", REFUSED], ids=["hangs-up", "refuses"])
@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("shop-registry.cn-hangzhou.cr.aliyuncs.com", ACR_CLOSED),
        ("shop-registry-vpc.cn-hangzhou.cr.aliyuncs.com", VPC_ONLY),
        ("registry-vpc.cn-hangzhou.aliyuncs.com", VPC_ONLY),
        ("shop.tencentcloudcr.com", TCR_CLOSED),
        ("shop-vpc.tencentcloudcr.com", VPC_ONLY),
    ],
)
async def test_a_whitelist_that_does_not_let_us_in(address: str, hint: str, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        access = Access(Connection(address, "http", proxy=f"http://{host}:{port}"))
        found = {step.name: step async for step in check(access, "team/app")}
        async with RegistryClient(access, retry=ONCE) as client:
            with pytest.raises(RegistryError) as caught:
                await client.head_manifest(Repository(address, "team/app"), "latest")
    assert (found["api"].state, found["api"].hint) == ("failed", hint)
    step_in_chinese(found["api"])
    assert Failure.of(caught.value).hint == hint
    in_chinese(caught.value.message)
