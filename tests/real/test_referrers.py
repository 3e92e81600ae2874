"""What refers to an image goes with it: by the referrers API, and by the fallback tag where a registry has none."""

from __future__ import annotations

import json

import pytest

from tests.support import images
from tests.support.cli import Cli
from tests.support.flaky import FlakyProxy
from tests.support.pusher import push
from tests.support.reader import Reader, assert_nothing_half_pushed
from tests.support.registry import RealRegistry
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage

SBOM = "application/spdx+json"


def fallback_tag(manifest: images.Manifest) -> str:
    return manifest.digest.replace(":", "-")


@pytest.fixture
def signed(source: RealRegistry) -> tuple[images.Manifest, list[images.Manifest]]:
    """An image with an SBOM, which has a signature of its own, listed under tags as for a registry without the API."""
    image = images.image([images.layer("signed")])
    push(source, "library/app", image, "v1")
    empty = images.blob(b"{}", "application/vnd.oci.empty.v1+json")
    sbom = images.artifact(empty, [images.blob(b'{"spdx": 1}', SBOM)], artifact_type=SBOM, subject=image)
    signature = images.artifact(empty, [images.blob(b"sig", "text/plain")], artifact_type="x/signature", subject=sbom)
    for referrer, subject in ((sbom, image), (signature, sbom)):
        push(source, "library/app", referrer)
        push(source, "library/app", images.index([("", referrer)]), fallback_tag(subject))
    return image, [sbom, signature]


def test_referrers_go_along_between_registries_without_the_api(
    cli: Cli, source: RealRegistry, target: RealRegistry, signed: tuple[images.Manifest, list[images.Manifest]]
) -> None:
    image, (sbom, signature) = signed
    rules = {f"{source.address}/library/app:v1": f"{target.address}/mirror/app"}
    document = cli.sync(rules).expect(0)
    assert document["tasks"]["done"] == 1

    reader = Reader(target)
    assert sorted(reader.tags("mirror/app")) == sorted(["v1", fallback_tag(image), fallback_tag(sbom)])
    for subject, referrer in ((image, sbom), (sbom, signature)):
        listed = json.loads(reader.manifest("mirror/app", fallback_tag(subject)))["manifests"]
        assert [entry["digest"] for entry in listed] == [referrer.digest]
        assert reader.manifest("mirror/app", referrer.digest) == referrer.body
    assert_nothing_half_pushed(target)


def test_a_second_sync_of_a_signed_image_writes_nothing(
    cli: Cli, source: RealRegistry, target: RealRegistry, signed: tuple[images.Manifest, list[images.Manifest]]
) -> None:
    with FlakyProxy(target.address) as writing:
        rules = {f"{source.address}/library/app": f"{writing.address}/mirror/app"}
        cli.sync(rules).expect(0)
        writing.forget()
        document = cli.sync(rules).expect(0)
        assert document["tasks"]["unchanged"] == document["tasks"]["total"] == 3
        assert writing.requests("POST|PUT|PATCH|DELETE") == []


@pytest.mark.parametrize("rule", ["library/app:v1", "library/app"])
def test_what_is_signed_after_the_copy_comes_with_the_next(
    cli: Cli, source: RealRegistry, target: RealRegistry, rule: str
) -> None:
    image = images.image([images.layer("signed later")])
    push(source, "library/app", image, "v1")
    names = (f"{source.address}/{rule}", f"{target.address}/mirror/app", "--check-referrers", "--json")
    cli.run("copy", *names).expect(0)
    empty = images.blob(b"{}", "application/vnd.oci.empty.v1+json")
    sbom = images.artifact(empty, [images.blob(b'{"spdx": 2}', SBOM)], artifact_type=SBOM, subject=image)
    push(source, "library/app", sbom)
    push(source, "library/app", images.index([("", sbom)]), fallback_tag(image))
    push(source, "library/app", images.image([images.layer("signature")]), f"{fallback_tag(image)}.sig")

    document = cli.run("copy", *names).expect(0)
    assert document["tasks"]["failed"] == 0
    reader = Reader(target)
    assert sorted(reader.tags("mirror/app")) == sorted(["v1", fallback_tag(image), f"{fallback_tag(image)}.sig"])
    listed = json.loads(reader.manifest("mirror/app", fallback_tag(image)))["manifests"]
    assert [entry["digest"] for entry in listed] == [sbom.digest]
    assert reader.manifest("mirror/app", sbom.digest) == sbom.body
    assert_nothing_half_pushed(target)
    again = cli.run("copy", *names).expect(0)["tasks"]
    assert again["unchanged"] == again["total"]


def test_a_plan_may_leave_referrers_behind(
    cli: Cli, source: RealRegistry, target: RealRegistry, signed: tuple[images.Manifest, list[images.Manifest]]
) -> None:
    plan = cli.folder / "move.toml"
    plan.write_text(
        "version = 1\n[options]\nreferrers = false\n"
        f'[[rule]]\nsource = "{source.address}/library/app:v1"\ntarget = "{target.address}/mirror/app"\n'
    )
    cli.run("run", plan, "--json").expect(0)
    assert Reader(target).tags("mirror/app") == ["v1"]


async def test_referrers_arrive_at_a_registry_with_the_api(
    cli: Cli, source: RealRegistry, signed: tuple[images.Manifest, list[images.Manifest]]
) -> None:
    import asyncio

    import httpx

    image, (sbom, signature) = signed
    async with EmbeddedRegistry(MemoryStorage()) as target:
        names = (f"{source.address}/library/app:v1", f"{target.address}/mirror/app:v1")
        result = await asyncio.to_thread(cli.run, "copy", *names, "--json")
        result.expect(0)
        async with httpx.AsyncClient(base_url=f"http://{target.address}/v2/mirror/app/") as client:
            for subject, referrer in ((image, sbom), (sbom, signature)):
                listed = (await client.get(f"referrers/{subject.digest}")).json()["manifests"]
                assert [entry["digest"] for entry in listed] == [referrer.digest]
                assert (await client.get(f"manifests/{referrer.digest}")).content == referrer.body
            assert (await client.get("tags/list")).json()["tags"] == ["v1"]
