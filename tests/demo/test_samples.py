"""The samples are real images, always the same ones, and cost no import that is not needed."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from collections import Counter
from typing import Any

import pytest

from tui.demo.content import INDEX, read_manifest
from tui.demo.images import DOCKER_LIST, IMAGE, image, layer
from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import Samples, load_many, load_samples
from tui.demo.storage import MemoryStorage
from tui.oci.reference import digest_of, is_repository, is_tag

SCALE = 0.02


@pytest.fixture(scope="module")
def storage() -> Storage:
    return MemoryStorage()


@pytest.fixture(scope="module")
def samples(storage: Storage) -> Samples:
    return asyncio.run(load_samples(EmbeddedRegistry(storage), SCALE))


def manifest(storage: Storage, repository: str, reference: str) -> Any:
    stored = storage.manifest(repository, reference)
    assert stored is not None
    return json.loads(storage.read(stored.digest))


async def test_several_projects_with_deep_and_flat_names(samples: Samples, storage: Storage) -> None:
    repositories = {sample.repository for sample in samples.tags}
    assert set(storage.repositories()) == repositories
    assert {name.partition("/")[0] for name in repositories} >= {"library", "team", "charts", "legacy"}
    assert any(name.count("/") >= 3 for name in repositories)
    assert all(is_repository(sample.repository) and is_tag(sample.tag) for sample in samples.tags)
    for sample in samples.tags:
        stored = storage.manifest(sample.repository, sample.tag)
        assert stored is not None
        assert stored.digest == sample.digest


async def test_everything_referred_to_is_there_and_true(samples: Samples, storage: Storage) -> None:
    sizes = {}
    for repository in storage.repositories():
        todo = [sample.digest for sample in samples.tags if sample.repository == repository]
        todo += [
            entry["digest"]
            for digest in list(todo)
            for entry in storage.referrers(repository, digest)  # untagged, found only so
        ]
        while todo:
            stored = storage.manifest(repository, todo.pop())
            assert stored is not None
            body = storage.read(stored.digest)
            assert (digest_of(body), len(body)) == (stored.digest, stored.size)
            sizes[stored.digest] = stored.size
            found = read_manifest(body, stored.media_type)
            todo += found.children
            fields = json.loads(body)
            for part in [*fields.get("layers", ()), *([fields["config"]] if "config" in fields else ())]:
                assert storage.has_blob(repository, part["digest"])
                blob = storage.read(part["digest"])
                assert (digest_of(blob), len(blob)) == (part["digest"], part["size"])
                sizes[part["digest"]] = part["size"]
    assert sum(sizes.values()) == samples.size


async def test_layers_are_gzip_tars_with_the_diff_ids_of_the_config(samples: Samples, storage: Storage) -> None:
    checked = 0
    for sample in samples.tags:
        fields = manifest(storage, sample.repository, sample.tag)
        if not fields.get("config", {}).get("mediaType", "").endswith((".image.v1+json", ".image.config.v1+json")):
            continue
        if sample.tag.endswith(".sig"):
            continue
        config = json.loads(storage.read(fields["config"]["digest"]))
        tars = [gzip.decompress(storage.read(part["digest"])) for part in fields["layers"]]
        assert [digest_of(tar) for tar in tars] == config["rootfs"]["diff_ids"]
        for tar in tars:
            with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
                assert all(member.isfile() and not member.name.startswith("/") for member in opened)
        checked += len(tars)
    assert checked > 20


async def test_images_share_their_bases(samples: Samples, storage: Storage) -> None:
    used_in: dict[str, set[str]] = {}
    for sample in samples.tags:
        for part in manifest(storage, sample.repository, sample.tag).get("layers", ()):
            used_in.setdefault(part["digest"], set()).add(sample.repository)
    assert max(len(repositories) for repositories in used_in.values()) >= 4


async def test_multi_platform_indexes_of_both_kinds(samples: Samples, storage: Storage) -> None:
    kinds = Counter(
        stored.media_type
        for sample in samples.tags
        if (stored := storage.manifest(sample.repository, sample.tag)) is not None
    )
    assert kinds[INDEX] >= 2
    assert kinds[DOCKER_LIST] >= 1
    entries = manifest(storage, "library/nginx", "1.25.3")["manifests"]
    assert [(entry["platform"]["architecture"], entry["mediaType"]) for entry in entries] == [
        ("amd64", IMAGE),
        ("arm64", IMAGE),
    ]


async def test_one_image_is_signed_and_described(samples: Samples, storage: Storage) -> None:
    stored = storage.manifest("team/app", "1.4.2")
    assert stored is not None
    signature = manifest(storage, "team/app", stored.digest.replace(":", "-") + ".sig")
    (part,) = signature["layers"]
    payload = json.loads(storage.read(part["digest"]))
    assert payload["critical"]["image"]["docker-manifest-digest"] == stored.digest
    assert part["annotations"]["dev.cosignproject.cosign/signature"]
    (referrer,) = storage.referrers("team/app", stored.digest)
    assert referrer["artifactType"] == "application/spdx+json"
    subject = manifest(storage, "team/app", referrer["digest"])["subject"]
    assert subject == {"mediaType": IMAGE, "digest": stored.digest, "size": stored.size}


async def test_the_chart_is_one_helm_would_push(samples: Samples, storage: Storage) -> None:
    fields = manifest(storage, "charts/web", "1.2.0")
    assert fields["config"]["mediaType"] == "application/vnd.cncf.helm.config.v1+json"
    (part,) = fields["layers"]
    assert part["mediaType"] == "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    with tarfile.open(fileobj=io.BytesIO(storage.read(part["digest"])), mode="r:gz") as chart:
        about = chart.extractfile("web/Chart.yaml")
        assert about is not None
        assert json.load(about)["version"] == "1.2.0"


async def test_the_same_samples_every_time(samples: Samples) -> None:
    assert await load_samples(EmbeddedRegistry(MemoryStorage()), SCALE) == samples


async def test_the_size_follows_the_scale(samples: Samples) -> None:
    larger = await load_samples(EmbeddedRegistry(MemoryStorage()), 2 * SCALE)
    assert len(larger.tags) == len(samples.tags)
    assert 1.5 < larger.size / samples.size < 2.2


def test_a_layer_does_not_depend_on_the_machine() -> None:
    """What is compressed is fixed here, the compressed bytes are up to the zlib in use."""
    made = layer("debian-12.6", 3_000_000)
    assert made.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(made.body)).hexdigest()
    assert made.diff_id == "sha256:910f5b7288c05598028aad38762e94d298aa54d15aba1fe99102cc5ac25ac22f"
    assert 0.6 < len(made.body) / 3_000_000 < 0.9
    assert layer("debian-12.7", 3_000_000).digest != made.digest
    assert image([made]) == image([layer("debian-12.6", 3_000_000)])


@pytest.mark.parametrize(("tags", "repositories"), [(0, 3), (2, 3), (1000, 7), (25, 1)])
async def test_many_tags_evenly_spread(tags: int, repositories: int) -> None:
    storage = MemoryStorage()
    many = await load_many(EmbeddedRegistry(storage), tags, repositories)
    counts = [len(storage.tags(name)) for name in storage.repositories()]
    assert sum(counts) == len(many.tags) == len({sample.digest for sample in many.tags}) == tags
    assert len(counts) == min(tags, repositories)
    assert max(counts, default=0) - min(counts, default=0) <= 1
    for sample in many.tags[:20]:
        stored = storage.manifest(sample.repository, sample.tag)
        assert stored is not None
        assert stored.digest == sample.digest
        assert all(storage.has_blob(sample.repository, d) for d in read_manifest(storage.read(stored.digest), "").blobs)


@pytest.mark.parametrize("module", ["tui.demo", "tui.demo.samples", "tui.demo.storage"])
def test_importing_it_does_not_import_the_server(module: str) -> None:
    code = f"import sys, {module}; print([name for name in ('aiohttp', 'httpx', 'textual') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
