"""An independent client and an independent registry: skopeo, and Debian's docker-registry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.demo.test_storage import everything
from tests.support.programs import path_of, require
from tests.support.registry import RealRegistry
from tui.demo.index import Storage
from tui.demo.registry import EmbeddedRegistry
from tui.demo.samples import Samples, load_samples
from tui.demo.storage import MemoryStorage

pytestmark = pytest.mark.real

LOGIN = "ann:pä ss$wörd"


@pytest.fixture(autouse=True)
def _programs() -> None:
    require("skopeo")


@pytest.fixture
async def source() -> AsyncIterator[EmbeddedRegistry]:
    """An open registry to be filled."""
    async with EmbeddedRegistry(MemoryStorage()) as registry:
        yield registry


@pytest.fixture
async def samples(source: EmbeddedRegistry) -> Samples:
    """What is in `source`."""
    return await load_samples(source, 0.05)


async def skopeo(*arguments: str) -> str:
    """Run skopeo and return its output. Raises AssertionError with what it complains about."""
    process = await asyncio.create_subprocess_exec(
        str(path_of("skopeo")), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, complaints = await process.communicate()
    if process.returncode:
        raise AssertionError(f"skopeo {' '.join(arguments)}: {complaints.decode()}")
    return out.decode()


async def copy(source: str, target: str, *options: str) -> None:
    """Copy all platforms, byte for byte."""
    trust = [f"--{side}-tls-verify=false" for side in ("src", "dest")]
    await skopeo("copy", "--all", "--preserve-digests", *trust, *options, source, target)


def image_at(registry: EmbeddedRegistry | RealRegistry, repository: str, reference: str) -> str:
    return f"docker://{registry.address}/{repository}{'@' if ':' in reference else ':'}{reference}"


def without_referrers(storage: Storage) -> dict[str, object]:
    """skopeo copies signatures under tags, and knows nothing of referrers."""
    return {name: value for name, value in everything(storage).items() if not isinstance(value, list)}


async def test_push_and_pull_of_every_sample(source: EmbeddedRegistry, samples: Samples, storage: Storage) -> None:
    username, _, password = LOGIN.partition(":")
    async with EmbeddedRegistry(storage, username=username, password=password) as target:
        for sample in samples.tags:
            name = (sample.repository, sample.tag)
            await copy(image_at(source, *name), image_at(target, *name), f"--dest-creds={LOGIN}")
        assert without_referrers(storage) == without_referrers(source.storage)
        assert storage.uploads() == 0
        raw = await skopeo(
            "inspect", "--raw", "--tls-verify=false", f"--creds={LOGIN}", image_at(target, "library/nginx", "1.25.3")
        )
        stored = source.storage.manifest("library/nginx", "1.25.3")
        assert stored is not None
        assert raw.encode() == source.storage.read(stored.digest)


async def test_through_a_folder_and_back(source: EmbeddedRegistry, samples: Samples, tmp_path: Path) -> None:
    await copy(image_at(source, "library/nginx", "1.25.3"), f"dir:{tmp_path}/nginx")
    await copy(f"dir:{tmp_path}/nginx", image_at(source, "copy/nginx", "v1"))
    assert source.storage.manifest("copy/nginx", "v1") == source.storage.manifest("library/nginx", "1.25.3")


async def test_through_another_registry_and_back(source: EmbeddedRegistry, samples: Samples) -> None:
    require("docker-registry")
    real = await asyncio.to_thread(RealRegistry().__enter__)
    try:
        for repository, tag in (("library/nginx", "1.25.3"), ("legacy/portal", "4.0"), ("charts/web", "1.2.0")):
            await copy(image_at(source, repository, tag), image_at(real, repository, tag))
            await copy(image_at(real, repository, tag), image_at(source, f"back/{repository}", tag))
            assert source.storage.manifest(f"back/{repository}", tag) == source.storage.manifest(repository, tag)
    finally:
        await asyncio.to_thread(real.close)


async def test_a_whole_repository_by_sync(source: EmbeddedRegistry, samples: Samples) -> None:
    async with EmbeddedRegistry(MemoryStorage(), page_limit=2) as target:
        await skopeo(
            *("sync", "--all", "--src=docker", "--dest=docker", "--src-tls-verify=false", "--dest-tls-verify=false"),
            *(f"{source.address}/library/nginx", f"{target.address}/mirror"),
        )
        listed = await skopeo("list-tags", "--tls-verify=false", f"docker://{target.address}/mirror/nginx")
        assert json.loads(listed)["Tags"] == source.storage.tags("library/nginx")


async def test_deletion(source: EmbeddedRegistry, samples: Samples) -> None:
    await skopeo("delete", "--tls-verify=false", image_at(source, "team/worker", "latest"))
    assert source.storage.tags("team/worker") == ["2024.05.1"]


async def test_errors_are_understood(source: EmbeddedRegistry, samples: Samples) -> None:
    with pytest.raises(AssertionError, match="manifest unknown"):
        await skopeo("inspect", "--raw", "--tls-verify=false", image_at(source, "library/nginx", "9.9"))
    with pytest.raises(AssertionError, match=r"404 \(Not Found\)"):
        await skopeo("list-tags", "--tls-verify=false", f"docker://{source.address}/no/such")
    async with EmbeddedRegistry(MemoryStorage(), username="ann", password="right") as closed:
        with pytest.raises(AssertionError, match="unauthorized"):
            await skopeo("inspect", "--tls-verify=false", "--creds=ann:wrong", image_at(closed, "library/nginx", "1"))
