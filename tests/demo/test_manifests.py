"""Manifests: PUT, GET, HEAD, DELETE (end-3, end-7, end-9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.demo.conftest import Api, connect
from tui.demo.content import INDEX
from tui.demo.images import CONFIG, DOCKER_LIST, EMPTY, IMAGE, LAYER, image, index, layer
from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage
from tui.oci.reference import digest_of

MISSING = digest_of(b"missing")
OTHER_MISSING = digest_of(b"also missing")


def descriptor(digest: str, media_type: str = LAYER, **more: object) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": 7, **more}


async def an_image(api: Api, repository: str = "team/app", **more: object) -> dict[str, Any]:
    """Push config and layer, and return a manifest of them."""
    config = await api.put_blob(repository, b'{"os":"linux"}')
    content = await api.put_blob(repository, b"a layer")
    return {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor(config, CONFIG),
        "layers": [descriptor(content)],
        **more,
    }


async def test_a_manifest_keeps_its_bytes(api: Api) -> None:
    """Odd spaces, odd order, a newline at the end: the digest is over what was sent."""
    fields = await an_image(api)
    body = json.dumps(fields, indent=3, sort_keys=True).encode() + b"\n"
    put = await api("PUT", "/v2/team/app/manifests/v1", body, Content_Type=IMAGE)
    digest = digest_of(body)
    assert put.status == 201
    assert put.headers["Location"] == f"/v2/team/app/manifests/{digest}"
    assert put.headers["Docker-Content-Digest"] == digest
    assert "OCI-Subject" not in put.headers
    for reference in ("v1", digest):
        get = await api("GET", f"/v2/team/app/manifests/{reference}")
        head = await api("HEAD", f"/v2/team/app/manifests/{reference}")
        assert (get.status, head.status, get.body, head.body) == (200, 200, body, b"")
        for reply in (get, head):
            assert reply.headers["Docker-Content-Digest"] == digest
            assert reply.headers["Content-Type"] == IMAGE
            assert reply.headers["Content-Length"] == str(len(body))


async def test_a_manifest_without_a_media_type_keeps_the_one_it_was_sent_with(api: Api) -> None:
    fields = await an_image(api)
    del fields["mediaType"]
    assert (await api.put_manifest("team/app", "v1", fields, f"{IMAGE}; charset=utf-8")).status == 201
    assert (await api("HEAD", "/v2/team/app/manifests/v1")).headers["Content-Type"] == IMAGE


async def test_a_media_type_in_the_body_is_enough(api: Api) -> None:
    body = json.dumps(await an_image(api)).encode()
    assert (await api("PUT", "/v2/team/app/manifests/v1", body)).status == 201
    assert (await api("HEAD", "/v2/team/app/manifests/v1")).headers["Content-Type"] == IMAGE


async def test_a_tag_moves_and_the_old_manifest_stays(api: Api) -> None:
    old = await api.put_manifest("team/app", "latest", await an_image(api))
    new = await api.put_manifest("team/app", "latest", await an_image(api, annotations={"version": "2"}))
    digests = [reply.headers["Docker-Content-Digest"] for reply in (old, new)]
    head = await api("HEAD", "/v2/team/app/manifests/latest")
    assert digests[0] != digests[1] == head.headers["Docker-Content-Digest"]
    assert (await api("HEAD", f"/v2/team/app/manifests/{digests[0]}")).status == 200


async def test_a_push_by_digest_may_name_tags(api: Api) -> None:
    """distribution-spec main, end-7b."""
    body = json.dumps(await an_image(api)).encode()
    digest = digest_of(body)
    reply = await api("PUT", f"/v2/team/app/manifests/{digest}?tag=a&tag=b", body, Content_Type=IMAGE)
    assert reply.status == 201
    assert reply.headers.getall("OCI-Tag") == ["a", "b"]
    for tag in ("a", "b"):
        assert (await api("HEAD", f"/v2/team/app/manifests/{tag}")).headers["Docker-Content-Digest"] == digest
    refused = await api("PUT", f"/v2/team/app/manifests/{digest}?tag=-", body, Content_Type=IMAGE)
    assert (refused.status, refused.code) == (400, "MANIFEST_INVALID")


async def test_a_push_by_sha512(api: Api) -> None:
    body = json.dumps(await an_image(api)).encode()
    digest = digest_of(body, "sha512")
    reply = await api("PUT", f"/v2/team/app/manifests/{digest}", body, Content_Type=IMAGE)
    assert (reply.status, reply.headers["Docker-Content-Digest"]) == (201, digest)
    assert (await api("GET", f"/v2/team/app/manifests/{digest}")).body == body


async def test_a_push_by_the_wrong_digest_is_refused(storage: Storage, api: Api) -> None:
    reply = await api.put_manifest("team/app", MISSING, await an_image(api))
    assert (reply.status, reply.code) == (400, "DIGEST_INVALID")
    assert storage.repositories() == []


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", IMAGE),
        (b"not json", IMAGE),
        (b"[]", IMAGE),
        (b"[" * 200_000, IMAGE),
        (b"\xff\xfe\xfa", IMAGE),
        (b"{}", ""),
        (b'{"mediaType": "application/vnd.oci.image.index.v1+json"}', IMAGE),
        (b'{"schemaVersion": 1, "fsLayers": []}', "application/vnd.docker.distribution.manifest.v1+prettyjws"),
        (b'{"layers": {}}', IMAGE),
        (b'{"layers": ["x"]}', IMAGE),
        (b'{"layers": [{"digest": 3}]}', IMAGE),
        (b'{"config": []}', IMAGE),
        (b'{"config": {"digest": "sha256:12"}}', IMAGE),
        (b'{"manifests": [{}]}', INDEX),
        (b'{"subject": "x"}', IMAGE),
        (b'{"annotations": ["x"]}', IMAGE),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_is_no_manifest_is_refused(storage: Storage, api: Api, body: bytes, media_type: str) -> None:
    headers = {"Content_Type": media_type} if media_type else {}
    reply = await api("PUT", "/v2/team/app/manifests/v1", body, **headers)
    assert (reply.status, reply.code) == (400, "MANIFEST_INVALID")
    assert storage.repositories() == []


@pytest.mark.parametrize("tag", ["-x", ".x", "a" * 129, "a%20b", "a%2B"])
async def test_what_is_no_tag_is_refused(api: Api, tag: str) -> None:
    reply = await api.put_manifest("team/app", tag, await an_image(api))
    assert (reply.status, reply.code) == (400, "MANIFEST_INVALID")
    assert (await api("HEAD", f"/v2/team/app/manifests/{tag}")).status == 404


async def test_every_missing_blob_is_named(api: Api) -> None:
    fields = await an_image(api)
    fields["layers"] += [descriptor(MISSING), descriptor(OTHER_MISSING), descriptor(MISSING)]
    reply = await api.put_manifest("team/app", "v1", fields)
    assert reply.status == 400
    errors = reply.json()["errors"]
    assert [error["code"] for error in errors] == ["MANIFEST_BLOB_UNKNOWN"] * 2
    assert [error["detail"] for error in errors] == [MISSING, OTHER_MISSING]
    assert (await api("HEAD", "/v2/team/app/manifests/v1")).status == 404


async def test_blobs_of_another_repository_do_not_count(api: Api) -> None:
    fields = await an_image(api, "team/base")
    assert (await api.put_manifest("team/app", "v1", fields)).status == 400


@pytest.mark.parametrize("media_type", [INDEX, DOCKER_LIST])
async def test_an_index_comes_after_its_children(api: Api, media_type: str) -> None:
    child = json.dumps(await an_image(api)).encode()
    fields = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [descriptor(digest_of(child), IMAGE, platform={"os": "linux", "architecture": "amd64"})],
    }
    early = await api.put_manifest("team/app", "v1", fields)
    assert (early.status, early.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    await api("PUT", f"/v2/team/app/manifests/{digest_of(child)}", child, Content_Type=IMAGE)
    assert (await api.put_manifest("team/app", "v1", fields)).status == 201


async def test_an_index_of_layers(api: Api) -> None:
    """BuildKit's older cache export."""
    digest = await api.put_blob("team/app", b"a layer")
    fields = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(digest)]}
    assert (await api.put_manifest("team/app", "cache", fields)).status == 201


async def test_a_foreign_layer_may_live_elsewhere(api: Api) -> None:
    fields = await an_image(api)
    fields["layers"].append(descriptor(MISSING, urls=["https://example.com/layer"]))
    assert (await api.put_manifest("team/app", "v1", fields)).status == 201


async def test_an_artifact_of_an_unknown_type(api: Api) -> None:
    empty = await api.put_blob("team/app", b"{}")
    fields = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.artifact.manifest.v1+json",
        "artifactType": "application/x-thing",
        "config": descriptor(empty, EMPTY),
        "blobs": [descriptor(MISSING)],
    }
    assert (await api.put_manifest("team/app", "v1", fields)).code == "MANIFEST_BLOB_UNKNOWN"
    fields["blobs"] = [descriptor(empty, EMPTY)]
    assert (await api.put_manifest("team/app", "v1", fields)).status == 201


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_manifest_has_a_largest_size(streamed: bool) -> None:
    def padded(fields: Mapping[str, Any], size: int) -> bytes:
        body = json.dumps(fields).encode()
        return body + b" " * (size - len(body))

    async def pieces(body: bytes) -> Any:
        yield body[:10]
        yield body[10:]

    async with EmbeddedRegistry(MemoryStorage(), manifest_limit=2000) as registry, connect(registry) as api:
        fields = await an_image(api)
        for size, status in ((2000, 201), (2001, 413)):
            body = padded(fields, size)
            reply = await api(
                "PUT", f"/v2/team/app/manifests/size-{size}", pieces(body) if streamed else body, Content_Type=IMAGE
            )
            assert reply.status == status
        assert reply.code == "MANIFEST_INVALID"


async def test_four_mebibytes_fit(api: Api) -> None:
    body = json.dumps(await an_image(api)).encode().ljust(4 * 1024 * 1024)
    assert (await api("PUT", "/v2/team/app/manifests/v1", body, Content_Type=IMAGE)).status == 201
    assert (await api("GET", "/v2/team/app/manifests/v1")).body == body


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize(
    ("reference", "status", "code"),
    [("v2", 404, "MANIFEST_UNKNOWN"), (MISSING, 404, "MANIFEST_UNKNOWN"), ("sha256:12", 400, "DIGEST_INVALID")],
)
async def test_what_is_not_there_is_said_so(api: Api, method: str, reference: str, status: int, code: str) -> None:
    await api.put_manifest("team/app", "v1", await an_image(api))
    for repository in ("team/app", "no/such"):
        reply = await api(method, f"/v2/{repository}/manifests/{reference}")
        assert reply.status == status
        if method != "HEAD":
            assert reply.code == code


async def test_deleting_a_tag_leaves_the_manifest(api: Api) -> None:
    digest = (await api.put_manifest("team/app", "v1", await an_image(api))).headers["Docker-Content-Digest"]
    assert (await api("DELETE", "/v2/team/app/manifests/v1")).status == 202
    assert (await api("GET", "/v2/team/app/manifests/v1")).code == "MANIFEST_UNKNOWN"
    assert (await api("GET", f"/v2/team/app/manifests/{digest}")).status == 200
    assert (await api("GET", "/v2/team/app/tags/list")).json()["tags"] == []


async def test_deleting_a_manifest_takes_its_tags_along(storage: Storage, api: Api) -> None:
    fields = await an_image(api)
    for tag in ("v1", "latest"):
        digest = (await api.put_manifest("team/app", tag, fields)).headers["Docker-Content-Digest"]
    other = await api.put_manifest("team/app", "v2", await an_image(api, annotations={"version": "2"}))
    assert (await api("DELETE", f"/v2/team/app/manifests/{digest}")).status == 202
    assert (await api("GET", "/v2/team/app/tags/list")).json()["tags"] == ["v2"]
    assert (await api("HEAD", "/v2/team/app/manifests/v2")).headers["Docker-Content-Digest"] == other.headers[
        "Docker-Content-Digest"
    ]
    with pytest.raises((KeyError, FileNotFoundError)):
        storage.read(digest)


async def test_content_that_is_blob_and_manifest_at_once(api: Api) -> None:
    body = json.dumps(await an_image(api)).encode()
    digest = await api.put_blob("team/app", body)
    await api("PUT", "/v2/team/app/manifests/v1", body, Content_Type=IMAGE)
    assert (await api("DELETE", f"/v2/team/app/manifests/{digest}")).status == 202
    assert (await api("GET", f"/v2/team/app/blobs/{digest}")).body == body


def test_images_made_here_have_the_shape_they_say() -> None:
    made = index([image([layer("a", 10)]), image([layer("b", 10)], "linux/arm64/v8")])
    entries = json.loads(made.manifest.body)["manifests"]
    assert [entry["platform"] for entry in entries] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
    ]
    assert [entry["digest"] for entry in entries] == [child.digest for child in made.children]
