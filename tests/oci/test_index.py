"""Choosing platforms of an index: what stays, what follows its image, and that nothing else is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.descriptor import ImagePlatform
from tui.oci.index import keep_platforms
from tui.oci.manifest import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, Manifest, parse_manifest


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


def _image(number: int, platform: str = "", media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    entry: dict[str, Any] = {"mediaType": media_type, "digest": _digest(number), "size": number}
    if platform:
        entry["platform"] = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    return entry


def _attestation(number: int, about: int) -> dict[str, Any]:
    return _image(number, "unknown/unknown") | {
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": _digest(about),
        }
    }


def _index(*entries: dict[str, Any], media_type: str = OCI_INDEX, **fields: Any) -> Manifest:
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries), **fields}
    return parse_manifest(json.dumps(document).encode())


def _kept(index: Manifest, *platforms: str) -> list[int] | None:
    filtered = keep_platforms(index, lambda platform: str(platform) in platforms)
    return (
        None if filtered is None else [int(entry["digest"][7:], 16) for entry in json.loads(filtered.body)["manifests"]]
    )


AMD, ARM, WIN = "linux/amd64", "linux/arm64/v8", "windows/amd64"

TABLE = [
    ("one of two", [_image(1, AMD), _image(2, ARM)], [AMD], [1]),
    ("the order stays", [_image(2, ARM), _image(3, WIN), _image(1, AMD)], [AMD, ARM], [2, 1]),
    ("all", [_image(1, AMD), _image(2, ARM)], [AMD, ARM], [1, 2]),
    ("none", [_image(1, AMD), _image(2, ARM)], [WIN], None),
    ("an attestation follows its image",
     [_image(1, AMD), _image(2, ARM), _attestation(3, 1), _attestation(4, 2)], [AMD], [1, 3]),
    ("attestations alone are nothing", [_image(1, AMD), _attestation(3, 1)], [WIN], None),
    ("an attestation of nothing that is here", [_image(1, AMD), _attestation(3, 9)], [AMD], [1]),
    ("without a platform", [_image(1), _image(2, ARM)], [AMD], [1]),
    ("a nested index", [_image(1, media_type=OCI_INDEX), _image(2, ARM)], [AMD], [1]),
    ("what is no manifest",
     [_image(1, AMD), _image(2, ARM), _image(5, media_type="application/x-layer")], [AMD], [1, 5]),
    ("one image for two platforms", [_image(1, AMD), _image(1, WIN), _image(2, ARM)], [AMD], [1, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "wanted", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_keep(entries: list[dict[str, Any]], wanted: list[str], expected: list[int] | None, media_type: str) -> None:
    assert _kept(_index(*entries, media_type=media_type), *wanted) == expected


def test_an_index_that_loses_nothing_is_the_same_bytes() -> None:
    index = _index(_image(1, AMD), _attestation(2, 1))
    assert keep_platforms(index, lambda _: True) is index


def test_what_else_is_in_an_index_stays() -> None:
    index = _index(
        _image(1, AMD), _image(2, ARM), annotations={"a": "ü"}, subject=_image(7), artifactType="t", x={"y": 1}
    )
    filtered = keep_platforms(index, lambda platform: platform.architecture == "amd64")
    assert filtered is not None
    before, after = json.loads(index.body), json.loads(filtered.body)
    assert {key: value for key, value in after.items() if key != "manifests"} == {
        key: value for key, value in before.items() if key != "manifests"
    }
    assert filtered.digest != index.digest
    assert filtered.media_type == index.media_type


@given(st.lists(st.sampled_from([AMD, ARM, WIN, ""]), max_size=8), st.sets(st.sampled_from([AMD, ARM, WIN])))
def test_only_what_is_wanted_or_has_no_platform_is_left(platforms: list[str], wanted: set[str]) -> None:
    index = _index(*(_image(number, platform) for number, platform in enumerate(platforms)))

    def is_wanted(platform: ImagePlatform) -> bool:
        return str(platform) in wanted

    filtered = keep_platforms(index, is_wanted)
    expected = [number for number, platform in enumerate(platforms) if not platform or platform in wanted]
    left = [int(entry.digest[7:], 16) for entry in filtered.manifests] if filtered else []
    assert left == expected
