"""Rewriting an index to a choice of platforms: the only place where a digest changes on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable

from tui.oci.descriptor import Descriptor, ImagePlatform
from tui.oci.manifest import Manifest, parse_manifest

_ATTESTATION = "attestation-manifest"


def keep_platforms(index: Manifest, wanted: Callable[[ImagePlatform], bool]) -> Manifest | None:
    """Return `index` with only the entries whose platform is `wanted`.

    Attestations (BuildKit's `unknown/unknown` entries) follow the image they are about; entries without a platform,
    and those that are no manifests, stay. Returns the same index when nothing is dropped and None when nothing is left.
    """
    kept = {
        entry.digest
        for entry in index.manifests
        if not _attests(entry) and (entry.platform is None or wanted(entry.platform))
    }
    kept |= {entry.digest for entry in index.manifests if _attests(entry) and _attested(entry) in kept}
    kept |= {entry.digest for entry in index.blobs}
    dropped = [entry for entry in index.manifests if entry.digest not in kept]
    if not dropped:
        return index
    if not any(not _attests(entry) for entry in index.manifests if entry.digest in kept):
        return None
    document = json.loads(index.body)
    document["manifests"] = [entry for entry in document["manifests"] if entry["digest"] in kept]
    return parse_manifest(json.dumps(document, indent=3).encode(), index.media_type)


def _attests(entry: Descriptor) -> bool:
    return entry.annotations.get("vnd.docker.reference.type") == _ATTESTATION


def _attested(entry: Descriptor) -> str:
    return entry.annotations.get("vnd.docker.reference.digest", "")
