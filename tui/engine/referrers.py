"""The list of referrers at a target that does not keep one itself (distribution-spec, "Referrers Tag Schema")."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tui.oci.client import fallback_tag
from tui.oci.errors import NotFound
from tui.oci.manifest import parse_manifest
from tui.oci.reference import Repository
from tui.oci.registry import Registry

_INDEX = "application/vnd.oci.image.index.v1+json"


async def list_referrers(
    client: Registry, repository: Repository, subject: str, entries: Sequence[dict[str, Any]]
) -> None:
    """Put `entries` into the index under the fallback tag of `subject`; what it lists already stays.

    Two of these at once for one subject would lose entries, so the caller lets them go one after the other.
    """
    tag = fallback_tag(subject)
    try:
        there = json.loads((await client.get_manifest(repository, tag)).body)["manifests"]
    except NotFound:
        there = []
    listed = {entry["digest"] for entry in there}
    missing = [entry for entry in entries if entry["digest"] not in listed]
    if missing:
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [*there, *missing]}
        await client.put_manifest(repository, tag, parse_manifest(json.dumps(index).encode(), _INDEX))
