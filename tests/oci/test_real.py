"""The same protocol against Debian's docker-registry: what it really answers to uploads, mounts, lists and logins."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.oci.scripted import USER, access, client, read, repository
from tests.support import images
from tests.support.flaky import Fault, FlakyProxy
from tests.support.programs import require
from tests.support.pusher import push
from tests.support.registry import Login, RealRegistry
from tests.support.token_server import Account, TokenServer
from tui.oci.access import Credential
from tui.oci.answers import ManifestBlobUnknown
from tui.oci.client import RegistryClient, fallback_tag
from tui.oci.errors import Denied, IntegrityError, NetworkError, NotFound, PolicyRefused, ServerError, UploadSessionLost
from tui.oci.manifest import parse_manifest
from tui.oci.reference import digest_of

pytestmark = pytest.mark.real

BLOB = random.Random("real").randbytes(3_000_000)
DIGEST = digest_of(BLOB)
LOGIN = Login("robot$ferry+ci", "pa ss:wörd")
CREDENTIAL = Credential(LOGIN.username, LOGIN.password)
IMAGE = images.image([images.layer("real", 5000)])


@pytest.fixture(autouse=True)
def _programs() -> None:
    require("docker-registry")


@pytest.fixture
def registry() -> Iterator[RealRegistry]:
    with RealRegistry() as started:
        yield started


@pytest.fixture
def token_server() -> Iterator[TokenServer]:
    server = TokenServer(
        {LOGIN.username: Account(LOGIN.password)}, anonymous={"public/.*": frozenset({"pull"})}, lifetime=300
    )
    yield server
    server.close()
    assert server.complaints == []


@pytest.mark.parametrize("mode", ["plain", "htpasswd", "token"])
async def test_an_image_goes_up_and_comes_down(mode: str, token_server: TokenServer) -> None:
    modes: dict[str, dict[str, Any]] = {
        "plain": {},
        "htpasswd": {"htpasswd": LOGIN},
        "token": {"token_server": token_server, "login": LOGIN},
    }
    options = modes[mode]
    with RealRegistry(**options) as registry:
        here = repository(registry.address)
        async with client(registry.address, CREDENTIAL if options else None) as connected:
            for blob in IMAGE.blobs:
                assert blob.body is not None
                await (await connected.start_upload(here)).finish(blob.digest, blob.body)
            assert await connected.put_manifest(here, "v1", parse_manifest(IMAGE.body)) is False
            head = await connected.head_manifest(here, "v1")
            assert head is not None
            assert head.digest == IMAGE.digest
            assert (await connected.get_manifest(here, "v1")).body == IMAGE.body
            assert [page async for page in connected.tags(here)] == [["v1"]]
            assert [page async for page in connected.catalog()] == [["team/app"]]
        if mode == "token":
            # Push and pull of one repository, pull alone, and the catalog.
            assert len(token_server.requests) == 3


async def test_in_chunks_with_status_and_cancel(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        here = repository(registry.address)
        upload = await connected.start_upload(here)
        assert await upload.status() == 0
        for start in range(0, len(BLOB), 1_000_000):
            await upload.patch(BLOB[start : start + 1_000_000])
            assert await upload.status() == start + 1_000_000
        await upload.finish(DIGEST)
        assert await read(connected, here, DIGEST, 2_999_990) == BLOB[-10:]
        abandoned = await connected.start_upload(here)
        await abandoned.patch(BLOB)
        assert registry.uploads_bytes() == len(BLOB)
        await abandoned.cancel()
        assert registry.uploads_bytes() == 0
        with pytest.raises(UploadSessionLost):
            await abandoned.status()


async def test_the_last_chunk_with_the_put_and_an_empty_blob(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        here = repository(registry.address)
        upload = await connected.start_upload(here)
        await upload.patch(BLOB[:1000])
        await upload.finish(DIGEST, BLOB[1000:])
        await (await connected.start_upload(here)).finish(digest_of(b""), b"")
        assert await connected.has_blob(here, DIGEST)
        assert await connected.has_blob(here, digest_of(b""))


async def test_sha512(registry: RealRegistry) -> None:
    digest = digest_of(BLOB, "sha512")
    async with client(registry.address) as connected:
        here = repository(registry.address)
        await (await connected.start_upload(here)).finish(digest, BLOB)
        assert await read(connected, here, digest_of(BLOB)) == BLOB


async def test_the_wrong_digest_is_refused(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        here = repository(registry.address)
        upload = await connected.start_upload(here)
        with pytest.raises(UploadSessionLost, match="digest"):
            await upload.finish(digest_of(b"else"), BLOB)
        assert not await connected.has_blob(here, DIGEST)


async def test_a_session_the_registry_forgot() -> None:
    with RealRegistry(http_secret=None) as registry:
        async with client(registry.address) as connected:
            here = repository(registry.address)
            upload = await connected.start_upload(here)
            await upload.patch(BLOB[:1000])
            registry.stop()
            registry.start()
            with pytest.raises((UploadSessionLost, NetworkError)):
                await upload.patch(BLOB[1000:])
            with pytest.raises(UploadSessionLost):
                await upload.status()
            await (await connected.start_upload(here)).finish(DIGEST, BLOB)
            assert await connected.has_blob(here, DIGEST)


@pytest.mark.parametrize("status", [0, 502, 503])
async def test_a_lost_answer_to_a_chunk_is_asked_after_not_sent_again(registry: RealRegistry, status: int) -> None:
    """The chunk arrived and its answer did not; distribution 2 signs the offset, so the session cannot go on."""
    lost = Fault("PATCH", "/blobs/uploads/", 1, status, after=True)
    with FlakyProxy(registry.address, lost) as proxy:
        async with client(proxy.address) as connected:
            here = repository(proxy.address)
            upload = await connected.start_upload(here)
            with pytest.raises((NetworkError, ServerError)):
                await upload.patch(BLOB[:1_000_000])
            with pytest.raises(UploadSessionLost):
                await upload.status()
            await (await connected.start_upload(here)).finish(DIGEST, BLOB)
            assert await read(connected, here, DIGEST) == BLOB
        assert len([seen for seen in proxy.seen if seen.method == "PATCH"]) == 1


async def test_mounts(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        here, base = repository(registry.address), repository(registry.address, "team/base")
        await (await connected.start_upload(base)).finish(DIGEST, BLOB)
        assert await connected.mount(here, DIGEST, base) is None
        assert await connected.has_blob(here, DIGEST)
        session = await connected.mount(here, digest_of(b"new"), base)
        assert session is not None
        await session.finish(digest_of(b"new"), b"new")
        assert await connected.has_blob(here, digest_of(b"new"))


async def test_a_manifest_without_its_blobs_is_told_apart(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        with pytest.raises(ManifestBlobUnknown, match="sha256:"):
            await connected.put_manifest(repository(registry.address), "v1", parse_manifest(IMAGE.body))


async def test_every_shape_is_read_as_it_is_stored(registry: RealRegistry) -> None:
    arm = images.image([images.layer("arm", 3000)], platform="linux/arm64/v8")
    docker = images.image([images.layer("docker", 3000)], docker=True)
    shapes = {
        "oci": IMAGE,
        "docker": docker,
        "index": images.index([("linux/amd64", IMAGE), ("linux/arm64/v8", arm)]),
        "list": images.index([("linux/amd64", docker)], docker=True),
        "nested": images.index([("", images.index([("linux/amd64", IMAGE)]))]),
        "chart": images.chart("web"),
    }
    async with client(registry.address) as connected:
        here = repository(registry.address)
        for tag, shape in shapes.items():
            push(registry, "team/app", shape, tag)
            parsed = await connected.get_manifest(here, tag)
            assert parsed.body == shape.body
            assert parsed.digest == shape.digest
            assert parsed.media_type == shape.media_type
            assert [child.digest for child in parsed.manifests] == [child.digest for child in shape.children]
            assert {blob.digest for blob in parsed.blobs} == {blob.digest for blob in shape.blobs}
            head = await connected.head_manifest(here, tag)
            assert head is not None
            assert (head.digest, head.media_type, head.size) == (shape.digest, shape.media_type, len(shape.body))


async def test_a_manifest_damaged_in_storage(registry: RealRegistry) -> None:
    push(registry, "team/app", IMAGE, "v1")
    path = registry.blob_path(IMAGE.digest)
    path.write_bytes(path.read_bytes().replace(b'"schemaVersion": 2', b'"schemaVersion":  2'))
    async with client(registry.address) as connected:
        with pytest.raises(IntegrityError):
            await connected.get_manifest(repository(registry.address), IMAGE.digest)


async def test_referrers_by_the_fallback_tag(registry: RealRegistry) -> None:
    push(registry, "team/app", IMAGE, "v1")
    signature = images.chart("signature")
    listed = images.index([("", signature)])
    async with client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.referrers(here, IMAGE.digest) == []
        push(registry, "team/app", listed, fallback_tag(IMAGE.digest))
        [found] = await connected.referrers(here, IMAGE.digest)
        assert found.digest == signature.digest


async def test_what_is_missing(registry: RealRegistry) -> None:
    async with client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.head_manifest(here, "v1") is None
        assert not await connected.has_blob(here, DIGEST)
        with pytest.raises(NotFound):
            [page async for page in connected.tags(here)]
        assert [page async for page in connected.catalog()] == []


async def test_the_catalog_in_pages(registry: RealRegistry) -> None:
    names = sorted(f"team/app{n:02}" for n in range(12))
    for name in names:
        push(registry, name, IMAGE, "v1")
    with FlakyProxy(registry.address, Fault("GET", r"n=1000", 1, 400, body=b"{}")) as proxy:
        async with client(proxy.address) as connected:
            assert [page async for page in connected.catalog()] == [names]
        assert [seen.path for seen in proxy.seen if "_catalog" in seen.path] == [
            "/v2/_catalog?n=1000",
            "/v2/_catalog?n=100",
        ]


async def test_a_registry_that_only_reads() -> None:
    with RealRegistry(read_only=True) as registry:
        async with client(registry.address) as connected:
            with pytest.raises(PolicyRefused):
                await connected.start_upload(repository(registry.address))


async def test_permissions_by_repository(token_server: TokenServer) -> None:
    token_server.accounts["reader"] = Account("secret", {"team/.*": frozenset({"pull"})})
    with RealRegistry(token_server=token_server, login=LOGIN) as registry:
        push(registry, "team/app", IMAGE, "v1")
        push(registry, "public/app", IMAGE, "v1")
        here, open_to_all = repository(registry.address), repository(registry.address, "public/app")
        async with client(registry.address, Credential("reader", "secret")) as connected:
            assert await connected.head_manifest(here, "v1") is not None
            with pytest.raises(Denied, match="authentication required") as caught:
                await connected.start_upload(here)
            assert "pull,push" in caught.value.hint
        async with client(registry.address) as anonymous:
            assert await anonymous.head_manifest(open_to_all, "v1") is not None


async def test_an_identity_token(token_server: TokenServer) -> None:
    token_server.refresh_tokens["long-lived"] = LOGIN.username
    with RealRegistry(token_server=token_server, login=LOGIN) as registry:
        async with client(registry.address, Credential(identity_token="long-lived")) as connected:
            await (await connected.start_upload(repository(registry.address))).finish(DIGEST, BLOB)
    assert [(request.method, request.user) for request in token_server.requests] == [("POST", LOGIN.username)]


async def test_many_at_once_share_tokens_and_connections(token_server: TokenServer) -> None:
    with RealRegistry(token_server=token_server, login=LOGIN) as registry:
        async with RegistryClient(access(registry.address, CREDENTIAL)) as connected:
            here = [repository(registry.address, f"team/app{n % 5}") for n in range(200)]
            assert not any(await asyncio.gather(*(connected.has_blob(one, DIGEST) for one in here)))
            assert connected.traffic.requests == 1 + 5 + 200
    assert len(token_server.requests) == 5


async def test_a_mount_asks_for_both_repositories(token_server: TokenServer) -> None:
    with RealRegistry(token_server=token_server, login=LOGIN) as registry:
        async with client(registry.address, CREDENTIAL) as connected:
            here, base = repository(registry.address), repository(registry.address, "team/base")
            await (await connected.start_upload(base)).finish(DIGEST, BLOB)
            assert await connected.mount(here, DIGEST, base) is None
    assert token_server.requests[-1].scopes == ("repository:team/app:pull,push", "repository:team/base:pull")


async def test_a_restart_in_between_is_survived() -> None:
    with RealRegistry() as registry:
        async with client(registry.address) as connected:
            here = repository(registry.address)
            await (await connected.start_upload(here)).finish(DIGEST, BLOB)
            registry.stop()
            with pytest.raises(NetworkError):
                await connected.has_blob(here, DIGEST)
            registry.start()
            assert await connected.has_blob(here, DIGEST)


async def test_the_config_of_a_real_image(registry: RealRegistry) -> None:
    push(registry, "team/app", IMAGE, "v1")
    async with client(registry.address, USER) as connected:
        here = repository(registry.address)
        manifest = await connected.get_manifest(here, "v1")
        platform = await connected.get_image_config(here, manifest.blobs[0], 1 << 20)
        assert str(platform) == "linux/amd64"
        assert json.loads(manifest.body)["config"]["digest"] == manifest.blobs[0].digest
