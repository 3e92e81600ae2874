"""Manifests and indexes of every type we copy, those we refuse by name, and documents made to do harm."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import images
from tui.oci import manifest as types
from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.errors import IntegrityError, UnsupportedContent
from tui.oci.manifest import MAX_MANIFEST, parse_manifest, unique
from tui.oci.reference import digest_of

LAYER = images.layer("a", 1000)
OTHER = images.layer("b", 1000)
IMAGE = images.image([LAYER, OTHER])
HEX = "0" * 64
DIGEST = f"sha256:{HEX}"


def _entry(media_type: str = images.OCI_LAYER, digest: str = DIGEST, size: Any = 5, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


def _document(**fields: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, **fields}).encode()


CONFIG = _entry(images.OCI_CONFIG)


@pytest.mark.parametrize("docker", [False, True])
def test_an_image(docker: bool) -> None:
    image = images.image([LAYER, OTHER], docker=docker)
    parsed = parse_manifest(image.body, image.media_type, image.digest)
    assert (parsed.body, parsed.media_type, parsed.digest, parsed.size) == (
        image.body,
        image.media_type,
        image.digest,
        len(image.body),
    )
    assert [blob.digest for blob in parsed.blobs] == [blob.digest for blob in image.blobs]
    assert [blob.size for blob in parsed.blobs] == [blob.size for blob in image.blobs]
    assert not parsed.is_index
    assert not parsed.manifests
    assert parsed.subject is None


@pytest.mark.parametrize("docker", [False, True])
def test_an_index(docker: bool) -> None:
    arm = images.image([LAYER], platform="linux/arm64/v8", docker=docker)
    index = images.index([("linux/amd64", IMAGE), ("linux/arm64/v8", arm), ("", arm)], docker=docker)
    parsed = parse_manifest(index.body, index.media_type, index.digest)
    assert parsed.is_index
    assert [str(entry.platform) for entry in parsed.manifests] == ["linux/amd64", "linux/arm64/v8", "None"]
    assert [entry.digest for entry in parsed.manifests] == [IMAGE.digest, arm.digest, arm.digest]
    assert [entry.digest for entry in unique(parsed.manifests)] == [IMAGE.digest, arm.digest]
    assert parsed.blobs == ()


def test_a_nested_index() -> None:
    inner = images.index([("linux/amd64", IMAGE)])
    parsed = parse_manifest(images.index([("", inner)]).body)
    assert parsed.manifests[0].media_type == types.OCI_INDEX
    assert parsed.manifests[0].digest == inner.digest


def test_a_helm_chart() -> None:
    chart = images.chart("web")
    parsed = parse_manifest(chart.body, chart.media_type)
    assert parsed.config_type == images.HELM_CONFIG
    assert len(parsed.blobs) == 2


def test_an_artifact_with_a_subject() -> None:
    body = _document(
        mediaType=types.OCI_MANIFEST,
        artifactType="application/vnd.example.sbom",
        config=_entry(images.OCI_EMPTY),
        layers=[_entry("application/spdx+json")],
        subject=_entry(types.OCI_MANIFEST, IMAGE.digest, 7),
    )
    parsed = parse_manifest(body)
    assert parsed.artifact_type == "application/vnd.example.sbom"
    assert parsed.subject is not None
    assert parsed.subject.digest == IMAGE.digest


def test_the_withdrawn_artifact_manifest() -> None:
    body = _document(mediaType=types.OCI_ARTIFACT, blobs=[_entry("application/x")], artifactType="t")
    parsed = parse_manifest(body)
    assert len(parsed.blobs) == 1
    assert parsed.config_type == ""


def test_a_build_cache_is_an_index_of_layers() -> None:
    body = _document(mediaType=types.OCI_INDEX, manifests=[_entry(), _entry("application/vnd.buildkit.cacheconfig.v0")])
    parsed = parse_manifest(body)
    assert parsed.manifests == ()
    assert len(parsed.blobs) == 2


def test_foreign_layers_stand_apart() -> None:
    body = _document(
        mediaType=types.DOCKER_MANIFEST,
        config=CONFIG,
        layers=[
            _entry("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls=["https://mcr.io/x", 5]),
            _entry(urls=[]),
        ],
    )
    parsed = parse_manifest(body)
    assert [layer.urls for layer in parsed.foreign] == [("https://mcr.io/x",)]
    assert len(parsed.blobs) == 2


MEDIA_TYPES = [
    # body's, header's, other fields, expected
    (None, "", {"config": CONFIG}, types.OCI_MANIFEST),
    (None, types.DOCKER_MANIFEST, {"config": CONFIG}, types.DOCKER_MANIFEST),
    (None, f"{types.OCI_MANIFEST.upper()}; charset=utf-8", {"config": CONFIG}, types.OCI_MANIFEST),
    (None, "application/json", {"config": CONFIG}, types.OCI_MANIFEST),
    (None, "text/plain", {"manifests": []}, types.OCI_INDEX),
    (None, types.DOCKER_LIST, {"manifests": []}, types.DOCKER_LIST),
    (types.OCI_INDEX, types.DOCKER_LIST, {"manifests": []}, types.OCI_INDEX),
    (types.OCI_MANIFEST, types.OCI_INDEX, {"config": CONFIG}, types.OCI_MANIFEST),
    ("", types.DOCKER_MANIFEST, {"config": CONFIG}, types.DOCKER_MANIFEST),
    (5, types.DOCKER_MANIFEST, {"config": CONFIG}, types.DOCKER_MANIFEST),
]


@pytest.mark.parametrize(("declared", "header", "fields", "expected"), MEDIA_TYPES)
def test_the_media_type_is_the_bodys_then_the_headers(
    declared: Any, header: str, fields: dict[str, Any], expected: str
) -> None:
    more = {} if declared is None else {"mediaType": declared}
    assert parse_manifest(_document(**more, **fields), header).media_type == expected


def test_null_is_an_empty_list() -> None:
    assert parse_manifest(_document(mediaType=types.OCI_INDEX, manifests=None)).manifests == ()
    assert len(parse_manifest(_document(mediaType=types.OCI_MANIFEST, config=CONFIG, layers=None)).blobs) == 1
    assert parse_manifest(_document(mediaType=types.OCI_ARTIFACT, blobs=None)).blobs == ()


REFUSED = [
    # body, content type, part of the message
    (b'{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[]}', "", "schema 1"),
    (b'{"schemaVersion":1,"fsLayers":[],"signatures":[]}', types.DOCKER_SCHEMA1_SIGNED, "schema 1"),
    (b'{"schemaVersion":2}', types.DOCKER_SCHEMA1, "schema 1"),
    (_document(mediaType="application/vnd.wrong\x1b[2J"), "", "not one we know"),
    (_document(mediaType="application/vnd.docker.plugin.v0"), "", "not one we know"),
    (b"", "", "not valid JSON"),
    (b"{", "", "not valid JSON"),
    (b"\xff\xfe\x00", "", "not valid JSON"),
    (b"\x00" * 10, "", "not valid JSON"),
    (b"[" * 200_000, "", "not valid JSON"),
    (b'{"a":' * 50_000, "", "not valid JSON"),
    (b'{"schemaVersion":' + b"9" * 5000 + b"}", "", "not valid JSON"),
    (b"[]", "", "not a JSON object"),
    (b"null", "", "not a JSON object"),
    (b'"text"', "", "not a JSON object"),
    (b'{"schemaVersion":2,"config":{},"config":{}}', "", "stands twice"),
    (b'{"schemaVersion":2,"config":{"digest":"a","digest":"b"}}', "", "stands twice"),
    (_document(), "", "config: a descriptor was expected"),
    (_document(config=[]), "", "config: a descriptor was expected"),
    (_document(config=CONFIG, layers={}), "", "layers: a list was expected"),
    (_document(config=CONFIG, layers="x"), "", "layers: a list was expected"),
    (_document(config=CONFIG, layers=[CONFIG, 5]), "", r"layers\[1\]: a descriptor"),
    (_document(manifests={}, mediaType=types.OCI_INDEX), "", "manifests: a list was expected"),
    (_document(config=CONFIG, subject="x"), "", "subject: a descriptor was expected"),
    (_document(config=CONFIG, layers=[CONFIG] * 10_001), "", "more than 10000"),
    (_document(mediaType=types.OCI_INDEX, manifests=[], layers=[CONFIG]), "", "ambiguous"),
    (_document(mediaType=types.OCI_INDEX, manifests=[], config=CONFIG), "", "ambiguous"),
    (_document(mediaType=types.DOCKER_LIST, manifests=[], fsLayers=[1]), "", "ambiguous"),
    (_document(mediaType=types.OCI_MANIFEST, config=CONFIG, manifests=[CONFIG]), "", "ambiguous"),
    (_document(manifests=[CONFIG], layers=[CONFIG]), "", "ambiguous"),
    (b" " * (MAX_MANIFEST + 1), "", "more than the 4194304"),
]


@pytest.mark.parametrize(("body", "content_type", "words"), REFUSED)
def test_refused(body: bytes, content_type: str, words: str) -> None:
    with pytest.raises(UnsupportedContent, match=words) as caught:
        parse_manifest(body, content_type)
    assert str(caught.value).isprintable()


def test_the_largest_manifest_is_taken() -> None:
    body = _document(config=CONFIG)
    assert parse_manifest(body + b" " * (MAX_MANIFEST - len(body))).size == MAX_MANIFEST


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_digest_is_over_the_exact_bytes(algorithm: str) -> None:
    body = IMAGE.body
    assert parse_manifest(body, "", digest_of(body, algorithm)).digest == digest_of(body, algorithm)
    for changed in (body + b"\n", body[:-1], b""):
        with pytest.raises(IntegrityError):
            parse_manifest(changed, "", digest_of(body, algorithm))


DESCRIPTORS: list[tuple[Any, str]] = [
    (None, "a descriptor was expected"),
    ([], "a descriptor was expected"),
    ("x", "a descriptor was expected"),
    ({}, "not a sha256 or sha512 digest"),
    (_entry(digest="sha256:../../etc/passwd"), "not a sha256"),
    (_entry(digest=f"sha256:{HEX.replace('0', 'A')}"), "not a sha256"),
    (_entry(digest=f"md5:{'0' * 32}"), "not a sha256"),
    (_entry(digest=f"blake3:{HEX}"), "not a sha256"),
    (_entry(digest=f"sha512:{HEX}"), "not a sha256"),
    ({"mediaType": "x", "digest": 5, "size": 1}, "not a sha256"),
    (_entry(size=-1), "not a size"),
    (_entry(size=1.5), "not a size"),
    (_entry(size="5"), "not a size"),
    (_entry(size=True), "not a size"),
    (_entry(size=None), "not a size"),
    (_entry(size=2**53), "not a size"),
    (_entry(media_type=5), "mediaType is no text"),  # type: ignore[arg-type]
    (_entry(media_type=None), "mediaType is no text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("value", "words"), DESCRIPTORS)
def test_a_broken_descriptor_says_where(value: Any, words: str) -> None:
    with pytest.raises(UnsupportedContent, match=f"here: .*{words}"):
        Descriptor.from_json(value, "here")


def test_a_descriptor_in_full() -> None:
    value = _entry(
        platform={"os": "windows", "architecture": "amd64", "variant": 5, "os.version": "10.0", "features": []},
        urls=["https://a"],
        artifactType="t",
        annotations={"a": "b", "c": 5},
    )
    assert Descriptor.from_json(value, "") == Descriptor(
        images.OCI_LAYER, DIGEST, 5, ImagePlatform("windows", "amd64", "", "10.0"), ("https://a",), "t", {"a": "b"}
    )


@pytest.mark.parametrize("field", ["platform", "urls", "artifactType", "annotations"])
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [5], {"a": 5}])
def test_what_is_odd_beside_the_pointer_is_left_out(field: str, value: Any) -> None:
    read = Descriptor.from_json(_entry(**{field: value}), "")
    assert (read.digest, read.size) == (DIGEST, 5)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (ImagePlatform("linux", "amd64"), "linux/amd64"),
        (ImagePlatform("linux", "arm", "v7"), "linux/arm/v7"),
        (ImagePlatform(), "any"),
        (ImagePlatform("linux"), "linux"),
    ],
)
def test_a_platform_as_text(platform: ImagePlatform, expected: str) -> None:
    assert str(platform) == expected


_scalar = st.none() | st.booleans() | st.integers() | st.text(max_size=10)
_odd = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CONFIG, "urls"]), inner),
    max_leaves=8,
)
_descriptor = st.fixed_dictionaries(
    {
        "mediaType": st.sampled_from([images.OCI_LAYER, types.OCI_MANIFEST, ""]),
        "digest": st.just(DIGEST),
        "size": st.just(1),
    },
    optional={"platform": _odd, "urls": _odd, "annotations": _odd},
)
_field = _odd | _descriptor | st.lists(_descriptor | _odd, max_size=3)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "schemaVersion": st.sampled_from([1, 2, 3, "2", None]),
            "mediaType": st.sampled_from([*sorted(types.MANIFEST_TYPES), "x/y", None, 5]),
            "config": _field,
            "layers": _field,
            "manifests": _field,
            "blobs": _field,
            "subject": _field,
            "artifactType": _odd,
        },
    ),
    st.sampled_from(["", "text/html", *sorted(types.MANIFEST_TYPES)]),
)
def test_any_document_is_a_manifest_or_refused(document: dict[str, Any], header: str) -> None:
    body = json.dumps(document).encode()
    try:
        parsed = parse_manifest(body, header)
    except UnsupportedContent:
        return
    assert parsed.body == body
    assert parsed.digest == digest_of(body)
    assert parsed.media_type in types.MANIFEST_TYPES


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_a_manifest(body: bytes) -> None:
    try:
        parsed = parse_manifest(body)
    except UnsupportedContent:
        return
    assert parsed.body == body


def test_every_type_is_asked_for() -> None:
    assert set(types.ACCEPT.split(", ")) == types.MANIFEST_TYPES
