"""Content that is large, many, shared or filtered."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.support import corpus, images
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.pusher import push
from tests.support.reader import Reader, assert_nothing_half_pushed, assert_same
from tests.support.registry import RealRegistry

TWO_GIB = 2 << 30


def test_a_layer_of_two_gigabytes(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    layer = images.zeros(TWO_GIB)
    source.plant_zeros("library/huge", layer.digest, layer.size)
    push(source, "library/huge", images.image([layer]), "v1")

    names = (f"{source.address}/library/huge:v1", f"{target.address}/library/huge:v1")
    document = cli.run("copy", *names, "--json", timeout=240).expect(0)

    assert document["bytes"]["read"] >= TWO_GIB
    assert document["bytes"]["written"] >= TWO_GIB
    assert target.blob_path(layer.digest).stat().st_size == TWO_GIB
    assert target.uploads_bytes() == 0
    assert assert_same(source, target, ["library/huge"]) == 1


def test_three_hundred_tags_of_one_repository(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    corpus.push_all(source, corpus.many_tags(count=300))
    rules = {f"{source.address}/library/many": f"{target.address}/library/many"}
    document = cli.sync(rules).expect(0)
    assert document["tasks"]["done"] == 300
    assert assert_same(source, target, ["library/many"], skopeo_up_to=5) == 300


def test_a_shared_layer_travels_once_and_is_mounted_everywhere_else(
    cli: Cli, source: RealRegistry, target: RealRegistry
) -> None:
    entries = corpus.push_all(source, corpus.shared_layers(6, 3, base_size=40_000, own_size=5_000))
    unique = {digest: blob.size for entry in entries for digest, blob in entry.manifest.all_blobs().items()}
    with FlakyProxy(source.address) as reading, FlakyProxy(target.address) as writing:
        names = corpus.repositories(entries)
        rules = {f"{reading.address}/{name}": f"{writing.address}/{name}" for name in names}
        document = cli.sync(rules).expect(0)
        read = Counter(seen.path.rpartition("/")[2] for seen in reading.requests("GET", "/blobs/sha256"))
        uploaded = writing.requests("PUT", "/blobs/uploads/")
        sent = sum(seen.sent for seen in writing.requests("PUT|PATCH|POST", "/blobs/uploads/"))

    assert read == dict.fromkeys(unique, 1)
    assert len(uploaded) == len(unique)
    assert sent == sum(unique.values())
    assert document["bytes"]["read"] == sum(unique.values())
    assert document["bytes"]["written"] == sum(unique.values())
    assert document["bytes"]["mounted"] >= 5 * 3 * 40_000
    assert assert_same(source, target, names) == corpus.tag_count(entries)
    assert target.uploads_bytes() == 0


@pytest.mark.parametrize("docker", [False, True], ids=["oci-index", "docker-list"])
def test_a_platform_filter_leaves_only_what_was_asked(
    cli: Cli, source: RealRegistry, target: RealRegistry, docker: bool
) -> None:
    name = "library/docker-multi" if docker else "library/multi"
    corpus.push_all(source, (entry for entry in corpus.every_shape() if entry.repository == name))
    rules = {f"{source.address}/{name}": f"{target.address}/{name}"}
    document = cli.sync(rules, options=("--os", "linux", "--arch", "arm64")).expect(0)
    assert document["tasks"]["done"] == 1

    before = json.loads(Reader(source).manifest(name, "v1"))
    after = json.loads(Reader(target).manifest(name, "v1"))
    kept = [entry for entry in before["manifests"] if entry["platform"]["architecture"] == "arm64"]
    assert after["manifests"] == kept
    assert {key: after[key] for key in after if key != "manifests"} == {
        key: before[key] for key in before if key != "manifests"
    }
    assert assert_nothing_half_pushed(target) == 1
    dropped = [entry["digest"] for entry in before["manifests"] if entry not in kept]
    assert dropped
    assert [digest for digest in dropped if target.blob_path(digest).exists()] == []


def test_a_platform_filter_says_that_the_digest_changes(cli: Cli, source: RealRegistry, target: RealRegistry) -> None:
    corpus.push_all(source, (entry for entry in corpus.every_shape() if entry.repository == "library/multi"))
    rules = {f"{source.address}/library/multi": f"{target.address}/library/multi"}
    arguments = cli.sync_arguments(rules, options=("--os", "linux", "--arch", "amd64"))
    result = cli.run(*arguments)
    assert result.exit == 0, str(result)
    told = (result.out + result.err).lower()
    assert "digest" in told, str(result)
    assert "library/multi:v1" in told, str(result)
