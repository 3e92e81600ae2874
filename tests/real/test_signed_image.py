"""A signed image with SBOM and attestations, made by hand to the specifications, arrives with all of it.

What is made: an index of two platforms with BuildKit's attestation manifests; cosign's `.sig`, `.att` and `.sbom` tags
("Signature Spec" of sigstore/cosign), the signature a real one; and two referrers of OCI 1.1, an SBOM and a bundle.
Who looks: skopeo for the tags, plain HTTP for the rest, and the public key for the signature.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support import images
from tests.support.cli import Cli
from tests.support.images import Manifest
from tests.support.pusher import push
from tests.support.reader import Reader, assert_nothing_half_pushed
from tests.support.registry import RealRegistry
from tui.demo.registry import EmbeddedRegistry
from tui.demo.storage import MemoryStorage

SIGNATURE = "dev.cosignproject.cosign/signature"
ECDSA = ec.ECDSA(hashes.SHA256())
ENVELOPE = "application/vnd.dsse.envelope.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
REFERRERS = ("application/spdx+json", "application/vnd.dev.sigstore.bundle.v0.3+json")


@dataclass(frozen=True)
class Signed:
    """The index, what cosign keeps beside it by tag, what refers to it, and the key that verifies the signature."""

    index: Manifest
    beside: dict[str, Manifest]
    referrers: list[Manifest]
    key: ec.EllipticCurvePublicKey

    @property
    def stem(self) -> str:
        """How the tags about the index begin."""
        return self.index.digest.replace(":", "-")


def attested() -> Manifest:
    """An index as `docker buildx build --provenance --sbom` makes one."""
    children, entries = [], []
    for platform in ("linux/amd64", "linux/arm64/v8"):
        image = images.image([images.layer(f"signed {platform}")], platform=platform)
        statement = images.blob(json.dumps({"subject": image.digest}).encode(), IN_TOTO)
        config = images.blob(b'{"architecture":"unknown","os":"unknown"}', images.OCI_CONFIG)
        attestation = images.artifact(config, [statement])
        about = {
            "vnd.docker.reference.digest": image.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        }
        for child, more in (
            (image, {"platform": images.platform_fields(platform)}),
            (attestation, {"platform": {"architecture": "unknown", "os": "unknown"}, "annotations": about}),
        ):
            children.append(child)
            size = len(child.body)
            entries.append({"mediaType": child.media_type, "digest": child.digest, "size": size, **more})
    body = json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": entries}, indent=1).encode()
    return Manifest(images.OCI_INDEX, body, (), tuple(children))


def cosigned(index: Manifest, key: ec.EllipticCurvePrivateKey) -> dict[str, Manifest]:
    """What cosign puts under its three tags."""
    payload = {
        "critical": {
            "identity": {"docker-reference": "library/app"},
            "image": {"docker-manifest-digest": index.digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    signed = images.blob(json.dumps(payload).encode(), images.COSIGN_SIGNATURE)
    assert signed.body is not None
    made = base64.b64encode(key.sign(signed.body, ECDSA)).decode()
    found = {}
    for suffix, layer, notes in (
        (".sig", signed, {SIGNATURE: made}),
        (".att", images.blob(b'{"payloadType":"application/vnd.in-toto+json"}', ENVELOPE), {}),
        (".sbom", images.blob(b'{"spdxVersion":"SPDX-2.3"}', "text/spdx+json"), {}),
    ):
        config = images.blob(b'{"architecture":"","os":"","rootfs":{"type":"layers"}}', images.OCI_CONFIG)
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": images.OCI_MANIFEST,
            "config": images.descriptor(config),
            "layers": [{**images.descriptor(layer), **({"annotations": notes} if notes else {})}],
        }
        body = json.dumps(document).encode()
        found[index.digest.replace(":", "-") + suffix] = Manifest(images.OCI_MANIFEST, body, (config, layer))
    return found


@pytest.fixture
def signed(source: RealRegistry) -> Signed:
    """The image at the source, under a tag beside others that are not wanted."""
    index, key = attested(), ec.generate_private_key(ec.SECP256R1())
    beside = cosigned(index, key)
    empty = images.blob(b"{}", images.OCI_EMPTY)
    referrers = [
        images.artifact(empty, [images.blob(kind.encode(), kind)], artifact_type=kind, subject=index)
        for kind in REFERRERS
    ]
    push(source, "library/app", index, "v2")
    push(source, "library/app", images.image([images.layer("old")]), "v1")
    for tag, manifest in beside.items():
        push(source, "library/app", manifest, tag)
    for referrer in referrers:
        push(source, "library/app", referrer)
    listed = json.loads(images.index([("", each) for each in referrers]).body)
    listed["manifests"][1]["artifactType"] = REFERRERS[1]  # and some clients leave it out
    body = json.dumps(listed).encode()
    push(source, "library/app", Manifest(images.OCI_INDEX, body, (), tuple(referrers)), index.digest.replace(":", "-"))
    return Signed(index, beside, referrers, key.public_key())


def plan_of(cli: Cli, source: str, target: str, *, more: str = "") -> Any:
    path = cli.folder / "move.toml"
    path.write_text(
        f'version = 1\n[[rule]]\nsource = "{source}/library/app"\ntarget = "{target}/mirror/{{name}}"\n'
        f"tags = {{ newest = 1 }}\n{more}"
    )
    return path


def test_a_signed_image_arrives_with_everything_at_a_registry_without_the_referrers_api(
    cli: Cli, source: RealRegistry, target: RealRegistry, signed: Signed
) -> None:
    plan = plan_of(cli, source.address, target.address)
    said = cli.run("plan", plan).out
    assert "6 tags -> 2 match -> 1 newest" in said
    assert "with 1 sbom, 1 signature" in said
    document = cli.run("plan", plan, "--json").expect(0)
    assert document["artifacts"] == {"image": 1, "signature": 2, "sbom": 2, "attestation": 1}
    cli.run("run", plan, "--json").expect(0)

    reader = Reader(target)
    assert reader.tags("mirror/app") == sorted(["v2", signed.stem, *signed.beside])
    assert reader.manifest("mirror/app", "v2") == signed.index.body
    for tag, manifest in signed.beside.items():
        assert reader.manifest("mirror/app", tag) == manifest.body
    listed = json.loads(reader.manifest("mirror/app", signed.stem))["manifests"]
    assert sorted(entry["digest"] for entry in listed) == sorted(each.digest for each in signed.referrers)
    for body in (signed.index.body, *(each.body for each in (*signed.beside.values(), *signed.referrers))):
        reader.check_tree("mirror/app", body)
    assert_nothing_half_pushed(target)
    verify(f"http://{target.address}/v2/mirror/app", signed)


def verify(base: str, signed: Signed) -> None:
    """Check the signature as `cosign verify` does: the layer's annotation over the layer's bytes, and what they say."""
    manifest = json.loads(fetch(f"{base}/manifests/{signed.stem}.sig"))
    (layer,) = manifest["layers"]
    payload = fetch(f"{base}/blobs/{layer['digest']}")
    signed.key.verify(base64.b64decode(layer["annotations"][SIGNATURE]), payload, ECDSA)
    assert json.loads(payload)["critical"]["image"]["docker-manifest-digest"] == signed.index.digest


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": f"{images.OCI_MANIFEST}, {images.OCI_INDEX}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


async def test_the_referrers_of_a_signed_image_are_listed_by_a_registry_with_the_api(
    cli: Cli, source: RealRegistry, signed: Signed
) -> None:
    import asyncio

    async with EmbeddedRegistry(MemoryStorage()) as target:
        more = 'artifacts = { exclude = ["sbom"] }\n'
        plan = plan_of(cli, source.address, target.address, more=more)
        result = await asyncio.to_thread(cli.run, "run", plan, "--json")
        result.expect(0)
        base = f"http://{target.address}/v2/mirror/app"
        listed = json.loads(await asyncio.to_thread(fetch, f"{base}/referrers/{signed.index.digest}"))
        assert [entry["artifactType"] for entry in listed["manifests"]] == [REFERRERS[1]]
        tags = json.loads(await asyncio.to_thread(fetch, f"{base}/tags/list"))["tags"]
        assert sorted(tags) == sorted(["v2", f"{signed.stem}.att", f"{signed.stem}.sig"])
        await asyncio.to_thread(verify, base, signed)


def test_attestations_follow_the_platform_that_is_kept(
    cli: Cli, source: RealRegistry, target: RealRegistry, signed: Signed
) -> None:
    plan = plan_of(cli, source.address, target.address, more='platforms = ["linux/arm64"]\n')
    document = cli.run("plan", plan, "--json").expect(0)
    (task,) = document["tasks"]
    assert (task["kept"], task["dropped"]) == (["linux/arm64/v8"], ["linux/amd64"])
    cli.run("run", plan, "--json").expect(0)
    reader = Reader(target)
    body = reader.manifest("mirror/app", "v2")
    assert images.sha256(body) == task["target_digest"]
    entries = json.loads(body)["manifests"]
    assert [entry["digest"] for entry in entries] == [each.digest for each in signed.index.children[2:]]
    assert reader.tags("mirror/app") == ["v2"]  # what was signed is the whole index, which is not here
    reader.check_tree("mirror/app", body)
