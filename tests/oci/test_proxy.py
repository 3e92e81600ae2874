"""Proxies: which requests go through one, by connection or environment, and that a login for it reaches it alone."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.oci.scripted import USER, Scripted, client, read, refused, reply, repository
from tests.support.http_proxy import Proxy, running
from tui.oci.access import Connection
from tui.oci.errors import LocalError, NetworkError, Unauthenticated
from tui.oci.proxy import proxy_for
from tui.oci.reference import digest_of

BLOB = b"through a proxy" * 1000
DIGEST = digest_of(BLOB)
PROXY = "http://proxy.corp:3128"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


CHOICES = [
    # environment, url, expected
    ({}, "https://r.io/v2/", None),
    ({"HTTPS_PROXY": PROXY}, "https://r.io/v2/", PROXY),
    ({"HTTPS_PROXY": PROXY}, "http://r.io/v2/", None),
    ({"HTTP_PROXY": PROXY}, "http://r.io/v2/", PROXY),
    ({"https_proxy": PROXY}, "https://r.io/v2/", PROXY),
    ({"HTTPS_PROXY": "http://other:1", "https_proxy": PROXY}, "https://r.io/v2/", PROXY),
    ({"HTTPS_PROXY": ""}, "https://r.io/v2/", None),
    ({"HTTPS_PROXY": "proxy.corp:3128"}, "https://r.io/v2/", PROXY),
    ({"HTTPS_PROXY": "https://proxy.corp"}, "https://r.io/v2/", "https://proxy.corp"),
    ({"ALL_PROXY": "socks5://proxy.corp:1"}, "https://r.io/v2/", None),
    # This machine is never asked for through a proxy, as with Go.
    ({"HTTP_PROXY": PROXY}, "http://localhost:5000/v2/", None),
    ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:5000/v2/", None),
    ({"HTTP_PROXY": PROXY}, "http://127.9.9.9/v2/", None),
    ({"HTTP_PROXY": PROXY}, "http://[::1]:5000/v2/", None),
]


@pytest.mark.parametrize(("environment", "url", "expected"), CHOICES)
def test_the_environment(
    environment: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(Connection("r.io"), url) == expected


EXCEPTIONS = [
    # NO_PROXY, host, whether it goes directly
    ("*", "r.io", True),
    ("r.io", "r.io", True),
    ("R.IO", "r.io", True),
    ("r.io", "sub.r.io", True),
    ("r.io", "xr.io", False),
    ("r.io", "r.io.evil", False),
    (".r.io", "sub.r.io", True),
    (".r.io", "r.io", False),
    ("*.r.io", "sub.r.io", True),
    ("*.r.io", "r.io", False),
    ("a.io, r.io ,b.io", "r.io", True),
    ("a.io,,b.io", "r.io", False),
    ("r.io:443", "r.io", True),
    ("r.io:5000", "r.io", False),
    ("r.io:5000", "r.io:5000", True),
    ("r.io", "r.io:5000", True),
    ("10.1.2.3", "10.1.2.3", True),
    ("10.1.2.3", "10.1.2.4", False),
    ("10.1.2.3:5000", "10.1.2.3:5000", True),
    ("10.1.2.3:5000", "10.1.2.3", False),
    ("10.0.0.0/8", "10.1.2.3", True),
    ("10.0.0.1/8", "10.1.2.3", True),
    ("10.0.0.0/8", "11.1.2.3", False),
    ("10.0.0.0/8", "r.io", False),
    ("fd00::/8", "[fd12::1]", True),
    ("fd12::1", "[fd12::1]", True),
    ("[fd12::1]:5000", "[fd12::1]:5000", True),
    ("[fd12::1]:5000", "[fd12::1]", False),
    ("not/a/network", "r.io", False),
    ("1.2.3", "10.1.2.3", False),
    ("", "r.io", False),
]


@pytest.mark.parametrize(("no_proxy", "host", "directly"), EXCEPTIONS)
def test_exceptions(no_proxy: str, host: str, directly: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_for(Connection(host), f"https://{host}/v2/") == (None if directly else PROXY)


def test_the_connections_own_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other:1")
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_for(Connection("r.io", proxy=PROXY), "https://r.io/") == PROXY
    assert proxy_for(Connection("r.io", proxy=""), "https://r.io/") is None


@pytest.mark.parametrize("proxy", ["socks5://p:1", "ftp://p", "http://", "http://p:port", "http://p:99999", "http://["])
def test_a_proxy_of_another_kind_is_named_and_its_password_is_not(proxy: str) -> None:
    for given in (proxy, proxy.replace("://", "://me:hidden@")):
        with pytest.raises(LocalError, match="proxy") as caught:
            proxy_for(Connection("r.io", proxy=given), "https://r.io/")
        assert "hidden" not in str(caught.value)


def _registry() -> Scripted:
    def answering(asked: Any) -> Any:
        if not asked.authorization:
            return refused(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="r"')
        return reply(body=BLOB)

    return Scripted(answering)


async def test_everything_goes_through_the_proxy_with_its_own_login() -> None:
    async with _registry() as registry:
        proxy = Proxy(registry.address, "me:pa ss:wörd/@")
        async with running(proxy) as address:
            url = f"http://me:pa%20ss%3Aw%C3%B6rd%2F%40@{address}"
            async with client("registry.test", USER, proxy=url) as connected:
                assert await read(connected, repository("registry.test"), DIGEST) == BLOB
    assert proxy.lines[0] == "GET http://registry.test/v2/ HTTP/1.1"
    assert not [asked for asked in registry.asked if "proxy-authorization" in asked.headers]
    assert registry.asked[-1].authorization.startswith("Basic ")


async def test_the_environment_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _registry() as registry:
        proxy = Proxy(registry.address)
        async with running(proxy) as address:
            monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
            async with client("registry.test", USER, proxy=None) as connected:
                assert await connected.has_blob(repository("registry.test"), DIGEST)
            assert len(proxy.lines) == len(registry.asked)
            async with client(registry.address, USER, proxy=None) as connected:
                assert await connected.has_blob(repository(registry.address), DIGEST)
            monkeypatch.setenv("NO_PROXY", "registry.test")
            async with client("registry.test", USER, proxy=None) as connected:
                with pytest.raises(NetworkError):
                    await connected.reach()
    assert len(proxy.lines) < len(registry.asked)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("login", ["", "me:wrong@"])
async def test_a_proxy_that_wants_another_login(scheme: str, login: str) -> None:
    proxy = Proxy("127.0.0.1:1", "me:right")
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(running(proxy))
        connected = client("registry.test", USER, scheme=scheme, proxy=f"http://{login}{address}")
        await stack.enter_async_context(connected)
        with pytest.raises(Unauthenticated, match="the proxy wants a login") as caught:
            await connected.reach()
    assert caught.value.status == 407
    assert "http://user:password@host:port" in caught.value.hint
    assert len(proxy.lines) == 1


async def test_a_proxy_that_is_not_there() -> None:
    async with client("registry.test", proxy="http://127.0.0.1:1") as connected:
        with pytest.raises(NetworkError):
            await connected.reach()


async def test_https_goes_through_a_tunnel_where_the_proxy_sees_nothing(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("registry.test").configure_cert(server_tls)
    async with Scripted(_registry().answering, server_tls) as registry:
        proxy = Proxy(registry.address, "me:secret")
        async with running(proxy) as address:
            options: dict[str, Any] = {"ca_files": (tmp_path / "ca.crt",), "proxy": f"http://me:secret@{address}"}
            async with client("registry.test", USER, scheme="https", **options) as connected:
                assert await read(connected, repository("registry.test"), DIGEST) == BLOB
    assert set(proxy.lines) == {"CONNECT registry.test:443 HTTP/1.1"}
    assert not [headers for headers in proxy.seen if "authorization" in headers]
    assert not [asked for asked in registry.asked if "proxy-authorization" in asked.headers]
    assert registry.asked[-1].authorization
