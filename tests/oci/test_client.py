"""The client: manifests, blobs, mounts and referrers, every digest checked, against the embedded registry and liars."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.oci.scripted import IMPATIENT, Asked, Scripted, client, read, refused, reply, repository
from tests.support import images
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.answers import Answer
from tui.oci.blobs import BlobHead
from tui.oci.call import Call
from tui.oci.channel import Channel
from tui.oci.client import ManifestHead, fallback_tag
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import (
    Conflict,
    Denied,
    IntegrityError,
    NotFound,
    PolicyRefused,
    RegistryError,
    ServerError,
    Throttled,
    UnsupportedContent,
)
from tui.oci.manifest import ACCEPT, OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest
from tui.oci.reference import Repository, digest_of
from tui.oci.upload import Upload

LAYER = images.layer("client", 5000)
IMAGE = images.image([LAYER])
OTHER_DIGEST = f"sha256:{'1' * 64}"
BLOB = b"0123456789" * 1000
DIGEST = digest_of(BLOB)


def _storage(*manifests: images.Manifest, path: str = "team/app", tag: str = "v1") -> MemoryStorage:
    storage = MemoryStorage()
    for manifest in manifests:
        for blob in manifest.all_blobs().values():
            assert blob.body is not None
            storage.put_blob(path, blob.body, blob.digest)
        storage.put_manifest(path, manifest.body, manifest.media_type, tags=[tag])
    return storage


def _parsed(manifest: images.Manifest) -> Manifest:
    return parse_manifest(manifest.body, manifest.media_type)


def _served(answering: Callable[[Asked], web.StreamResponse]) -> Scripted:
    """A registry without login that answers everything below `/v2/` so."""
    return Scripted(lambda asked: reply() if asked.path == "/v2/" else answering(asked))


def _manifest(body: bytes = IMAGE.body, **headers: str) -> web.Response:
    return reply(200, None, body, Content_Type=OCI_MANIFEST, **headers)


# Manifests


@pytest.mark.parametrize("target", ["v1", IMAGE.digest])
async def test_a_manifest_by_tag_and_digest(target: str) -> None:
    async with EmbeddedRegistry(_storage(IMAGE)) as registry, client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.get_manifest(here, target) == _parsed(IMAGE)
        assert await connected.head_manifest(here, target) == ManifestHead(IMAGE.digest, OCI_MANIFEST, len(IMAGE.body))


async def test_what_a_registry_says_about_a_blob() -> None:
    async with EmbeddedRegistry(_storage(IMAGE)) as registry, client(registry.address) as connected:
        found = await connected.head_blob(repository(registry.address), LAYER.digest)
        assert found == BlobHead(LAYER.size)


async def test_what_is_not_there() -> None:
    async with EmbeddedRegistry(_storage(IMAGE)) as registry, client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.head_manifest(here, "v2") is None
        assert await connected.head_manifest(here, OTHER_DIGEST) is None
        assert not await connected.has_blob(here, OTHER_DIGEST)
        assert await connected.head_blob(here, OTHER_DIGEST) is None
        with pytest.raises(NotFound) as caught:
            await connected.get_manifest(here, "v2")
        assert str(caught.value).startswith(f"{here}:v2: cannot read the manifest")
        with pytest.raises(NotFound):
            await read(connected, here, OTHER_DIGEST)


@pytest.mark.parametrize("make", [images.image, lambda layers: images.image(layers, docker=True)])
async def test_push_and_read_back_byte_for_byte(make: Callable[[list[images.Blob]], images.Manifest]) -> None:
    image = make([LAYER])
    storage = MemoryStorage()
    for blob in image.blobs:
        assert blob.body is not None
        storage.put_blob("team/app", blob.body)
    async with EmbeddedRegistry(storage) as registry, client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.put_manifest(here, "v1", _parsed(image)) is False
        assert (await connected.get_manifest(here, "v1")).body == image.body
        assert (await connected.get_manifest(here, image.digest)).media_type == image.media_type


async def test_every_type_is_asked_for_on_manifests_and_nowhere_else() -> None:
    served = _served(lambda asked: _manifest(Docker_Content_Digest=IMAGE.digest))
    async with served as registry, client(registry.address) as connected:
        here = repository(registry.address)
        await connected.head_manifest(here, "v1")
        await connected.get_manifest(here, "v1")
        await connected.has_blob(here, DIGEST)
    for asked in registry.asked:
        assert asked.headers.get("accept", "") == (ACCEPT if "/manifests/" in asked.path else "")
        assert asked.headers["accept-encoding"] == "identity"


HEADS = [
    # the HEAD's headers, whether a GET is needed
    ({"Docker_Content_Digest": IMAGE.digest}, False),
    ({}, True),
    ({"Docker_Content_Digest": "junk"}, True),
    ({"Docker_Content_Digest": "sha256:short"}, True),
]


@pytest.mark.parametrize(("headers", "needs_get"), HEADS)
async def test_a_head_without_a_digest_is_a_get(headers: dict[str, Any], needs_get: bool) -> None:
    served = _served(lambda asked: _manifest(**headers) if asked.method == "HEAD" else _manifest())
    async with served as registry, client(registry.address) as connected:
        head = await connected.head_manifest(repository(registry.address), "v1")
    assert head == ManifestHead(IMAGE.digest, OCI_MANIFEST, len(IMAGE.body))
    assert bool(registry.requests("GET", "/manifests/")) is needs_get


async def test_a_head_by_digest_that_speaks_of_another_one_is_not_believed() -> None:
    other = IMAGE.body + b"\n"

    def answering(asked: Asked) -> web.StreamResponse:
        return _manifest(other, Docker_Content_Digest=digest_of(other))

    async with _served(answering) as registry, client(registry.address) as connected:
        with pytest.raises(IntegrityError):
            await connected.head_manifest(repository(registry.address), IMAGE.digest)


async def test_a_head_in_another_algorithm_is_no_contradiction() -> None:
    sha512 = digest_of(IMAGE.body, "sha512")
    served = _served(lambda asked: _manifest(Docker_Content_Digest=sha512))
    async with served as registry, client(registry.address) as connected:
        here = repository(registry.address)
        head = await connected.head_manifest(here, IMAGE.digest)
        assert head is not None
        assert head.digest == IMAGE.digest
        assert (await connected.get_manifest(here, sha512)).digest == sha512


async def test_a_registry_that_knows_no_head() -> None:
    served = _served(lambda asked: reply(405) if asked.method == "HEAD" else _manifest())
    async with served as registry, client(registry.address) as connected:
        head = await connected.head_manifest(repository(registry.address), "v1")
        assert head is not None
        assert head.digest == IMAGE.digest


async def test_a_denied_head_says_why() -> None:
    served = _served(lambda asked: refused(403, "DENIED", "the account is locked"))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(Denied, match="the account is locked"):
            await connected.head_manifest(repository(registry.address), "v1")


@pytest.mark.parametrize("length", ["", "x", "²", "-1", "9" * 40])
async def test_a_size_that_is_none(length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"docker-content-digest": IMAGE.digest, "content-length": length}

    async def answered(self: Channel, call: Call) -> Answer:
        return Answer(200, headers, b"", "https://r.io/v2/")

    monkeypatch.setattr(Channel, "send", answered)
    async with client("r.io") as connected:
        head = await connected.head_manifest(repository("r.io"), "v1")
    assert head == ManifestHead(IMAGE.digest, "", 0)


WRONG_MANIFESTS = [
    # target, answer, class, part of the message
    (IMAGE.digest, lambda: _manifest(IMAGE.body + b"\n"), IntegrityError, "promised was"),
    (IMAGE.digest, lambda: _manifest(b""), IntegrityError, "promised was"),
    (IMAGE.digest, lambda: _manifest(IMAGE.body[:-5]), IntegrityError, "promised was"),
    ("v1", lambda: _manifest(Docker_Content_Digest=OTHER_DIGEST), IntegrityError, "the registry states"),
    ("v1", lambda: _manifest(b'{"schemaVersion":1,"fsLayers":[]}'), UnsupportedContent, "schema 1"),
    ("v1", lambda: _manifest(b"{"), UnsupportedContent, "not valid JSON"),
    ("v1", lambda: _manifest(b" \n<html>Sign in</html>"), ServerError, "proxy or portal"),
    ("v1", lambda: _manifest(b" " * 5 * 1024 * 1024), UnsupportedContent, "5242880 bytes"),
    ("v1", lambda: _manifest(b" " * 9 * 1024 * 1024), UnsupportedContent, "longer than"),
]


@pytest.mark.parametrize(("target", "answer", "kind", "words"), WRONG_MANIFESTS)
async def test_a_wrong_manifest(
    target: str, answer: Callable[[], web.Response], kind: type[RegistryError], words: str
) -> None:
    async with _served(lambda asked: answer()) as registry, client(registry.address) as connected:
        with pytest.raises(kind, match=words) as caught:
            await connected.get_manifest(repository(registry.address), target)
    if not caught.value.retryable:
        assert len(registry.requests(part="/manifests/")) == 1


@pytest.mark.parametrize("stated", [IMAGE.digest, "", "junk", digest_of(IMAGE.body, "sha512")])
async def test_a_word_on_what_was_stored_that_does_not_contradict(stated: str) -> None:
    served = _served(lambda asked: reply(201, Docker_Content_Digest=stated))
    async with served as registry, client(registry.address) as connected:
        assert await connected.put_manifest(repository(registry.address), "v1", _parsed(IMAGE)) is False


async def test_a_registry_that_stored_something_else() -> None:
    served = _served(lambda asked: reply(201, Docker_Content_Digest=OTHER_DIGEST))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(IntegrityError, match="stored the manifest as"):
            await connected.put_manifest(repository(registry.address), "v1", _parsed(IMAGE))


async def test_a_push_says_whether_the_subject_was_indexed() -> None:
    served = _served(lambda asked: reply(201, OCI_Subject=OTHER_DIGEST))
    async with served as registry, client(registry.address) as connected:
        assert await connected.put_manifest(repository(registry.address), "v1", _parsed(IMAGE)) is True
    [asked] = registry.requests("PUT")
    assert asked.headers["content-type"] == OCI_MANIFEST
    assert asked.body == IMAGE.body


PUT_REFUSALS = [
    (refused, (412, "PRECONDITION", "the tag is immutable"), Conflict),
    (refused, (400, "MANIFEST_INVALID"), PolicyRefused),
    (refused, (403, "DENIED", "quota exceeded"), PolicyRefused),
    (refused, (403, "DENIED"), Denied),
    (refused, (413, "X"), PolicyRefused),
    (refused, (404, "NAME_UNKNOWN"), NotFound),
]


@pytest.mark.parametrize(("make", "arguments", "kind"), PUT_REFUSALS)
async def test_a_refused_push(make: Callable[..., Any], arguments: tuple[Any, ...], kind: type[RegistryError]) -> None:
    async with _served(lambda asked: make(*arguments)) as registry, client(registry.address) as connected:
        with pytest.raises(kind):
            await connected.put_manifest(repository(registry.address), "v1", _parsed(IMAGE))
    assert len(registry.requests("PUT")) == 1


# Blobs


@pytest.mark.parametrize("offset", [0, 1, 4999, len(BLOB) - 1])
async def test_a_blob_from_an_offset(offset: int) -> None:
    storage = MemoryStorage()
    storage.put_blob("team/app", BLOB)
    async with EmbeddedRegistry(storage) as registry, client(registry.address) as connected:
        assert await connected.has_blob(repository(registry.address), DIGEST)
        assert await read(connected, repository(registry.address), DIGEST, offset) == BLOB[offset:]
        assert connected.traffic.bytes_in == len(BLOB) - offset


async def test_an_offset_beyond_the_end() -> None:
    storage = MemoryStorage()
    storage.put_blob("team/app", BLOB)
    async with EmbeddedRegistry(storage) as registry, client(registry.address) as connected:
        with pytest.raises(IntegrityError, match="ends at or before"):
            await read(connected, repository(registry.address), DIGEST, len(BLOB) + 5)


@pytest.mark.parametrize("offset", [1, 10, len(BLOB) - 1, len(BLOB)])
async def test_a_registry_without_ranges_sends_everything_and_the_start_is_dropped(offset: int) -> None:
    async with _served(lambda asked: reply(body=BLOB)) as registry, client(registry.address) as connected:
        assert await read(connected, repository(registry.address), DIGEST, offset) == BLOB[offset:]
        assert registry.requests(part="/blobs/")[0].headers["range"] == f"bytes={offset}-"


@pytest.mark.parametrize(
    "content_range",
    ["", "bytes 0-9/10", "bytes 6-9/10", "5-9/10", "bytes 5-x/10", "bytes ٥-9/10", "bytes " + "5" * 5000 + "-1/2"],
)
async def test_a_range_that_starts_elsewhere_is_refused(content_range: str) -> None:
    served = _served(lambda asked: reply(206, body=BLOB[5:10], Content_Range=content_range))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(ServerError, match="starts elsewhere"):
            await read(connected, repository(registry.address), DIGEST, 5)


@pytest.mark.parametrize("total", ["10", "*"])
async def test_a_range_of_known_or_unknown_length(total: str) -> None:
    served = _served(lambda asked: reply(206, body=BLOB[5:10], Content_Range=f"bytes 5-9/{total}"))
    async with served as registry, client(registry.address) as connected:
        assert await read(connected, repository(registry.address), DIGEST, 5) == BLOB[5:10]


@pytest.mark.parametrize("status", [204, 301, 401, 403, 404, 429, 500, 503])
async def test_a_blob_that_cannot_be_read_is_the_callers_to_try_again(status: int) -> None:
    async with _served(lambda asked: reply(status)) as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError):
            await read(connected, repository(registry.address), DIGEST)
    assert len(registry.requests(part="/blobs/")) <= (6 if status == 301 else 1)


async def test_the_config_of_an_image() -> None:
    body = json.dumps({"os": "linux", "architecture": "arm64", "variant": "v8", "config": {}}).encode()
    config = Descriptor("", digest_of(body), len(body))
    served = _served(lambda asked: reply(body=body))
    async with served as registry, client(registry.address) as connected:
        here = repository(registry.address)
        assert await connected.get_image_config(here, config, 1000) == ImagePlatform("linux", "arm64", "v8")
        with pytest.raises(UnsupportedContent, match="longer than the 10 bytes"):
            await connected.get_image_config(here, config, 10)
        with pytest.raises(IntegrityError):
            await connected.get_image_config(here, Descriptor("", OTHER_DIGEST, 5), 1000)


# Mounts


async def test_a_mount() -> None:
    storage = MemoryStorage()
    storage.put_blob("team/base", BLOB)
    async with EmbeddedRegistry(storage) as registry, client(registry.address) as connected:
        here, base = repository(registry.address), repository(registry.address, "team/base")
        assert await connected.mount(here, DIGEST, base) is None
        assert await connected.has_blob(here, DIGEST)
        session = await connected.mount(here, OTHER_DIGEST, base)
        assert isinstance(session, Upload)
        await session.finish(digest_of(b"new"), b"new")
        assert await connected.has_blob(here, digest_of(b"new"))


async def test_a_mount_of_something_else_is_an_error() -> None:
    served = _served(lambda asked: reply(201, Docker_Content_Digest=OTHER_DIGEST))
    async with served as registry, client(registry.address) as connected:
        with pytest.raises(IntegrityError, match="mounted"):
            await connected.mount(repository(registry.address), DIGEST, repository(registry.address, "a/b"))
    assert registry.requests("POST")[0].path.endswith(f"?mount={DIGEST}&from=a%2Fb")


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refused_mount_is_an_error_to_upload_after(status: int) -> None:
    async with _served(lambda asked: reply(status)) as registry, client(registry.address) as connected:
        with pytest.raises(RegistryError):
            await connected.mount(repository(registry.address), DIGEST, repository(registry.address, "a/b"))
    assert len(registry.requests("POST")) == 1


# Referrers


def _referring(number: int) -> images.Manifest:
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": f"application/vnd.example.{number}",
            "config": {"mediaType": images.OCI_EMPTY, "digest": digest_of(b"{}"), "size": 2},
            "layers": [],
            "subject": {"mediaType": OCI_MANIFEST, "digest": IMAGE.digest, "size": len(IMAGE.body)},
        }
    ).encode()
    return images.Manifest(OCI_MANIFEST, body, (images.blob(b"{}", images.OCI_EMPTY),))


def _list_of(*numbers: int, **headers: str) -> web.Response:
    entries = [
        {"mediaType": OCI_MANIFEST, "digest": f"sha256:{n:064x}", "size": n, "artifactType": "t"} for n in numbers
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return reply(200, index, b"", Content_Type=OCI_INDEX, **headers)


async def _referrers(registry: Scripted) -> list[int]:
    async with client(registry.address) as connected:
        found = await connected.referrers(repository(registry.address), IMAGE.digest)
    return [int(descriptor.digest[7:], 16) for descriptor in found]


async def test_referrers_of_the_embedded_registry() -> None:
    first, second = _referring(1), _referring(2)
    async with EmbeddedRegistry(_storage(IMAGE, first, second)) as registry, client(registry.address) as connected:
        here = repository(registry.address)
        found = await connected.referrers(here, IMAGE.digest)
        assert {entry.digest for entry in found} == {first.digest, second.digest}
        assert {entry.artifact_type for entry in found} == {"application/vnd.example.1", "application/vnd.example.2"}
        assert await connected.referrers(here, OTHER_DIGEST) == []
        assert await connected.put_manifest(here, first.digest, _parsed(first)) is True


async def test_referrers_come_in_pages() -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if "page=2" in asked.path:
            return _list_of(2, 3)
        return _list_of(1, 2, Link=f'<{asked.path}?page=2>; rel="next"')

    async with _served(answering) as registry:
        assert await _referrers(registry) == [1, 2, 3]


async def test_pages_of_referrers_that_go_round_end() -> None:
    served = _served(lambda asked: _list_of(1, Link='<?page=2>; rel="next"'))
    async with served as registry:
        with pytest.raises(ServerError, match="goes round"):
            await _referrers(registry)


NO_API: list[Callable[[], web.Response]] = [
    lambda: reply(404),
    lambda: refused(404, "NAME_UNKNOWN"),
    lambda: refused(400, "UNSUPPORTED"),
    lambda: reply(405),
    lambda: reply(401),
    lambda: reply(403),
    lambda: reply(406),
    lambda: reply(501),
    lambda: reply(body=b"<html>"),
    lambda: reply(200, {}),
    lambda: reply(200, {"manifests": 5}),
    lambda: _manifest(),
]


@pytest.mark.parametrize("answer", NO_API)
async def test_without_the_api_the_fallback_tag_says(answer: Callable[[], web.Response]) -> None:
    def answering(asked: Asked) -> web.StreamResponse:
        if "/referrers/" in asked.path:
            return answer()
        return _list_of(7, 8, 7) if asked.path.endswith(f"/{fallback_tag(IMAGE.digest)}") else reply(404)

    async with _served(answering) as registry:
        assert await _referrers(registry) == [7, 8]


@pytest.mark.parametrize(
    "answer", [lambda: reply(404), lambda: _manifest(), lambda: _manifest(b"{"), lambda: _list_of()]
)
async def test_a_fallback_tag_that_is_absent_or_no_index_means_none(answer: Callable[[], web.Response]) -> None:
    async with _served(lambda asked: reply(404) if "/referrers/" in asked.path else answer()) as registry:
        assert await _referrers(registry) == []
        assert len(registry.asked) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_api_is_not_taken_for_a_missing_one(status: int) -> None:
    served = _served(lambda asked: reply(status))
    async with served as registry, client(registry.address, retry=IMPATIENT) as connected:
        with pytest.raises((ServerError, Throttled)):
            await connected.referrers(repository(registry.address), IMAGE.digest)
    assert not registry.requests(part="/manifests/")


async def test_a_denied_fallback_is_denied() -> None:
    async with _served(lambda asked: reply(403)) as registry:
        with pytest.raises(Denied):
            await _referrers(registry)


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (f"sha256:{'a' * 64}", f"sha256-{'a' * 64}"),
        (f"sha512:{'b' * 128}", f"sha512-{'b' * 64}"),
        (f"test+algorithm+using+algorithm+separators+and+lots+of+characters+to+exercise:{'c' * 90}",
         f"test-algorithm-using-algorithm-s-{'c' * 64}"),
    ],
)  # fmt: skip
def test_the_fallback_tag_is_of_the_specification(digest: str, expected: str) -> None:
    assert fallback_tag(digest) == expected


def test_a_repository_is_written_in_errors_as_a_reference() -> None:
    assert str(Repository("r.io", "a/b")) == "r.io/a/b"
