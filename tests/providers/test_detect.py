"""Detection against real registries, and against the answers of products that cannot be run here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from tests.real.conftest import MODES, StartRegistry
from tests.support.registry import RealRegistry
from tui.oci.access import Connection
from tui.providers.detect import Auth, detect


def _challenge(value: str, **headers: str) -> Callable[[web.BaseRequest], web.Response]:
    return lambda request: web.Response(status=401, headers={"WWW-Authenticate": value, **headers})


HARBOR = 'Bearer realm="https://h.example/service/token",service="harbor-registry"'


@pytest.mark.parametrize("mode", MODES)
async def test_a_real_registry_in_every_mode(start_registry: StartRegistry, mode: str) -> None:
    registry = start_registry(mode)
    found = await detect(Connection(registry.address, ca_files=(registry.ca_file,) if mode == "tls" else ()))
    auth: dict[str, Auth] = {"htpasswd": "basic", "token": "bearer"}
    assert (found.kind, found.title) == ("generic", "OCI registry")
    assert (found.reachable, found.registry, found.problem) == (True, True, "")
    assert found.scheme == registry.scheme
    assert found.tls == ("trusted" if mode == "tls" else "none")
    assert found.auth == auth.get(mode, "none")
    assert found.realm_host == ("127.0.0.1" if mode == "token" else "")
    assert found.seconds > 0


async def test_an_unknown_ca_is_named_and_looked_past(start_registry: StartRegistry) -> None:
    registry = start_registry("tls")
    found = await detect(Connection(registry.address))
    assert (found.reachable, found.registry, found.scheme, found.tls) == (True, True, "https", "untrusted")
    assert found.problem == "the certificate is from a CA this machine does not know"
    assert "CA" in found.hint


async def test_a_certificate_that_is_not_to_be_checked(start_registry: StartRegistry) -> None:
    found = await detect(Connection(start_registry("tls").address, verify=False))
    assert (found.registry, found.tls, found.problem) == (True, "unverified", "")


async def test_a_certificate_for_another_name(authority: trustme.CA, tmp_path: Path) -> None:
    other = authority.issue_cert("registry.example")
    with _served_with(authority, other) as registry:
        found = await detect(Connection(registry.address, ca_files=(registry.ca_file,)))
    assert (found.registry, found.tls) == (True, "untrusted")
    assert found.problem == "the certificate is not for this IP address"


def _served_with(authority: trustme.CA, certificate: trustme.LeafCert) -> RealRegistry:
    class Other(RealRegistry):
        def _write_tls(self, authority: trustme.CA) -> dict[str, str]:
            paths = super()._write_tls(authority)
            for part in certificate.cert_chain_pems[:1]:
                part.write_to_path(paths["certificate"])
            certificate.private_key_pem.write_to_path(paths["key"])
            return paths

    return Other(authority=authority)


@pytest.mark.parametrize(
    ("challenge", "kind", "title"),
    [
        (HARBOR, "harbor", "Harbor"),
        (
            'Bearer realm="https://team.tencentcloudcr.com/service/token",service="harbor-registry"',
            "tcr",
            "Tencent Cloud TCR Enterprise",
        ),
        (
            'Bearer realm="https://dockerauth.cn-hangzhou.aliyuncs.com/auth",service="registry.aliyuncs.com:cn-hangzhou:26842"',
            "acr",
            "Alibaba Cloud ACR",
        ),
        (
            'Bearer realm="https://dockerauth-ee.cn-hangzhou.aliyuncs.com/auth",'
            'service="registry.aliyuncs.com:cn-hangzhou:china:cri-0123456789abcdef"',
            "acr",
            "Alibaba Cloud ACR Enterprise",
        ),
        ('Bearer realm="https://quay.example/v2/auth",service="quay.example"', "quay", "Quay"),
        (
            'Basic realm="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
            "generic",
            "OCI registry",
        ),
        ('Bearer realm="https://ghcr.io/token",service="ghcr.io"', "ghcr", "GitHub Container Registry"),
        ('Bearer realm="https://gitlab.example/jwt/auth",service="container_registry"', "generic", "GitLab"),
        ('Bearer realm="https://git.example/v2/token",service="container_registry"', "generic", "Gitea or Forgejo"),
        (
            'Bearer realm="https://x.azurecr.io/oauth2/token",service="x.azurecr.io"',
            "generic",
            "Azure Container Registry",
        ),
        ('Basic realm="Sonatype Nexus Repository Manager"', "generic", "Sonatype Nexus"),
        ('Basic realm="Artifactory Realm"', "generic", "JFrog Artifactory"),
        ('Bearer realm="https://auth.example/token",service="registry"', "generic", "OCI registry"),
        ('Bearer realm="https://[broken",service="registry"', "generic", "OCI registry"),
    ],
)
async def test_what_a_challenge_tells(play: Any, challenge: str, kind: str, title: str) -> None:
    played = await play(_challenge(challenge))
    found = await detect(played.connection)
    assert (found.kind, found.title, found.registry) == (kind, title, True)
    assert played.logins == []


async def test_the_instance_of_an_enterprise_registry_behind_a_name_of_its_own(play: Any) -> None:
    played = await play(
        _challenge('Bearer realm="https://r.example/a",service="registry.aliyuncs.com:cn-beijing:cri-77"')
    )
    vendor = (await detect(played.connection)).vendor
    assert (vendor.edition, vendor.region, vendor.instance) == ("enterprise", "cn-beijing", "cri-77")


@pytest.mark.parametrize(
    ("headers", "title", "version"),
    [
        ({"Server": "Nexus/3.61.0-02 (OSS)"}, "Sonatype Nexus", "3.61.0-02"),
        ({"X-JFrog-Version": "Artifactory/7.77.5 77705900"}, "JFrog Artifactory", "7.77.5"),
    ],
)
async def test_what_headers_tell(play: Any, headers: dict[str, str], title: str, version: str) -> None:
    played = await play(_challenge('Basic realm="x"', **headers))
    vendor = (await detect(played.connection)).vendor
    assert (vendor.title, vendor.version) == (title, version)


async def test_harbor_2_says_its_version(play: Any) -> None:
    def harbor(request: web.BaseRequest) -> web.Response:
        if request.path == "/api/version":
            return web.json_response({"version": "v2.0"})
        return web.Response(status=401, headers={"WWW-Authenticate": HARBOR})

    played = await play(harbor)
    found = await detect(played.connection)
    assert (found.kind, found.vendor.version, found.realm_host) == ("harbor", "2.0", "h.example")
    assert played.requests == ["GET /v2/", "GET /api/version"]


async def test_harbor_1_is_asked_the_old_way(play: Any) -> None:
    def harbor(request: web.BaseRequest) -> web.Response:
        if request.path == "/api/version":
            return web.Response(status=404)
        if request.path == "/api/systeminfo":
            return web.json_response({"harbor_version": "v1.10.2-d0189bed"})
        return web.Response(status=401, headers={"WWW-Authenticate": HARBOR})

    assert (await detect((await play(harbor)).connection)).vendor.version == "1.10.2-d0189bed"


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        ({"status": 301, "headers": {"Location": "https://x.example/v2/"}}, "sends us away"),
        ({"status": 200, "text": "<html>portal</html>", "content_type": "text/html"}, "something else"),
        ({"status": 404}, "no registry API"),
        ({"status": 403}, "denied before any login"),
        ({"status": 503}, "not available"),
        ({"status": 418}, "418"),
        ({"status": 401}, "something else"),
    ],
)
async def test_what_is_no_registry(play: Any, response: dict[str, Any], problem: str) -> None:
    found = await detect((await play(lambda _: web.Response(**response))).connection)
    assert (found.reachable, found.registry) == (True, False)
    assert problem in found.problem
    assert found.hint


async def test_nothing_there_leaves_the_name_alone() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = await detect(Connection(f"127.0.0.1:{taken.getsockname()[1]}"))
    assert (found.reachable, found.registry, found.scheme, found.tls) == (False, False, "", "unknown")
    assert "refused" in found.problem.lower()


async def test_an_unknown_name_is_still_a_kind() -> None:
    found = await detect(Connection("harbor.invalid"))
    assert (found.kind, found.reachable) == ("harbor", False)
    assert found.hint


async def test_a_silent_server_can_be_given_up() -> None:
    server = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.create_task(detect(Connection(f"127.0.0.1:{port}", scheme="http")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    finally:
        server.close()
