"""What a manifest or artifact is, told by its media types."""

from __future__ import annotations

from typing import Literal

from tui.oci.manifest import Manifest

ContentKind = Literal["image", "index", "chart", "signature", "attestation", "sbom", "plugin", "artifact"]

IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
_EXACT: dict[str, ContentKind] = {
    "application/vnd.cncf.helm.config.v1+json": "chart",
    "application/vnd.docker.plugin.v1+json": "plugin",
    "application/vnd.dev.cosign.simplesigning.v1+json": "signature",
    "application/vnd.cncf.notary.signature": "signature",
    "application/vnd.dev.cosign.artifact.sig.v1+json": "signature",
    "application/vnd.docker.attestation.manifest.v1+json": "attestation",
    "application/vnd.in-toto+json": "attestation",
    "application/vnd.dsse.envelope.v1+json": "attestation",
    "text/spdx+json": "sbom",
    "text/spdx": "sbom",
}
_PREFIXES: tuple[tuple[str, ContentKind], ...] = (
    ("application/vnd.dev.sigstore.bundle", "signature"),
    ("application/spdx", "sbom"),
    ("application/vnd.cyclonedx", "sbom"),
    ("application/vnd.syft", "sbom"),
    ("application/vnd.goharbor.harbor.sbom", "sbom"),
)


def kind_of_manifest(manifest: Manifest) -> ContentKind:
    """Return what a manifest is, by its artifact type, its config and its layers."""
    if manifest.is_index:
        return "index"
    by_layers = (kind_of_type(blob.media_type) for blob in manifest.blobs)
    named = (kind_of_type(manifest.artifact_type), kind_of_type(manifest.config_type), *by_layers)
    known: ContentKind = next((kind for kind in named if kind != "artifact"), "artifact")
    return "image" if known == "artifact" and manifest.config_type in IMAGE_CONFIGS else known


def kind_of_type(media_type: str) -> ContentKind:
    """Return what an artifact type, config type or layer type stands for; `artifact` when it is none we know."""
    if media_type in _EXACT:
        return _EXACT[media_type]
    for prefix, kind in _PREFIXES:
        if media_type.startswith(prefix):
            return kind
    return "artifact"
